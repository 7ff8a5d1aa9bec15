//! How often something took how long: in buckets, so that memory is bounded and sums are exact.
//!
//! The layout is that of Prometheus's native histograms of schema 3: each bucket is 2^(1/8) times as
//! wide as the one before it, and every eighth bound is a power of two of a second. So what is shown
//! with fewer buckets, down to one for each power of two (schema 0), is exact, and histograms with
//! any of these bounds can be added up.

use super::counter::Counter;
use std::sync::OnceLock;
use std::time::Duration;

/// Buckets of each power of two.
const SPLIT: usize = 8;

/// Where each of them but the first begins within its power of two, as 64 bits behind the point of
/// which the first is always set: 2^(1/8) to 2^(7/8), rounded up.
const STEPS: [u64; SPLIT - 1] = [
    0x8b95_c1e3_ea8b_d6e7,
    0x9837_f051_8db8_a970,
    0xa5fe_d6a9_b151_38eb,
    0xb504_f333_f9de_6485,
    0xc567_2a11_5506_dade,
    0xd744_fcca_d69d_6af5,
    0xeac0_c6e7_dd24_392f,
];

/// The powers of two of a second that are told apart: from 2^-20 s, just less than a microsecond,
/// up to 2^16 s (18 hours). What is longer is counted in the last bucket.
const SHORTEST: i32 = -20;
const LONGEST: i32 = 16;

/// The shortest time, us, that goes into the last bucket whatever it is: 2^16 s.
const LONGEST_US: u64 = (1 << LONGEST) * 1_000_000;

/// How many buckets there are; the first is for what took less than a microsecond.
pub const BUCKETS: usize = 1 + (LONGEST - SHORTEST) as usize * SPLIT;

/// Parts of a second are counted in this many bits behind the point: so many that no whole number of
/// microseconds is taken for one on the other side of a bound, and that the longest time fits.
const FINE_BITS: u32 = 32;

/// The bucket that counts `us`.
#[inline]
fn bucket(us: u64) -> usize {
    if us == 0 {
        return 0;
    }
    if us >= LONGEST_US {
        return BUCKETS - 1;
    }
    // 2^32 parts for each 10^6 us, which is 2^26 for each 5^6.
    let fine = (us << (FINE_BITS - 6)) / 15_625;
    let power = fine.ilog2();
    let within = fine << (u64::BITS - 1 - power);
    let step = STEPS.iter().filter(|step| within >= **step).count();
    let power = (power + SHORTEST.unsigned_abs() - FINE_BITS) as usize;
    1 + power * SPLIT + step
}

/// The smallest time that `bucket` counts, in seconds.
fn lower(bucket: usize) -> f64 {
    match bucket.checked_sub(1) {
        None => 0.0,
        #[expect(clippy::cast_precision_loss, reason = "there are less than 300")]
        Some(step) => (f64::from(SHORTEST) + step as f64 / SPLIT as f64).exp2(),
    }
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
    /// twentieth, and a microsecond, more or less than the true one.
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

    /// How many recorded times were shorter than two to this power of a second: exact, because that
    /// is the bound of a bucket. What is shorter than 2^-20 s is not told apart.
    pub fn shorter_than(&self, power: i32) -> u64 {
        let powers = usize::try_from(power.saturating_sub(SHORTEST)).unwrap_or(0);
        let bound = powers.saturating_mul(SPLIT).saturating_add(1);
        self.filled().take_while(|(bucket, _)| *bucket < bound).map(|(_, count)| count).sum()
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

/// The middle of a bucket, by ratio.
fn middle_us(bucket: usize) -> u64 {
    let middle = (lower(bucket) * lower(bucket + 1)).sqrt();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the longest is 18 hours, and none is less than nothing"
    )]
    let us = (middle * 1e6).round() as u64;
    us
}

/// Buckets of a shelf: four powers of two, such as all times from 1 to 16 ms.
const SHELF: usize = 4 * SPLIT;

