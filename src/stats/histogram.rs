//! How often something took how long: in buckets, so that memory is bounded and sums are exact.
//!
//! The layout is HdrHistogram's: the buckets of one power of two are equally wide. There are eight of
//! them, so that a bucket is at most an eighth as wide as what it counts is large.

use super::counter::Counter;
use std::time::Duration;

/// Buckets of each power of two, as a power of two.
const SPLIT: u32 = 3;

/// Values below this have a bucket each.
const EXACT: usize = 1 << SPLIT;

/// Times from 2^36 us (19 hours) on are all counted in the last bucket.
const POWERS: u32 = 36;

/// How many buckets there are.
pub const BUCKETS: usize = EXACT + (POWERS - SPLIT) as usize * EXACT;

/// The bucket that counts `us`.
#[expect(clippy::cast_possible_truncation, reason = "what is cast is less than eight")]
const fn bucket(us: u64) -> usize {
    if us < EXACT as u64 {
        return us as usize;
    }
    let power = us.ilog2();
    if power >= POWERS {
        return BUCKETS - 1;
    }
    let step = (us >> (power - SPLIT) & (EXACT as u64 - 1)) as usize;
    EXACT + (power - SPLIT) as usize * EXACT + step
}

/// The smallest time that `bucket` counts, us.
const fn lower_us(bucket: usize) -> u64 {
    if bucket < EXACT {
        return bucket as u64;
    }
    let (power, step) = ((bucket - EXACT) / EXACT, (bucket - EXACT) % EXACT);
    ((EXACT + step) as u64) << power
}

/// Microseconds, as histograms count them.
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Times that were recorded. It has room for those between the shortest and the longest, because
/// most statements take nearly always the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The bucket of the first count.
    first: usize,
    counts: Vec<u64>,
    sum_us: u64,
}

impl Histogram {
    /// Records one time.
    pub fn record(&mut self, us: u64) {
        *self.at(bucket(us)) += 1;
        self.sum_us = self.sum_us.wrapping_add(us);
    }

    /// Adds what another one has recorded.
    pub fn merge(&mut self, other: &Histogram) {
        for (bucket, count) in other.filled() {
            *self.at(bucket) += count;
        }
        self.sum_us = self.sum_us.wrapping_add(other.sum_us);
    }

    /// How many times were recorded.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Their sum, us.
    pub fn sum_us(&self) -> u64 {
        self.sum_us
    }

    /// The time that the given share (0 to 1) of all recorded times did not exceed, us: at most a
    /// sixteenth more or less than the true one.
    pub fn percentile_us(&self, share: f64) -> u64 {
        let count = self.count();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank that is off by one in 2^53 is right"
        )]
        let rank = ((count as f64 * share.clamp(0.0, 1.0)).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.filled() {
            seen += count;
            if seen >= rank {
                return middle_us(bucket);
            }
        }
        0
    }

    /// For each bucket up to the last one that has any, in order: the times in it are shorter than
    /// this, us; and how many there are.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        self.filled().map(|(bucket, count)| (lower_us(bucket + 1), count))
    }

    /// How many recorded times were shorter than `us`, which is exact for a bucket's bound.
    pub fn below(&self, us: u64) -> u64 {
        self.buckets().take_while(|(bound, _)| *bound <= us).map(|(_, count)| count).sum()
    }

    fn filled(&self) -> impl Iterator<Item = (usize, u64)> {
        (self.first..).zip(self.counts.iter().copied()).filter(|(_, count)| *count > 0)
    }

    fn at(&mut self, bucket: usize) -> &mut u64 {
        if self.counts.is_empty() {
            self.first = bucket;
        }
        if bucket < self.first {
            let missing = self.first - bucket;
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = bucket;
        }
        let place = bucket - self.first;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        &mut self.counts[place]
    }
}

fn middle_us(bucket: usize) -> u64 {
    let (lower, next) = (lower_us(bucket), lower_us(bucket + 1));
    lower + (next - lower) / 2
}

/// A histogram that one worker records in and everybody may read: 2 kB.
#[derive(Debug)]
pub struct Recorder {
    counts: [Counter; BUCKETS],
    sum_us: Counter,
}

impl Default for Recorder {
    fn default() -> Self {
        Recorder { counts: std::array::from_fn(|_| Counter::default()), sum_us: Counter::default() }
    }
}

impl Recorder {
    /// Records one time.
    #[inline]
    pub fn record(&self, us: u64) {
        self.counts[bucket(us)].add(1);
        self.sum_us.add(us);
    }

    /// Adds what was recorded here to `histogram`.
    pub fn add_to(&self, histogram: &mut Histogram) {
        for (bucket, count) in self.counts.iter().map(Counter::get).enumerate() {
            if count > 0 {
                *histogram.at(bucket) += count;
            }
        }
        histogram.sum_us = histogram.sum_us.wrapping_add(self.sum_us.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(times: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        times.iter().for_each(|us| histogram.record(*us));
        histogram
    }

    fn times() -> impl Strategy<Value = Vec<u64>> {
        let any_size = (0..36u32, any::<u64>()).prop_map(|(bits, us)| us & ((1 << bits) - 1));
        prop::collection::vec(any_size, 1..200)
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for bucket_here in 0..BUCKETS {
            assert_eq!(bucket(lower_us(bucket_here)), bucket_here);
            assert_eq!(bucket(lower_us(bucket_here + 1) - 1), bucket_here);
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn it_has_no_more_room_than_it_needs() {
        assert_eq!(of(&[1_000; 50]).counts.len(), 1);
        assert!(of(&[1_000, 2_000]).counts.len() <= EXACT + 1);
        assert_eq!(of(&[0, u64::MAX]).counts.len(), BUCKETS);
    }

    #[test]
    fn an_empty_one_has_no_percentile() {
        assert_eq!((of(&[]).percentile_us(0.5), of(&[]).count()), (0, 0));
    }

    proptest! {
        #[test]
        fn a_percentile_is_within_a_sixteenth(mut times in times(), share in 0.0..=1.0f64) {
            let found = of(&times).percentile_us(share);
            times.sort_unstable();
            let rank = (1..=times.len()).find(|rank| *rank as f64 >= times.len() as f64 * share);
            let true_one = times[rank.unwrap_or(times.len()) - 1];
            prop_assert!(found.abs_diff(true_one) * 16 <= true_one, "{found} for {true_one}");
        }

        #[test]
        fn merged_ones_say_what_one_would(a in times(), b in times()) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            prop_assert_eq!(merged, of(&[a, b].concat()));
        }

        #[test]
        fn a_recorder_says_the_same(times in times()) {
            let (recorder, mut read) = (Recorder::default(), Histogram::default());
            times.iter().for_each(|us| recorder.record(*us));
            recorder.add_to(&mut read);
            prop_assert_eq!(read.below(u64::MAX), times.len() as u64);
            prop_assert_eq!(read, of(&times));
        }

        #[test]
        fn any_time_is_recorded(us in any::<u64>()) {
            prop_assert_eq!(of(&[us]).count(), 1);
        }
    }
}
