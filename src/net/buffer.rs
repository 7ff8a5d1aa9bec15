//! A worker's store of blocks, and the chunks of bytes that live in them.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

/// Bytes of a block: one receive takes at most this much, so it bounds what one connection can
/// make the worker hold before it is written on.
pub const BLOCK_LEN: usize = 16 * 1024;

/// Bytes of a small block, for what a client has asked while it waits for a server: nearly every
/// statement fits, and a thousand that wait hold 1 MB instead of 16.
const SMALL_LEN: usize = 1024;

/// Free blocks that a worker keeps, 2 MB of them; more are given back to the allocator.
const SPARE_MAX: usize = 128;

/// Free small blocks that a worker keeps, 1 MB of them.
const SMALL_SPARE_MAX: usize = 1024;

type Block = Rc<Box<[u8]>>;

thread_local! {
    static SPARE: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
    static SMALL_SPARE: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
    static HELD_BYTES: Cell<usize> = const { Cell::new(0) };
}

/// Bytes of all blocks of this thread, lent and spare. Counted where a block is made or freed, which
/// the store is there to avoid.
pub fn held_bytes() -> usize {
    HELD_BYTES.get()
}

fn make(len: usize) -> Block {
    HELD_BYTES.set(HELD_BYTES.get() + len);
    Rc::new(vec![0; len].into_boxed_slice())
}

/// A thread that ends has no count any more.
fn free(block: &Block) {
    let _ = HELD_BYTES.try_with(|held| held.set(held.get().saturating_sub(block.len())));
}

/// A block on loan; it goes back to the store when its last borrower lets go.
#[derive(Clone, Debug)]
struct Lease(Option<Block>);

impl Lease {
    fn borrow() -> Self {
        let spare = SPARE.with_borrow_mut(Vec::pop);
        Lease(Some(spare.unwrap_or_else(|| make(BLOCK_LEN))))
    }

    fn borrow_small() -> Self {
        let spare = SMALL_SPARE.with_borrow_mut(Vec::pop);
        Lease(Some(spare.unwrap_or_else(|| make(SMALL_LEN))))
    }

    fn is_small(&self) -> bool {
        self.0.as_ref().is_some_and(|block| block.len() == SMALL_LEN)
    }

    fn bytes(&self) -> &[u8] {
        self.0.as_deref().map_or(&[], |block| block)
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self.0.as_mut().and_then(Rc::get_mut).map_or(&mut [], |block| block)
    }

    fn is_shared(&self) -> bool {
        self.0.as_ref().is_none_or(|block| Rc::strong_count(block) > 1)
    }

    fn is_same(&self, other: &Lease) -> bool {
        matches!((&self.0, &other.0), (Some(a), Some(b)) if Rc::ptr_eq(a, b))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(block) = self.0.take() else { return };
        if Rc::strong_count(&block) == 1 {
            let (store, most) = match block.len() {
                SMALL_LEN => (&SMALL_SPARE, SMALL_SPARE_MAX),
                _ => (&SPARE, SPARE_MAX),
            };
            // A thread that ends has no store any more; the block is freed then.
            let _ = store.try_with(|spare| {
                let mut spare = spare.borrow_mut();
                if spare.len() < most {
                    spare.push(block);
                } else {
                    free(&block);
                }
            });
        }
    }
}

/// A block that only its holder can see, for a driver to fill.
#[derive(Debug)]
pub(super) struct Blank(Lease);

impl Blank {
    pub(super) fn borrow() -> Self {
        Blank(Lease::borrow())
    }

    /// Where [`BLOCK_LEN`] bytes may be written to, for as long as this is not dropped or turned
    /// into a chunk. It may be moved: the block itself stays where it is.
    pub(super) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.0.bytes_mut().as_mut_ptr()
    }

    /// A chunk of the first `len` bytes.
    pub(super) fn into_chunk(self, len: usize) -> Chunk {
        let mut chunk = Chunk { lease: self.0, start: 0, end: len.min(BLOCK_LEN) };
        chunk.settle();
        chunk
    }
}

/// A piece of received bytes. Parts of it can be shared without a copy; an empty one owns
/// nothing.
#[derive(Clone, Debug)]
pub struct Chunk {
    lease: Lease,
    start: usize,
    end: usize,
}

impl Default for Chunk {
    fn default() -> Self {
        Chunk { lease: Lease(None), start: 0, end: 0 }
    }
}

impl Chunk {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.lease.bytes()[self.start..self.end]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether no more fits behind them, even after they are moved to the front.
    pub fn is_full(&self) -> bool {
        self.len() == BLOCK_LEN
    }

    /// A part of it, on the same block.
    pub fn slice(&self, range: Range<usize>) -> Chunk {
        debug_assert!(range.end <= self.len());
        let (start, end) = (self.start + range.start, self.start + range.end);
        Chunk { lease: self.lease.clone(), start, end: end.min(self.end) }
    }

    /// Drops the first `bytes`; gives the block back when nothing is left.
    pub fn advance(&mut self, bytes: usize) {
        self.start = self.end.min(self.start + bytes);
        if self.is_empty() {
            *self = Chunk::default();
        }
    }

    /// Room behind the bytes to receive into. Bytes that lie at the end of a block, or in one
    /// that others look at or that is small, are moved to the front of a block of their own first.
    pub fn room(&mut self) -> &mut [u8] {
        if self.lease.is_shared() || self.start > 0 || self.lease.is_small() {
            self.move_to_front();
        }
        let end = self.end;
        self.lease.bytes_mut().get_mut(end..).unwrap_or(&mut [])
    }

