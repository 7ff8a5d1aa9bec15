//! The built binary, running on a configuration.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::postgres::Database;
use super::wire::Wire;
use super::{TIMEOUT, free_port};

/// What the log says once connections are taken.
const LISTENING: &str = "listening";

/// A running pgweir. Killed when dropped; [`stop`](Pgweir::stop) is the orderly way.
pub struct Pgweir {
    process: Child,
    port: u16,
    folder: TempDir,
    log: Arc<Log>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Log {
    state: Mutex<LogState>,
    changed: Condvar,
}

#[derive(Default)]
struct LogState {
    lines: Vec<String>,
    ended: bool,
}

impl Pgweir {
    /// Starts the binary on this `pooler.toml` and returns when it listens, on a free port of 127.0.0.1
    /// that overrides what the text says.
    pub fn start(config: &str) -> Pgweir {
        Pgweir::start_with(config, &[])
    }

    /// As [`start`](Pgweir::start), with further environment variables.
    pub fn start_with(config: &str, environment: &[(&str, &str)]) -> Pgweir {
        let folder = tempfile::tempdir().unwrap();
        let (port, file) = (free_port(), folder.path().join("pooler.toml"));
        fs::write(&file, config).unwrap();
        let mut command = Command::new(binary());
        command.arg("run").arg("--config").arg(&file).current_dir(folder.path());
        command.env("PGWEIR_POOLER_LISTEN_ADDR", "127.0.0.1");
        command.env("PGWEIR_POOLER_LISTEN_PORT", port.to_string());
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("cannot start pgweir");
        let log = Arc::new(Log::default());
        let (stderr, theirs) = (process.stderr.take().unwrap(), Arc::clone(&log));
        let reader = Some(thread::spawn(move || theirs.collect(stderr)));
        let pgweir = Pgweir { process, port, folder, log, reader };
        pgweir.wait_for_log(LISTENING);
        pgweir
    }

    /// The port it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A client of this database that has logged in as its owner.
    pub fn client(&self, database: &Database) -> Wire {
        self.wire(&database.name, &database.name, &database.name)
    }

    /// As [`client`](Pgweir::client), with further startup parameters.
    pub fn client_with(&self, database: &Database, further: &[(&str, &str)]) -> Wire {
        let name = database.name.as_str();
        let mut wire = Wire::connect(self.port);
        wire.log_in(name, name, &[&[("user", name), ("database", name)], further].concat());
        wire
    }

    /// Waits until it knows the catalog of this database, which has a choice of hosts: reads go to
    /// replicas from then on.
    pub fn with_catalog_of(self, database: &Database) -> Pgweir {
        drop(self.client(database));
        self.wait_for_log("catalog read");
        self
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Fails the test unless it still runs.
    pub fn must_live(&mut self) {
        let ended = self.process.try_wait().unwrap();
        assert!(ended.is_none(), "pgweir ended: {ended:?}; its log:\n{}", self.log.text());
    }

    /// How much memory it holds now, kB (proc(5), `VmRSS`).
    pub fn resident_kb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// A URL to it.
    pub fn url(&self, user: &str, password: &str, database: &str) -> String {
        format!("postgres://{user}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// A client that has logged in.
    pub fn wire(&self, user: &str, password: &str, database: &str) -> Wire {
        Wire::login(self.port, user, password, database)
    }

    /// Waits for a line of the log that contains `text`, and returns it. Fails the test if it does not come.
    pub fn wait_for_log(&self, text: &str) -> String {
        self.log.wait_for(text).unwrap_or_else(|why| {
            panic!("pgweir {why} before it logged \"{text}\"; its log:\n{}", self.log.text())
        })
    }

    /// All it has logged so far.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Replaces its `pooler.toml` and sends SIGHUP. The test waits for what should come of it.
    pub fn reload(&self, config: &str) {
        fs::write(self.folder.path().join("pooler.toml"), config).unwrap();
        self.signal(Signal::HUP);
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.process.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Sends SIGTERM and waits for the end; its exit status and its whole log.
    pub fn stop(self) -> (ExitStatus, String) {
        self.signal(Signal::TERM);
        self.stop_after_signal()
    }

    /// Waits for the end that was asked for already; its exit status and its whole log.
    pub fn stop_after_signal(mut self) -> (ExitStatus, String) {
        self.wait_for_end();
        (self.process.wait().unwrap(), self.log.text())
    }

    /// The end of its log is the end of the process: nothing else holds the pipe.
    fn wait_for_end(&mut self) {
        if !self.log.wait_for_end() {
            panic!("pgweir did not end within {TIMEOUT:?}; its log:\n{}", self.log.text());
        }
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// The one that was built with this test, or that `PGWEIR_BIN` names.
fn binary() -> OsString {
    env::var_os("PGWEIR_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_pgweir").into())
}

impl Drop for Pgweir {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Log {
    fn collect(&self, stderr: impl Read) {
        for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            self.state.lock().unwrap().lines.push(String::from_utf8_lossy(&line).into_owned());
            self.changed.notify_all();
        }
        self.state.lock().unwrap().ended = true;
        self.changed.notify_all();
    }

    fn wait_for(&self, text: &str) -> Result<String, &'static str> {
        let give_up = Instant::now() + TIMEOUT;
        let mut state = self.state.lock().unwrap();
        loop {
            if let Some(line) = state.lines.iter().find(|line| line.contains(text)) {
                return Ok(line.clone());
            }
            if state.ended {
                return Err("ended");
            }
            let left = give_up.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err("waited too long");
            }
            state = self.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    fn wait_for_end(&self) -> bool {
        let state = self.state.lock().unwrap();
        let waited = self.changed.wait_timeout_while(state, TIMEOUT, |state| !state.ended);
        waited.unwrap().0.ended
    }

    fn text(&self) -> String {
        self.state.lock().unwrap().lines.join("\n")
    }
}
