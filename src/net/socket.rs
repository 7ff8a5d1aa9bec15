//! One connected socket, whichever driver carries it.

use super::buffer::Chunk;
use super::outgoing::Outgoing;
use super::readiness;
use super::uring;
use rustix::net::{SocketAddrAny, getpeername, getsockname};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll};
use std::time::Duration;

/// A socket that has no driver yet: it can go to any worker. It does not block.
#[derive(Debug)]
pub enum Accepted {
    /// Over the network.
    Tcp(std::net::TcpStream),
    /// On this machine.
    Unix(std::os::unix::net::UnixStream),
}

/// How a dead peer is noticed on a quiet TCP connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keepalive {
    /// Whether to probe at all.
    pub enabled: bool,
    /// Quiet time before the first probe; the system's default without.
    pub idle: Option<Duration>,
    /// Time between probes; the system's default without.
    pub interval: Option<Duration>,
    /// Unanswered probes that end the connection; the system's default without.
    pub retries: Option<u32>,
}

impl Keepalive {
    /// Sets it on a TCP socket. A system that does not know an option is not an error.
    pub fn apply(&self, socket: BorrowedFd<'_>) {
        let socket = socket2::SockRef::from(&socket);
        let _ = socket.set_keepalive(self.enabled);
        if !self.enabled {
            return;
        }
        let mut options = socket2::TcpKeepalive::new();
        if let Some(idle) = self.idle {
            options = options.with_time(idle);
        }
        if let Some(interval) = self.interval {
            options = options.with_interval(interval);
        }
        if let Some(retries) = self.retries {
            options = options.with_retries(retries);
        }
        let _ = socket.set_tcp_keepalive(&options);
    }
}

/// Whether the process, or the system, has no file descriptor left (`EMFILE`, `ENFILE`): then what
/// failed says nothing of the other side.
pub fn is_out_of_files(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

/// A socket that belongs to a task on this thread, with the thread's driver.
#[derive(Debug)]
pub enum Socket {
    /// tokio's event loop says when it is ready; receiving and sending are system calls.
    Readiness(readiness::Socket),
    /// The thread's ring receives and sends.
    Ring(uring::Socket),
}

impl Socket {
    /// Gives a socket to this thread's driver: its ring, or else tokio's event loop.
    ///
    /// # Errors
    /// What the system says of a socket that it cannot watch.
    pub fn register(accepted: Accepted) -> io::Result<Socket> {
        match uring::Ring::of_this_thread() {
            Some(ring) => ring.register(accepted).map(Socket::Ring),
            None => readiness::Socket::register(accepted).map(Socket::Readiness),
        }
    }

    /// Whether its peer is on this machine, at the other end of a Unix socket.
    pub fn is_unix(&self) -> bool {
        match self {
            Socket::Readiness(socket) => socket.is_unix(),
            Socket::Ring(socket) => socket.is_unix(),
        }
    }

    /// Where its peer is and where it is itself; none of both on a Unix socket. Two system calls.
    pub fn ends(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        let address = |any: SocketAddrAny| SocketAddr::try_from(any).ok();
        let peer = getpeername(self).ok().flatten().and_then(address);
        (peer, getsockname(self).ok().and_then(address))
    }

    /// Whether bytes have been received and not been taken yet; no system call.
    pub fn is_ahead(&self) -> bool {
        match self {
            Socket::Readiness(socket) => socket.is_ahead(),
            Socket::Ring(socket) => socket.is_ahead(),
        }
    }

    /// Receives into the room behind `inbox`'s bytes: how many came, 0 when the peer has ended.
    ///
    /// While nothing is there, `inbox` is left as it was and owns no more than before.
    pub fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        inbox: &mut Chunk,
    ) -> Poll<io::Result<usize>> {
        match self {
            Socket::Readiness(socket) => socket.poll_receive(cx, inbox),
            Socket::Ring(socket) => socket.poll_receive(cx, inbox),
        }
    }

    /// Sends what is outgoing, in as few calls as the kernel allows. Ready when the driver has
    /// taken all of it; [`poll_sent`](Socket::poll_sent) tells when the kernel has.
    pub fn poll_send(&mut self, cx: &mut Context<'_>, out: &mut Outgoing) -> Poll<io::Result<()>> {
        match self {
            Socket::Readiness(socket) => socket.poll_send(cx, out),
            Socket::Ring(socket) => socket.poll_send(cx, out),
        }
    }

    /// Ready when the kernel has all that the driver has taken.
    pub fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Socket::Readiness(_) => Poll::Ready(Ok(())),
            Socket::Ring(socket) => socket.poll_sent(cx),
        }
    }

    /// Tells the peer that nothing more will come.
    ///
    /// # Errors
    /// A connection that has gone already.
    pub fn shut_down(&self) -> io::Result<()> {
        Ok(rustix::net::shutdown(self, rustix::net::Shutdown::Write)?)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Readiness(socket) => socket.as_fd(),
            Socket::Ring(socket) => socket.as_fd(),
        }
    }
}
