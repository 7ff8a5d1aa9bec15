//! Messages from a client: their tags, the few that are opened, and those that we send ourselves.
//!
//! Source: PostgreSQL manual, "Message Formats".

use super::reader::{Reader, UnexpectedEnd};
use super::writer::{cstr, message};

/// `Bind`.
pub const BIND: u8 = b'B';
/// `Close`.
pub const CLOSE: u8 = b'C';
/// `CopyData`.
pub const COPY_DATA: u8 = b'd';
/// `CopyDone`.
pub const COPY_DONE: u8 = b'c';
/// `CopyFail`.
pub const COPY_FAIL: u8 = b'f';
/// `Describe`.
pub const DESCRIBE: u8 = b'D';
/// `Execute`.
pub const EXECUTE: u8 = b'E';
/// `Flush`.
pub const FLUSH: u8 = b'H';
/// `FunctionCall`.
pub const FUNCTION_CALL: u8 = b'F';
/// `Parse`.
pub const PARSE: u8 = b'P';
/// `PasswordMessage`, `SASLInitialResponse` and `SASLResponse` share a tag.
pub const PASSWORD: u8 = b'p';
/// `Query`.
pub const QUERY: u8 = b'Q';
/// `Sync`.
pub const SYNC: u8 = b'S';
/// `Terminate`.
pub const TERMINATE: u8 = b'X';

/// A whole `Sync`.
pub const SYNC_MESSAGE: &[u8] = b"S\0\0\0\x04";
/// A whole `Terminate`.
pub const TERMINATE_MESSAGE: &[u8] = b"X\0\0\0\x04";

/// Whether PostgreSQL knows a message of this type from a client that has logged in.
pub fn is_known(tag: u8) -> bool {
    matches!(
        tag,
        BIND | CLOSE
            | COPY_DATA
            | COPY_DONE
            | COPY_FAIL
            | DESCRIBE
            | EXECUTE
            | FLUSH
            | FUNCTION_CALL
            | PARSE
            | QUERY
            | SYNC
            | TERMINATE
    )
}

/// The body of a `Parse`: the statement's name, and the rest, which is what is prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parse<'a> {
    /// Empty for the unnamed statement.
    pub name: &'a [u8],
    /// Text and parameter types: everything after the name, as it is sent.
    pub prepared: &'a [u8],
}

impl<'a> Parse<'a> {
    /// Opens the body of a `Parse`.
    pub fn open(body: &'a [u8]) -> Result<Self, UnexpectedEnd> {
        let mut reader = Reader::new(body);
        Ok(Parse { name: reader.cstr()?, prepared: reader.rest() })
    }
}

/// The text in the body of a `Query`, or at the front of [`Parse::prepared`]: up to its
/// terminator, or all of it where that is missing (the server will refuse it).
pub fn text(body: &[u8]) -> &[u8] {
    Reader::new(body).cstr().unwrap_or(body)
}

/// The front of the body of a `Bind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bind<'a> {
    /// Empty for the unnamed portal.
    pub portal: &'a [u8],
    /// Empty for the unnamed statement.
    pub statement: &'a [u8],
    /// Bytes of the body that the two names take, terminators included.
    pub names_len: usize,
}

impl<'a> Bind<'a> {
    /// Opens the front of the body of a `Bind`; the values need not be there.
    pub fn parse(body: &'a [u8]) -> Result<Self, UnexpectedEnd> {
        let mut reader = Reader::new(body);
        let (portal, statement) = (reader.cstr()?, reader.cstr()?);
        Ok(Bind { portal, statement, names_len: portal.len() + statement.len() + 2 })
    }
}

/// What a `Describe` or a `Close` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// `S`: a prepared statement of this name.
    Statement(&'a [u8]),
    /// `P`: a portal, or what the server will refuse.
    Other,
}

impl<'a> Target<'a> {
    /// Opens the body of a `Describe` or a `Close`.
    pub fn parse(body: &'a [u8]) -> Self {
        let mut reader = Reader::new(body);
        match (reader.u8(), reader.cstr()) {
            (Ok(b'S'), Ok(name)) => Target::Statement(name),
            _ => Target::Other,
        }
    }
}

/// Appends a `Query`.
pub fn query(out: &mut Vec<u8>, text: &[u8]) {
    message(out, QUERY, |body| cstr(body, text));
}

/// Appends a `Parse` of `prepared` (text and types, as in [`Parse::prepared`]) under `name`.
pub fn parse(out: &mut Vec<u8>, name: &str, prepared: &[u8]) {
    message(out, PARSE, |body| {
        cstr(body, name.as_bytes());
        body.extend_from_slice(prepared);
    });
}

/// Appends a `Bind` of a statement without parameters.
pub fn bind_all(out: &mut Vec<u8>, portal: &str, statement: &str) {
    message(out, BIND, |body| {
        cstr(body, portal.as_bytes());
        cstr(body, statement.as_bytes());
        body.extend_from_slice(&[0; 6]);
    });
}

/// Appends an `Execute` for all rows.
pub fn execute_all(out: &mut Vec<u8>, portal: &str) {
    message(out, EXECUTE, |body| {
        cstr(body, portal.as_bytes());
        body.extend_from_slice(&[0; 4]);
    });
}

/// Appends a `Describe` of a statement.
pub fn describe_statement(out: &mut Vec<u8>, name: &str) {
    named(out, DESCRIBE, name);
}

/// Appends a `Describe` of a portal.
pub fn describe_portal(out: &mut Vec<u8>, name: &str) {
    message(out, DESCRIBE, |body| {
        body.push(b'P');
        cstr(body, name.as_bytes());
    });
}

/// Appends a `Close` of a statement.
pub fn close_statement(out: &mut Vec<u8>, name: &str) {
    named(out, CLOSE, name);
}

/// Appends a `CopyFail`.
pub fn copy_fail(out: &mut Vec<u8>, why: &str) {
    message(out, COPY_FAIL, |body| cstr(body, why.as_bytes()));
}

fn named(out: &mut Vec<u8>, tag: u8, name: &str) {
    message(out, tag, |body| {
        body.push(b'S');
        cstr(body, name.as_bytes());
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_bind_is_read_up_to_its_names() {
        let bind = Bind::parse(b"portal\0stmt\0\0\x01").unwrap();
        assert_eq!(bind, Bind { portal: b"portal", statement: b"stmt", names_len: 12 });
        assert!(Bind::parse(b"portal\0stmt").is_err());
    }

    #[test]
    fn a_parse_comes_back_as_it_went() {
        let mut out = Vec::new();
        parse(&mut out, "s1", b"select $1\0\0\x01\0\0\0\x17");
        let opened = Parse::open(&out[5..]).unwrap();
        assert_eq!(opened.name, b"s1");
        assert_eq!(text(opened.prepared), b"select $1");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Parse::open(&body);
            let _ = Bind::parse(&body).map(|bind| prop_assert_some(bind.names_len <= body.len()));
            let _ = Target::parse(&body);
            let _ = text(&body);
        }
    }

    fn prop_assert_some(holds: bool) {
        assert!(holds);
    }
}
