//! Messages from a server: their tags, and the few that are opened.
//!
//! Source: PostgreSQL manual, "Message Formats".

use super::reader::{Reader, UnexpectedEnd};
use super::writer::{cstr, message};

/// `Authentication...`.
pub const AUTHENTICATION: u8 = b'R';
/// `BackendKeyData`.
pub const BACKEND_KEY_DATA: u8 = b'K';
/// `BindComplete`.
pub const BIND_COMPLETE: u8 = b'2';
/// `CloseComplete`.
pub const CLOSE_COMPLETE: u8 = b'3';
/// `CommandComplete`.
pub const COMMAND_COMPLETE: u8 = b'C';
/// `CopyData`.
pub const COPY_DATA: u8 = b'd';
/// `CopyDone`.
pub const COPY_DONE: u8 = b'c';
/// `CopyInResponse`.
pub const COPY_IN_RESPONSE: u8 = b'G';
/// `CopyOutResponse`.
pub const COPY_OUT_RESPONSE: u8 = b'H';
/// `CopyBothResponse`.
pub const COPY_BOTH_RESPONSE: u8 = b'W';
/// `DataRow`.
pub const DATA_ROW: u8 = b'D';
/// `EmptyQueryResponse`.
pub const EMPTY_QUERY_RESPONSE: u8 = b'I';
/// `ErrorResponse`.
pub const ERROR_RESPONSE: u8 = b'E';
/// `FunctionCallResponse`.
pub const FUNCTION_CALL_RESPONSE: u8 = b'V';
/// `NegotiateProtocolVersion`.
pub const NEGOTIATE_PROTOCOL_VERSION: u8 = b'v';
/// `NoData`.
pub const NO_DATA: u8 = b'n';
/// `NoticeResponse`.
pub const NOTICE_RESPONSE: u8 = b'N';
/// `NotificationResponse`.
pub const NOTIFICATION_RESPONSE: u8 = b'A';
/// `ParameterDescription`.
pub const PARAMETER_DESCRIPTION: u8 = b't';
/// `ParameterStatus`.
pub const PARAMETER_STATUS: u8 = b'S';
/// `ParseComplete`.
pub const PARSE_COMPLETE: u8 = b'1';
/// `PortalSuspended`.
pub const PORTAL_SUSPENDED: u8 = b's';
/// `ReadyForQuery`.
pub const READY_FOR_QUERY: u8 = b'Z';
/// `RowDescription`.
pub const ROW_DESCRIPTION: u8 = b'T';

/// A whole `ParseComplete`.
pub const PARSE_COMPLETE_MESSAGE: &[u8] = b"1\0\0\0\x04";
/// A whole `CloseComplete`.
pub const CLOSE_COMPLETE_MESSAGE: &[u8] = b"3\0\0\0\x04";
/// A whole `AuthenticationOk`.
pub const AUTHENTICATION_OK_MESSAGE: &[u8] = b"R\0\0\0\x08\0\0\0\0";
/// A whole `ReadyForQuery` outside a transaction.
pub const READY_IDLE_MESSAGE: &[u8] = b"Z\0\0\0\x05I";
/// A whole `BindComplete`.
pub const BIND_COMPLETE_MESSAGE: &[u8] = b"2\0\0\0\x04";
/// A whole `NoData`.
pub const NO_DATA_MESSAGE: &[u8] = b"n\0\0\0\x04";
/// A whole `CommandComplete` of a `DEALLOCATE`.
pub const DEALLOCATED_MESSAGE: &[u8] = b"C\0\0\0\x0fDEALLOCATE\0";

/// A whole `ReadyForQuery`.
pub fn ready(status: TransactionStatus) -> &'static [u8] {
    match status {
        TransactionStatus::Idle => READY_IDLE_MESSAGE,
        TransactionStatus::InTransaction => b"Z\0\0\0\x05T",
        TransactionStatus::Failed => b"Z\0\0\0\x05E",
    }
}

/// What `ReadyForQuery` says of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    /// `I`: not in a transaction.
    Idle,
    /// `T`: in a transaction.
    InTransaction,
    /// `E`: in a transaction that has failed.
    Failed,
}

