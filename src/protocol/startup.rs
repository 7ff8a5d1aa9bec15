//! What a client sends before its first ordinary message.
//!
//! Source: PostgreSQL manual, "Message Formats": SSLRequest, GSSENCRequest, CancelRequest,
//! StartupMessage; `src/backend/tcop/backend_startup.c`.

use super::backend::NEGOTIATE_PROTOCOL_VERSION;
use super::reader::{Reader, UnexpectedEnd};
use super::writer::{cstr, message};

/// The longest packet that PostgreSQL reads before a login (`MAX_STARTUP_PACKET_LENGTH`), bytes.
pub const MAX_PACKET_LEN: usize = 10_000;

/// The longest secret in a cancel key of protocol 3.2, bytes.
pub const MAX_CANCEL_SECRET_LEN: usize = 256;

/// A protocol version: the major number in the upper half, the minor in the lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProtocolVersion(pub u32);

impl ProtocolVersion {
    /// What every client speaks.
    pub const V3_0: ProtocolVersion = ProtocolVersion(0x0003_0000);
    /// PostgreSQL 18: cancel keys of any length. (3.1 is reserved and was never spoken.)
    pub const V3_2: ProtocolVersion = ProtocolVersion(0x0003_0002);

    /// The number before the dot.
    pub fn major(self) -> u32 {
        self.0 >> 16
    }

    /// The number after the dot.
    pub fn minor(self) -> u32 {
        self.0 & 0xffff
    }
}

/// Why a packet before the login cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStartup {
    /// Its length is below the shortest or over [`MAX_PACKET_LEN`].
    #[error("invalid length of startup packet: {0}")]
    Length(u32),
    /// A name or value without its end, or bytes after the last.
    #[error("invalid startup packet layout: expected terminator as last byte")]
    Layout,
    /// A major version that is not 3.
    #[error(
        "unsupported frontend protocol {}.{}: server supports 3.0 to 3.2", .0.major(), .0.minor()
    )]
    Version(ProtocolVersion),
}

impl From<UnexpectedEnd> for BadStartup {
    fn from(_: UnexpectedEnd) -> Self {
        BadStartup::Layout
    }
}

/// One packet before the login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// May the connection be encrypted by TLS?
    SslRequest,
    /// May the connection be encrypted by GSSAPI?
    GssEncRequest,
    /// Cancel what the client with this key runs.
    Cancel(CancelKey),
    /// A client wants to log in.
    Startup(Startup),
}

/// The name of a running session and the secret that allows cancelling it.
#[derive(Clone, PartialEq, Eq)]
pub struct CancelKey {
    /// What `BackendKeyData` calls the process.
    pub process_id: u32,
    /// 4 bytes in protocol 3.0, up to [`MAX_CANCEL_SECRET_LEN`] in 3.2.
    pub secret: Box<[u8]>,
}

impl std::fmt::Debug for CancelKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CancelKey({})", self.process_id)
    }
}

impl CancelKey {
    /// Reads the body of a `BackendKeyData`, or a `CancelRequest` after its code.
    pub fn parse(body: &[u8]) -> Result<Self, UnexpectedEnd> {
        let mut reader = Reader::new(body);
        let process_id = reader.i32()?.cast_unsigned();
        let secret = reader.rest();
        match secret.len() {
            4..=MAX_CANCEL_SECRET_LEN => Ok(CancelKey { process_id, secret: secret.into() }),
            _ => Err(UnexpectedEnd),
        }
    }

    /// Appends the number and the secret, as both messages carry them.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.process_id.to_be_bytes());
        out.extend_from_slice(&self.secret);
    }

    /// The whole `CancelRequest` that carries this key.
    pub fn request(&self) -> Vec<u8> {
        let mut out = Vec::new();
        super::writer::untagged(&mut out, |body| {
            body.extend_from_slice(&CANCEL_REQUEST.to_be_bytes());
            self.encode(body);
        });
        out
    }
}

