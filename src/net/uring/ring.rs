//! A thread's ring, and the loop that alternates between the thread's tasks and the ring.

use super::connection::{Connection, Shared};
use super::operation::Key;
use super::receiving::{Ask, End, Receiving};
use super::remote::{Letter, Remote};
use super::socket::Socket;
use super::state::State;
use crate::net::socket::Accepted;
use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

thread_local! {
    static RING: RefCell<Option<Rc<Ring>>> = const { RefCell::new(None) };
}

/// A thread's ring.
pub struct Ring {
    pub(super) remote: Arc<Remote>,
    state: RefCell<State>,
}

impl Ring {
    /// Makes a ring and gives it to this thread, whose sockets it serves from now on.
    ///
    /// # Errors
    /// What the kernel says: no io_uring, an old one, or one that is forbidden.
    pub fn install() -> io::Result<Rc<Ring>> {
        let ring = Rc::new(Ring { remote: Remote::new()?, state: RefCell::new(State::new()?) });
        ring.state.borrow_mut().listen_to_bell(&ring.remote);
        RING.set(Some(ring.clone()));
        Ok(ring)
    }

    /// This thread's ring, if it has one.
    pub fn of_this_thread() -> Option<Rc<Ring>> {
        RING.with_borrow(Clone::clone)
    }

    /// Runs `future` and whatever it spawns, with the ring in between.
    ///
    /// # Errors
    /// What the kernel says when the ring cannot go on. `future` is dropped then.
    pub fn run<F: Future>(&self, future: F) -> io::Result<F::Output> {
        let waker = Waker::from(self.remote.clone());
        let mut cx = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            self.remote.wakes_up();
            self.read_letters();
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return Ok(output);
            }
            self.turn()?;
        }
    }

    /// Submits what was asked for, waits if there is nothing else to do, and tells whom it
    /// concerns what has been completed.
    fn turn(&self) -> io::Result<()> {
        let mut state = self.state.borrow_mut();
        let entered = state.queues.enter(self.remote.falls_asleep());
        self.remote.wakes_up();
        entered?;
        state.reap(&self.remote);
        Ok(())
    }

    fn read_letters(&self) {
        for letter in self.remote.open_letters() {
            self.state.borrow_mut().obey(letter);
        }
    }

    pub(in crate::net) fn register(self: &Rc<Self>, accepted: Accepted) -> io::Result<Socket> {
        // Receives and sends shall wait in the kernel rather than fail with EAGAIN.
        let (fd, is_unix) = match accepted {
            Accepted::Tcp(socket) => (OwnedFd::from(socket), false),
            Accepted::Unix(socket) => (OwnedFd::from(socket), true),
        };
        rustix::io::ioctl_fionbio(&fd, false)?;
        let shared = Shared::new(fd, is_unix);
        Ok(self.adopt(shared, Receiving::default()))
    }

    pub(super) fn adopt(self: &Rc<Self>, shared: Arc<Shared>, receiving: Receiving) -> Socket {
        let mut state = self.state.borrow_mut();
        let connection = Connection::new(shared.clone(), receiving);
        let key = Key(state.connections.insert(connection));
        state.rearm(key);
        drop(state);
        Socket::new(self.clone(), key, shared)
    }

    /// Looks at a connection, and submits what it asks for then.
    pub(super) fn with<T>(&self, key: Key, look: impl FnOnce(&mut Connection) -> (T, Ask)) -> T {
        let mut state = self.state.borrow_mut();
        let (output, ask) = look(&mut state.connections[key.0]);
        state.ask(key, ask);
        output
    }

    /// Submits a send of what a connection has taken over.
    pub(super) fn send(&self, key: Key) {
        self.state.borrow_mut().send(key);
    }

    /// Takes the ring from its thread; it ends when its last socket has.
    pub fn uninstall(self: Rc<Self>) {
        RING.set(None);
    }

    /// Nobody will use the connection again.
    pub(super) fn abandon(&self, key: Key) {
        self.state.borrow_mut().abandon(key);
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        for letter in self.remote.close() {
            if let Letter::LetGo(_, heir) = letter {
                let gone = Some(End::Broken(libc::ECONNABORTED));
                let _ = heir.ring.send(Letter::Inherit(heir.key, Vec::new(), gone));
            }
        }
        let state = self.state.get_mut();
        if !state.end(&self.remote) {
            tracing::warn!("the kernel has not let go of a worker's memory; it is left to it");
            state.forget();
        }
    }
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring").finish_non_exhaustive()
    }
}
