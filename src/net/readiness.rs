//! One connected socket under tokio's reactor (epoll on Linux).

use super::buffer::Chunk;
use super::outgoing::Outgoing;
use super::socket::Accepted;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// Blocks beyond the first that one receive may fill, where the receive before has filled its own:
/// 64 kB a system call are what makes long results cheap.
const AHEAD_MAX: usize = 3;

/// A socket that this worker's event loop watches.
#[derive(Debug)]
pub struct Socket {
    io: Io,
    /// Received, but not taken yet. Few connections ever have any.
    ahead: Option<Box<Ahead>>,
    /// The last receive has filled all the room that it had.
    filled: bool,
}

/// What one receive has brought beyond the first block, in order; what was taken is empty.
type Ahead = [Chunk; AHEAD_MAX];

#[derive(Debug)]
enum Io {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    pub(super) fn register(accepted: Accepted) -> io::Result<Socket> {
        let io = match accepted {
            Accepted::Tcp(socket) => Io::Tcp(TcpStream::from_std(socket)?),
            Accepted::Unix(socket) => Io::Unix(UnixStream::from_std(socket)?),
        };
        Ok(Socket::over(io))
    }

    fn over(io: Io) -> Socket {
        Socket { io, ahead: None, filled: false }
    }

    pub(super) fn is_unix(&self) -> bool {
        matches!(self.io, Io::Unix(_))
    }

    /// Whether more has been received than was taken.
    pub(super) fn is_ahead(&self) -> bool {
        self.ahead.iter().flat_map(|ahead| ahead.iter()).any(|chunk| !chunk.is_empty())
    }

    /// Lets go of it while nobody uses it. `None`, and the connection ends, where something has
    /// arrived.
    pub(super) fn park(self) -> Option<Parked> {
        (!self.is_ahead()).then_some(Parked(self.io))
    }

    /// A block is borrowed when the event loop has seen something arrive, and not before.
    pub(super) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        inbox: &mut Chunk,
    ) -> Poll<io::Result<usize>> {
        let mut ahead = self.ahead.iter_mut().flat_map(|ahead| ahead.iter_mut());
        if let Some(front) = ahead.find(|chunk| !chunk.is_empty()) {
            return Poll::Ready(Ok(inbox.take_from(front)));
        }
        ready!(self.io.poll_readable(cx))?;
        if self.filled {
            return self.poll_receive_much(cx, inbox);
        }
        let room = inbox.room();
        let room_len = room.len();
        let received = self.io.poll_read(cx, room);
        if let Poll::Ready(Ok(bytes)) = received {
            inbox.filled(bytes);
            self.filled = bytes == room_len;
        }
        inbox.settle();
        received
    }

    /// Receives into several blocks at once. The first that is taken is in `inbox`.
    fn poll_receive_much(
        &mut self,
        cx: &mut Context<'_>,
        inbox: &mut Chunk,
    ) -> Poll<io::Result<usize>> {
        let ahead = self.ahead.get_or_insert_default();
        let received = {
            let [a, b, c] = &mut **ahead;
            let rooms = [inbox.room(), a.room(), b.room(), c.room()];
            self.io.poll_read_vectored(cx, &mut rooms.map(IoSliceMut::new))
        };
        // Where nothing came, all rooms are given back.
        let bytes = if let Poll::Ready(Ok(bytes)) = received { bytes } else { 0 };
        let first = inbox.fill(bytes);
        let mut rest = bytes - first;
        for chunk in ahead.iter_mut() {
            rest -= chunk.fill(rest);
        }
        self.filled = ahead.last().is_some_and(Chunk::is_full);
        received.map_ok(|_| first)
    }

    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut Outgoing,
    ) -> Poll<io::Result<()>> {
        while !out.is_empty() {
            let (slices, count) = out.slices();
            match ready!(self.io.poll_write(cx, &slices[..count]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => out.advance(sent),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// A socket that nobody uses now. Its event loop still watches it.
#[derive(Debug)]
pub struct Parked(Io);

impl Parked {
    /// Whether the event loop has seen nothing arrive; no system call.
    pub(super) fn is_quiet(&self) -> bool {
        self.0.poll_readable(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    /// Uses it again on its own thread. `None` where something has arrived.
    pub(super) fn resume(self) -> Option<Socket> {
        self.is_quiet().then(|| Socket::over(self.0))
    }

    /// Uses it again on this thread, whose event loop has not heard of it yet, so the kernel is
    /// asked.
    pub(super) fn resume_elsewhere(self) -> io::Result<Option<Socket>> {
        let accepted = match self.0 {
            Io::Tcp(socket) => Accepted::Tcp(socket.into_std()?),
            Io::Unix(socket) => Accepted::Unix(socket.into_std()?),
        };
        let socket = Socket::register(accepted)?;
        let mut byte = [0u8; 1];
        let peeked = recv(&socket, &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT);
        Ok(matches!(peeked, Err(Errno::AGAIN)).then_some(socket))
    }

    /// Says `last` if that can be said at once.
    pub(super) fn say(&self, last: &[u8]) {
        let _ = send(self.0.as_fd(), last, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
    }
}

impl Io {
    /// Ready when a receive would find something; no system call.
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Io::Tcp(socket) => socket.poll_read_ready(cx),
            Io::Unix(socket) => socket.poll_read_ready(cx),
        }
    }

    /// A receive that does not fill the buffer tells tokio that the socket is drained, so that the
    /// next one need not ask the kernel.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let received = match self {
            Io::Tcp(socket) => Pin::new(socket).poll_read(cx, &mut buffer),
            Io::Unix(socket) => Pin::new(socket).poll_read(cx, &mut buffer),
        };
        received.map_ok(|()| buffer.filled().len())
    }

    /// As [`poll_read`](Io::poll_read), into several buffers.
    fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_readable(cx))?;
            let received = match self {
                Io::Tcp(socket) => socket.try_read_vectored(buffers),
                Io::Unix(socket) => socket.try_read_vectored(buffers),
            };
            match received {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                received => return Poll::Ready(received),
            }
        }
    }

    /// Sends the front of `slices` in one call. `send` is cheaper than `writev`, so one piece goes
    /// by that.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Io::Tcp(socket) if slices.len() == 1 => Pin::new(socket).poll_write(cx, &slices[0]),
            Io::Tcp(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
            Io::Unix(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
        }
    }
}

impl AsFd for Io {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Io::Tcp(socket) => socket.as_fd(),
            Io::Unix(socket) => socket.as_fd(),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}
