//! When a question ends: nobody waits for it any more, or its time is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Says that a question is to end. The engine asks between its steps, and every function of ours when it
/// is called.
#[derive(Clone, Debug)]
pub(in crate::admin) struct Stop(Arc<Clock>);

#[derive(Debug)]
struct Clock {
    said: AtomicBool,
    made: Instant,
    /// When its time is over, in microseconds after that.
    end_us: AtomicU64,
}

/// Says it when this is dropped.
#[derive(Debug)]
pub(super) struct StopsWhenDropped(Stop);

impl Stop {
    pub(super) fn after(limit: Duration) -> Stop {
        let clock =
            Clock { said: false.into(), made: Instant::now(), end_us: micros(limit).into() };
        Stop(Arc::new(clock))
    }

    /// Its time begins now: what it has waited for until now was not its own work.
    pub(super) fn begin(&self, limit: Duration) {
        let end = micros(self.0.made.elapsed()).saturating_add(micros(limit));
        self.0.end_us.store(end, Ordering::Relaxed);
    }

    pub(super) fn when_dropped(&self) -> StopsWhenDropped {
        StopsWhenDropped(self.clone())
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.said.load(Ordering::Relaxed)
            || micros(self.0.made.elapsed()) >= self.0.end_us.load(Ordering::Relaxed)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Drop for StopsWhenDropped {
    fn drop(&mut self) {
        self.0.0.said.store(true, Ordering::Relaxed);
    }
}
