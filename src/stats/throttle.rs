//! How often something may be said.

use std::time::{Duration, Instant};

/// The time in which so much may be said.
const PERIOD: Duration = Duration::from_secs(1);

/// Lets so many a second pass, and counts the rest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Throttle {
    /// When the second began, and how many have passed in it.
    since: Option<Instant>,
    passed: u32,
    left_out: u64,
}

impl Throttle {
    /// Whether one more may pass, `max` being allowed in a second; if so, how many were left out
    /// since the last one that did.
    pub fn pass(&mut self, now: Instant, max: u32) -> Option<u64> {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= PERIOD) {
            (self.since, self.passed) = (Some(now), 0);
        }
        if self.passed >= max {
            self.left_out += 1;
            return None;
        }
        self.passed += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_counted_and_said_with_the_next() {
        let (mut throttle, start) = (Throttle::default(), Instant::now());
        let passed: Vec<_> = (0..5).map(|_| throttle.pass(start, 2)).collect();
        assert_eq!(passed, [Some(0), Some(0), None, None, None]);
        let later = start + PERIOD;
        assert_eq!(throttle.pass(later - Duration::from_nanos(1), 2), None);
        assert_eq!(throttle.pass(later, 2), Some(4));
        assert_eq!(throttle.pass(later, 2), Some(0));
    }
}
