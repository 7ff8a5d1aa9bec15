//! `[routing]`: which statements go to which host.

use std::time::Duration;

use crate::config::kind::choice::{choice, one_of};
use crate::config::kind::number::Flag;
use crate::config::kind::time::time_from_ms;
use crate::config::setting::settings;

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
        /// Send reads to replicas. false sends everything to the primary.
        read_write_split: bool = Flag, default true, at AtReload;
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
        /// Where transactions of several statements go: to the primary, to a replica if they are
        /// READ ONLY, or to a replica until they write.
        transactions: Transactions =
            one_of(), default Transactions::ReadOnly, at AtReload;
    }
}
