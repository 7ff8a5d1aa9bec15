//! One PostgreSQL of the cluster: its data folder, its port and its process.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::error::ClusterError;
use super::programs::{Programs, tail};

/// A PostgreSQL that takes longer than this to start will not start; a loaded machine needs 2 s.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// How often a state that nobody announces is looked at.
pub(super) const POLL_EVERY: Duration = Duration::from_millis(10);

/// A free port can be taken between our asking and PostgreSQL's binding it, hardly so often in a row.
const PORT_ATTEMPTS: usize = 4;

/// One PostgreSQL: the primary or a replica.
#[derive(Debug)]
pub struct Host {
    name: String,
    port: u16,
    log: PathBuf,
    process: Child,
}

impl Host {
    /// Starts a PostgreSQL on the data folder called `name`, on a free port; returns when it takes
    /// connections.
    pub(super) fn start(programs: &Programs, name: &str) -> Result<Host, ClusterError> {
        let mut attempts = 1;
        loop {
            let mut host = Host::spawn(programs, name)?;
            match host.wait_until_ready(&programs.folder().join(name)) {
                Err(ClusterError::Ended { log, .. })
                    if log.contains("could not bind") && attempts < PORT_ATTEMPTS =>
                {
                    attempts += 1;
                }
                Err(error) => return Err(error),
                Ok(()) => return Ok(host),
            }
        }
    }

    /// `primary`, `replica-1`, `replica-2` ...: also its `cluster_name`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its port, on 127.0.0.1 and in the name of its unix socket.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// 127.0.0.1 and its port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The postmaster's process id, for tests that stop or kill it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// All it has logged so far; empty where the log cannot be read.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(&self.log)
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    /// The error of having waited too long for `state`.
    pub(super) fn late(&self, state: &'static str, waited: Duration) -> ClusterError {
        let (host, log) = (self.name.clone(), tail(&self.log()));
        ClusterError::Late { host, state, waited_s: waited.as_secs(), log }
    }

    fn spawn(programs: &Programs, name: &str) -> Result<Host, ClusterError> {
        let port = free_port().map_err(ClusterError::io("find a free port"))?;
        let log = programs.folder().join(format!("{name}.log"));
        let (out, err) = log_file(&log).map_err(ClusterError::io("open the log"))?;
        let mut command = programs.command("postgres");
        command.arg("-D").arg(programs.folder().join(name)).arg("-k").arg(programs.folder());
        command.args(["-p", &port.to_string(), "-c", &format!("cluster_name={name}")]);
        command.stdout(out).stderr(err).stdin(Stdio::null());
        let process = command.spawn().map_err(ClusterError::io("start postgres"))?;
        Ok(Host { name: name.to_owned(), port, log, process })
    }

    fn wait_until_ready(&mut self, data: &Path) -> Result<(), ClusterError> {
        let give_up = Instant::now() + START_TIMEOUT;
        while Instant::now() < give_up {
            let ended = self.process.try_wait().map_err(ClusterError::io("wait for postgres"))?;
            if ended.is_some() {
                return Err(ClusterError::Ended {
                    host: self.name.clone(),
                    log: tail(&self.log()),
                });
            }
            if is_ready(data, self.process.id()) {
                return Ok(());
            }
            thread::sleep(POLL_EVERY);
        }
        Err(self.late("ready", START_TIMEOUT))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The keeper has stopped it by now; a host that never became part of the cluster still runs.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A loopback port that nobody listens on at this moment.
pub(super) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn log_file(path: &Path) -> io::Result<(File, File)> {
    let log = File::create(path)?;
    Ok((log.try_clone()?, log))
}

/// The eighth line of `postmaster.pid` says whether connections are taken (`miscadmin.h`,
/// `LOCK_FILE_LINE_PM_STATUS`); this is what `pg_ctl --wait` looks at. A copied data folder may have
/// somebody else's, so the first line must be ours.
fn is_ready(data: &Path, pid: u32) -> bool {
    let text = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let ours = text.lines().next().is_some_and(|line| line.trim() == pid.to_string());
    ours && matches!(text.lines().nth(7).map(str::trim), Some("ready" | "standby"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(postmaster_pid: &str) -> bool {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("postmaster.pid"), postmaster_pid).unwrap();
        is_ready(data.path(), 4711)
    }

    #[test]
    fn the_status_line_decides() {
        let file = |status| format!("4711\n/data\n1\n5432\n/tmp\n127.0.0.1\n 1 2\n{status}\n");
        assert!(ready(&file("ready   ")));
        assert!(ready(&file("standby ")));
        assert!(!ready(&file("starting")));
        assert!(!ready("4711\n/data\n"));
        assert!(!ready(&file("ready   ").replace("4711", "4712")));
    }
}
