//! The blocks that the kernel may fill: a ring of them in memory that it shares with us.

use super::operation::BLOCK_GROUP;
use crate::net::buffer::{BLOCK_LEN, Blank, Chunk};
use io_uring::Submitter;
use io_uring::types::BufRingEntry;
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

/// Blocks that the kernel holds, 1 MB of them; a power of two. They are given back one for one, so
/// this only has to last from one look at the completions to the next. Where it does not, receives
/// end with `ENOBUFS` and are armed again.
const COUNT: u16 = 64;

/// The shared memory begins on a page (io_uring_register_buf_ring(3)).
const ALIGNMENT: usize = 4096;

/// The ring of blocks. Freed only after the kernel has forgotten it; see [`Blocks::forget`].
pub(super) struct Blocks {
    entries: NonNull<BufRingEntry>,
    /// What the kernel may write into, by the number under which it was given.
    lent: Vec<Option<Blank>>,
    tail: u16,
}

impl Blocks {
    /// Registers a full ring of blocks.
    pub(super) fn register(submitter: &Submitter<'_>) -> io::Result<Blocks> {
        // SAFETY: the layout has a size; null is dealt with below.
        let memory = unsafe { alloc_zeroed(layout()) };
        let Some(entries) = NonNull::new(memory.cast()) else { handle_alloc_error(layout()) };
        let lent = (0..COUNT).map(|_| None).collect();
        let mut blocks = Blocks { entries, lent, tail: 0 };
        // SAFETY: the memory is as long as `COUNT` entries, aligned to a page, and is freed only
        // when the ring is gone (`Drop`, `forget`).
        unsafe {
            let address = blocks.entries.as_ptr() as u64;
            submitter.register_buf_ring_with_flags(address, COUNT, BLOCK_GROUP, 0)?;
        }
        (0..COUNT).for_each(|number| blocks.lend(number));
        blocks.publish();
        Ok(blocks)
    }

    /// Takes the block that the kernel has filled with `len` bytes, and lends it another.
    pub(super) fn take(&mut self, number: u16, len: usize) -> Chunk {
        let filled = self.lent.get_mut(usize::from(number)).and_then(Option::take);
        self.lend(number);
        filled.map_or_else(Chunk::default, |blank| blank.into_chunk(len))
    }

    /// The kernel may use what was lent since.
    pub(super) fn publish(&self) {
        // SAFETY: `entries` is the ring's base. The tail lies in its first entry, and only this
        // thread and the kernel touch it, both atomically (`io_uring_buf_ring_advance`).
        let tail =
            unsafe { AtomicU16::from_ptr(BufRingEntry::tail(self.entries.as_ptr()).cast_mut()) };
        tail.store(self.tail, Ordering::Release);
    }

    /// Leaks what the kernel may still write into.
    pub(super) fn forget(&mut self) {
        self.lent.drain(..).for_each(std::mem::forget);
        self.entries = NonNull::dangling();
    }

    fn lend(&mut self, number: u16) {
        let mut blank = Blank::borrow();
        let at = usize::from(self.tail % COUNT);
        // SAFETY: `at` is below `COUNT`. Each field is written by itself: the first entry also
        // holds the tail. The block stays in `lent` until the kernel says that it is done with it.
        unsafe {
            let entry = &mut *self.entries.as_ptr().add(at);
            entry.set_addr(blank.as_mut_ptr() as u64);
            entry.set_len(LEN);
            entry.set_bid(number);
        }
        self.lent[usize::from(number)] = Some(blank);
        self.tail = self.tail.wrapping_add(1);
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        if self.entries != NonNull::dangling() {
            // SAFETY: it was allocated with this layout, and the ring that knew it is gone.
            unsafe { dealloc(self.entries.as_ptr().cast(), layout()) }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "16 kB")]
const LEN: u32 = BLOCK_LEN as u32;

#[expect(clippy::expect_used, reason = "constant")]
fn layout() -> Layout {
    let bytes = usize::from(COUNT) * size_of::<BufRingEntry>();
    Layout::from_size_align(bytes, ALIGNMENT).expect("a power of two")
}
