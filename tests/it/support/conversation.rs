//! Messages in both directions over one connection, and a record of them for the one who must find out why.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use super::TIMEOUT;
use super::message::Message;

/// How much of the record a failure shows.
const SHOWN: usize = 40;

/// No test needs a longer message; a length beyond it is a sign that framing was lost.
const MAX_MESSAGE_BYTES: usize = 1 << 28;

/// A blocking stream of bytes.
pub trait Stream: Read + Write + Send {}
impl Stream for TcpStream {}
impl Stream for UnixStream {}

/// One connection, and all that was said on it.
pub struct Conversation {
    stream: Box<dyn Stream>,
    record: Vec<String>,
    /// How many bytes go out in one write.
    piece: usize,
}

impl Conversation {
    pub fn tcp(stream: TcpStream) -> Conversation {
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Conversation { stream: Box::new(stream), record: Vec::new(), piece: usize::MAX }
    }

    pub fn unix(stream: UnixStream) -> Conversation {
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        Conversation { stream: Box::new(stream), record: Vec::new(), piece: usize::MAX }
    }

    /// From now on each byte goes out in a write, and a packet, of its own.
    pub fn trickle(&mut self) {
        self.piece = 1;
    }

    /// Sends bytes in one write.
    pub fn send(&mut self, bytes: &[u8]) {
        let shown = &bytes[..bytes.len().min(120)];
        self.record.push(format!("-> {}", shown.escape_ascii()));
        for piece in bytes.chunks(self.piece) {
            if let Err(error) = self.stream.write_all(piece) {
                self.fail(&format!("cannot send: {error}"));
            }
        }
    }

    /// The next message; `None` at the end of the connection.
    pub fn next(&mut self) -> Option<Message> {
        let tag = self.byte()?;
        let body = self.rest_of_message()?;
        self.received(Message { tag: char::from(tag), body })
    }

    /// The next message, of those without a type byte; `None` at the end of the connection.
    pub fn next_untyped(&mut self) -> Option<Message> {
        let body = self.rest_of_message()?;
        self.received(Message { tag: '\0', body })
    }

    /// The next byte; `None` at the end of the connection.
    pub fn byte(&mut self) -> Option<u8> {
        Some(self.exactly(1)?[0])
    }

    /// Reads exactly the messages of these types (`"1 2 T D C Z"`) and returns them. Those of the types
    /// in `passing` may come at any time, and are passed over unless it is their turn.
    pub fn expect(&mut self, tags: &str, passing: &str) -> Vec<Message> {
        let mut messages = Vec::new();
        for wanted in tags.split_whitespace().flat_map(str::chars) {
            messages.push(self.expect_one(wanted, passing, tags));
        }
        messages
    }

    /// The connection ends here, without another message.
    pub fn expect_end(&mut self) {
        if let Some(message) = self.next() {
            self.fail(&format!("expected the end of the connection, got {message:?}"));
        }
    }

    /// Fails the test, with the end of what was said.
    pub fn fail(&self, why: &str) -> ! {
        let end = &self.record[self.record.len().saturating_sub(SHOWN)..];
        panic!("{why}\nthe end of the conversation:\n{}", end.join("\n"));
    }

    fn expect_one(&mut self, wanted: char, passing: &str, all: &str) -> Message {
        loop {
            match self.next() {
                Some(message) if message.tag == wanted => return message,
                Some(message) if passing.contains(message.tag) => {}
                Some(message) => {
                    self.fail(&format!("expected {wanted} of \"{all}\", got {message:?}"));
                }
                None => self.fail(&format!("expected {wanted} of \"{all}\", the connection ended")),
            }
        }
    }

    fn received(&mut self, message: Message) -> Option<Message> {
        self.record.push(format!("<- {message:?}"));
        Some(message)
    }

    fn rest_of_message(&mut self) -> Option<Vec<u8>> {
        let header: [u8; 4] = self.exactly(4)?.try_into().unwrap();
        let length = usize::try_from(u32::from_be_bytes(header)).unwrap();
        if !(4..MAX_MESSAGE_BYTES).contains(&length) {
            self.fail(&format!("a message of {length} bytes: framing is lost"));
        }
        self.exactly(length - 4)
    }

    fn exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        match self.stream.read_exact(&mut bytes) {
            Ok(()) => Some(bytes),
            Err(error) if is_end(error.kind()) => {
                self.record.push("<- the end".to_owned());
                None
            }
            Err(error) => self.fail(&format!("nothing came within {TIMEOUT:?}: {error}")),
        }
    }
}

fn is_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}
