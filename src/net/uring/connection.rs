//! One socket as its ring sees it: whose it is, what has arrived, what is being sent.
//!
//! ```text
//!            park                       dropped, here or elsewhere
//!   Task <─────────> Parked ──────────────────────────────────────> Gone ─┐
//!     │     resume      │ taken by another ring                           │ nothing is owed
//!     │                 v                                                 v
//!     │              Leaving ──(nothing is owed: a letter to the heir)──> freed
//!     └──────────────────────────────────────────────────────────────────> Gone
//! ```

use super::operation::Key;
use super::receiving::Receiving;
use super::remote::Remote;
use super::sending::Sending;
use io_uring::types;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What all threads may know of a connection.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) fd: OwnedFd,
    pub(super) is_unix: bool,
    /// Something has arrived while it was parked.
    spoke: AtomicBool,
}

impl Shared {
    pub(super) fn new(fd: OwnedFd, is_unix: bool) -> Arc<Shared> {
        Arc::new(Shared { fd, is_unix, spoke: AtomicBool::new(false) })
    }

    pub(super) fn is_quiet(&self) -> bool {
        !self.spoke.load(Ordering::Relaxed)
    }

    pub(super) fn mark_spoken(&self) {
        self.spoke.store(true, Ordering::Relaxed);
    }

    /// The ring before has let go. Until then it could not know that what arrives is awaited.
    pub(super) fn forget_spoken(&self) {
        self.spoke.store(false, Ordering::Relaxed);
    }
}

/// The connection of another ring that takes over.
#[derive(Clone, Debug)]
pub(super) struct Heir {
    pub(super) ring: Arc<Remote>,
    pub(super) key: Key,
}

/// Whose a connection is.
#[derive(Debug)]
pub(super) enum Owner {
    /// A task of this thread uses it.
    Task,
    /// Nobody uses it; any thread may take it.
    Parked,
    /// Another ring takes over.
    Leaving(Heir),
    /// Nobody will use it again.
    Gone,
}

/// One socket.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) owner: Owner,
    pub(super) receiving: Receiving,
    pub(super) sending: Sending,
}

impl Connection {
    pub(super) fn new(shared: Arc<Shared>, receiving: Receiving) -> Self {
        Connection { shared, owner: Owner::Task, receiving, sending: Sending::default() }
    }

    pub(super) fn fd(&self) -> types::Fd {
        types::Fd(self.shared.fd.as_raw_fd())
    }

    /// Whether it is this ring's to listen to.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self.owner, Owner::Task | Owner::Parked)
    }

    /// Tells other threads of what has arrived while it is parked.
    pub(super) fn tell(&self) {
        if matches!(self.owner, Owner::Parked) && self.receiving.has_spoken() {
            self.shared.mark_spoken();
        }
    }

    /// Whether the kernel, or another ring, still owes something to it: it must live until then.
    pub(super) fn is_owed(&self) -> bool {
        self.receiving.is_listening() || self.sending.is_in_flight()
    }

    /// Whether it can be freed.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.owner, Owner::Gone | Owner::Leaving(_)) && !self.is_owed()
    }

    /// Whether nothing waits in either direction.
    pub(super) fn is_settled(&self) -> bool {
        !self.receiving.has_spoken() && !self.sending.is_in_flight()
    }
}
