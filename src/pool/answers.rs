//! What `Core` answers: orders that the floor above carries out after it has let the lock go.

use crate::ids::{ServerId, WaiterId, WorkerId};
use crate::pool::close_reason::CloseReason;

/// The answer to a client that needs a server.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a server that was taken has to be released"]
pub enum Acquired {
    /// It has this server, which may be registered at another worker.
    Take(ServerId),
    /// It is in the queue, until a [`Then::Grant`] names its waiter or it abandons; and perhaps a
    /// login has to be started.
    Wait(WaiterId, Option<Open>),
}

/// The order to start a login, by the worker that gets this answer. It ends in exactly one of
/// `logged_in`, `login_failed`, `login_refused` and `closed`.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the pool counts this login until it ends"]
pub struct Open(pub ServerId);

/// What became of a server that is no longer used.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a granted server has to be delivered"]
pub struct Released {
    /// Where it goes.
    pub then: Then,
    /// Logins to start; empty, and not allocated, as long as the pool keeps its size.
    pub opens: Vec<Open>,
}

/// Where a server goes that is no longer used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It stays at its worker, for whoever asks next.
    Idle,
    /// It goes to this waiter, who was taken out of the queue. A waiter that has vanished
    /// meanwhile releases it.
    Grant(Waiter),
    /// It stays at its worker, and nobody gets it before the last `cancel_done`.
    BeingCanceled,
    /// The pool no longer counts it; its caller closes it.
    Close(CloseReason),
}

/// Someone in the queue, and where to find them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiter {
    /// As `acquire` named it.
    pub id: WaiterId,
    /// Whose task it is.
    pub worker: WorkerId,
}

/// One order of those that come in numbers.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the pool has already changed its books"]
pub enum Order {
    /// Start a login.
    Open(Open),
    /// Close an idle server, which the pool no longer counts.
    Close {
        /// Which.
        server: ServerId,
        /// The worker where it is idle.
        home: WorkerId,
        /// Why.
        reason: CloseReason,
    },
}
