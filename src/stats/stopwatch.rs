//! Where the time of a link goes: waiting for the server, its work, and the client that must take it.
//!
//! ```text
//!   sent ────────────── server ──────────────> answered ──> sent ...
//!                 └── stuck: the client does not take ──┘
//! ```

use std::time::{Duration, Instant};

/// What a link's time was spent on since the last lap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lap {
    /// Waiting for the server; said once for each link.
    pub wait: Duration,
    /// The server's work.
    pub server: Duration,
    /// Waiting for the client to take what is there for it.
    pub write: Duration,
}

impl Lap {
    /// All of it.
    pub fn total(&self) -> Duration {
        self.wait + self.server + self.write
    }
}

/// Times one link at a time; kept with the server, so that an idle client pays nothing for it.
#[derive(Clone, Debug, Default)]
pub struct Stopwatch {
    /// Since when the server works for the client.
    sent: Option<Instant>,
    /// Since when a transaction is open.
    begun: Option<Instant>,
    /// Since when the client does not take what is there for it.
    stuck: Option<Instant>,
    /// What the next lap has of waiting and of writing already.
    waited: Duration,
    written: Duration,
    /// What the unit that is being answered has taken so far.
    unit: Lap,
}

impl Stopwatch {
    /// A client has got the server, and sends it what it has said.
    pub fn begin(&mut self, now: Instant) {
        *self = Stopwatch { sent: Some(now), begun: Some(now), ..Stopwatch::default() };
    }

    /// The client has waited for the server since then.
    pub fn waited_since(&mut self, since: Instant) {
        self.waited = self.begun.map_or(Duration::ZERO, |now| now.saturating_duration_since(since));
    }

    /// How long the client has waited for the server.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Whether the server works for the client.
    pub fn is_running(&self) -> bool {
        self.sent.is_some()
    }

    /// Something was sent to a server that owed nothing.
    pub fn send(&mut self, now: Instant) {
        self.begun.get_or_insert(now);
        if self.sent.is_none() {
            self.sent = Some(now);
            // What the client was slow to take of an earlier answer is not time of this one.
            self.written = Duration::ZERO;
            self.stuck = self.stuck.map(|_| now);
        }
    }

    /// The client does not take all that is there for it, or does again.
    pub fn stick(&mut self, sticks: bool, now: impl FnOnce() -> Instant) {
        match (self.stuck, sticks) {
            (None, true) => self.stuck = Some(now()),
            (Some(since), false) => {
                self.written += now().saturating_duration_since(since);
                self.stuck = None;
            }
            _ => {}
        }
    }

    /// The server has answered something; `done` if it owes nothing more.
    pub fn lap(&mut self, now: Instant, done: bool) -> Lap {
        if let Some(since) = self.stuck {
            self.written += now.saturating_duration_since(since);
            self.stuck = Some(now);
        }
        let sent = if done { self.sent.take() } else { self.sent.replace(now) };
        let elapsed = sent.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let write = std::mem::take(&mut self.written).min(elapsed);
        let wait = std::mem::take(&mut self.waited);
        let lap = Lap { wait, server: elapsed - write, write };
        self.unit.server += lap.server;
        self.unit.write += lap.write;
        lap
    }

    /// A unit has been answered in full: what it has taken.
    pub fn end_unit(&mut self) -> Lap {
        std::mem::take(&mut self.unit)
    }

    /// A transaction has ended: how long it took. Another one begins now if the server has been sent
    /// more.
    pub fn end_transaction(&mut self, now: Instant) -> Duration {
        let begun = if self.sent.is_some() { self.begun.replace(now) } else { self.begun.take() };
        begun.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Milliseconds from the start of a test.
    struct Clock(Instant);

    impl Clock {
        fn at(&self, ms: u64) -> Instant {
            self.0 + Duration::from_millis(ms)
        }
    }

    fn ms(wait: u64, server: u64, write: u64) -> Lap {
        let [wait, server, write] = [wait, server, write].map(Duration::from_millis);
        Lap { wait, server, write }
    }

    fn linked(waited_ms: u64) -> (Clock, Stopwatch) {
        let (clock, mut watch) = (Clock(Instant::now()), Stopwatch::default());
        watch.begin(clock.at(waited_ms));
        watch.waited_since(clock.at(0));
        assert_eq!(watch.waited(), Duration::from_millis(waited_ms));
        (Clock(clock.at(waited_ms)), watch)
    }

    #[test]
    fn a_statement_is_its_wait_and_its_servers_work() {
        let (clock, mut watch) = linked(7);
        assert_eq!(watch.lap(clock.at(5), true), ms(7, 5, 0));
        assert_eq!(watch.end_unit(), ms(0, 5, 0));
        assert_eq!(watch.end_transaction(clock.at(5)), Duration::from_millis(5));
        assert!(!watch.is_running());
    }

    #[test]
    fn an_idle_transaction_is_time_of_the_transaction_alone() {
        let (clock, mut watch) = linked(0);
        watch.lap(clock.at(5), true);
        watch.send(clock.at(100));
        assert_eq!(watch.lap(clock.at(101), true), ms(0, 1, 0));
        assert_eq!(watch.end_transaction(clock.at(101)), Duration::from_millis(101));
    }

    #[test]
    fn while_the_client_does_not_take_it_is_writing() {
        let (clock, mut watch) = linked(0);
        watch.stick(true, || clock.at(10));
        watch.stick(true, || clock.at(15));
        watch.stick(false, || clock.at(30));
        watch.stick(true, || clock.at(40));
        assert_eq!(watch.lap(clock.at(50), true), ms(0, 20, 30));
        watch.stick(false, || clock.at(90));
        watch.send(clock.at(100));
        assert_eq!(watch.lap(clock.at(101), true), ms(0, 1, 0), "the next one is not to blame");
    }

    #[test]
    fn pipelined_statements_share_no_time() {
        let (clock, mut watch) = linked(1);
        assert_eq!(watch.lap(clock.at(3), false), ms(1, 3, 0));
        assert_eq!(watch.end_transaction(clock.at(3)), Duration::from_millis(3));
        assert_eq!(watch.lap(clock.at(5), true), ms(0, 2, 0));
        assert_eq!(watch.end_transaction(clock.at(5)), Duration::from_millis(2));
        assert_eq!(watch.end_unit(), ms(0, 5, 0));
    }
}
