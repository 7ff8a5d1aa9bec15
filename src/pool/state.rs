//! The states of a server in its pool, and the table of what leads from one to another.

use std::fmt;

/// A server's state, named as `SHOW POOLS` and `SHOW SERVERS` name it.
///
/// ```text
///              Open                logged_in, nobody waits
///   (no server) ----> Login -----------------------------------> Idle <--------+
///                       |                                        |  ^          |
///                       | logged_in,                     acquire |  | release, | cancel_done,
///                       | someone waits                          v  | nobody   | nobody waits
///                       +------------------------------------> Active  waits   |
///                                                              ^ | ^           |
///                                     release, someone waits   +-+ |           |
///                                                                | | cancel_done, someone waits
///                              release, a cancel is in flight    v |           |
///                                                            BeingCanceled ----+
/// ```
///
/// | method of `Core` | from | to |
/// |---|---|---|
/// | whatever answers [`Open`](super::Open) | | `Login` |
/// | `logged_in` | `Login` | `Active` for the next waiter, or `Idle`, or closed |
/// | `login_failed` `login_refused` | `Login` | closed |
/// | `acquire` | `Idle` | `Active`; without an idle server the client waits |
/// | `release` | `Active` | `Active` for the next waiter, `Idle`, `BeingCanceled`, or closed |
/// | `cancel_started` | `Active` | `Active`, with one more cancel request in flight |
/// | `cancel_done` | `Active` | `Active`, with one less |
/// | `cancel_done` | `BeingCanceled` | the same with others in flight, or what `release` leads to |
/// | `tick` `set_limits` `reconnect` `pause` `close_idle` | `Idle` | closed |
/// | `closed` | any | closed |
///
/// A closed server has no state: the pool has forgotten it. Every other combination is a mistake
/// of the caller's; it fails in debug builds, and in release builds the pool forgets the server and
/// says [`CloseReason::Unknown`](super::CloseReason).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerState {
    /// A login is under way, or waits to be tried again.
    Login,
    /// Awaits a client.
    Idle,
    /// Held by a client, or on its way to one.
    Active,
    /// Released by its client, awaits the end of the cancel requests that are on their way to it:
    /// one that comes late must not hit the next client's statement.
    BeingCanceled,
}

impl fmt::Display for ServerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Login => "login",
            Self::Idle => "idle",
            Self::Active => "active",
            Self::BeingCanceled => "being_canceled",
        })
    }
}
