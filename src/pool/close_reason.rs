//! Why a server has to go, in words for a log.

use std::fmt;

/// Why `Core` told its caller to close a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// It is older than `server_lifetime`.
    Lifetime,
    /// Nobody used it for `server_idle_timeout`.
    IdleTimeout,
    /// The pool holds more servers than its settings allow, which were lowered.
    OverLimit,
    /// It was opened before the last `RECONNECT` or the last reload that changed its host.
    Reconnect,
    /// The pool is paused, and holds no server that nobody uses.
    Paused,
    /// Idle servers were asked to go.
    CloseIdle,
    /// The pool does not count it: it was reported closed before, or is not where its caller
    /// thinks it is.
    Unknown,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lifetime => "server_lifetime is over",
            Self::IdleTimeout => "server_idle_timeout is over",
            Self::OverLimit => "the pool is over its lowered pool_size",
            Self::Reconnect => "opened before RECONNECT or a reload",
            Self::Paused => "the pool is paused",
            Self::CloseIdle => "idle servers were told to go",
            Self::Unknown => "the pool does not count this server",
        })
    }
}
