//! Where a rule's decisions about bytes go.

use std::ops::Range;

/// Takes what goes out to one side, in order.
///
/// The ranges are of the piece that is being read; whoever owns the piece sends them without a
/// copy.
pub trait Outbox {
    /// These bytes of the piece go out as they are.
    fn forward(&mut self, range: Range<usize>);

    /// These bytes go out, although nobody on the other side sent them.
    fn supply(&mut self, bytes: &[u8]);
}

/// What is said without a piece.
impl Outbox for Vec<u8> {
    fn forward(&mut self, _: Range<usize>) {}
    fn supply(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// An outbox that leads nowhere: for the replies that a vanished client is still owed.
#[derive(Debug)]
pub struct Nowhere;

impl Outbox for Nowhere {
    fn forward(&mut self, _: Range<usize>) {}
    fn supply(&mut self, _: &[u8]) {}
}
