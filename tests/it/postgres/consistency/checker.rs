//! Finds every read of a history that shows the past where it must not.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use super::history::{Event, History, Read, Value, Write};

/// How old what a read shows may be: it sees everything acknowledged this long before it began.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub max_staleness: Duration,
}

/// What is wrong with a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Its session had written something later.
    MissedItsOwnWrite,
    /// Its session had seen something later: of this register, or of another one that was written only
    /// after this one's newer value had been acknowledged.
    WentBackInTime,
    /// A newer value had been acknowledged for longer than is allowed.
    TooStale,
    /// Nobody had begun to write this value when it was read.
    Invented,
}

/// A read that should have shown something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub wrong: Wrong,
    /// The number of the session.
    pub session: usize,
    pub read: Read,
    /// The oldest value that would have been right, or for an invented one the newest.
    pub bound: Value,
    /// That value had not been acknowledged to whoever wrote it when the read began.
    pub in_flight: bool,
}

/// All that is wrong, session by session; a read may be wrong in several ways.
pub fn check(history: &History, rules: Rules) -> Vec<Violation> {
    let writes = Writes::of(history);
    let mut found = Vec::new();
    for (session, events) in history.iter().enumerate() {
        let mut known = Known::default();
        for event in events {
            if let Event::Read(read) = event {
                let ways = known.judge(read, &writes, rules).into_iter();
                found.extend(ways.map(|(wrong, bound)| {
                    let in_flight = bound > writes.acked_before(read.register, read.began);
                    let read = read.clone();
                    Violation { wrong, session, read, bound, in_flight }
                }));
            }
            known.learn(event, &writes);
        }
    }
    found
}

/// All writes, by register.
struct Writes(HashMap<usize, Register>);

#[derive(Default)]
struct Register {
    /// When each was acknowledged, and the greatest value up to then.
    acked: Vec<(Duration, Value)>,
    /// When each was sent, in order.
    sent: Vec<Duration>,
    /// When the write of each value was sent.
    began: HashMap<Value, Duration>,
}

/// What a session has written and seen so far.
#[derive(Default)]
struct Known {
    own: HashMap<usize, Value>,
    seen: HashMap<usize, Value>,
    /// It has seen something that was sent at this instant: what had been acknowledged before comes
    /// before it in the WAL, so whoever sees the one sees the other.
    horizon: Duration,
}

impl Writes {
    fn of(history: &History) -> Writes {
        let mut registers: HashMap<usize, Register> = HashMap::new();
        for event in history.iter().flatten() {
            if let Event::Wrote(write) = event {
                registers.entry(write.register).or_default().add(write);
            }
        }
        for register in registers.values_mut() {
            register.put_in_order();
        }
        Writes(registers)
    }

    /// The greatest value of a register that was acknowledged before `instant`.
    fn acked_before(&self, register: usize, instant: Duration) -> Value {
        let Some(register) = self.0.get(&register) else { return 0 };
        let count = register.acked.partition_point(|(acked, _)| *acked < instant);
        count.checked_sub(1).map_or(0, |last| register.acked[last].1)
    }

    /// The greatest value that can have been written before `instant`: each write adds one.
    fn sent_before(&self, register: usize, instant: Duration) -> Value {
        let sent = self.0.get(&register).map(|r| r.sent.partition_point(|sent| *sent < instant));
        sent.unwrap_or(0) as Value
    }

    fn began(&self, register: usize, value: Value) -> Option<Duration> {
        self.0.get(&register)?.began.get(&value).copied()
    }
}

impl Register {
    fn add(&mut self, write: &Write) {
        self.sent.push(write.began);
        let Some(value) = write.value else { return };
        self.began.insert(value, write.began);
        self.acked.extend(write.acked.map(|acked| (acked, value)));
    }

    fn put_in_order(&mut self) {
        self.sent.sort_unstable();
        self.acked.sort_unstable();
        let mut greatest = 0;
        for (_, value) in &mut self.acked {
            greatest = greatest.max(*value);
            *value = greatest;
        }
    }
}

impl Known {
    fn judge(&self, read: &Read, writes: &Writes, rules: Rules) -> Vec<(Wrong, Value)> {
        let of = |values: &HashMap<usize, Value>| values.get(&read.register).copied().unwrap_or(0);
        let seen = of(&self.seen).max(writes.acked_before(read.register, self.horizon));
        let due = read.began.saturating_sub(rules.max_staleness);
        let bounds = [
            (Wrong::MissedItsOwnWrite, of(&self.own)),
            (Wrong::WentBackInTime, seen),
            (Wrong::TooStale, writes.acked_before(read.register, due)),
        ];
        let mut wrong: Vec<_> =
            bounds.into_iter().filter(|(_, least)| read.value < *least).collect();
        let most = writes.sent_before(read.register, read.ended);
        wrong.extend((read.value > most).then_some((Wrong::Invented, most)));
        wrong
    }

    fn learn(&mut self, event: &Event, writes: &Writes) {
        match event {
            Event::Told(instant) => self.horizon = self.horizon.max(*instant),
            Event::Read(read) => {
                raise(&mut self.seen, read.register, read.value);
                let began = writes.began(read.register, read.value).unwrap_or_default();
                self.horizon = self.horizon.max(began);
            }
            Event::Wrote(Write { register, value: Some(value), began, .. }) => {
                raise(&mut self.own, *register, *value);
                self.horizon = self.horizon.max(*began);
            }
            Event::Wrote(_) => {}
        }
    }
}

fn raise(values: &mut HashMap<usize, Value>, register: usize, value: Value) {
    let known = values.entry(register).or_default();
    *known = value.max(*known);
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { wrong, session, read, bound, in_flight } = self;
        let Read { id, register, value, began, ended } = read;
        write!(
            f,
            "{wrong:?}: session {session} read {value} of register {register} and not {bound} \
             (read-{id}, {began:.4?} to {ended:.4?}, in flight: {in_flight})"
        )
    }
}

#[cfg(test)]
mod tests;
