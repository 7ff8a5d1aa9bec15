//! One connected socket under tokio's reactor (epoll on Linux).

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// A socket that has no event loop yet: it can go to any worker.
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

/// A socket that this worker's event loop watches.
#[derive(Debug)]
pub enum Socket {
    /// Over the network.
    Tcp(TcpStream),
    /// On this machine.
    Unix(UnixStream),
}

impl Socket {
    /// Gives a socket to this thread's event loop.
    pub fn register(accepted: Accepted) -> io::Result<Socket> {
        match accepted {
            Accepted::Tcp(socket) => TcpStream::from_std(socket).map(Socket::Tcp),
            Accepted::Unix(socket) => UnixStream::from_std(socket).map(Socket::Unix),
        }
    }

    /// Takes the socket from its event loop.
    pub fn deregister(self) -> io::Result<Accepted> {
        match self {
            Socket::Tcp(socket) => socket.into_std().map(Accepted::Tcp),
            Socket::Unix(socket) => socket.into_std().map(Accepted::Unix),
        }
    }

    /// Ready when a receive would find something; no system call.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Socket::Tcp(socket) => socket.poll_read_ready(cx),
            Socket::Unix(socket) => socket.poll_read_ready(cx),
        }
    }

    /// Whether the event loop has seen nothing arrive; no system call.
    pub fn is_quiet(&self) -> bool {
        self.poll_readable(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    /// Receives into `buffer`. A receive that does not fill it tells tokio that the socket is
    /// drained, so that the next one need not ask the kernel.
    pub fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let received = match self {
            Socket::Tcp(socket) => Pin::new(socket).poll_read(cx, &mut buffer),
            Socket::Unix(socket) => Pin::new(socket).poll_read(cx, &mut buffer),
        };
        received.map_ok(|()| buffer.filled().len())
    }

    /// Sends the front of `slices` in one call.
    pub fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Socket::Tcp(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
            Socket::Unix(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
        }
    }

    /// Tells the peer that nothing more will come.
    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Socket::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            Socket::Unix(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Tcp(socket) => socket.as_fd(),
            Socket::Unix(socket) => socket.as_fd(),
        }
    }
}
