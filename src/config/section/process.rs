//! `[pooler]`: threads, logging, and the end of the process.

use std::num::NonZeroU16;
use std::time::Duration;

use crate::config::kind::Kind;
use crate::config::kind::choice::{choice, one_of};
use crate::config::kind::number::{Flag, whole};
use crate::config::kind::raw::Raw;
use crate::config::kind::time::time_from_ms;
use crate::config::setting::settings;
use crate::config::source::outside::Outside;

choice! {
    /// How a line of the log looks.
    pub enum LogFormat {
        /// Text on a terminal, JSON elsewhere.
        Auto = "auto",
        /// For people.
        Text = "text",
        /// For programs, one object a line.
        Json = "json",
    }
}

choice! {
    /// How much is logged.
    pub enum LogLevel {
        /// What needs somebody.
        Error = "error",
        /// And what soon might.
        Warn = "warn",
        /// And what happens in ordinary life.
        Info = "info",
        /// And each decision.
        Debug = "debug",
        /// And each message.
        Trace = "trace",
    }
}

choice! {
    /// How sockets are read and written.
    pub enum Io {
        /// io_uring where it can be used, epoll elsewhere.
        Auto = "auto",
        /// Linux's io_uring.
        Uring = "uring",
        /// Linux's epoll, and a system call for each receive and send.
        Epoll = "epoll",
    }
}

/// How many threads serve clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// One for each core that the process may use.
    Auto,
    /// So many.
    Fixed(NonZeroU16),
}

settings! {
    /// The process itself.
    pub struct Process {
        /// Threads that serve clients; each client stays on one. "auto" is one for each core that
        /// the process may use.
        workers: Workers = WorkerCount, default Workers::Auto, at AtRestart;
        /// How sockets are read and written: by "uring" (io_uring, Linux 6.1 or later), which takes
        /// fewer system calls, or by "epoll". "auto" is io_uring where the kernel has it and lets
        /// us, and says in the log which it is. "uring" does not start without it.
        io: Io = one_of(), default Io::Auto, at AtRestart;
        /// How long SIGTERM waits for transactions to end before their connections are closed. 0
        /// does not wait.
        shutdown_timeout: Duration = time_from_ms(0), default Duration::from_secs(60), at AtReload;
        /// How a line of the log looks. "auto" is text on a terminal and JSON elsewhere.
        log_format: LogFormat = one_of(), default LogFormat::Auto, at AtRestart;
        /// How much is logged.
        log_level: LogLevel = one_of(), default LogLevel::Info, at AtRestart;
        /// Log each login of a client.
        log_connections: bool = Flag, default true, at AtReload;
        /// How long the periods are of which SHOW STATS has averages.
        stats_period: Duration = time_from_ms(1), default Duration::from_secs(60), at AtReload;
        /// Log each end of a client's connection, with the reason.
        log_disconnections: bool = Flag, default true, at AtReload;
    }
}

/// More threads than any machine has cores are a slip of the finger.
const MAX_WORKERS: u16 = 1024;

/// "auto" or a number.
struct WorkerCount;

impl Kind for WorkerCount {
    type Value = Workers;

    fn read(&self, raw: &Raw, outside: &Outside<'_>) -> Result<Workers, String> {
        if raw.text() == Ok("auto") {
            return Ok(Workers::Auto);
        }
        let count = whole(1, MAX_WORKERS).read(raw, outside)?;
        Ok(NonZeroU16::new(count).map_or(Workers::Auto, Workers::Fixed))
    }

    fn show(&self, value: &Workers) -> String {
        match value {
            Workers::Auto => "\"auto\"".to_owned(),
            Workers::Fixed(count) => count.to_string(),
        }
    }

    fn allowed(&self) -> String {
        format!("\"auto\" or {}", whole(1, MAX_WORKERS).allowed())
    }
}
