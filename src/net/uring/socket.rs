//! A task's hold on a connection of its thread's ring.

use super::connection::{Owner, Shared};
use super::operation::Key;
use super::parked::Parked;
use super::receiving::Ask;
use super::ring::Ring;
use crate::net::buffer::Chunk;
use crate::net::outgoing::Outgoing;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A connection that a task uses. Dropped, the connection ends.
#[derive(Debug)]
pub struct Socket {
    ring: Rc<Ring>,
    key: Key,
    /// Nothing once it has been parked.
    shared: Option<Arc<Shared>>,
}

impl Socket {
    pub(super) fn new(ring: Rc<Ring>, key: Key, shared: Arc<Shared>) -> Self {
        Socket { ring, key, shared: Some(shared) }
    }

    pub(super) fn key(&self) -> Key {
        self.key
    }

    pub(in crate::net) fn is_unix(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.is_unix)
    }

    pub(in crate::net) fn is_ahead(&self) -> bool {
        self.ring.with(self.key, |connection| (connection.receiving.is_ahead(), Ask::Nothing))
    }

    pub(in crate::net) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        inbox: &mut Chunk,
    ) -> Poll<io::Result<usize>> {
        self.ring.with(self.key, |connection| {
            let taken = connection.receiving.poll_take(cx, inbox);
            (taken, connection.receiving.rearm())
        })
    }

    pub(in crate::net) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut Outgoing,
    ) -> Poll<io::Result<()>> {
        let taken = self
            .ring
            .with(self.key, |connection| (connection.sending.poll_take(cx, out), Ask::Nothing));
        if ready!(taken)? {
            self.ring.send(self.key);
        }
        Poll::Ready(Ok(()))
    }

    pub(in crate::net) fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.ring.with(self.key, |connection| (connection.sending.poll_sent(cx), Ask::Nothing))
    }

    /// Lets go of the connection while nobody uses it. `None`, and the connection ends, where
    /// something is on its way in either direction.
    pub(in crate::net) fn park(mut self) -> Option<Parked> {
        let settled = self.ring.with(self.key, |connection| {
            let settled = connection.is_settled();
            if settled {
                connection.owner = Owner::Parked;
                connection.receiving.unwatch();
            }
            (settled, Ask::Nothing)
        });
        let shared = if settled { self.shared.take() } else { None };
        shared.map(|shared| Parked::new(self.ring.remote.clone(), self.key, shared))
    }
}

impl AsFd for Socket {
    #[expect(clippy::expect_used, reason = "only `park`, which consumes the socket, takes it")]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.as_ref().expect("a socket that is not parked").fd.as_fd()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.shared.is_some() {
            self.ring.abandon(self.key);
        }
    }
}
