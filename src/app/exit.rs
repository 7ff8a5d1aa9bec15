//! The exit statuses (`sysexits.h`).

use std::process::ExitCode;

/// With which status the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Ok,
    /// The command line cannot be understood.
    BadUsage,
    /// Cannot listen, or cannot start what is needed.
    Unavailable,
    /// A bug.
    Internal,
    /// The configuration has mistakes.
    BadConfiguration,
}

impl Exit {
    /// The number.
    pub fn status(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::BadUsage => 64,
            Exit::Unavailable => 69,
            Exit::Internal => 70,
            Exit::BadConfiguration => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.status())
    }
}
