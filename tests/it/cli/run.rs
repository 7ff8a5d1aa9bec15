//! A running pgweir under the conditions that a shell can give it.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Database, Wire, free_port, until};

/// A program that was not started by `Pgweir`; killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Starts it by a line of shell in which `$PGWEIR` is the program, and waits until it listens.
    fn shell(line: &str, port: u16) -> Running {
        Running::start(line, port, Stdio::inherit())
    }

    fn start(line: &str, port: u16, stderr: Stdio) -> Running {
        let mut command = Command::new("sh");
        command.args(["-c", line]).env("PGWEIR", env!("CARGO_BIN_EXE_pgweir"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).process_group(0);
        let running = Running(command.spawn().unwrap());
        until("it listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        running
    }

    fn stop(mut self) -> Option<i32> {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        self.0.wait().unwrap().code()
    }
}

#[test]
fn urls_alone_are_enough_to_run() {
    let database = Database::with("CREATE TABLE t (id int)");
    let (name, port) = (&database.name, free_port());
    let url = |address| format!("postgres://{name}:{name}@{address}/{name}");
    let line = format!(
        "exec $PGWEIR --listen 127.0.0.1:{port} --primary '{}' --replica '{}' 2>/dev/null",
        url(database.cluster.primary().address()),
        url(database.cluster.replicas()[0].address())
    );
    let running = Running::shell(&line, port);
    let mut wire = Wire::login(port, name, name, name);
    wire.rows("INSERT INTO t VALUES (1)");
    assert_eq!(wire.value("SELECT count(*) FROM t"), "1");
    let refused = Wire::connect(port).try_log_in(name, "wrong", &[("user", name)]).unwrap_err();
    assert_eq!(refused.code, "28P01");
    drop(wire);
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn a_log_that_cannot_be_written_costs_the_log_and_nothing_else() {
    let database = Database::create();
    let port = free_port();
    let (folder, name) = (tempfile::tempdir().unwrap(), &database.name);
    let running = Running::shell(&exec(&folder, &database, port, "2>/dev/full"), port);
    for _ in 0..5 {
        assert_eq!(Wire::login(port, name, name, name).value("SELECT 1"), "1");
        let mut refused = Wire::connect(port);
        assert!(refused.try_log_in(name, "wrong", &[("user", name)]).is_err());
    }
    assert_eq!(running.stop(), Some(0));
}

/// The names make long lines: a few of them fill the pipe.
#[test]
fn a_stderr_that_nobody_reads_stops_nobody() {
    let database = Database::create();
    let port = free_port();
    let (folder, name) = (tempfile::tempdir().unwrap(), &database.name);
    let line = format!("PGWEIR_POOLER_WORKERS=1 {}", exec(&folder, &database, port, ""));
    let running = Running::start(&line, port, Stdio::piped());
    let stranger = "x".repeat(9_000);
    for _ in 0..30 {
        let mut refused = Wire::connect(port);
        assert!(refused.try_log_in(&stranger, "wrong", &[("user", &stranger)]).is_err());
    }
    assert_eq!(Wire::login(port, name, name, name).value("SELECT 1"), "1");
    assert_eq!(running.stop(), Some(0));
}

/// Both limits: pgweir raises the soft one by itself.
#[test]
fn clients_wait_while_file_descriptors_are_used_up_and_are_served_then() {
    let database = Database::create();
    let port = free_port();
    let (folder, name) = (tempfile::tempdir().unwrap(), &database.name);
    let line = format!("ulimit -n 60; {}", exec(&folder, &database, port, "2>/dev/null"));
    let running = Running::shell(&line, port);
    let mut first = Wire::login(port, name, name, name);
    assert_eq!(first.value("SELECT 1"), "1");
    let crowd: Vec<_> = (0..100).map(|_| Wire::connect(port)).collect();
    assert_eq!(first.value("SELECT 1"), "1");
    drop(crowd);
    assert_eq!(Wire::login(port, name, name, name).value("SELECT 1"), "1");
    drop(first);
    assert_eq!(running.stop(), Some(0));
}

/// The line that runs it on a file in `folder`.
fn exec(folder: &tempfile::TempDir, database: &Database, port: u16, to: &str) -> String {
    let file = folder.path().join("pooler.toml");
    std::fs::write(&file, database.primary_config()).unwrap();
    let file = file.display();
    format!("PGWEIR_POOLER_LISTEN_PORT={port} exec $PGWEIR run --config {file} {to}")
}
