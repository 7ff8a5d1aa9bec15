//! The few messages of PostgreSQL's protocol that a load needs.

use clap::ValueEnum;

/// How a statement is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// One Query message.
    Simple,
    /// Parse, Bind, Describe, Execute, Sync each time.
    Extended,
    /// Bind, Describe, Execute, Sync of a statement that was parsed once.
    Prepared,
}

/// The name under which [`Protocol::Prepared`] parses its statement.
const NAME: &[u8] = b"load_0\0";

/// Appends one message.
pub fn message(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    out.push(kind);
    out.extend(length(body.len() + 4));
    out.extend(body);
}

/// A length as it stands in a message.
pub fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes()
}

/// The first message of a client.
pub fn startup(user: &str, database: &str) -> Vec<u8> {
    let body = format!("user\0{user}\0database\0{database}\0\0");
    let mut out = length(body.len() + 8).to_vec();
    out.extend(196_608_u32.to_be_bytes());
    out.extend(body.as_bytes());
    out
}

/// What asks for TLS before the first message.
pub fn tls_request() -> Vec<u8> {
    let mut out = length(8).to_vec();
    out.extend(80_877_103_u32.to_be_bytes());
    out
}

/// What a client says before it leaves.
pub fn terminate() -> Vec<u8> {
    let mut out = Vec::new();
    message(&mut out, b'X', b"");
    out
}

/// A simple query.
pub fn query(sql: &str) -> Vec<u8> {
    let mut out = Vec::new();
    message(&mut out, b'Q', &text(sql));
    out
}

/// What a client sends once, before its first statement.
pub fn preparation(protocol: Protocol, sql: &str) -> Vec<u8> {
    let mut out = Vec::new();
    if protocol == Protocol::Prepared {
        message(&mut out, b'P', &[NAME, &text(sql), &[0, 0]].concat());
        message(&mut out, b'S', b"");
    }
    out
}

/// What a client sends for each statement.
pub fn statement(protocol: Protocol, sql: &str) -> Vec<u8> {
    if protocol == Protocol::Simple {
        return query(sql);
    }
    let mut out = Vec::new();
    let mut name = NAME;
    if protocol == Protocol::Extended {
        name = b"\0";
        message(&mut out, b'P', &[name, &text(sql), &[0, 0]].concat());
    }
    message(&mut out, b'B', &[b"\0", name, &[0; 6]].concat());
    message(&mut out, b'D', b"P\0");
    message(&mut out, b'E', b"\0\0\0\0\0");
    message(&mut out, b'S', b"");
    out
}

fn text(sql: &str) -> Vec<u8> {
    [sql.as_bytes(), b"\0"].concat()
}

/// Follows a stream of messages through reads of any size, without keeping bodies.
#[derive(Default)]
pub struct Scanner {
    header: [u8; 5],
    have: usize,
    skip: usize,
}

impl Scanner {
    /// Calls `seen` with the type of each message that begins in `bytes`.
    pub fn scan(&mut self, mut bytes: &[u8], mut seen: impl FnMut(u8)) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            let taken = (5 - self.have).min(bytes.len());
            self.header[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
            self.have += taken;
            bytes = &bytes[taken..];
            if self.have == 5 {
                let [kind, length @ ..] = self.header;
                seen(kind);
                self.skip = (u32::from_be_bytes(length) as usize).saturating_sub(4);
                self.have = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_however_they_are_cut() {
        let mut stream = statement(Protocol::Extended, "SELECT 1");
        stream.extend(query("SELECT 2"));
        for size in 1..stream.len() {
            let (mut scanner, mut kinds) = (Scanner::default(), Vec::new());
            stream.chunks(size).for_each(|chunk| scanner.scan(chunk, |kind| kinds.push(kind)));
            assert_eq!(kinds, b"PBDESQ", "cut into {size} bytes");
        }
    }
}
