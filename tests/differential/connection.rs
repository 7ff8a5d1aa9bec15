//! A client's connection that reports what goes wrong, instead of failing its test.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::known;
use super::support::Message as Reply;
use super::support::frontend;

/// Between pieces of one write, so that the peer may see each of them by itself. Nobody announces that it has.
const BETWEEN_PIECES: Duration = Duration::from_micros(300);

/// Longest message that is believed in.
const MESSAGE_MAX: usize = 1 << 26;

pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    port: u16,
    /// The body of BackendKeyData.
    key: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    Reply(Reply),
    End,
    Nothing,
}

impl Connection {
    /// Logs in where nobody is asked for a password; what was reported, or what is wrong.
    pub fn login(
        port: u16,
        parameters: &[(&str, &str)],
        deadline: Instant,
    ) -> Result<(Connection, BTreeMap<String, String>), String> {
        let stream = TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let _ = stream.set_write_timeout(Some(deadline.saturating_duration_since(Instant::now())));
        let mut connection = Connection { stream, received: Vec::new(), port, key: Vec::new() };
        connection.send(&frontend::startup(parameters), usize::MAX);
        let mut reported = BTreeMap::new();
        loop {
            let reply = match connection.next(deadline) {
                Got::Reply(reply) => reply,
                other => return Err(format!("{other:?} at login")),
            };
            match reply.tag {
                'Z' => return Ok((connection, reported)),
                'E' => return Err(format!("{} at login", reply.fields())),
                'K' => connection.key = reply.body,
                'S' => {
                    let strings = reply.body.split(|byte| *byte == 0);
                    let mut strings =
                        strings.map(|text| String::from_utf8_lossy(text).into_owned());
                    let name = strings.next().unwrap_or_default();
                    if !known::is_our_parameter(&name) {
                        reported.insert(name, strings.next().unwrap_or_default());
                    }
                }
                _ => {}
            }
        }
    }

    /// Sends in pieces of so many bytes. That the peer has gone is seen when its answers are read.
    pub fn send(&mut self, bytes: &[u8], piece: usize) {
        for (number, piece) in bytes.chunks(piece).enumerate() {
            if number > 0 {
                thread::sleep(BETWEEN_PIECES);
            }
            if self.stream.write_all(piece).is_err() {
                return;
            }
        }
    }

    /// The next message, up to a deadline.
    pub fn next(&mut self, deadline: Instant) -> Got {
        loop {
            if let Some(reply) = self.take() {
                return Got::Reply(reply);
            }
            match self.receive(deadline) {
                Some(0) => return Got::End,
                Some(_) => {}
                None => return Got::Nothing,
            }
        }
    }

    /// Whether something has come, within this time.
    pub fn hears(&mut self, within: Duration) -> bool {
        !self.received.is_empty() || self.receive(Instant::now() + within).is_some()
    }

    /// Has what runs here canceled; returns when the peer has closed that connection.
    pub fn cancel(&self, deadline: Instant) {
        let Ok(mut other) = TcpStream::connect(("127.0.0.1", self.port)) else { return };
        let Some((pid, key)) = self.key.split_at_checked(4) else { return };
        let pid = i32::from_be_bytes(pid.try_into().unwrap());
        let _ = other.write_all(&frontend::cancel_request(pid, key));
        let left = deadline.saturating_duration_since(Instant::now());
        let _ = other.set_read_timeout(Some(left.max(Duration::from_millis(1))));
        let _ = other.read(&mut [0; 1]);
    }

    fn take(&mut self) -> Option<Reply> {
        let header = self.received.get(..5)?;
        let length = u32::from_be_bytes(header[1..].try_into().unwrap()) as usize;
        let end = 1 + length.clamp(4, MESSAGE_MAX);
        let body = self.received.get(5..end)?.to_vec();
        let tag = char::from(self.received[0]);
        self.received.drain(..end);
        Some(Reply { tag, body })
    }

    /// How much has come; 0 at the end, `None` at the deadline.
    fn receive(&mut self, deadline: Instant) -> Option<usize> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.stream.set_read_timeout(Some(left.max(Duration::from_millis(1)))).unwrap();
        let mut block = [0; 16_384];
        match self.stream.read(&mut block) {
            Ok(count) => {
                self.received.extend_from_slice(&block[..count]);
                Some(count)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                None
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => None,
            Err(_) => Some(0),
        }
    }
}
