//! What was said of a statement, for as long as it holds.

use std::sync::atomic::{AtomicU64, Ordering};

/// Nobody has said anything. Greater than any epoch of 32 bits before a class of 16.
const NOTHING: u64 = u64::MAX;

/// A class of routing's, as 16 bits, and the epoch in which it was found: one word, so that the two
/// are always of one another.
#[derive(Debug)]
pub struct Memo(AtomicU64);

impl Default for Memo {
    fn default() -> Self {
        Memo(AtomicU64::new(NOTHING))
    }
}

impl Memo {
    /// What was said in this epoch.
    pub fn get(&self, epoch: u32) -> Option<u16> {
        let memo = self.0.load(Ordering::Relaxed);
        let of_epoch = memo != NOTHING && memo >> 16 == u64::from(epoch);
        of_epoch.then_some((memo & 0xffff) as u16)
    }

    /// Keeps what is said in this epoch, in the place of what was said before.
    pub fn set(&self, epoch: u32, class: u16) {
        self.0.store(u64::from(epoch) << 16 | u64::from(class), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_for_its_epoch_alone() {
        let memo = Memo::default();
        assert_eq!(memo.get(0), None);
        memo.set(7, 0x0203);
        assert_eq!(memo.get(7), Some(0x0203));
        assert_eq!(memo.get(8), None);
        memo.set(u32::MAX, 0xffff);
        assert_eq!(memo.get(u32::MAX), Some(0xffff));
        assert_eq!(memo.get(7), None);
    }
}
