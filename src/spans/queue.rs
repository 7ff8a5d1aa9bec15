//! Spans that wait to be sent: a queue for each worker, and a limit for each queue.
//!
//! A worker puts a span at the back, under a lock that nobody else wants but who takes them, for a
//! moment. A queue that is full takes no more: what is lost is counted, and nobody waits.

use super::sampler::Sampler;
use super::span::Span;
use crate::ids::WorkerId;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};

/// How much of a statement's text a span has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Shown {
    /// None of it.
    Summary,
    /// All but its values.
    #[default]
    Normalized,
    /// All of it.
    Full,
}

/// What holds while spans are recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The share (0 to 1) of the statements without a caller's span that are recorded.
    pub share: f64,
    /// How many spans of each worker may wait.
    pub room: usize,
    /// How much of a statement's text a span has.
    pub shown: Shown,
}

/// What came of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It waits.
    Kept,
    /// It waits, and half of the room has just been filled: it is time to take them.
    HalfFull,
    /// There is no room.
    Lost,
}

/// The spans of the whole process.
#[derive(Debug)]
pub struct Spans {
    /// Whether a statement is recorded.
    pub sampler: Sampler,
    shards: Box<[Shard]>,
    /// 0 while nothing is recorded.
    room: AtomicUsize,
    shown: AtomicU8,
}

/// One worker's, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard {
    waiting: Mutex<VecDeque<Span>>,
    lost: AtomicU64,
}

impl Spans {
    /// Nothing is recorded, for so many workers.
    #[must_use]
    pub fn new(workers: usize) -> Spans {
        Spans {
            sampler: Sampler::default(),
            shards: (0..workers.max(1)).map(|_| Shard::default()).collect(),
            room: AtomicUsize::new(0),
            shown: AtomicU8::new(0),
        }
    }

    /// This holds from now on; with nothing, nothing is recorded, and what waits is forgotten.
    pub fn set(&self, limits: Option<Limits>) {
        let Limits { share, room, shown } =
            limits.unwrap_or(Limits { share: 0.0, room: 0, shown: Shown::default() });
        self.sampler.set(share);
        self.shown.store(shown as u8, Ordering::Relaxed);
        self.room.store(room, Ordering::Relaxed);
        if room == 0 {
            self.shards.iter().for_each(|shard| *shard.waiting.lock() = VecDeque::new());
        }
    }

    /// Whether anything is recorded.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.room.load(Ordering::Relaxed) > 0
    }

    /// How much of a statement's text a span has.
    pub fn shown(&self) -> Shown {
        match self.shown.load(Ordering::Relaxed) {
            shown if shown == Shown::Summary as u8 => Shown::Summary,
            shown if shown == Shown::Full as u8 => Shown::Full,
            _ => Shown::Normalized,
        }
    }

    /// A statement of `worker`'s has ended.
    pub fn push(&self, worker: WorkerId, span: Span) -> Pushed {
        let shard = &self.shards[usize::from(worker.0) % self.shards.len()];
        let room = self.room.load(Ordering::Relaxed);
        let mut waiting = shard.waiting.lock();
        if waiting.len() >= room {
            shard.lost.fetch_add(1, Ordering::Relaxed);
            return Pushed::Lost;
        }
        waiting.push_back(span);
        if waiting.len() == room.div_ceil(2) { Pushed::HalfFull } else { Pushed::Kept }
    }

    /// Takes up to `max` spans, the oldest of each worker first.
    #[must_use]
    pub fn take(&self, max: usize) -> Vec<Span> {
        let mut taken = Vec::new();
        for shard in &self.shards {
            let mut waiting = shard.waiting.lock();
            let some = waiting.len().min(max - taken.len());
            taken.extend(waiting.drain(..some));
        }
        taken
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.shards.iter().map(|shard| shard.waiting.lock().len()).sum()
    }

    /// How many had no room so far.
    pub fn lost(&self) -> u64 {
        self.shards.iter().map(|shard| shard.lost.load(Ordering::Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::attributes::tests::span;
    use super::*;

    fn numbered(n: u64) -> Span {
        Span { rows: n, ..span() }
    }

    fn rows(spans: &[Span]) -> Vec<u64> {
        spans.iter().map(|span| span.rows).collect()
    }

    fn with_room(room: usize) -> Spans {
        let spans = Spans::new(2);
        spans.set(Some(Limits { share: 1.0, room, shown: Shown::Full }));
        spans
    }

    #[test]
    fn nothing_is_kept_while_it_is_off() {
        let spans = Spans::new(2);
        assert!(!spans.is_on());
        assert_eq!(spans.push(WorkerId(0), span()), Pushed::Lost);
        assert_eq!(spans.waiting(), 0);
    }

    #[test]
    fn a_full_queue_loses_what_comes_and_says_how_much() {
        let spans = with_room(4);
        let pushed: Vec<_> = (0..6).map(|n| spans.push(WorkerId(1), numbered(n))).collect();
        use Pushed::{HalfFull, Kept, Lost};
        assert_eq!(pushed, [Kept, HalfFull, Kept, Kept, Lost, Lost]);
        assert_eq!((spans.waiting(), spans.lost()), (4, 2));
        assert_eq!(spans.push(WorkerId(0), span()), Kept, "each worker has its own room");
    }

    #[test]
    fn they_are_taken_in_their_order_and_once() {
        let spans = with_room(10);
        for n in 0..3 {
            spans.push(WorkerId(1), numbered(n));
        }
        spans.push(WorkerId(0), numbered(9));
        assert_eq!(rows(&spans.take(3)), [9, 0, 1]);
        assert_eq!(rows(&spans.take(3)), [2]);
        assert!(spans.take(3).is_empty());
    }

    #[test]
    fn turned_off_it_forgets() {
        let spans = with_room(10);
        assert_eq!((spans.is_on(), spans.shown()), (true, Shown::Full));
        spans.push(WorkerId(0), span());
        spans.set(None);
        assert_eq!((spans.is_on(), spans.waiting()), (false, 0));
        assert!(!spans.sampler.records(None, || 0));
    }
}
