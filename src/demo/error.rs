//! Why a throwaway cluster could not be had.

use std::io;

use super::cluster::MAX_REPLICAS;

/// Why a throwaway cluster could not be had, in words for whoever asked for it.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// PostgreSQL is not installed, or only its client is.
    #[error(
        "PostgreSQL's server programs were not found (looked in {looked_in}); \
         install them with \"{install}\", or name their folder in PGWEIR_PG_BIN"
    )]
    NoPostgres {
        /// The folders that were looked at, separated by commas.
        looked_in: String,
        /// The command that installs PostgreSQL on this distribution.
        install: String,
    },
    /// We are root, and there is nobody else to be: PostgreSQL refuses to run as root.
    #[error(
        "PostgreSQL does not run as root, and /etc/passwd has neither \"postgres\" nor \"nobody\""
    )]
    NoAccount,
    /// More replicas than the primary has walsenders for.
    #[error("{asked} replicas are too many: at most {MAX_REPLICAS} can stream from one primary")]
    TooManyReplicas {
        /// How many were asked for.
        asked: usize,
    },
    /// pgweir's own port is not free.
    #[error("cannot listen on 127.0.0.1:{port}: {source}; choose another port with --port")]
    Port {
        /// The port that was asked for.
        port: u16,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system refused something.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was being done, as in "cannot ...".
        doing: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// One of PostgreSQL's programs ended with an error.
    #[error("{program} failed ({status}): {said}")]
    Program {
        /// The program's name.
        program: String,
        /// Its exit status.
        status: String,
        /// The end of what it wrote.
        said: String,
    },
    /// A PostgreSQL ended while it was starting.
    #[error("PostgreSQL ({host}) ended while it was starting; the end of its log:\n{log}")]
    Ended {
        /// Which one: `primary`, `replica-1`.
        host: String,
        /// The end of its log.
        log: String,
    },
    /// A PostgreSQL runs, and does not get to where it should be.
    #[error("PostgreSQL ({host}) is not {state} after {waited_s} s; the end of its log:\n{log}")]
    Late {
        /// Which one: `primary`, `replica-1`.
        host: String,
        /// What it should have become.
        state: &'static str,
        /// How long was waited.
        waited_s: u64,
        /// The end of its log.
        log: String,
    },
}

impl ClusterError {
    /// For `map_err`: the operating system refused `doing`, as in "cannot {doing}".
    pub(super) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> ClusterError {
        let doing = doing.into();
        move |source| ClusterError::Io { doing, source }
    }
}
