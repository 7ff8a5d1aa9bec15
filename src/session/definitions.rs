//! Definitions (CREATE, ALTER, DROP ...) that the sessions of a database have seen done.

use crate::protocol::backend::TransactionStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts them: what is known of the database's objects is as old as the count at which it was
/// read. Shared by all sessions of one database.
#[derive(Clone, Debug, Default)]
pub struct Definitions(Arc<AtomicU64>);

impl Definitions {
    /// One has been done, or committed. To be counted before the client hears of it.
    pub fn seen(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Whether a session has defined something in the transaction that runs.
#[derive(Debug, Default)]
pub(super) struct Defining(bool);

impl Defining {
    /// A command with this tag is done.
    pub(super) fn done(&mut self, tag: &[u8], definitions: &Definitions) {
        if defines(tag) {
            self.0 = true;
            definitions.seen();
        }
    }

    /// The server is ready. What was read of its catalog since the command may show the database as
    /// it was before the transaction.
    pub(super) fn ready(&mut self, status: TransactionStatus, definitions: &Definitions) {
        if self.0 && status == TransactionStatus::Idle {
            self.0 = false;
            definitions.seen();
        }
    }
}

/// What no statement names, or what means the same on every host.
const HARMLESS: &[&[u8]] = &[
    b"DATABASE",
    b"INDEX",
    b"PUBLICATION",
    b"ROLE",
    b"STATISTICS",
    b"SUBSCRIPTION",
    b"SYSTEM",
    b"TABLESPACE",
];

/// Whether a command with this tag may change what a statement means to a standby.
fn defines(tag: &[u8]) -> bool {
    const VERBS: [&[u8]; 4] = [b"CREATE ", b"ALTER ", b"DROP ", b"IMPORT "];
    let object = VERBS.iter().find_map(|verb| tag.strip_prefix(*verb));
    object.is_some_and(|object| !HARMLESS.contains(&object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_definitions_are_known() {
        for tag in [
            &b"CREATE TABLE"[..],
            b"CREATE TABLE AS",
            b"CREATE FUNCTION",
            b"ALTER FUNCTION",
            b"CREATE VIEW",
            b"CREATE EXTENSION",
            b"ALTER TABLE",
            b"DROP POLICY",
            b"IMPORT FOREIGN SCHEMA",
        ] {
            assert!(defines(tag), "{}", tag.escape_ascii());
        }
        for tag in [&b"SELECT"[..], b"INSERT", b"CREATE INDEX", b"ALTER ROLE", b"CREATED", b""] {
            assert!(!defines(tag), "{}", tag.escape_ascii());
        }
    }
}
