//! What waits to be written to one socket, in order.

use super::buffer::Chunk;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};

/// Pieces handed to the kernel in one call. `IOV_MAX` is 1024; few writes have more than four.
pub(super) const SLICES_MAX: usize = 16;

/// Empty queues that a worker keeps, so that an idle connection owns none and a busy one
/// allocates none.
const SPARE_MAX: usize = 128;

thread_local! {
    static SPARE: RefCell<Vec<VecDeque<Chunk>>> = const { RefCell::new(Vec::new()) };
}

/// A queue of chunks. An empty one owns nothing.
#[derive(Debug, Default)]
pub struct Outgoing {
    chunks: VecDeque<Chunk>,
    len: usize,
}

impl Outgoing {
    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none wait.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A chunk goes out, without a copy.
    pub fn forward(&mut self, chunk: Chunk) {
        self.len += chunk.len();
        let joined = self.chunks.back_mut().is_some_and(|last| last.join(&chunk));
        if !joined && !chunk.is_empty() {
            self.push(chunk);
        }
    }

    /// Bytes go out, copied.
    pub fn supply(&mut self, mut bytes: &[u8]) {
        self.len += bytes.len();
        if let Some(last) = self.chunks.back_mut() {
            let taken = last.append(bytes);
            bytes = &bytes[taken..];
        }
        while !bytes.is_empty() {
            let (chunk, taken) = Chunk::copied(bytes);
            self.push(chunk);
            bytes = &bytes[taken..];
        }
    }

    /// The front, as the kernel takes it.
    pub(super) fn slices(&self) -> ([IoSlice<'_>; SLICES_MAX], usize) {
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let count = self.chunks.len().min(SLICES_MAX);
        for (slice, chunk) in slices.iter_mut().zip(&self.chunks) {
            *slice = IoSlice::new(chunk.bytes());
        }
        (slices, count)
    }

    /// The first `bytes` have been taken.
    pub(super) fn advance(&mut self, mut bytes: usize) {
        self.len = self.len.saturating_sub(bytes);
        while let Some(front) = self.chunks.front_mut() {
            if front.len() > bytes {
                front.advance(bytes);
                return;
            }
            bytes -= front.len();
            self.chunks.pop_front();
        }
        self.recycle();
    }

    fn push(&mut self, chunk: Chunk) {
        if self.chunks.capacity() == 0 {
            self.chunks = SPARE.with_borrow_mut(Vec::pop).unwrap_or_default();
        }
        self.chunks.push_back(chunk);
    }

    fn recycle(&mut self) {
        let empty = std::mem::take(&mut self.chunks);
        SPARE.with_borrow_mut(|spare| {
            if spare.len() < SPARE_MAX && empty.capacity() <= 64 {
                spare.push(empty);
            }
        });
    }
}

/// Supplies what is written; never fails.
impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.supply(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(outgoing: &Outgoing) -> Vec<u8> {
        outgoing.chunks.iter().flat_map(|chunk| chunk.bytes().to_vec()).collect()
    }

    fn received(bytes: &[u8]) -> Chunk {
        Chunk::copied(bytes).0
    }

    #[test]
    fn neighbours_on_one_block_become_one_piece() {
        let chunk = received(b"abcdef");
        let mut out = Outgoing::default();
        out.forward(chunk.slice(0..2));
        out.forward(chunk.slice(2..4));
        out.forward(chunk.slice(5..6));
        assert_eq!((out.chunks.len(), out.len()), (2, 5));
        assert_eq!(bytes(&out), b"abcdf");
    }

    #[test]
    fn what_is_supplied_never_overwrites_what_others_see() {
        let chunk = received(b"abc");
        let mut out = Outgoing::default();
        out.forward(chunk.slice(0..2));
        out.supply(b"X");
        out.supply(b"Y");
        assert_eq!(bytes(&out), b"abXY");
        assert_eq!(chunk.bytes(), b"abc");
        assert_eq!(out.chunks.len(), 2);
    }

    #[test]
    fn partial_writes_are_remembered() {
        let mut out = Outgoing::default();
        out.supply(b"hello");
        out.forward(received(b"world"));
        out.advance(7);
        assert_eq!(bytes(&out), b"rld");
        out.advance(3);
        assert!(out.is_empty() && out.chunks.capacity() == 0);
    }

    #[test]
    fn long_supplies_span_blocks() {
        let mut out = Outgoing::default();
        let long = vec![5; 40_000];
        out.supply(&long);
        assert_eq!((bytes(&out).len(), out.len()), (40_000, 40_000));
    }
}
