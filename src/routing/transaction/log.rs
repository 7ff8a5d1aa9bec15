//! What was said in a transaction that another host must hear too.

use super::super::verb::Verb;
use crate::protocol::backend::TransactionStatus;

/// What is said again when a transaction moves, in bytes and in statements. Programs set a
/// handful of settings; beyond this a transaction stays where it is, or begins on the primary.
pub(super) const BYTES_MAX: usize = 16 * 1024;
pub(super) const SAID_MAX: usize = 256;

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Local(Box<[u8]>),
    Savepoint(String, Box<[u8]>),
}

impl Said {
    fn text(&self) -> &[u8] {
        match self {
            Self::Local(text) | Self::Savepoint(_, text) => text,
        }
    }
}

/// What the unit on its way does to the log, if it succeeds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Change {
    #[default]
    Nothing,
    Says(Said),
    Releases(String),
    RollsBackTo(String),
}

/// What a transaction has said, in order, and has not taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    said: Vec<Said>,
    bytes: usize,
    change: Change,
}

impl Log {
    /// What is to be said again.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.said.iter().map(Said::text)
    }

    /// Whether one more statement fits.
    pub(super) fn has_room(&self, text: &[u8]) -> bool {
        self.said.len() < SAID_MAX && self.bytes + text.len() < BYTES_MAX
    }

    /// A unit was sent.
    pub(super) fn say(&mut self, verb: &Verb, text: &[u8]) {
        self.change = match verb {
            Verb::SetLocal | Verb::Modes(_) => Change::Says(Said::Local(text.into())),
            Verb::Savepoint(name) => Change::Says(Said::Savepoint(name.clone(), text.into())),
            Verb::Release(name) => Change::Releases(name.clone()),
            Verb::RollbackTo(name) => Change::RollsBackTo(name.clone()),
            Verb::Commit | Verb::Rollback | Verb::Begin { .. } | Verb::Other => Change::Nothing,
        };
    }

    /// The unit was answered, and the transaction has this status after it. Says whether the log still
    /// holds all that must be said again.
    pub(super) fn settle(&mut self, status: TransactionStatus) -> bool {
        match (status, std::mem::take(&mut self.change)) {
            (TransactionStatus::InTransaction, Change::Says(said)) => return self.keep(said),
            (TransactionStatus::InTransaction, Change::Releases(name)) => self.release(&name),
            (TransactionStatus::InTransaction, Change::RollsBackTo(name)) => self.roll_back(&name),
            // It may have been set before something else failed, and may be gone back to.
            (TransactionStatus::Failed, Change::Says(Said::Savepoint(..))) => return false,
            _ => {}
        }
        true
    }

    fn keep(&mut self, said: Said) -> bool {
        let fits = self.has_room(said.text());
        if fits {
            self.bytes += said.text().len();
            self.said.push(said);
        }
        fits
    }

    /// The savepoints from `name` on are gone; what was set since stays.
    fn release(&mut self, name: &str) {
        if let Some(at) = self.savepoint(name) {
            let since = self.said.split_off(at);
            self.said.extend(since.into_iter().filter(|said| matches!(said, Said::Local(_))));
        }
    }

    /// What was said since `name` is undone; the savepoint stays.
    fn roll_back(&mut self, name: &str) {
        if let Some(at) = self.savepoint(name) {
            self.said.truncate(at + 1);
        }
    }

    fn savepoint(&self, name: &str) -> Option<usize> {
        let is_it = |said: &Said| matches!(said, Said::Savepoint(known, _) if known == name);
        self.said.iter().rposition(is_it)
    }
}
