//! Which of a client's units the server has answered, and what those that it has not may change.
//!
//! A client may send a unit before the last one is answered. If that one fails, the rest of it is
//! skipped, and what it would have prepared or closed is taken back: so a message that builds on
//! such a change waits until it is known.

use super::entry::{Entry, Owed, Undo};

/// Counts units, and remembers the last one that changed something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnitCount {
    /// How many have ended: the number of the one that is being sent.
    ended: u64,
    /// How many of these are still to be answered.
    owed: u64,
    /// The last one that prepares or closes a named statement.
    named: Option<u64>,
    /// The last one that replaces the unnamed statement.
    unnamed: Option<u64>,
    /// The last one that executes what may change a setting.
    executes: Option<u64>,
}

impl UnitCount {
    /// How many units are still to be answered.
    pub fn owed(&self) -> usize {
        usize::try_from(self.owed).unwrap_or(usize::MAX)
    }

    /// Whether an earlier unit is still to be answered.
    pub fn is_any_owed(&self) -> bool {
        self.owed > 0
    }

    /// Whether it is not known yet what the names of statements stand for.
    pub fn are_names_in_doubt(&self) -> bool {
        self.in_doubt(self.named)
    }

    /// Whether it is not known yet what the unnamed statement is.
    pub fn is_unnamed_in_doubt(&self) -> bool {
        self.in_doubt(self.unnamed)
    }

    /// Whether it is not known yet under which settings the next message is read, though the one that
    /// is being sent has executed nothing.
    pub fn are_settings_in_doubt(&self) -> bool {
        self.in_doubt(self.executes)
    }

    /// The same, or the one that is being sent has executed something: the server says what it has
    /// changed when it is ready.
    pub fn are_settings_open(&self) -> bool {
        self.executes.is_some_and(|unit| unit >= self.reached())
    }

    /// The number of the unit that is being sent.
    pub(super) fn current(&self) -> u64 {
        self.ended
    }

    /// The unit that is being sent frees names.
    pub(super) fn frees(&mut self) {
        self.named = Some(self.ended);
    }

    /// It executes what may change a setting.
    pub(super) fn executes(&mut self) {
        self.executes = Some(self.ended);
    }

    /// Whether a unit after the one that the server has reached replaces the unnamed statement:
    /// then it does not matter what becomes of that one.
    pub fn is_unnamed_replaced_later(&self) -> bool {
        self.unnamed.is_some_and(|unit| unit > self.reached())
    }

    /// An entry was added.
    pub(super) fn pushed(&mut self, entry: &Entry) {
        match (&entry.owed, &entry.undo) {
            (Owed::Parse(Some(_)) | Owed::Close(Some(_)), _)
            | (_, Undo::Name(_) | Undo::Closed(..) | Undo::Freed(_)) => {
                self.named = Some(self.ended);
            }
            (Owed::Parse(None) | Owed::Close(None), _) | (_, Undo::Unnamed(_)) => {
                self.unnamed = Some(self.ended);
            }
            _ => {}
        }
        if entry.owed.ends_unit() {
            self.ended += 1;
            self.owed += 1;
        }
    }

    /// A unit was answered, or will not be.
    pub(super) fn answered(&mut self) {
        self.owed = self.owed.saturating_sub(1);
    }

    /// The unit that the server is at.
    pub(super) fn reached(&self) -> u64 {
        self.ended - self.owed
    }

    fn in_doubt(&self, changed: Option<u64>) -> bool {
        changed.is_some_and(|unit| unit != self.ended && unit >= self.reached())
    }
}
