//! A transaction that a client has begun and that may run on a replica, or move from there.
//!
//! ```text
//!                        BEGIN, answered by us
//!   none ──────────────────────> waiting ──(SET TRANSACTION ...: it is kept)──> waiting
//!    ^                             │ first statement
//!    │                             ├─ a read, and the transaction may use a replica ──> on a replica
//!    │                             └─ anything else ──────────────────> on the primary     │
//!    │                                                                     ^               │
//!    │                                                                     └── moves: what is not a read
//!    └──────────── COMMIT, ROLLBACK: on the host where it runs, or nowhere if nothing has run
//! ```
//!
//! It never runs on two hosts at once: it moves only when the replica owes nothing, and what it had
//! said there (its modes, `SET LOCAL`, savepoints) is said again on the primary. Only READ COMMITTED
//! allows that, because there each statement has a snapshot of its own (PostgreSQL manual, 13.2.1), or a
//! transaction that has no snapshot yet. A unit in it is looked at when the replica owes nothing: only then
//! is it known whether the transaction goes on, has failed, or is over.

mod log;

use log::{BYTES_MAX, Log};

use super::Reason;
use super::class::{Access, Class};
use super::verb::{Isolation, Modes, Verb};
use crate::protocol::backend::TransactionStatus;

/// Which transactions may use replicas: the setting `transactions`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transactions {
    /// None.
    Primary,
    /// Those that are READ ONLY.
    #[default]
    ReadOnly,
    /// All that are READ COMMITTED, until they do something else than read.
    Optimistic,
}

/// A client's next unit, as its transaction sees it.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// What all of it does.
    pub class: Class,
    /// What it does to the transaction, if it is one statement that is executed once.
    pub verb: &'a Verb,
    /// That statement.
    pub text: &'a [u8],
    /// Whether anything is executed.
    pub executes: bool,
    /// Whether it leaves a cursor open (a named portal, one that is read in parts, or one that is not
    /// executed).
    pub opens_cursor: bool,
    /// Whether it executes a portal that an earlier unit has opened.
    pub continues: bool,
    /// Whether everything that it does was looked at.
    pub whole: bool,
    /// Whether something follows in it on a statement that begins, ends or shapes a transaction.
    pub goes_on: bool,
}

/// What a client's next unit is to its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It runs where the transaction runs.
    Stay,
    /// It needs the primary, and the transaction can go there with it.
    Move,
    /// It needs the primary, and the transaction cannot go there any more.
    Refuse,
}

/// What a unit needs, as far as its statements tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// Only the primary answers it rightly.
    Primary,
    /// The primary is the better place, and the replica does no harm.
    PrimaryRather,
}

/// Where a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nowhere: no server has heard of it.
    Waiting,
    /// The client's own unit says BEGIN to the replica that it goes to.
    BeginsItself,
    /// On a replica.
    Replica,
    /// It has left a replica, and goes on on the primary.
    Leaving,
    /// It has lost its replica and cannot go on, of which its client has not heard.
    Lost,
}

/// A transaction that has been begun, and has not been given to the primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// `BEGIN` and what `SET TRANSACTION` has said since.
    opening: Vec<u8>,
    /// Where it is.
    place: Place,
    /// What the client has said of it.
    modes: Modes,
    /// What holds where it does not say whether it is READ ONLY.
    reads_by_default: bool,
    log: Log,
    /// Something may have been asked in it that takes a snapshot: its modes are fixed then.
    has_snapshot: bool,
    /// Something has been said that the log does not hold, or a cursor is open.
    bound: bool,
}

impl Transaction {
    /// Begun by `text`. `read_only` is what holds where it does not say.
    #[must_use]
    pub fn begin(text: &[u8], modes: Modes, read_only: bool) -> Self {
        Self {
            opening: trimmed(text).to_vec(),
            place: Place::Waiting,
            modes,
            reads_by_default: read_only,
            log: Log::default(),
            has_snapshot: false,
            bound: false,
        }
    }

    /// Begun by a unit that goes on with its first statement.
    #[must_use]
    pub fn begin_with(text: &[u8], modes: Modes, read_only: bool) -> Self {
        Self { place: Place::BeginsItself, ..Self::begin(text, modes, read_only) }
    }

