//! What a metric is: a row of a table, from which it is both written and documented.

use crate::stats::Histogram;
use std::time::Duration;

/// How the numbers of a metric follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, until the process ends. Its name ends in `_total`.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How often something took how long, in seconds. Its name ends in `_seconds`.
    Histogram,
    /// Always 1: what it says is in its labels. Its name ends in `_info`.
    Info,
}

impl Kind {
    /// The word for it in the documentation.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::Info => "info",
        }
    }
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A count.
    Whole(u64),
    /// Anything else.
    Real(f64),
    /// Nothing is said.
    Unknown,
}

impl From<u64> for Number {
    fn from(count: u64) -> Self {
        Number::Whole(count)
    }
}

impl From<usize> for Number {
    fn from(count: usize) -> Self {
        Number::Whole(count as u64)
    }
}

impl From<bool> for Number {
    fn from(is_so: bool) -> Self {
        Number::Whole(is_so.into())
    }
}

impl From<f64> for Number {
    fn from(real: f64) -> Self {
        Number::Real(real)
    }
}

/// In seconds, as Prometheus wants all times.
impl From<Duration> for Number {
    fn from(time: Duration) -> Self {
        Number::Real(time.as_secs_f64())
    }
}

impl<T: Into<Number>> From<Option<T>> for Number {
    fn from(value: Option<T>) -> Self {
        value.map_or(Number::Unknown, Into::into)
    }
}

/// How a metric is read from what is seen.
#[derive(Clone, Copy, Debug)]
pub enum Reading<S> {
    /// A number.
    Number(fn(&S) -> Number),
    /// Times.
    Times(fn(&S) -> &Histogram),
}

/// One metric of what is seen as an `S`.
#[derive(Debug)]
pub struct Metric<S> {
    /// The whole name.
    pub name: &'static str,
    /// How its numbers follow each other.
    pub kind: Kind,
    /// What it says, in one sentence without a full stop.
    pub help: &'static str,
    /// How it is read.
    pub value: Reading<S>,
}

/// Something that only grows.
pub const fn counter<S>(
    name: &'static str,
    help: &'static str,
    value: fn(&S) -> Number,
) -> Metric<S> {
    Metric { name, kind: Kind::Counter, help, value: Reading::Number(value) }
}

/// Something that goes up and down.
pub const fn gauge<S>(
    name: &'static str,
    help: &'static str,
    value: fn(&S) -> Number,
) -> Metric<S> {
    Metric { name, kind: Kind::Gauge, help, value: Reading::Number(value) }
}

/// Something that the labels say.
pub const fn info<S>(name: &'static str, help: &'static str) -> Metric<S> {
    Metric { name, kind: Kind::Info, help, value: Reading::Number(|_| Number::Whole(1)) }
}

/// How often something took how long.
pub const fn histogram<S>(
    name: &'static str,
    help: &'static str,
    value: fn(&S) -> &Histogram,
) -> Metric<S> {
    Metric { name, kind: Kind::Histogram, help, value: Reading::Times(value) }
}

/// Metrics of the same things, with the same labels.
#[derive(Debug)]
pub struct Table<S: 'static> {
    /// What the rows are, for the documentation.
    pub title: &'static str,
    /// The names of the labels.
    pub labels: &'static [&'static str],
    /// The metrics.
    pub metrics: &'static [Metric<S>],
}

/// One thing that was seen, with the values of its labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<S> {
    /// As many as its table has names.
    pub labels: Vec<String>,
    /// What was seen.
    pub seen: S,
}

impl<S> Row<S> {
    /// A row with these labels.
    pub fn new<const N: usize>(labels: [&str; N], seen: S) -> Self {
        Row { labels: labels.map(str::to_owned).into(), seen }
    }
}
