//! The messages of both sides, as bytes: what pgbench sends, and what PostgreSQL answers.

use pgweir::protocol::frontend;
use pgweir::protocol::writer::{cstr, message};

/// What `pgbench -S` asks.
pub(crate) const SELECT: &str = "SELECT abalance FROM pgbench_accounts WHERE aid = 4711";
/// The same with a parameter.
pub(crate) const SELECT_PREPARED: &str = "SELECT abalance FROM pgbench_accounts WHERE aid = $1";

/// `ParseComplete`.
pub(crate) const PARSED: &[u8] = b"1\0\0\0\x04";
/// `BindComplete`.
pub(crate) const BOUND: &[u8] = b"2\0\0\0\x04";
/// `CloseComplete`.
pub(crate) const CLOSED: &[u8] = b"3\0\0\0\x04";
/// `ReadyForQuery`, outside a transaction.
pub(crate) const READY: &[u8] = b"Z\0\0\0\x05I";
/// `Sync`.
pub(crate) const SYNC: &[u8] = b"S\0\0\0\x04";

fn made(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

/// A `Query`.
pub(crate) fn query(text: &str) -> Vec<u8> {
    made(|out| frontend::query(out, text.as_bytes()))
}

/// A `Parse` without parameter types.
pub(crate) fn parse(name: &str, text: &str) -> Vec<u8> {
    made(|out| frontend::parse(out, name, &prepared(text)))
}

/// What a `Parse` of `text` prepares.
pub(crate) fn prepared(text: &str) -> Vec<u8> {
    [text.as_bytes(), b"\0\0\0"].concat()
}

/// A `Bind` of one number, as text, to the unnamed portal.
pub(crate) fn bind(statement: &str) -> Vec<u8> {
    made(|out| {
        message(out, b'B', |body| {
            cstr(body, b"");
            cstr(body, statement.as_bytes());
            body.extend_from_slice(b"\0\0\0\x01\0\0\0\x044711\0\0");
        });
    })
}

/// A `Describe` of the unnamed portal.
pub(crate) fn describe() -> Vec<u8> {
    made(|out| message(out, b'D', |body| cstr(body, b"P")))
}

/// An `Execute` of the unnamed portal.
pub(crate) fn execute() -> Vec<u8> {
    made(|out| message(out, b'E', |body| body.extend_from_slice(&[0; 5])))
}

/// A `RowDescription` of one column.
pub(crate) fn row_description() -> Vec<u8> {
    made(|out| {
        message(out, b'T', |body| {
            body.extend_from_slice(b"\0\x01");
            cstr(body, b"abalance");
            body.extend_from_slice(b"\0\0\x40\x0a\0\x03\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0");
        });
    })
}

/// A `DataRow` of one column that takes `bytes` as a whole message.
pub(crate) fn row(bytes: u32) -> Vec<u8> {
    let value = bytes - 11;
    made(|out| {
        message(out, b'D', |body| {
            body.extend_from_slice(b"\0\x01");
            body.extend_from_slice(&value.to_be_bytes());
            body.resize(body.len() + value as usize, b'7');
        });
    })
}

/// A `CommandComplete` of one row.
pub(crate) fn complete() -> Vec<u8> {
    made(|out| message(out, b'C', |body| cstr(body, b"SELECT 1")))
}

/// A `ParameterStatus`.
pub(crate) fn parameter(name: &str, value: &str) -> Vec<u8> {
    made(|out| pgweir::protocol::backend::say_parameter(out, name.as_bytes(), value.as_bytes()))
}

/// What one row is answered with: description, row and end.
pub(crate) fn one_row() -> Vec<u8> {
    [row_description(), row(12), complete()].concat()
}

/// `messages` over and over, as long as they fit into `bytes`.
pub(crate) fn filling(messages: &[u8], bytes: usize) -> Vec<u8> {
    messages.repeat(bytes / messages.len())
}