    /// Whether no server has heard of it.
    #[must_use]
    pub fn is_unsaid(&self) -> bool {
        self.place == Place::Waiting
    }

    /// Whether no server has answered anything in it.
    #[must_use]
    pub fn is_at_its_beginning(&self) -> bool {
        matches!(self.place, Place::Waiting | Place::BeginsItself)
    }

    /// A replica has it now, and has answered what was sent there, after which the transaction has this
    /// status: what was said in a unit that has failed is not said again.
    pub fn answered(&mut self, status: TransactionStatus) {
        self.place = Place::Replica;
        self.bound |= !self.log.settle(status);
    }

    /// It has no server any more; it is begun again on the primary.
    pub fn leave_replica(&mut self) {
        self.place = Place::Leaving;
    }

    /// It has no server any more and cannot go on elsewhere: only its end is taken.
    pub fn lose_replica(&mut self) {
        self.place = Place::Lost;
    }

    /// Whether its client is still to hear that it has lost its replica; says so once.
    pub fn take_loss(&mut self) -> bool {
        let lost = self.place == Place::Lost;
        if lost {
            self.place = Place::Leaving;
        }
        lost
    }

    /// `SET TRANSACTION`, while nothing has run. False if too much has been said already.
    pub fn add_modes(&mut self, text: &[u8], modes: Modes) -> bool {
        let fits = self.opening.len() + text.len() < BYTES_MAX;
        if fits {
            append(&mut self.opening, text);
            self.modes = self.modes.then(modes);
        }
        fits
    }

