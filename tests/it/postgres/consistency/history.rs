//! What sessions wrote and read, in their own order, by one clock.

use std::time::Duration;

/// What a register holds: how often it was written. Every write counts one up, so each value is written
/// once, and a later one is greater.
pub type Value = u64;

/// Something that happened in a session. Instants count from the beginning of the load, on the clock of
/// the process that drives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Wrote(Write),
    Read(Read),
    /// From here on the session must see everything that was acknowledged before this instant: it has
    /// been given a token from then.
    Told(Duration),
}

/// A register was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    pub register: usize,
    /// What was written; unknown if no answer came.
    pub value: Option<Value>,
    /// When it was sent.
    pub began: Duration,
    /// When its commit was acknowledged; never, if no answer came.
    pub acked: Option<Duration>,
}

/// A register was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// A number of its own, which is in the statement too: the hosts' logs know it.
    pub id: u64,
    pub register: usize,
    pub value: Value,
    /// When the statement, or the transaction that it is in, was sent: its host is chosen after that,
    /// and once for a transaction.
    pub began: Duration,
    /// When the answer was there.
    pub ended: Duration,
}

/// The events of each session.
pub type History = Vec<Vec<Event>>;
