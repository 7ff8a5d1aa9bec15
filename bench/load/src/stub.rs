//! A server that answers every statement at once with one row, and costs as little as a server can.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use clap::Args;

use crate::Outcome;
use crate::poller::{Poller, read_all};
use crate::wire::{Scanner, message};

/// The listening socket's number; connections count from 1.
const LISTENER: usize = 0;

#[derive(Args)]
pub struct Options {
    /// The port on 127.0.0.1.
    #[arg(long)]
    port: u16,
}

/// Serves until it is killed.
pub fn run(options: &Options) -> Outcome<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
    listener.set_nonblocking(true)?;
    let mut poller = Poller::new()?;
    poller.add(&listener, LISTENER)?;
    let mut server = Server { listener, connections: vec![None], answers: Answers::new() };
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let ready: Vec<_> = poller.wait(Duration::from_secs(1))?.collect();
        for number in ready {
            server.serve(number, &poller, &mut buffer)?;
        }
    }
}

struct Server {
    listener: TcpListener,
    connections: Vec<Option<Connection>>,
    answers: Answers,
}

impl Server {
    fn serve(&mut self, number: usize, poller: &Poller, buffer: &mut [u8]) -> Outcome<()> {
        if number == LISTENER {
            return self.accept(poller);
        }
        let slot = &mut self.connections[number];
        if let Some(connection) = slot
            && !connection.answer(&self.answers, buffer).unwrap_or(false)
        {
            *slot = None;
        }
        Ok(())
    }

    fn accept(&mut self, poller: &Poller) -> Outcome<()> {
        while let Ok((stream, _)) = self.listener.accept() {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            poller.add(&stream, self.connections.len())?;
            self.connections.push(Some(Connection::new(stream)));
        }
        Ok(())
    }
}

/// One connection; the first message of a session has no type.
struct Connection {
    stream: TcpStream,
    scanner: Scanner,
    startup: Option<Vec<u8>>,
    out: Vec<u8>,
}

impl Connection {
    fn new(stream: TcpStream) -> Connection {
        Connection {
            stream,
            scanner: Scanner::default(),
            startup: Some(Vec::new()),
            out: Vec::new(),
        }
    }

    /// Answers all that has come; false once the session is over.
    fn answer(&mut self, answers: &Answers, buffer: &mut [u8]) -> Outcome<bool> {
        let Connection { stream, scanner, startup, out } = self;
        let open = read_all(stream, buffer, |bytes| {
            match startup {
                Some(begun) => {
                    begun.extend(bytes);
                    if let Some(answer) = answers.to_startup(begun) {
                        out.extend(answer);
                    }
                }
                None => scanner.scan(bytes, |kind| out.extend(answers.to(kind))),
            }
            if out.ends_with(&answers.ready) {
                *startup = None;
            }
            Ok(())
        })?;
        // What a pooler reads slowly fits into the socket's buffer: answers are small.
        stream.write_all(out)?;
        out.clear();
        Ok(open)
    }
}

/// The bytes of each answer.
struct Answers {
    login: Vec<u8>,
    row: Vec<u8>,
    description: Vec<u8>,
    ready: Vec<u8>,
}

impl Answers {
    fn new() -> Answers {
        let mut ready = Vec::new();
        message(&mut ready, b'Z', b"I");
        let mut description = Vec::new();
        let column: [&[u8]; 2] =
            [b"\0\x01abalance\0", &[0, 0, 0, 0, 0, 0, 0, 0, 0, 23, 0, 4, 255, 255, 255, 255, 0, 0]];
        message(&mut description, b'T', &column.concat());
        let mut row = Vec::new();
        message(&mut row, b'D', b"\0\x01\0\0\0\x011");
        message(&mut row, b'C', b"SELECT 1\0");
        Answers { login: login(&ready), row, description, ready }
    }

    /// The answer to the whole of a session's first message, which is taken out of `begun`.
    fn to_startup(&self, begun: &mut Vec<u8>) -> Option<&[u8]> {
        let length = u32::from_be_bytes(begun.get(..4)?.try_into().ok()?) as usize;
        let code = begun.get(4..8)?;
        let encryption = code[..2] == [0x04, 0xd2];
        begun.get(..length)?;
        begun.clear();
        Some(if encryption { b"N" } else { &self.login })
    }

    fn to(&self, kind: u8) -> Vec<u8> {
        match kind {
            b'Q' => [&*self.description, &*self.row, &*self.ready].concat(),
            b'P' => b"1\0\0\0\x04".to_vec(),
            b'B' => b"2\0\0\0\x04".to_vec(),
            b'C' => b"3\0\0\0\x04".to_vec(),
            b'D' => self.description.clone(),
            b'E' => self.row.clone(),
            b'S' => self.ready.clone(),
            _ => Vec::new(),
        }
    }
}

/// What follows a startup message: anybody may come in.
fn login(ready: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    message(&mut out, b'R', &[0, 0, 0, 0]);
    for (name, value) in [
        ("server_version", "18.0"),
        ("server_encoding", "UTF8"),
        ("client_encoding", "UTF8"),
        ("DateStyle", "ISO, MDY"),
        ("TimeZone", "UTC"),
        ("IntervalStyle", "postgres"),
        ("integer_datetimes", "on"),
        ("standard_conforming_strings", "on"),
        ("application_name", ""),
        ("in_hot_standby", "off"),
        ("default_transaction_read_only", "off"),
    ] {
        message(&mut out, b'S', format!("{name}\0{value}\0").as_bytes());
    }
    message(&mut out, b'K', &[0, 0, 0, 1, 0, 0, 0, 1]);
    out.extend(ready);
    out
}
