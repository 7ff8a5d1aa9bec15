//! The one clock of freshness: moments since an instant that the whole process has in common.

use crate::routing::freshness::Moment;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

static BASE: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Now.
pub fn now() -> Moment {
    let base = *BASE;
    Moment::of(Instant::now(), base)
}

/// The instant of a moment, for a timer.
pub(super) fn instant(moment: Moment) -> Instant {
    *BASE + moment.since(Moment::FIRST)
}

/// A moment that all threads share, and that only moves forward.
#[derive(Debug, Default)]
pub struct Latest(AtomicU64);

impl Latest {
    /// The latest so far.
    pub fn get(&self) -> Moment {
        Moment::from_nanos(self.0.load(Ordering::Acquire))
    }

    /// Moves it to `moment`, unless it is there already.
    pub fn raise(&self, moment: Moment) {
        self.0.fetch_max(moment.nanos(), Ordering::AcqRel);
    }
}
