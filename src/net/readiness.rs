//! One connected socket under tokio's reactor (epoll on Linux).

use super::buffer::Chunk;
use super::outgoing::Outgoing;
use super::socket::Accepted;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// A socket that this worker's event loop watches.
#[derive(Debug)]
pub enum Socket {
    /// Over the network.
    Tcp(TcpStream),
    /// On this machine.
    Unix(UnixStream),
}

impl Socket {
    pub(super) fn register(accepted: Accepted) -> io::Result<Socket> {
        match accepted {
            Accepted::Tcp(socket) => TcpStream::from_std(socket).map(Socket::Tcp),
            Accepted::Unix(socket) => UnixStream::from_std(socket).map(Socket::Unix),
        }
    }

    /// Takes the socket from its event loop.
    pub(super) fn deregister(self) -> io::Result<Accepted> {
        match self {
            Socket::Tcp(socket) => socket.into_std().map(Accepted::Tcp),
            Socket::Unix(socket) => socket.into_std().map(Accepted::Unix),
        }
    }

    /// Whether the event loop has seen nothing arrive; no system call.
    pub(super) fn is_quiet(&self) -> bool {
        self.poll_readable(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    /// A block is borrowed when the event loop has seen something arrive, and not before.
    pub(super) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        inbox: &mut Chunk,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_readable(cx))?;
        let received = self.poll_read(cx, inbox.room());
        if let Poll::Ready(Ok(bytes)) = received {
            inbox.filled(bytes);
        }
        inbox.settle();
        received
    }

    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut Outgoing,
    ) -> Poll<io::Result<()>> {
        while !out.is_empty() {
            let (slices, count) = out.slices();
            match ready!(self.poll_write(cx, &slices[..count]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => out.advance(sent),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Ready when a receive would find something; no system call.
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Socket::Tcp(socket) => socket.poll_read_ready(cx),
            Socket::Unix(socket) => socket.poll_read_ready(cx),
        }
    }

    /// A receive that does not fill the buffer tells tokio that the socket is drained, so that the
    /// next one need not ask the kernel.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let received = match self {
            Socket::Tcp(socket) => Pin::new(socket).poll_read(cx, &mut buffer),
            Socket::Unix(socket) => Pin::new(socket).poll_read(cx, &mut buffer),
        };
        received.map_ok(|()| buffer.filled().len())
    }

    /// Sends the front of `slices` in one call. `send` is cheaper than `writev`, so one piece goes
    /// by that.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Socket::Tcp(socket) if slices.len() == 1 => Pin::new(socket).poll_write(cx, &slices[0]),
            Socket::Tcp(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
            Socket::Unix(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
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
