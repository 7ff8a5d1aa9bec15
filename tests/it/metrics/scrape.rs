//! Just enough of HTTP, and of Prometheus's text format, to check both.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::support::TIMEOUT;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn read(mut from: impl Read) -> io::Result<Answer> {
        let mut text = Vec::new();
        from.read_to_end(&mut text)?;
        let text = String::from_utf8(text).map_err(io::Error::other)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        Ok(Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
    }
}

pub fn connect(to: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(to).unwrap();
    socket.set_read_timeout(Some(TIMEOUT)).unwrap();
    socket.set_write_timeout(Some(TIMEOUT)).unwrap();
    socket
}

/// GET, with further lines of header.
pub fn get(to: SocketAddr, path: &str, headers: &str) -> io::Result<Answer> {
    ask(to, &format!("GET {path} HTTP/1.1\r\nHost: pgweir\r\n{headers}\r\n"))
}

/// Any bytes.
pub fn ask(to: SocketAddr, request: &str) -> io::Result<Answer> {
    let mut socket = connect(to);
    socket.write_all(request.as_bytes())?;
    Answer::read(socket)
}

/// The samples of a scrape.
#[derive(Debug)]
pub struct Scrape {
    samples: HashMap<String, f64>,
}

impl Scrape {
    /// Fails the test unless every sample is under the head of its metric, and there once.
    pub fn parse(text: &str) -> Scrape {
        let (mut samples, mut family) = (HashMap::new(), "");
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                family = rest.split(' ').next().unwrap();
            } else if !line.starts_with('#') {
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert!(name.starts_with(family), "{line} is under {family}");
                let again = samples.insert(name.to_owned(), value.parse().unwrap());
                assert_eq!(again, None, "{line}");
            }
        }
        Scrape { samples }
    }

    /// One sample, by its name and labels as they are written.
    pub fn value(&self, sample: &str) -> f64 {
        let known = || self.samples.keys().filter(|key| key.starts_with(&sample[..12]));
        let value = self.samples.get(sample);
        *value.unwrap_or_else(|| panic!("no {sample}, but {:?}", known().collect::<Vec<_>>()))
    }

    /// All samples whose name is this and whose labels contain each of these.
    pub fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let of_name = |key: &&String| key.split('{').next() == Some(name);
        let has_all = |key: &&String| labels.iter().all(|label| key.contains(label));
        let keys = self.samples.keys().filter(of_name).filter(has_all);
        keys.map(|key| self.samples[key]).sum()
    }

    pub fn len(&self) -> usize {
        self.samples.len()
    }
}