/// A `StartupMessage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Startup {
    /// What the client asks to speak.
    pub version: ProtocolVersion,
    /// Names and values in the order they came, `user` and `database` among them; text of any
    /// bytes, as PostgreSQL takes it.
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Startup {
    /// The value of the last parameter of this name: later ones win, as in PostgreSQL.
    pub fn parameter(&self, name: &[u8]) -> Option<&[u8]> {
        self.parameters.iter().rev().find(|(key, _)| key == name).map(|(_, value)| &value[..])
    }

    /// The names of protocol extensions that the client asks for: none are known.
    pub fn extensions(&self) -> impl Iterator<Item = &[u8]> {
        self.parameters.iter().map(|(name, _)| &name[..]).filter(|name| name.starts_with(b"_pq_."))
    }

    /// The version that will be spoken: the newest that both know.
    pub fn spoken(&self) -> ProtocolVersion {
        if self.version >= ProtocolVersion::V3_2 {
            ProtocolVersion::V3_2
        } else {
            ProtocolVersion::V3_0
        }
    }

    /// Appends a `NegotiateProtocolVersion`, if the client asked for more than is known.
    pub fn negotiate(&self, out: &mut Vec<u8>) {
        let unknown: Vec<&[u8]> = self.extensions().collect();
        if self.version == self.spoken() && unknown.is_empty() {
            return;
        }
        message(out, NEGOTIATE_PROTOCOL_VERSION, |body| {
            body.extend_from_slice(&self.spoken().0.to_be_bytes());
            let count = u32::try_from(unknown.len()).unwrap_or(u32::MAX);
            body.extend_from_slice(&count.to_be_bytes());
            unknown.iter().for_each(|name| cstr(body, name));
        });
    }
}

/// A `CancelRequest`'s code.
pub const CANCEL_REQUEST: u32 = 80_877_102;
/// An `SSLRequest`'s code.
pub const SSL_REQUEST: u32 = 80_877_103;
/// A `GSSENCRequest`'s code.
pub const GSSENC_REQUEST: u32 = 80_877_104;

/// Bytes of the packet at the front of `bytes`, its length field included; `None` while that is
/// not there. Checked before anything is kept, so a false length costs no memory.
pub fn packet_len(bytes: &[u8]) -> Result<Option<usize>, BadStartup> {
    let Some(length) = bytes.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_be_bytes(*length);
    match length as usize {
        8..=MAX_PACKET_LEN => Ok(Some(length as usize)),
        _ => Err(BadStartup::Length(length)),
    }
}

/// Reads one whole packet, its length field included.
pub fn parse(packet: &[u8]) -> Result<Packet, BadStartup> {
    let mut reader = Reader::new(packet);
    reader.i32()?;
    let code = reader.i32()?.cast_unsigned();
    match code {
        SSL_REQUEST if reader.is_empty() => Ok(Packet::SslRequest),
        GSSENC_REQUEST if reader.is_empty() => Ok(Packet::GssEncRequest),
        CANCEL_REQUEST => Ok(Packet::Cancel(CancelKey::parse(reader.rest())?)),
        _ => parse_startup(ProtocolVersion(code), reader).map(Packet::Startup),
    }
}

fn parse_startup(version: ProtocolVersion, mut reader: Reader<'_>) -> Result<Startup, BadStartup> {
    if version.major() != 3 {
        return Err(BadStartup::Version(version));
    }
    let mut parameters = Vec::new();
    loop {
        let name = reader.cstr()?;
        if name.is_empty() {
            break;
        }
        parameters.push((name.to_vec(), reader.cstr()?.to_vec()));
    }
    if reader.is_empty() { Ok(Startup { version, parameters }) } else { Err(BadStartup::Layout) }
}

/// Splits the text of the startup parameter `options` as PostgreSQL does (`pg_split_opts`): at
/// white space, which a backslash protects; then reads `-c name=value`, `-cname=value` and
/// `--name=value`. `None` where it says anything else.
pub fn options(text: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut words = split_options(text).into_iter();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        let assignment = match word.as_slice() {
            b"-c" => words.next()?,
            [b'-', b'c', rest @ ..] | [b'-', b'-', rest @ ..] => rest.to_vec(),
            _ => return None,
        };
        let equals = assignment.iter().position(|byte| *byte == b'=')?;
        let name = assignment[..equals].iter().map(|b| if *b == b'-' { b'_' } else { *b });
        found.push((name.collect(), assignment[equals + 1..].to_vec()));
    }
    Some(found)
}

fn split_options(text: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => words.extend(word.take()),
            b'\\' => word.get_or_insert_default().extend(bytes.next()),
            _ => word.get_or_insert_default().push(*byte),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
#[path = "startup_tests.rs"]
mod tests;
