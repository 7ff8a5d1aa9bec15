//! The message at the front of what is left of a piece.

use crate::protocol::frame::{HEADER_LEN, Header};
use std::ops::Range;

/// A message's header, and where in the piece it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub(super) header: Header,
    pub(super) piece: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Message<'a> {
    /// What of it is there, header included.
    pub(super) fn range(self) -> Range<usize> {
        self.at..self.piece.len().min(self.at + self.header.frame_len())
    }

    /// Whether all of it is there.
    pub(super) fn is_whole(self) -> bool {
        self.range().len() == self.header.frame_len()
    }

    /// What of it is there, without the header.
    pub(super) fn front(self) -> &'a [u8] {
        &self.piece[self.range()][HEADER_LEN..]
    }

    /// What follows the header, if all of it is there.
    pub(super) fn body(self) -> Option<&'a [u8]> {
        self.is_whole().then(|| self.front())
    }
}
