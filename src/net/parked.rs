//! A connection that nobody uses now: it owns no buffer and may change its worker.

use super::readiness;
use super::socket::Socket;
use super::stream::Stream;
use super::tls::TlsSession;
use super::uring;
use std::io;

/// What is left of a [`Stream`] while it is idle. Unlike a stream it can go to another thread.
#[derive(Debug)]
pub struct Parked {
    socket: Resting,
    tls: Option<TlsSession>,
}

/// The socket, as its driver keeps it meanwhile.
#[derive(Debug)]
enum Resting {
    Readiness(readiness::Parked),
    Ring(uring::Parked),
}

impl Parked {
    /// `None`, and the connection ends, where something is on its way.
    pub(super) fn new(socket: Socket, tls: Option<TlsSession>) -> Option<Self> {
        let socket = match socket {
            Socket::Readiness(socket) => Resting::Readiness(socket.park()?),
            Socket::Ring(socket) => Resting::Ring(socket.park()?),
        };
        Some(Parked { socket, tls })
    }

    /// Whether nothing has arrived meanwhile, as far as its driver knows; no system call.
    pub fn is_quiet(&self) -> bool {
        match &self.socket {
            Resting::Readiness(parked) => parked.is_quiet(),
            Resting::Ring(parked) => parked.is_quiet(),
        }
    }

    /// Closes it, after `last` where that can be said at once and in the clear.
    pub fn farewell(self, last: &[u8]) {
        if self.tls.is_some() {
            return;
        }
        match self.socket {
            Resting::Readiness(parked) => parked.say(last),
            Resting::Ring(parked) => parked.farewell(last),
        }
    }

    /// Uses it again on this thread; `elsewhere` than where it was parked, the thread's driver has
    /// not heard of it yet and asks the kernel. `None` where something has arrived meanwhile.
    ///
    /// # Errors
    /// What the system says of a socket that it cannot watch.
    pub fn resume(self, elsewhere: bool) -> io::Result<Option<Stream>> {
        let socket = match self.socket {
            Resting::Readiness(parked) if elsewhere => {
                parked.resume_elsewhere()?.map(Socket::Readiness)
            }
            Resting::Readiness(parked) => parked.resume().map(Socket::Readiness),
            Resting::Ring(parked) => parked.resume().map(Socket::Ring),
        };
        Ok(socket.map(|socket| Stream::over(socket, self.tls)))
    }
}
