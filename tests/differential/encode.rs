//! A script's messages as bytes.

use super::script::{Message, Target, expanded};
use super::support::frontend as wire;

/// `key` is the first of the session's own keys.
pub fn bytes(message: &Message, key: u64) -> Vec<u8> {
    match message {
        Message::Query(text) => wire::query(&expanded(text, key)),
        Message::Parse { name, text } => wire::parse(name, &expanded(text, key)),
        Message::Bind { portal, statement, values, binary } => {
            let values: Vec<_> = values
                .iter()
                .map(|value| value.as_ref().map(|value| expanded(value, key)))
                .collect();
            let values: Vec<_> = values.iter().map(Option::as_deref).collect();
            bind(wire::bind(portal, statement, &values), *binary)
        }
        Message::Describe(Target::Statement(name)) => wire::describe_statement(name),
        Message::Describe(Target::Portal(name)) => wire::describe_portal(name),
        Message::Close(Target::Statement(name)) => wire::close_statement(name),
        Message::Close(Target::Portal(name)) => wire::close_portal(name),
        Message::Execute { portal, rows } => wire::execute_some(portal, *rows),
        Message::Sync => wire::sync(),
        Message::Flush => wire::flush(),
        Message::CopyData(data) => wire::copy_data(expanded(data, key).as_bytes()),
        Message::CopyDone => wire::copy_done(),
        Message::CopyFail => wire::copy_fail("no more"),
        Message::Call { function, values } => call(*function, values),
        Message::Terminate => wire::terminate(),
    }
}

/// A Bind ends with the formats of its results: none, which is text, or one for all.
fn bind(text: Vec<u8>, binary: bool) -> Vec<u8> {
    if !binary {
        return text;
    }
    let body = &text[5..text.len() - 2];
    wire::typed('B', &[body, &[0, 1, 0, 1]].concat())
}

/// Arguments and result in text format.
fn call(function: u32, values: &[String]) -> Vec<u8> {
    let count = u16::try_from(values.len()).unwrap().to_be_bytes();
    let mut body = [&function.to_be_bytes()[..], &[0, 0], &count].concat();
    for value in values {
        body.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        body.extend(value.as_bytes());
    }
    body.extend([0, 0]);
    wire::typed('F', &body)
}
