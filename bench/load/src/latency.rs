//! How long statements took.

use std::time::Duration;

use serde_json::{Value, json};

/// As many are kept; more are counted and not kept.
const LIMIT: usize = 20_000_000;

/// The time of every statement, in nanoseconds up to four seconds.
#[derive(Default)]
pub struct Latencies {
    ns: Vec<u32>,
    count: u64,
}

impl Latencies {
    /// One more statement.
    pub fn record(&mut self, took: Duration) {
        self.count += 1;
        if self.ns.len() < LIMIT {
            self.ns.push(u32::try_from(took.as_nanos()).unwrap_or(u32::MAX));
        }
    }

    /// The number of statements, and percentiles in microseconds.
    pub fn summary(mut self, secs: f64) -> Value {
        self.ns.sort_unstable();
        let us = |share: f64| f64::from(self.at(share)) / 1000.0;
        json!({ "statements": self.count, "secs": secs,
                "p50_us": us(0.5), "p99_us": us(0.99), "p999_us": us(0.999), "max_us": us(1.0) })
    }

    fn at(&self, share: f64) -> u32 {
        let last = self.ns.len().saturating_sub(1);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let index = (last as f64 * share).round() as usize;
        self.ns.get(index).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let mut latencies = Latencies::default();
        (1..=1001).for_each(|us| latencies.record(Duration::from_micros(us)));
        let summary = latencies.summary(1.0);
        assert_eq!(summary["p50_us"], 501.0);
        assert_eq!(summary["p99_us"], 991.0);
        assert_eq!(summary["p999_us"], 1000.0);
    }
}
