//! A random number that spreads what would otherwise happen to many servers at the same instant.

use std::time::Duration;

/// A random number drawn by the floor above, uniform over all of `u32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter(pub u32);

impl Jitter {
    /// A duration in `0..range`, as far into the range as the number is into `u32`.
    #[must_use]
    pub fn within(self, range: Duration) -> Duration {
        let nanos = (range.as_nanos() * u128::from(self.0)) >> u32::BITS;
        // Only a range of more than 584 years does not fit, and that is for ever.
        u64::try_from(nanos).map_or(range, Duration::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_the_range_and_never_reaches_its_end() {
        let hour = Duration::from_secs(3600);
        assert_eq!(Jitter(0).within(hour), Duration::ZERO);
        assert_eq!(Jitter(1 << 31).within(hour), hour / 2);
        assert!(Jitter(u32::MAX).within(hour) < hour);
    }

    #[test]
    fn takes_any_range() {
        assert_eq!(Jitter(u32::MAX).within(Duration::ZERO), Duration::ZERO);
        assert!(Jitter(u32::MAX).within(Duration::MAX) <= Duration::MAX);
    }
}