impl TransactionStatus {
    /// Reads the body of a `ReadyForQuery`.
    pub fn parse(body: &[u8]) -> Option<Self> {
        match body {
            b"I" => Some(Self::Idle),
            b"T" => Some(Self::InTransaction),
            b"E" => Some(Self::Failed),
            _ => None,
        }
    }
}

/// The name and the value in the body of a `ParameterStatus`.
pub fn parameter_status(body: &[u8]) -> Result<(&[u8], &[u8]), UnexpectedEnd> {
    let mut reader = Reader::new(body);
    Ok((reader.cstr()?, reader.cstr()?))
}

/// Appends a whole `ParameterStatus`.
pub fn say_parameter(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    message(out, PARAMETER_STATUS, |body| {
        cstr(body, name);
        cstr(body, value);
    });
}

/// Appends a whole `NotificationResponse` of this process; `rest` is its channel and its payload.
pub fn say_notification(out: &mut Vec<u8>, process_id: u32, rest: &[u8]) {
    message(out, NOTIFICATION_RESPONSE, |body| {
        body.extend_from_slice(&process_id.to_be_bytes());
        body.extend_from_slice(rest);
    });
}

/// PostgreSQL's number for the type `text` (`pg_type.dat`).
const TEXT_OID: i32 = 25;

/// Appends a whole `RowDescription` of columns of type text.
pub fn say_text_columns(out: &mut Vec<u8>, columns: &[&str]) {
    message(out, ROW_DESCRIPTION, |body| {
        body.extend_from_slice(&count(columns.len()));
        for column in columns {
            cstr(body, column.as_bytes());
            body.extend_from_slice(&[0; 6]); // of no table
            body.extend_from_slice(&TEXT_OID.to_be_bytes());
            body.extend_from_slice(&(-1i16).to_be_bytes()); // of any length
            body.extend_from_slice(&(-1i32).to_be_bytes()); // without a modifier
            body.extend_from_slice(&[0; 2]); // text, which its binary form equals
        }
    });
}

/// Appends a whole `DataRow` of text values.
pub fn say_text_row(out: &mut Vec<u8>, values: &[String]) {
    message(out, DATA_ROW, |body| {
        body.extend_from_slice(&count(values.len()));
        for value in values {
            let len = i32::try_from(value.len()).unwrap_or(i32::MAX);
            body.extend_from_slice(&len.to_be_bytes());
            body.extend_from_slice(value.as_bytes());
        }
    });
}

/// Appends a whole `ParameterDescription` of a statement without parameters.
pub fn say_parameter_description(out: &mut Vec<u8>) {
    message(out, PARAMETER_DESCRIPTION, |body| body.extend_from_slice(&count(0)));
}

/// Appends a whole `CommandComplete`.
pub fn say_complete(out: &mut Vec<u8>, tag: &str) {
    message(out, COMMAND_COMPLETE, |body| cstr(body, tag.as_bytes()));
}

fn count(len: usize) -> [u8; 2] {
    i16::try_from(len).unwrap_or(i16::MAX).to_be_bytes()
}

/// The first value in the body of a `DataRow`, if there is one and it is not NULL.
pub fn first_value(body: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(body);
    let columns = reader.take(2).ok()?;
    let len = reader.i32().ok()?;
    let len = usize::try_from(len).ok().filter(|_| columns != [0, 0])?;
    reader.take(len).ok()
}

/// The tag in the body of a `CommandComplete`, such as `INSERT 0 1`.
pub fn command_tag(body: &[u8]) -> &[u8] {
    Reader::new(body).cstr().unwrap_or(body)
}

/// How many rows a command has returned or changed, which its tag ends with, as in `INSERT 0 1`; 0
/// for a command that has none.
pub fn command_rows(tag: &[u8]) -> u64 {
    let digits = tag.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    digits.iter().fold(0, |rows: u64, digit| match digit {
        b'0'..=b'9' => rows.saturating_mul(10).saturating_add(u64::from(digit - b'0')),
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_ends_with_its_rows() {
        let rows = |tag: &str| command_rows(tag.as_bytes());
        assert_eq!(
            (rows("INSERT 0 12"), rows("SELECT 3"), rows("COPY 1000000")),
            (12, 3, 1_000_000)
        );
        assert_eq!((rows("BEGIN"), rows("CREATE TABLE"), rows("")), (0, 0, 0));
        assert_eq!(rows("SELECT 99999999999999999999999"), u64::MAX);
    }
}
