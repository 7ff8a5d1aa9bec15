//! A point in time as one number, which an atomic can hold.

use std::time::{Duration, Instant};

/// Where moments begin, an hour behind never: what never happened is long ago in any second.
const FIRST: u64 = 3_600_000_000_000;

/// Nanoseconds since an hour before an instant that the whole process has in common; 0 is never.
/// 64 bits last for 584 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// Before everything.
    pub const NEVER: Self = Self(0);

    /// The common instant itself.
    pub const FIRST: Self = Self(FIRST);

    /// The moment of that number.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The moment of `now`, `base` being the common instant.
    #[must_use]
    pub fn of(now: Instant, base: Instant) -> Self {
        Self(FIRST).after(now.saturating_duration_since(base))
    }

    /// The number of the moment, for an atomic.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The moment `time` later.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(nanos(time)))
    }

    /// The moment `time` earlier.
    #[must_use]
    pub fn before(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(time)))
    }

    /// The last moment before this one: what is newer than that is not older than this.
    #[must_use]
    pub const fn just_before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// How long ago `earlier` was at this moment; nothing if it is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_ordered_and_apart_as_instants_are() {
        let (base, second) = (Instant::now(), Duration::from_secs(1));
        let (early, late) = (Moment::of(base, base), Moment::of(base + second, base));
        assert!(Moment::NEVER < early && early < late);
        assert_eq!(early, Moment::FIRST);
        assert_eq!(late.since(early), second);
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.before(second).after(second), late);
        assert_eq!(early.before(second * 3601), Moment::NEVER);
        assert_eq!(late.just_before().after(Duration::from_nanos(1)), late);
        assert_eq!(late.after(Duration::MAX).since(Moment::NEVER).as_nanos(), u64::MAX.into());
    }
}
