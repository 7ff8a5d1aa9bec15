//! Where a session's next statement goes: its class, the settings, and when it last wrote.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::Reason;
use super::class::{Access, Class};
use super::pin::Pin;
use super::transaction::Transactions;

/// How long after an acknowledged write reads stay on the primary. A replica that keeps up replays
/// a write within milliseconds; five seconds also cover one that a checkpoint, a vacuum or a
/// network hiccup holds up. No proof: a replica that is held up for longer serves a stale read.
pub const PRIMARY_WINDOW: Duration = Duration::from_secs(5);

/// One of the two roles of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The host that accepts writes.
    Primary,
    /// A standby that serves reads.
    Replica,
}

impl Role {
    /// The word for JSON, logs and people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
        }
    }
}

/// Whose writes a read must see: the setting `read_your_writes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadYourWrites {
    /// Nobody's: a read may miss what its own session has just written.
    Off,
    /// Those of its own session.
    Session,
    /// Those of every session of its database, as far as they came through this process.
    Database,
}

/// What a read does when no replica may serve it: the setting `no_replica`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoReplica {
    /// It runs on the primary.
    Primary,
    /// It waits for a replica, as long as it would wait for a server.
    Wait,
    /// It fails.
    Error,
}

/// The settings of one database that decide between its hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Off: everything goes to the primary.
    pub read_write_split: bool,
    /// Whose writes a read must see.
    pub read_your_writes: ReadYourWrites,
    /// What a read does without a replica.
    pub no_replica: NoReplica,
    /// Which transactions may use replicas.
    pub transactions: Transactions,
    /// How long a write keeps reads on the primary: [`PRIMARY_WINDOW`].
    pub window: Duration,
}

/// Where a unit of work goes, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The kind of host that may run it.
    pub role: Role,
    /// What decided.
    pub reason: Reason,
}

/// What becomes of a read that was meant for a replica, and found none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutReplica {
    /// It goes elsewhere.
    Go(Decision),
    /// It waits for a replica.
    Wait,
    /// It fails, with a hint at the setting `no_replica`.
    Fail,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            read_write_split: true,
            read_your_writes: ReadYourWrites::Session,
            no_replica: NoReplica::Primary,
            transactions: Transactions::default(),
            window: PRIMARY_WINDOW,
        }
    }
}

impl Policy {
    /// Where a unit of class `class` goes now.
    ///
    /// `pin` is the session's own; `database` the one that all sessions of its database share,
    /// which counts only under `read_your_writes = "database"`.
    #[must_use]
    pub fn decide(&self, class: Class, pin: Pin, database: Pin, now: Instant) -> Decision {
        if class.access != Access::Read {
            Decision { role: Role::Primary, reason: class.reason }
        } else if !self.read_write_split {
            Decision { role: Role::Primary, reason: Reason::SplitOff }
        } else if self.must_see(pin, database).holds(now, self.window) {
            Decision { role: Role::Primary, reason: Reason::AfterWrite }
        } else {
            Decision { role: Role::Replica, reason: class.reason }
        }
    }

    /// What becomes of a read that [`Policy::decide`] sent to a replica when none is usable.
    #[must_use]
    pub const fn without_replica(&self) -> WithoutReplica {
        match self.no_replica {
            NoReplica::Primary => {
                WithoutReplica::Go(Decision { role: Role::Primary, reason: Reason::NoReplica })
            }
            NoReplica::Wait => WithoutReplica::Wait,
            NoReplica::Error => WithoutReplica::Fail,
        }
    }

    fn must_see(&self, pin: Pin, database: Pin) -> Pin {
        match self.read_your_writes {
            ReadYourWrites::Off => Pin::default(),
            ReadYourWrites::Session => pin,
            ReadYourWrites::Database => pin.max(database),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: Class = Class::write(Reason::Write);
    const BRIEFLY: Duration = Duration::from_millis(1);

    fn went(policy: Policy, class: Class, pin: Pin, database: Pin, now: Instant) -> (Role, Reason) {
        let Decision { role, reason } = policy.decide(class, pin, database, now);
        (role, reason)
    }

    fn pinned_at(now: Instant) -> Pin {
        let mut pin = Pin::default();
        pin.after(Access::Write, now);
        pin
    }

    #[test]
    fn a_read_goes_to_a_replica_until_the_session_writes_and_again_after_the_window() {
        let (policy, start, free) = (Policy::default(), Instant::now(), Pin::default());
        let read_at = |pin, now| went(policy, Class::READ, pin, free, now);
        assert_eq!(read_at(free, start), (Role::Replica, Reason::Read));
        assert_eq!(went(policy, WRITE, free, free, start), (Role::Primary, Reason::Write));
        let pin = pinned_at(start);
        assert_eq!(read_at(pin, start), (Role::Primary, Reason::AfterWrite));
        let end = start + PRIMARY_WINDOW;
        assert_eq!(read_at(pin, end - BRIEFLY), (Role::Primary, Reason::AfterWrite));
        assert_eq!(read_at(pin, end), (Role::Replica, Reason::Read));
    }

    #[test]
    fn another_sessions_write_counts_only_for_the_whole_database() {
        let (start, free) = (Instant::now(), Pin::default());
        let others = pinned_at(start);
        for (read_your_writes, own, expected) in [
            (ReadYourWrites::Off, others, Role::Replica),
            (ReadYourWrites::Session, free, Role::Replica),
            (ReadYourWrites::Session, others, Role::Primary),
            (ReadYourWrites::Database, free, Role::Primary),
        ] {
            let policy = Policy { read_your_writes, ..Policy::default() };
            assert_eq!(policy.decide(Class::READ, own, others, start).role, expected);
        }
    }

    #[test]
    fn without_the_split_everything_goes_to_the_primary() {
        let policy = Policy { read_write_split: false, ..Policy::default() };
        let (free, now) = (Pin::default(), Instant::now());
        assert_eq!(went(policy, Class::READ, free, free, now), (Role::Primary, Reason::SplitOff));
        assert_eq!(went(policy, WRITE, free, free, now), (Role::Primary, Reason::Write));
    }

    #[test]
    fn a_read_without_a_replica_obeys_its_setting() {
        let of = |no_replica| Policy { no_replica, ..Policy::default() }.without_replica();
        let primary = Decision { role: Role::Primary, reason: Reason::NoReplica };
        assert_eq!(of(NoReplica::Primary), WithoutReplica::Go(primary));
        assert_eq!(of(NoReplica::Wait), WithoutReplica::Wait);
        assert_eq!(of(NoReplica::Error), WithoutReplica::Fail);
    }
}
