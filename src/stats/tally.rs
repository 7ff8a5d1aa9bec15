//! How often each of a few words was the reason.

use std::sync::atomic::{AtomicU64, Ordering};

/// The word for every reason that has none of its own.
pub const OTHER: &str = "other";

/// Counts by the words of a fixed list; for what happens so seldom that all workers may share it.
#[derive(Debug)]
pub struct Tally {
    words: &'static [&'static str],
    counts: Box<[AtomicU64]>,
    others: AtomicU64,
}

impl Tally {
    /// Nothing has happened.
    pub fn new(words: &'static [&'static str]) -> Self {
        let counts = words.iter().map(|_| AtomicU64::new(0)).collect();
        Tally { words, counts, others: AtomicU64::new(0) }
    }

    /// Counts one; a word that is not in the list counts as [`OTHER`].
    pub fn add(&self, word: &str) {
        let at = self.words.iter().position(|known| *known == word);
        let count = at.and_then(|at| self.counts.get(at)).unwrap_or(&self.others);
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Every word and its count, [`OTHER`] last.
    pub fn totals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let words = self.words.iter().copied().zip(&self.counts);
        let all = words.chain(std::iter::once((OTHER, &self.others)));
        all.map(|(word, count)| (word, count.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_and_the_rest_together() {
        let tally = Tally::new(&["a", "b"]);
        ["b", "c", "b", "d", "other"].iter().for_each(|word| tally.add(word));
        assert_eq!(tally.totals().collect::<Vec<_>>(), [("a", 0), ("b", 2), (OTHER, 3)]);
    }
}
