//! Where a message begins and ends: the five-byte header, and nothing of the body.

use std::ops::Range;

/// Bytes of a header: the tag and the length.
pub const HEADER_LEN: usize = 5;

/// A header whose length cannot be: below four (it counts itself) or over `i32::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid message length {length} for message type {}", shown(*tag))]
pub struct BadLength {
    /// The message's type byte.
    pub tag: u8,
    /// The length as it was sent.
    pub length: u32,
}

/// The largest length of a message. PostgreSQL's own limit is one byte less (`MaxAllocSize`): it
/// closes the connection without a word at more, and sends no more itself.
pub const LENGTH_MAX: u32 = 0x3fff_ffff;

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The message's type byte.
    pub tag: u8,
    /// Bytes of the body: what follows the header. At most [`LENGTH_MAX`] - 4.
    pub body_len: usize,
}

impl Header {
    /// Reads the header at the front of `bytes`; `None` while it is not all there.
    pub fn parse(bytes: &[u8]) -> Result<Option<Header>, BadLength> {
        let Some(head) = bytes.first_chunk::<HEADER_LEN>() else { return Ok(None) };
        let [tag, a, b, c, d] = *head;
        let length = u32::from_be_bytes([a, b, c, d]);
        if !(4..=LENGTH_MAX).contains(&length) {
            return Err(BadLength { tag, length });
        }
        Ok(Some(Header { tag, body_len: length as usize - 4 }))
    }

    /// Bytes of the whole message, header included.
    pub fn frame_len(self) -> usize {
        HEADER_LEN + self.body_len
    }
}

/// The whole messages at the front of a piece, one after another.
#[derive(Debug)]
pub struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// One whole message inside a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The message's type byte.
    pub tag: u8,
    /// Header and body.
    pub bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// What follows the header.
    pub fn body(self) -> &'a [u8] {
        &self.bytes[HEADER_LEN..]
    }
}

impl<'a> Frames<'a> {
    /// Walks `bytes` from its start, which must be the start of a message.
    pub fn new(bytes: &'a [u8]) -> Self {
        Frames { bytes, at: 0 }
    }

    /// Where the next message begins.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next message, if all of it is there.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'a>>, BadLength> {
        let rest = &self.bytes[self.at..];
        let Some(header) = Header::parse(rest)? else { return Ok(None) };
        let Some(bytes) = rest.get(..header.frame_len()) else { return Ok(None) };
        self.at += bytes.len();
        Ok(Some(Frame { tag: header.tag, bytes }))
    }
}

/// Counts down the body of a message that is longer than the pieces it comes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remaining(usize);

impl Remaining {
    /// A body of which `bytes` are still to come.
    pub fn new(bytes: usize) -> Self {
        Remaining(bytes)
    }

    /// Whether the body has ended.
    pub fn is_done(self) -> bool {
        self.0 == 0
    }

    /// The part of a piece of `len` bytes, seen from `at`, that belongs to this body.
    pub fn take(&mut self, at: usize, len: usize) -> Range<usize> {
        let taken = self.0.min(len - at);
        self.0 -= taken;
        at..at + taken
    }
}

/// A type byte for a person: the letter where it is one.
pub fn shown(tag: u8) -> String {
    if tag.is_ascii_graphic() { format!("\"{}\"", tag as char) } else { format!("0x{tag:02x}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_may_come_byte_by_byte() {
        let whole = b"Z\0\0\0\x05I";
        for end in 0..HEADER_LEN {
            assert_eq!(Header::parse(&whole[..end]), Ok(None));
        }
        assert_eq!(Header::parse(whole), Ok(Some(Header { tag: b'Z', body_len: 1 })));
    }

    #[test]
    fn impossible_lengths_are_refused() {
        for length in [0u32, 3, 0x8000_0000, u32::MAX] {
            let mut bytes = vec![b'Q'];
            bytes.extend_from_slice(&length.to_be_bytes());
            assert_eq!(Header::parse(&bytes), Err(BadLength { tag: b'Q', length }));
        }
        assert!(Header::parse(b"Q\x3f\xff\xff\xff").is_ok());
    }

    proptest! {
        #[test]
        fn frames_cover_the_front_without_gaps(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut frames = Frames::new(&bytes);
            let mut covered = 0;
            while let Ok(Some(frame)) = frames.next_frame() {
                prop_assert_eq!(frame.bytes, &bytes[covered..covered + frame.bytes.len()]);
                covered += frame.bytes.len();
                prop_assert_eq!(frames.position(), covered);
            }
        }

        #[test]
        fn a_long_body_ends_where_it_should(
            body in 0usize..1000,
            pieces in proptest::collection::vec(1usize..100, 1..50),
        ) {
            let mut remaining = Remaining::new(body);
            let mut seen = 0;
            for piece in pieces {
                seen += remaining.take(0, piece).len();
            }
            prop_assert!(seen <= body);
            prop_assert_eq!(remaining.is_done(), seen == body);
        }
    }
}
