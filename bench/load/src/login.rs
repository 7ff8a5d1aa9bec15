//! Logging in, with blocking sockets.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use clap::Args;
use rustls::StreamOwned;
use socket2::{Domain, Socket, Type};

use crate::scram::Exchange;
use crate::{Outcome, tls, wire};

/// No step of a conversation takes longer than this, or the load fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A storm of connections to one port would run out of source ports with one address.
const SOURCE_ADDRESSES: u32 = 16;

static CONNECTIONS: AtomicU32 = AtomicU32::new(0);

/// Whom to log in to, and as whom.
#[derive(Args, Clone)]
pub struct Target {
    /// The port on 127.0.0.1.
    #[arg(long)]
    port: u16,
    #[arg(long, default_value = "bench")]
    user: String,
    #[arg(long, default_value = "bench")]
    database: String,
    #[arg(long, default_value = "bench")]
    password: String,
    /// Encrypt the connection.
    #[arg(long)]
    pub tls: bool,
}

/// A byte stream, encrypted or not.
pub trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Target {
    /// A new session, ready for its first statement.
    pub fn log_in(&self) -> Outcome<Box<dyn Stream>> {
        let mut stream = self.encrypted_or_not()?;
        self.authenticate(&mut *stream)?;
        Ok(stream)
    }

    /// The same without TLS, for loops that poll the socket.
    pub fn log_in_plain(&self) -> Outcome<TcpStream> {
        let mut stream = self.connect()?;
        self.authenticate(&mut stream)?;
        Ok(stream)
    }

    fn encrypted_or_not(&self) -> Outcome<Box<dyn Stream>> {
        let mut stream = self.connect()?;
        if !self.tls {
            return Ok(Box::new(stream));
        }
        stream.write_all(&wire::tls_request())?;
        let mut answer = [0];
        stream.read_exact(&mut answer)?;
        match answer {
            [b'S'] => Ok(Box::new(StreamOwned::new(tls::connection()?, stream))),
            _ => Err("TLS was refused".into()),
        }
    }

    fn connect(&self) -> Outcome<TcpStream> {
        let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed) % SOURCE_ADDRESSES;
        let source = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 1, 1)) + number);
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((source, 0)).into())?;
        let port = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        socket.connect_timeout(&port.into(), PATIENCE)?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    fn authenticate<S: Stream + ?Sized>(&self, stream: &mut S) -> Outcome<()> {
        stream.write_all(&wire::startup(&self.user, &self.database))?;
        stream.flush()?;
        let mut messages = Messages::default();
        let exchange = Exchange::new();
        loop {
            let (kind, body) = messages.next(stream)?;
            match (kind, body.get(3)) {
                (b'R', Some(10)) => reply(stream, &exchange.first())?,
                (b'R', Some(11)) => {
                    let server = std::str::from_utf8(&body[4..])?;
                    reply(stream, &exchange.last(server, &self.password)?)?;
                }
                (b'R', Some(0 | 12)) | (b'S' | b'K' | b'N', _) => {}
                (b'Z', _) => return Ok(()),
                _ => return Err(unexpected(kind, &body)),
            }
        }
    }
}

fn reply<S: Stream + ?Sized>(stream: &mut S, body: &[u8]) -> Outcome<()> {
    let mut out = Vec::new();
    wire::message(&mut out, b'p', body);
    stream.write_all(&out)?;
    Ok(stream.flush()?)
}

/// Reads whole messages; small ones only.
#[derive(Default)]
pub struct Messages {
    buffer: Vec<u8>,
}

impl Messages {
    /// The next message's type and body.
    pub fn next<S: Stream + ?Sized>(&mut self, stream: &mut S) -> Outcome<(u8, Vec<u8>)> {
        loop {
            if let Some(message) = self.take() {
                return Ok(message);
            }
            let mut chunk = [0; 4096];
            let size = stream.read(&mut chunk)?;
            if size == 0 {
                return Err("the connection was closed".into());
            }
            self.buffer.extend(&chunk[..size]);
        }
    }

    /// Reads until a message of type `wanted`, and returns its body.
    pub fn until<S: Stream + ?Sized>(&mut self, stream: &mut S, wanted: u8) -> Outcome<Vec<u8>> {
        loop {
            match self.next(stream)? {
                (kind, body) if kind == wanted => return Ok(body),
                (b'E', body) => return Err(unexpected(b'E', &body)),
                _ => {}
            }
        }
    }

    fn take(&mut self) -> Option<(u8, Vec<u8>)> {
        let (kind, length) = (*self.buffer.first()?, self.buffer.get(1..5)?);
        let end = 1 + u32::from_be_bytes(length.try_into().ok()?) as usize;
        let body = self.buffer.get(5..end)?.to_vec();
        self.buffer.drain(..end);
        Some((kind, body))
    }
}

fn unexpected(kind: u8, body: &[u8]) -> Box<dyn std::error::Error + Send + Sync> {
    let text = String::from_utf8_lossy(body).replace('\0', " ");
    format!("message {:?}: {text}", char::from(kind)).into()
}
