//! Listening sockets, and accepting from them until they are drained.

use super::socket::{Accepted, Keepalive, is_out_of_files};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SocketFlags, accept_with};
use socket2::{Domain, Protocol, Socket, Type};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use tokio::io::unix::AsyncFd;

/// A bound socket that nobody waits on yet.
#[derive(Debug)]
pub struct Bound {
    listener: Listening,
}

#[derive(Debug)]
enum Listening {
    Tcp(std::net::TcpListener),
    /// The file is held for its removal.
    Unix(UnixListener, #[expect(dead_code, reason = "removed when it goes")] SocketFile),
}

/// A socket's file, removed when the listener goes.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl AsRawFd for Listening {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Listening::Tcp(listener) => listener.as_raw_fd(),
            Listening::Unix(listener, _) => listener.as_raw_fd(),
        }
    }
}

impl Bound {
    /// Listens on a TCP address; `backlog` connections may wait to be accepted.
    pub fn tcp(address: SocketAddr, backlog: i32, keepalive: Keepalive) -> io::Result<Bound> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // What is accepted inherits these (Linux, `tcp_create_openreq_child`).
        socket.set_tcp_nodelay(true)?;
        keepalive.apply(socket.as_fd());
        socket.bind(&address.into())?;
        socket.listen(backlog)?;
        socket.set_nonblocking(true)?;
        Ok(Bound { listener: Listening::Tcp(socket.into()) })
    }

    /// Listens on a Unix socket with these permissions. A file left behind by a process that is
    /// gone is replaced; one that somebody listens on is an address in use.
    pub fn unix(path: &Path, mode: u32, backlog: i32) -> io::Result<Bound> {
        if path.exists() {
            match UnixStream::connect(path) {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    fs::remove_file(path)?;
                }
                _ => return Err(io::ErrorKind::AddrInUse.into()),
            }
        }
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&socket2::SockAddr::unix(path)?)?;
        let file = SocketFile(path.to_owned());
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        socket.listen(backlog)?;
        socket.set_nonblocking(true)?;
        Ok(Bound { listener: Listening::Unix(socket.into(), file) })
    }

    /// The TCP address that was bound: its port is known even where 0 was asked for.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match &self.listener {
            Listening::Tcp(listener) => listener.local_addr().ok(),
            Listening::Unix(..) => None,
        }
    }

    /// Accepts on this thread's event loop.
    #[expect(
        deprecated,
        reason = "its successor is unsafe; `Listening` owns the descriptor it names"
    )]
    pub fn listen(self) -> io::Result<Listener> {
        Ok(Listener { listener: AsyncFd::new(self.listener)? })
    }
}

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    listener: AsyncFd<Listening>,
}

impl Listener {
    /// The next connection. Cancel safe.
    ///
    /// # Errors
    /// Whatever `accept` says, such as that file descriptors are used up (`EMFILE`): the
    /// connection then still waits, and the caller should let some time pass.
    pub async fn accept(&self) -> io::Result<Accepted> {
        loop {
            let mut ready = self.listener.readable().await?;
            match ready.try_io(|listener| accept(listener.get_ref())) {
                Ok(Ok(accepted)) => return Ok(accepted),
                Ok(Err(error)) if is_gone_already(&error) => {}
                Ok(Err(error)) => return Err(error),
                Err(_drained) => {}
            }
        }
    }
}

/// The next connection, if one waits. Without a file descriptor left the kernel says so before it looks
/// (Linux, `__sys_accept4_file` in `net/socket.c`), so that has to be asked.
fn accept(listener: &Listening) -> io::Result<Accepted> {
    match accept_now(listener) {
        Err(error) if is_out_of_files(&error) && !is_waited_for(listener) => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        other => other,
    }
}

/// Whether a connection waits to be accepted.
fn is_waited_for(listener: &Listening) -> bool {
    let listener: BorrowedFd<'_> = match listener {
        Listening::Tcp(listener) => listener.as_fd(),
        Listening::Unix(listener, _) => listener.as_fd(),
    };
    let mut polled = [PollFd::from_borrowed_fd(listener, PollFlags::IN)];
    poll(&mut polled, Some(&Timespec::default())) != Ok(0)
}

fn accept_now(listener: &Listening) -> io::Result<Accepted> {
    let accept = |listener: BorrowedFd<'_>| -> io::Result<OwnedFd> {
        Ok(accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)?)
    };
    match listener {
        Listening::Tcp(listener) => Ok(Accepted::Tcp(accept(listener.as_fd())?.into())),
        Listening::Unix(listener, _) => Ok(Accepted::Unix(accept(listener.as_fd())?.into())),
    }
}

/// The peer gave up between connecting and being accepted (accept(2), "Error handling").
fn is_gone_already(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
