//! `[routing]`: which statements go to which host.

use std::time::Duration;

use crate::config::kind::Kind;
use crate::config::kind::choice::{choice, one_of};
use crate::config::kind::raw::Raw;
use crate::config::kind::time::time_from_ms;
use crate::config::setting::settings;
use crate::config::source::outside::Outside;

choice! {
    /// Whose writes a read must see.
    pub enum ReadYourWrites {
        /// Nobody's.
        Off = "off",
        /// Those of its own session.
        Session = "session",
        /// Those of every session of the database.
        Database = "database",
    }
}

choice! {
    /// Where transactions of several statements go.
    pub enum Transactions {
        /// To the primary.
        Primary = "primary",
        /// To a replica if they are READ ONLY.
        ReadOnly = "read_only",
        /// To a replica until they write.
        Optimistic = "optimistic",
    }
}

choice! {
    /// What happens to a read when no replica may serve it.
    pub enum NoReplica {
        /// The primary serves it.
        Primary = "primary",
        /// It waits for a replica, as long as query_wait_timeout.
        Wait = "wait",
        /// It fails.
        Error = "error",
    }
}

settings! {
    /// Which statements go to which host.
    pub struct Routing {
        /// Send reads to replicas. false sends everything to the primary. "shadow" does so too, but
        /// decides and counts where reads would go (SHOW ROUTES): to see before you trust.
        read_write_split: Split = SplitKind, default Split::On, at AtReload;
        /// Whose writes a read must see: nobody's, those of its own session, or those of every
        /// session of the database.
        read_your_writes: ReadYourWrites =
            one_of(), default ReadYourWrites::Session, at AtReload;
        /// What happens to a read when no replica may serve it: the primary serves it, it waits
        /// for a replica, or it fails.
        no_replica: NoReplica = one_of(), default NoReplica::Primary, at AtReload;
        /// A replica that is further behind than this serves no reads.
        max_replica_lag: Duration =
            time_from_ms(1), default Duration::from_millis(500), at AtReload;
        /// How long a read waits for a replica that has nearly caught up with what it must see. 0
        /// does not wait.
        read_wait: Duration =
            time_from_ms(0), default Duration::from_millis(10), at AtReload;
        /// How often a database is asked whether its functions, tables and views have changed. What
        /// clients of pgweir change is known at once.
        catalog_refresh: Duration =
            time_from_ms(100), default Duration::from_secs(30), at AtReload;
        /// Where transactions of several statements go: to the primary, to a replica if they are
        /// READ ONLY, or to a replica until they write.
        transactions: Transactions =
            one_of(), default Transactions::ReadOnly, at AtReload;
    }
}

/// Whether reads go to replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    /// Everything goes to the primary.
    Off,
    /// Reads go to replicas.
    On,
    /// It is decided where reads would go, and everything goes to the primary.
    Shadow,
}

/// `true`, `false` or `"shadow"`.
struct SplitKind;

impl Kind for SplitKind {
    type Value = Split;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<Split, String> {
        match raw {
            Raw::Flag(true) => Ok(Split::On),
            Raw::Flag(false) => Ok(Split::Off),
            Raw::Loose(text) if text == "true" => Ok(Split::On),
            Raw::Loose(text) if text == "false" => Ok(Split::Off),
            Raw::Text(text) | Raw::Loose(text) if text == "shadow" => Ok(Split::Shadow),
            other => Err(format!("{} is none of them", other.quoted())),
        }
    }

    fn show(&self, value: &Split) -> String {
        match value {
            Split::Off => "false".to_owned(),
            Split::On => "true".to_owned(),
            Split::Shadow => "\"shadow\"".to_owned(),
        }
    }

    fn allowed(&self) -> String {
        "true, false or \"shadow\"".to_owned()
    }
}
