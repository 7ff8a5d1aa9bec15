//! What is known about shapes: fingerprint to class, shared by all workers, bounded.

use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use foldhash::fast::FixedState;

use super::class::Class;
use super::fingerprint::Fingerprint;

/// What all remembered shapes may cost, bytes. An application has hundreds of shapes, a busy fleet
/// of them a few thousand, and each is remembered for each database and for each state of its
/// catalog. A shape that was dropped costs one more parse, some microseconds.
pub const MAX_BYTES: usize = 4 << 20;

/// What one shape costs at worst, bytes: 24 for itself and one to find it, in a table that has just
/// been doubled and is therefore not yet half full.
const BYTES_PER_SHAPE: usize = 64;

/// How many shapes one of the two generations holds.
pub const MAX_SHAPES: usize = MAX_BYTES / BYTES_PER_SHAPE / 2;

const _: () = assert!(2 * (size_of::<(Fingerprint, Class)>() + 1) < BYTES_PER_SHAPE);

/// Classes by fingerprint.
///
/// Two generations: what is new or used goes to the current one. When that is full the other one,
/// whose shapes nobody used in the meantime, is emptied and becomes the current one. So a hit
/// takes a shared lock and writes nothing, unless it is the first one in its generation.
pub struct Cache {
    generations: [DashMap<Fingerprint, Class, FixedState>; 2],
    /// How often the generations changed places; its parity names the current one.
    turns: AtomicUsize,
    capacity: usize,
}

impl Cache {
    /// An empty cache whose generations hold `capacity` shapes each; [`MAX_SHAPES`] outside tests.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            generations: [(); 2].map(|()| DashMap::with_hasher(FixedState::default())),
            turns: AtomicUsize::new(0),
            capacity,
        }
    }

    /// The class of a shape seen before.
    #[must_use]
    pub fn find(&self, shape: Fingerprint) -> Option<Class> {
        let turn = self.turns.load(Ordering::Relaxed);
        if let Some(class) = self.generations[turn % 2].get(&shape) {
            return Some(*class);
        }
        let class = *self.generations[(turn + 1) % 2].get(&shape)?;
        self.remember(shape, class);
        Some(class)
    }

    /// Keeps the class of a shape until nobody has used it for two generations.
    pub fn remember(&self, shape: Fingerprint, class: Class) {
        let turn = self.turns.load(Ordering::Relaxed);
        let current = &self.generations[turn % 2];
        current.insert(shape, class);
        if current.len() >= self.capacity {
            self.turn(turn);
        }
    }

    /// The shape has to be examined again.
    pub fn forget(&self, shape: Fingerprint) {
        for generation in &self.generations {
            generation.remove(&shape);
        }
    }

    /// How many shapes are held, those in both generations counted twice.
    #[must_use]
    pub fn shapes(&self) -> usize {
        self.generations.iter().map(DashMap::len).sum()
    }

    /// The other generation becomes the current one; of several threads that find it full, one
    /// does so.
    fn turn(&self, turn: usize) {
        let next = turn.wrapping_add(1);
        let swap = self.turns.compare_exchange(turn, next, Ordering::AcqRel, Ordering::Relaxed);
        if swap.is_ok() {
            self.generations[next % 2].clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::Reason;

    fn shape(n: u64) -> Fingerprint {
        Fingerprint(n, !n)
    }

    #[test]
    fn a_million_shapes_stay_within_the_bound() {
        let cache = Cache::new(100);
        for n in 0..1_000_000 {
            cache.remember(shape(n), Class::READ);
            assert!(cache.shapes() <= 200);
        }
    }

    #[test]
    fn a_shape_in_use_outlives_a_flood_of_others() {
        let cache = Cache::new(100);
        let known = Class::write(Reason::Write);
        cache.remember(shape(u64::MAX), known);
        for n in 0..10_000 {
            cache.remember(shape(n), Class::READ);
            assert_eq!(cache.find(shape(u64::MAX)), Some(known), "lost after {n}");
        }
        assert_eq!(cache.find(shape(0)), None);
    }
}
