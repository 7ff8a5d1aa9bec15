//! Where a session's next statement goes: its class and the settings.

use std::time::Duration;

use serde::Serialize;

use super::Reason;
use super::class::{Access, Class};
use super::freshness::{Bounds, Moment, Seen};
use super::transaction::Transactions;

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

/// Whether reads go to replicas: the setting `read_write_split`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Everything goes to the primary.
    Off,
    /// Reads go to replicas.
    On,
    /// It is decided and counted where reads would go, and everything goes to the primary.
    Shadow,
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
    /// Whether reads go to replicas.
    pub split: Split,
    /// Whose writes a read must see.
    pub read_your_writes: ReadYourWrites,
    /// What a read does without a replica.
    pub no_replica: NoReplica,
    /// Which transactions may use replicas.
    pub transactions: Transactions,
    /// A replica that is further behind serves no reads.
    pub max_replica_lag: Duration,
    /// How long a read waits for a replica that is nearly there.
    pub read_wait: Duration,
}

/// Where a unit of work goes, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The kind of host that may run it.
    pub role: Role,
    /// What decided.
    pub reason: Reason,
}

/// Where a statement of a session was sent, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The kind of host.
    pub role: Role,
    /// Which of the database's replicas, if it is one.
    pub replica: Option<u16>,
    /// What decided.
    pub reason: Reason,
}

impl Route {
    /// To the primary.
    #[must_use]
    pub const fn primary(reason: Reason) -> Self {
        Self { role: Role::Primary, replica: None, reason }
    }
}

/// What becomes of a read that was meant for a replica, and found none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutReplica {
    /// It goes elsewhere.
    Go(Decision),
    /// It waits for a replica.
    Wait,
    /// It fails for this reason, with a hint at the setting `no_replica`.
    Fail(Reason),
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            split: Split::On,
            read_your_writes: ReadYourWrites::Session,
            no_replica: NoReplica::Primary,
            transactions: Transactions::default(),
            max_replica_lag: Duration::from_millis(500),
            read_wait: Duration::from_millis(10),
        }
    }
}

impl Policy {
    /// The kind of host that a unit of class `class` is for. `wish` is the role that the session or
    /// the statement asks for.
    #[must_use]
    pub fn decide(&self, class: Class, wish: Option<Role>) -> Decision {
        match (self.split, wish) {
            (Split::Off, _) if class.access == Access::Read => {
                Decision { role: Role::Primary, reason: Reason::SplitOff }
            }
            (Split::On | Split::Shadow, Some(role)) => Decision { role, reason: Reason::Hint },
            (Split::On | Split::Shadow, None) if class.access == Access::Read => {
                Decision { role: Role::Replica, reason: class.reason }
            }
            _ => Decision { role: Role::Primary, reason: class.reason },
        }
    }

    /// What a read of the session asks of a replica at `now`.
    ///
    /// `database` is when the last write of any session of the database was acknowledged, which
    /// counts only under `read_your_writes = "database"`.
    #[must_use]
    pub fn bounds(&self, seen: &Seen, database: Moment, now: Moment) -> Bounds {
        let must_see = match self.read_your_writes {
            ReadYourWrites::Off => Moment::NEVER,
            ReadYourWrites::Session => seen.must_see(),
            ReadYourWrites::Database => seen.must_see().max(database),
        };
        Bounds { must_see, now, max_lag: self.max_replica_lag }
    }

    /// What becomes of a read that [`Policy::decide`] sent to a replica when none may serve it,
    /// for this reason.
    #[must_use]
    pub const fn without_replica(&self, reason: Reason) -> WithoutReplica {
        match self.no_replica {
            NoReplica::Primary => WithoutReplica::Go(Decision { role: Role::Primary, reason }),
            NoReplica::Wait => WithoutReplica::Wait,
            NoReplica::Error => WithoutReplica::Fail(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn went(policy: Policy, class: Class) -> (Role, Reason) {
        let Decision { role, reason } = policy.decide(class, None);
        (role, reason)
    }

    #[test]
    fn what_only_reads_is_for_a_replica_and_only_that() {
        let (policy, write) = (Policy::default(), Class::write(Reason::Write));
        assert_eq!(went(policy, Class::READ), (Role::Replica, Reason::Read));
        assert_eq!(went(policy, write), (Role::Primary, Reason::Write));
        assert_eq!(went(policy, Class::transaction()), (Role::Primary, Reason::Transaction));
        let policy = Policy { split: Split::Off, ..policy };
        assert_eq!(went(policy, Class::READ), (Role::Primary, Reason::SplitOff));
        assert_eq!(went(policy, write), (Role::Primary, Reason::Write));
    }

    #[test]
    fn whose_writes_must_be_seen_is_a_setting() {
        let at = Moment::from_nanos;
        let mut seen = Seen::default();
        seen.primary(at(5));
        for (read_your_writes, database, expected) in [
            (ReadYourWrites::Off, 9, 0),
            (ReadYourWrites::Session, 9, 5),
            (ReadYourWrites::Database, 9, 9),
            (ReadYourWrites::Database, 3, 5),
        ] {
            let policy = Policy { read_your_writes, ..Policy::default() };
            let bounds = policy.bounds(&seen, at(database), at(20));
            assert_eq!(bounds.must_see, at(expected), "{read_your_writes:?}");
            assert_eq!((bounds.now, bounds.max_lag), (at(20), policy.max_replica_lag));
        }
    }

    #[test]
    fn a_read_without_a_replica_obeys_its_setting() {
        let of = |no_replica| {
            Policy { no_replica, ..Policy::default() }.without_replica(Reason::Lagging)
        };
        let primary = Decision { role: Role::Primary, reason: Reason::Lagging };
        assert_eq!(of(NoReplica::Primary), WithoutReplica::Go(primary));
        assert_eq!(of(NoReplica::Wait), WithoutReplica::Wait);
        assert_eq!(of(NoReplica::Error), WithoutReplica::Fail(Reason::Lagging));
    }
}
