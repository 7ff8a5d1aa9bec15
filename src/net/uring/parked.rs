//! A connection that nobody uses now, and that any thread may use next.
//!
//! On its own ring it is used again at once. On another one it can send at once, but what arrives
//! goes to the old ring until that has let go: the old one passes on what it had heard.

use super::connection::{Heir, Owner, Shared};
use super::operation::Key;
use super::receiving::{Ask, Receiving};
use super::remote::{Letter, Remote};
use super::ring::Ring;
use super::socket::Socket;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::rc::Rc;
use std::sync::Arc;

/// What is left of a [`Socket`] while nobody uses it. Dropped, the connection ends.
#[derive(Debug)]
pub struct Parked {
    home: Arc<Remote>,
    key: Key,
    /// Nothing once it is used again.
    shared: Option<Arc<Shared>>,
}

impl Parked {
    pub(super) fn new(home: Arc<Remote>, key: Key, shared: Arc<Shared>) -> Self {
        Parked { home, key, shared: Some(shared) }
    }

    /// Whether nothing has arrived meanwhile, as far as its ring knows; no system call.
    pub(in crate::net) fn is_quiet(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.is_quiet())
    }

    /// Says `last` if that can be said at once, and ends the connection.
    pub(in crate::net) fn farewell(self, last: &[u8]) {
        if let Some(shared) = &self.shared {
            let _ = send(&shared.fd, last, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
        }
    }

    /// Uses it again, on this thread's ring. `None` where it has gone, or something has arrived.
    pub(in crate::net) fn resume(mut self) -> Option<Socket> {
        let ring = Ring::of_this_thread()?;
        if !self.is_quiet() {
            return None;
        }
        if Arc::ptr_eq(&ring.remote, &self.home) {
            let shared = self.shared.take()?;
            let (key, quiet) = (
                self.key,
                ring.with(self.key, |connection| {
                    connection.owner = Owner::Task;
                    (!connection.receiving.has_spoken(), Ask::Nothing)
                }),
            );
            let socket = Socket::new(ring, key, shared);
            return quiet.then_some(socket);
        }
        self.emigrate(&ring)
    }

    fn emigrate(mut self, ring: &Rc<Ring>) -> Option<Socket> {
        if has_arrived(self.shared.as_ref()?) || self.home.is_closed() {
            return None;
        }
        let socket = ring.adopt(self.shared.take()?, Receiving::elsewhere());
        let heir = Heir { ring: ring.remote.clone(), key: socket.key() };
        if self.home.send(Letter::LetGo(self.key, heir)).is_err() {
            // The old ring has gone in between, and nothing can come from it.
            ring.with(socket.key(), |connection| {
                connection.receiving.inherit(&[], None);
                ((), Ask::Nothing)
            });
            return None;
        }
        Some(socket)
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        if self.shared.is_some() {
            // A ring that has gone has ended all of its connections.
            let _ = self.home.send(Letter::Close(self.key));
        }
    }
}

fn has_arrived(shared: &Shared) -> bool {
    let mut byte = [0u8; 1];
    let peeked = recv(&shared.fd, &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT);
    !matches!(peeked, Err(rustix::io::Errno::AGAIN))
}