    /// Moves what has to wait into a small block, if it fits there: the large one is of more use
    /// to somebody else.
    pub fn shrink(&mut self) {
        let fits = !self.is_empty() && self.len() <= SMALL_LEN;
        if fits && !self.lease.is_small() {
            self.move_to(Lease::borrow_small());
        }
    }

    fn move_to_front(&mut self) {
        self.move_to(Lease::borrow());
    }

    fn move_to(&mut self, mut lease: Lease) {
        let len = self.len();
        lease.bytes_mut()[..len].copy_from_slice(self.bytes());
        *self = Chunk { lease, start: 0, end: len };
    }

    /// `bytes` were received into the room.
    pub fn filled(&mut self, bytes: usize) {
        self.end = BLOCK_LEN.min(self.end + bytes);
    }

    /// Of `bytes` that were received into the room and what lies behind it, so many were for it.
    pub(super) fn fill(&mut self, bytes: usize) -> usize {
        let before = self.end;
        self.filled(bytes);
        self.settle();
        if self.is_empty() { 0 } else { self.end - before }
    }

    /// Moves the front of `other` behind its own bytes: as a whole where there are none yet, by a
    /// copy of what fits otherwise. Says how much that was.
    pub fn take_from(&mut self, other: &mut Chunk) -> usize {
        if self.is_empty() {
            *self = std::mem::take(other);
            return self.len();
        }
        let room = self.room();
        let taken = room.len().min(other.len());
        room[..taken].copy_from_slice(&other.bytes()[..taken]);
        self.filled(taken);
        other.advance(taken);
        taken
    }

    /// Gives the block back if nothing was received into it.
    pub fn settle(&mut self) {
        if self.is_empty() {
            *self = Chunk::default();
        }
    }

    /// Appends as much of `bytes` as fits without a move; says how much that was.
    pub(super) fn append(&mut self, bytes: &[u8]) -> usize {
        if self.lease.is_shared() {
            return 0;
        }
        let end = self.end;
        let room = self.lease.bytes_mut().get_mut(end..).unwrap_or(&mut []);
        let taken = room.len().min(bytes.len());
        room[..taken].copy_from_slice(&bytes[..taken]);
        self.end += taken;
        taken
    }

    /// These pieces behind each other on one block; none where they do not fit.
    pub fn gathered(pieces: &[&[u8]]) -> Option<Chunk> {
        let len: usize = pieces.iter().map(|piece| piece.len()).sum();
        if len > BLOCK_LEN {
            return None;
        }
        let mut chunk = Chunk { lease: Lease::borrow(), start: 0, end: 0 };
        for piece in pieces {
            chunk.append(piece);
        }
        chunk.settle();
        Some(chunk)
    }

    /// A chunk on a fresh block, with the front of `bytes` in it.
    pub(super) fn copied(bytes: &[u8]) -> (Chunk, usize) {
        let mut chunk = Chunk { lease: Lease::borrow(), start: 0, end: 0 };
        let taken = chunk.append(bytes);
        (chunk, taken)
    }

    /// Takes `next` in, if it continues this one on the same block.
    pub(super) fn join(&mut self, next: &Chunk) -> bool {
        let continues = self.end == next.start && self.lease.is_same(&next.lease);
        if continues {
            self.end = next.end;
        }
        continues
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spare() -> usize {
        SPARE.with_borrow(Vec::len)
    }

    fn received(bytes: &[u8]) -> Chunk {
        let mut chunk = Chunk::default();
        chunk.room()[..bytes.len()].copy_from_slice(bytes);
        chunk.filled(bytes.len());
        chunk
    }

    #[test]
    fn a_block_goes_back_when_the_last_part_is_gone() {
        let before = spare();
        let mut chunk = received(b"abcdef");
        let part = chunk.slice(2..4);
        chunk.advance(6);
        assert_eq!(part.bytes(), b"cd");
        assert_eq!(spare(), before);
        drop(part);
        assert_eq!(spare(), before + 1);
    }

    #[test]
    fn what_is_left_over_moves_to_the_front() {
        let mut chunk = received(&[7; BLOCK_LEN]);
        chunk.advance(BLOCK_LEN - 2);
        assert_eq!(chunk.room().len(), BLOCK_LEN - 2);
        assert_eq!(chunk.bytes(), [7, 7]);
    }

    #[test]
    fn what_waits_takes_a_small_block_until_more_comes() {
        let before = spare();
        let mut chunk = received(b"abc");
        chunk.shrink();
        assert_eq!((chunk.bytes(), chunk.lease.is_small()), (&b"abc"[..], true));
        assert!(spare() > before, "the large block is free again");
        assert_eq!(chunk.room().len(), BLOCK_LEN - 3);
        assert!(!chunk.lease.is_small() && chunk.bytes() == b"abc");
        let mut long = received(&[7; SMALL_LEN + 1]);
        long.shrink();
        assert!(!long.lease.is_small());
    }

    #[test]
    fn room_is_never_made_under_the_eyes_of_others() {
        let mut chunk = received(b"abc");
        let seen = chunk.slice(0..3);
        chunk.room()[0] = b'x';
        chunk.filled(1);
        assert_eq!((chunk.bytes(), seen.bytes()), (&b"abcx"[..], &b"abc"[..]));
    }

    #[test]
    fn an_empty_chunk_owns_nothing() {
        let mut chunk = Chunk::default();
        chunk.room();
        let before = spare();
        chunk.settle();
        assert_eq!(spare(), before + 1);
    }
}