    /// Whether it said that it will not write, or that is the session's default.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.modes.read_only.unwrap_or(self.reads_by_default)
    }

    /// How far it is kept apart, where that is known.
    #[must_use]
    pub fn isolation(&self) -> Option<Isolation> {
        self.modes.isolation
    }

    /// A host has said what the default comes to.
    pub fn learn_isolation(&mut self, isolation: Isolation) {
        self.modes.isolation.get_or_insert(isolation);
    }

    /// Whether it may begin on a replica, if its first statement is a read. SERIALIZABLE may not, nor may
    /// what says that it is READ WRITE: a standby refuses both. Where the isolation is only known when it
    /// has begun, it is asked again then.
    #[must_use]
    pub fn may_use_replica(&self, rule: Transactions) -> bool {
        let moves_later = matches!(self.modes.isolation, None | Some(Isolation::ReadCommitted))
            && self.modes.read_only != Some(false);
        !matches!(self.place, Place::Leaving | Place::Lost)
            && self.modes.isolation != Some(Isolation::Serializable)
            && match rule {
                Transactions::Primary => false,
                Transactions::ReadOnly => self.is_read_only(),
                Transactions::Optimistic => self.is_read_only() || moves_later,
            }
    }

    /// The class by which the unit that no server has heard of finds a host for all of the transaction:
    /// what only shapes it decides nothing.
    #[must_use]
    pub fn route(&self, rule: Transactions, step: Step<'_>) -> Class {
        let reads = match step.class.access {
            Access::Read => self.is_read_only() || !step.opens_cursor,
            // Cursors, SHOW and SET mean the same there, for a transaction that stays.
            Access::Session => self.is_read_only(),
            Access::Write | Access::Transaction => false,
        };
        let shapes = matches!(step.verb, Verb::SetLocal | Verb::Savepoint(_));
        match self.may_use_replica(rule) && (reads || shapes) {
            true => Class::READ,
            false if step.class.access == Access::Read => Class::TRANSACTION,
            false => step.class,
        }
    }

    /// What begins it on a host, or begins it again: one text of several statements. None where
    /// the client's next unit does that.
    #[must_use]
    pub fn replay(&self) -> Option<Vec<u8>> {
        if self.place == Place::BeginsItself {
            return None;
        }
        let mut text = self.opening.clone();
        self.log.texts().for_each(|said| append(&mut text, said));
        Some(text)
    }

    /// What a unit is to the transaction, which runs on a replica that owes nothing, and has not failed
    /// there. `is_fresh`: the replica may still serve reads.
    #[must_use]
    pub fn next(&self, step: Step<'_>, is_fresh: bool) -> Next {
        let needs = match step.verb {
            // Statements may be prepared anywhere.
            _ if !step.executes && !step.opens_cursor => Needs::Nothing,
            Verb::Modes(modes) => self.needs_of_modes(*modes),
            _ if self.is_read_only() => self.needs_of_read_only(step),
            _ => self.needs_of_optimistic(step),
        };
        let lags = !is_fresh && step.class.access == Access::Read && !step.continues;
        match needs {
            Needs::Nothing if lags && self.may_move() => Next::Move,
            Needs::Nothing => Next::Stay,
            Needs::Primary | Needs::PrimaryRather if self.may_move() => Next::Move,
            Needs::PrimaryRather => Next::Stay,
            Needs::Primary => Next::Refuse,
        }
    }

    /// A function that turns out to write is refused by any host in the same words. A statement that writes
    /// is not: a standby says "during recovery" to COPY FROM, and to NOTIFY, which READ ONLY allows
    /// (`ClassifyUtilityCommandAsReadOnly` in `utility.c`).
    fn needs_of_read_only(&self, step: Step<'_>) -> Needs {
        let rather = step.goes_on || !step.whole || step.class.reason == Reason::Write;
        match step.class.access {
            Access::Write if lies(step.class.reason) => Needs::Primary,
            _ if rather => Needs::PrimaryRather,
            _ => Needs::Nothing,
        }
    }

    fn needs_of_optimistic(&self, step: Step<'_>) -> Needs {
        let stays = match (step.class.access, step.verb) {
            _ if step.opens_cursor => false,
            (Access::Read, _) => true,
            (_, Verb::SetLocal | Verb::Savepoint(_)) => self.log.has_room(step.text),
            (_, Verb::Release(_) | Verb::RollbackTo(_) | Verb::Commit | Verb::Rollback) => true,
            _ => step.class.reason == Reason::Empty,
        };
        if stays { Needs::Nothing } else { Needs::Primary }
    }

    /// `SET TRANSACTION`: before the first snapshot it may say anything, and a standby refuses some of it.
    /// After that another isolation is refused by any host, and READ WRITE is refused where it is READ ONLY,
    /// as all is on a standby (`check_transaction_read_only` in `variable.c`).
    fn needs_of_modes(&self, modes: Modes) -> Needs {
        let isolates = modes.isolation.is_some() && modes.isolation != self.modes.isolation;
        match modes.read_only {
            _ if !self.has_snapshot => Needs::PrimaryRather,
            Some(false) if !isolates && !self.is_read_only() => Needs::PrimaryRather,
            _ => Needs::Nothing,
        }
    }

    /// Whether it can go on elsewhere.
    #[must_use]
    pub fn may_move(&self) -> bool {
        let keeps_snapshot =
            self.has_snapshot && self.modes.isolation != Some(Isolation::ReadCommitted);
        !self.bound && !keeps_snapshot
    }

    /// A unit was sent to the replica.
    pub fn said(&mut self, step: Step<'_>) {
        self.bound |= step.opens_cursor;
        let shapes = matches!(step.class.reason, Reason::Empty | Reason::Show)
            || !matches!(step.verb, Verb::Other | Verb::Commit | Verb::Rollback);
        self.has_snapshot |= !shapes;
        self.log.say(step.verb, trimmed(step.text));
        // What several statements have said, or DECLARE, cannot be said again.
        self.bound |= matches!(step.verb, Verb::Begin { .. } | Verb::Other)
            && step.executes
            && !matches!(step.class.reason, Reason::Empty | Reason::Show)
            && step.class.access != Access::Read;
    }
}

/// Whether a replica would answer, and answer wrongly.
fn lies(reason: Reason) -> bool {
    matches!(reason, Reason::PrimaryFunction | Reason::PrimaryRelation)
}

/// One more statement. The line ends before it: a comment behind the last one would hide it.
fn append(texts: &mut Vec<u8>, text: &[u8]) {
    texts.extend_from_slice(b"\n;");
    texts.extend_from_slice(trimmed(text));
}

/// Without what ends a statement.
fn trimmed(text: &[u8]) -> &[u8] {
    let mut text = text.trim_ascii();
    while let Some(shorter) = text.strip_suffix(b";") {
        text = shorter.trim_ascii();
    }
    text
}

#[cfg(test)]
mod tests;
