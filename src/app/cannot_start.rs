//! Why the process cannot start, and how it ends then.

use super::build::BuildError;
use super::exit::Exit;
use super::sockets::CannotListen;
use crate::config::Mistakes;
use std::io;

/// Why the process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum CannotStart {
    /// The settings have mistakes.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
    /// What the settings name cannot be used.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] CannotListen),
    /// The settings ask for io_uring.
    #[error("cannot start with pooler.io = \"uring\": {0}")]
    Io(#[from] crate::net::uring::Unavailable),
    /// The system refuses a thread, an event loop or a signal.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

impl CannotStart {
    /// With which status the process ends.
    pub fn exit(&self) -> Exit {
        match self {
            CannotStart::Mistakes(_) | CannotStart::Build(_) => Exit::BadConfiguration,
            CannotStart::Listen(_) | CannotStart::Io(_) | CannotStart::System(_) => {
                Exit::Unavailable
            }
        }
    }
}
