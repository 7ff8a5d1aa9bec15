//! Messages that a server sends (PostgreSQL manual, "Message Formats", those marked B).

use super::frontend::{count, string, typed, value};

/// The OID of `text`.
const TEXT: u32 = 25;

pub fn authentication_ok() -> Vec<u8> {
    typed('R', &0_u32.to_be_bytes())
}

pub fn parameter_status(name: &str, value: &str) -> Vec<u8> {
    typed('S', &[string(name), string(value)].concat())
}

pub fn backend_key_data(pid: i32, key: &[u8]) -> Vec<u8> {
    typed('K', &[&pid.to_be_bytes(), key].concat())
}

/// `'I'`, `'T'` or `'E'`.
pub fn ready_for_query(status: char) -> Vec<u8> {
    typed('Z', &[u8::try_from(status).unwrap()])
}

/// Columns of type `text`.
pub fn row_description(columns: &[&str]) -> Vec<u8> {
    let mut body = count(columns.len()).to_vec();
    for column in columns {
        body.extend(string(column));
        body.extend([0; 6]); // no table, no column of it
        body.extend(TEXT.to_be_bytes());
        body.extend((-1_i16).to_be_bytes());
        body.extend((-1_i32).to_be_bytes());
        body.extend([0, 0]); // in text format
    }
    typed('T', &body)
}

pub fn data_row(values: &[Option<&str>]) -> Vec<u8> {
    let mut body = count(values.len()).to_vec();
    body.extend(values.iter().flat_map(|column| value(*column)));
    typed('D', &body)
}

pub fn command_complete(tag: &str) -> Vec<u8> {
    typed('C', &string(tag))
}

pub fn parse_complete() -> Vec<u8> {
    typed('1', &[])
}

pub fn bind_complete() -> Vec<u8> {
    typed('2', &[])
}

pub fn close_complete() -> Vec<u8> {
    typed('3', &[])
}

pub fn no_data() -> Vec<u8> {
    typed('n', &[])
}

pub fn empty_query_response() -> Vec<u8> {
    typed('I', &[])
}

pub fn error_response(severity: &str, code: &str, message: &str) -> Vec<u8> {
    report('E', severity, code, message)
}

pub fn notice_response(severity: &str, code: &str, message: &str) -> Vec<u8> {
    report('N', severity, code, message)
}

/// One column, one row: the whole answer to a simple query, up to `ReadyForQuery`.
pub fn answer(column: &str, value: &str) -> Vec<u8> {
    let rows = [row_description(&[column]), data_row(&[Some(value)])].concat();
    [rows, command_complete("SELECT 1"), ready_for_query('I')].concat()
}

fn report(tag: char, severity: &str, code: &str, message: &str) -> Vec<u8> {
    let fields = [('S', severity), ('V', severity), ('C', code), ('M', message)];
    let mut body: Vec<u8> =
        fields.iter().flat_map(|(field, value)| string(&format!("{field}{value}"))).collect();
    body.push(0);
    typed(tag, &body)
}
