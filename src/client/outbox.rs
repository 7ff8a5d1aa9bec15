//! What the rules say of a chunk, put into what is outgoing.

use crate::net::{Chunk, Outgoing};
use crate::session::Outbox;
use std::ops::Range;

/// Parts of a chunk go out without a copy.
pub(super) struct Forwarding<'a> {
    pub(super) out: &'a mut Outgoing,
    pub(super) piece: &'a Chunk,
}

impl Outbox for Forwarding<'_> {
    fn forward(&mut self, range: Range<usize>) {
        self.out.forward(self.piece.slice(range));
    }

    fn supply(&mut self, bytes: &[u8]) {
        self.out.supply(bytes);
    }
}