/// Buckets that are next to each other.
type Shelf = [Counter; SHELF];

/// A histogram that one worker records in and everybody may read. It has memory for what was recorded:
/// most things take about as long as they did before, so of 2 kB it needs a quarter.
#[derive(Debug, Default)]
pub struct Recorder {
    shelves: [OnceLock<Box<Shelf>>; BUCKETS.div_ceil(SHELF)],
    sum_us: Counter,
}

impl Recorder {
    /// Records one time.
    #[inline]
    pub fn record(&self, us: u64) {
        let bucket = bucket(us);
        self.shelves[bucket / SHELF].get_or_init(Box::default)[bucket % SHELF].add(1);
        self.sum_us.add(us);
    }

    /// Adds what was recorded here to `histogram`.
    pub fn add_to(&self, histogram: &mut Histogram) {
        for (number, shelf) in self.shelves.iter().enumerate() {
            let counts = shelf.get().into_iter().flat_map(|shelf| shelf.iter().map(Counter::get));
            for (place, count) in counts.enumerate().filter(|(_, count)| *count > 0) {
                *histogram.at(number * SHELF + place) += count;
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
        let any_size = (0..35u32, any::<u64>()).prop_map(|(bits, us)| us & ((1 << bits) - 1));
        prop::collection::vec(any_size, 1..200)
    }

    #[test]
    fn a_time_is_within_the_bounds_of_its_bucket() {
        let mut us = 1;
        while us < LONGEST_US {
            for us in [us, us + us / 1000 + 1] {
                let (here, seconds) = (bucket(us), us as f64 / 1e6);
                assert!(lower(here) <= seconds * 1.000_001, "{us} is in {here}");
                assert!(seconds < lower(here + 1) || here == BUCKETS - 1, "{us} is in {here}");
            }
            us += us / 64 + 1;
        }
        assert_eq!((bucket(0), bucket(1), bucket(u64::MAX)), (0, 1, BUCKETS - 1));
    }

    #[test]
    fn powers_of_two_of_a_second_are_bounds() {
        for power in 0..6 {
            let us = 1_000_000_u64 << power;
            assert_eq!(bucket(us), bucket(us - 1) + 1, "{us} us");
            assert_eq!(of(&[us - 1]).shorter_than(power), 1);
            assert_eq!(of(&[us]).shorter_than(power), 0);
        }
        let few = of(&[0, 15, 16, 976, 977]);
        let below: Vec<_> = [-20, -16, -10, -9].map(|power| few.shorter_than(power)).into();
        assert_eq!(below, [1, 2, 4, 5]);
        assert_eq!(of(&[0, 1, u64::MAX]).shorter_than(i32::MAX), 3);
    }

    #[test]
    fn it_has_no_more_room_than_it_needs() {
        assert_eq!(of(&[1_000; 50]).counts.len(), 1);
        assert!(of(&[1_000, 2_000]).counts.len() <= SPLIT + 1);
        assert_eq!(of(&[0, u64::MAX]).counts.len(), BUCKETS);
    }

    #[test]
    fn an_empty_one_has_no_percentile() {
        assert_eq!((of(&[]).percentile_us(0.5), of(&[]).count()), (0, 0));
    }

    proptest! {
        #[test]
        fn a_percentile_is_within_a_twentieth(mut times in times(), share in 0.0..=1.0f64) {
            let found = of(&times).percentile_us(share);
            times.sort_unstable();
            let rank = (1..=times.len()).find(|rank| *rank as f64 >= times.len() as f64 * share);
            let true_one = times[rank.unwrap_or(times.len()) - 1];
            prop_assert!(found.abs_diff(true_one) <= true_one / 20 + 1, "{found} for {true_one}");
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
            prop_assert_eq!(read.count(), times.len() as u64);
            prop_assert_eq!(read, of(&times));
        }

        #[test]
        fn any_time_is_recorded(us in any::<u64>()) {
            prop_assert_eq!(of(&[us]).count(), 1);
        }
    }
}
