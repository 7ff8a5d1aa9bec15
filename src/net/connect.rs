//! Connecting to a server.

use super::socket::{Accepted, Keepalive};
use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use tokio::net::{TcpStream, UnixStream};

/// Where something listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A host name or an IP address, and a port.
    Tcp(String, u16),
    /// A socket's path.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Address::Tcp(host, port) => write!(f, "{host}:{port}"),
            Address::Unix(path) => path.display().fmt(f),
        }
    }
}

/// Connects; every address that a name has is tried in turn. Without a time limit of its own.
pub async fn connect(address: &Address, keepalive: Keepalive) -> io::Result<Accepted> {
    match address {
        Address::Tcp(host, port) => {
            let socket = TcpStream::connect((host.as_str(), *port)).await?;
            socket.set_nodelay(true)?;
            keepalive.apply(socket.as_fd());
            Ok(Accepted::Tcp(socket.into_std()?))
        }
        Address::Unix(path) => Ok(Accepted::Unix(UnixStream::connect(path).await?.into_std()?)),
    }
}
