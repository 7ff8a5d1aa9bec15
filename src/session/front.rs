//! The front of a message that we write in the client's place, on the stack: there is one in every
//! `Bind`.

use super::server_name::ServerName;
use crate::protocol::frame::HEADER_LEN;

/// Room for a header, one byte, and the longest name with its terminator.
const LEN_MAX: usize = HEADER_LEN + 1 + ServerName::LEN_MAX + 1;

/// Bytes in place.
pub(super) struct Front {
    bytes: [u8; LEN_MAX],
    len: usize,
}

impl Front {
    /// No header.
    pub(super) fn bare() -> Self {
        Front { bytes: [0; LEN_MAX], len: 0 }
    }

    /// A header without its length.
    pub(super) fn new(tag: u8) -> Self {
        let mut front = Self::bare();
        front.push(&[tag, 0, 0, 0, 0]);
        front
    }

    /// Appends as much of `bytes` as there is room for.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let free = &mut self.bytes[self.len..];
        let taken = bytes.len().min(free.len());
        free[..taken].copy_from_slice(&bytes[..taken]);
        self.len += taken;
    }

    /// A `Describe` or a `Close` of a statement, without its length.
    pub(super) fn of_statement(tag: u8, name: &[u8]) -> Self {
        let mut front = Self::new(tag);
        front.push(b"S");
        front.push_name(name);
        front
    }

    /// A `Close` of a portal, without its length.
    pub(super) fn of_portal(tag: u8, name: &[u8]) -> Self {
        let mut front = Self::new(tag);
        front.push(b"P");
        front.push_name(name);
        front
    }

    /// Appends a name and its terminator.
    pub(super) fn push_name(&mut self, name: &[u8]) {
        self.push(name);
        self.push(b"\0");
    }

    /// What there is.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// What there is, with the length of a message of which `following` bytes come after it.
    pub(super) fn finish(&mut self, following: usize) -> &[u8] {
        let length = i32::try_from(self.len - 1 + following).unwrap_or(i32::MAX);
        self.bytes[1..HEADER_LEN].copy_from_slice(&length.to_be_bytes());
        self.bytes()
    }
}
