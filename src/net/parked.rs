//! A connection that nobody uses now: it owns no buffer and may change its worker.

use super::socket::Socket;
use super::stream::Stream;
use super::tls::TlsSession;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::io;

/// What is left of a [`Stream`] while it is idle. Unlike a stream it can go to another thread.
#[derive(Debug)]
pub struct Parked {
    socket: Socket,
    tls: Option<TlsSession>,
}

impl Parked {
    pub(super) fn new(socket: Socket, tls: Option<TlsSession>) -> Self {
        Parked { socket, tls }
    }

    /// Whether nothing has arrived meanwhile, as far as its event loop knows; no system call.
    pub fn is_quiet(&self) -> bool {
        self.socket.is_quiet()
    }

    /// Closes it, after `last` where that can be said at once and in the clear.
    pub fn farewell(self, last: &[u8]) {
        if self.tls.is_none() {
            let _ = send(&self.socket, last, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
        }
    }

    /// Uses it again on the worker where it was parked.
    pub fn resume(self) -> Stream {
        Stream::over(self.socket, self.tls)
    }

    /// Uses it again on another worker, whose event loop watches it from now on. That loop has
    /// not heard of it yet, so the kernel is asked whether something has arrived: `None` if so.
    pub fn resume_elsewhere(self) -> io::Result<Option<Stream>> {
        let socket = Socket::register(self.socket.deregister()?)?;
        let quiet = !has_arrived(&socket);
        Ok(quiet.then(|| Stream::over(socket, self.tls)))
    }
}

fn has_arrived(socket: &Socket) -> bool {
    let mut byte = [0u8; 1];
    let peeked = recv(socket, &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT);
    !matches!(peeked, Err(rustix::io::Errno::AGAIN))
}
