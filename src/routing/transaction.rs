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
//! allows that, because there each statement has a snapshot of its own (PostgreSQL manual, 13.2.1).

use super::Reason;
use super::class::{Access, Class};
use super::verb::{Isolation, Modes, Verb};

/// What is said again when a transaction moves, in bytes and in statements. Programs set a
/// handful of settings; beyond this a transaction stays where it is, or begins on the primary.
const LOG_BYTES_MAX: usize = 16 * 1024;
const LOG_MAX: usize = 256;

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
    /// What it does to the transaction, if it is one statement.
    pub verb: &'a Verb,
    /// That statement.
    pub text: &'a [u8],
    /// Whether it leaves a cursor open (a named portal, or one that is read in parts).
    pub opens_cursor: bool,
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

/// Something said in a transaction that another host must hear too.
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
}

/// A transaction that has been begun, and has not been given to the primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// `BEGIN` and what `SET TRANSACTION` has said since.
    opening: Vec<u8>,
    /// Where it is.
    place: Place,
    modes: Modes,
    log: Vec<Said>,
    log_bytes: usize,
    /// Something has been said that the log does not hold, or a cursor is open.
    bound: bool,
}

impl Transaction {
    /// Begun by `text`. `read_only` is what holds where it does not say.
    #[must_use]
    pub fn begin(text: &[u8], modes: Modes, read_only: bool) -> Self {
        let defaults = Modes { read_only: Some(read_only), isolation: None };
        Self {
            opening: trimmed(text).to_vec(),
            place: Place::Waiting,
            modes: defaults.then(modes),
            log: Vec::new(),
            log_bytes: 0,
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

    /// A replica has it now.
    pub fn reached_replica(&mut self) {
        self.place = Place::Replica;
    }

    /// It has no server any more; it is begun again on the primary.
    pub fn leave_replica(&mut self) {
        self.place = Place::Leaving;
    }

    /// `SET TRANSACTION`, while nothing has run. False if too much has been said already.
    pub fn add_modes(&mut self, text: &[u8], modes: Modes) -> bool {
        let fits = self.opening.len() + text.len() < LOG_BYTES_MAX;
        if fits {
            append(&mut self.opening, text);
            self.modes = self.modes.then(modes);
        }
        fits
    }

    /// Whether it said that it will not write, or that is the session's default.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.modes.read_only == Some(true)
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

    /// Whether it may begin on a replica, if its first statement is a read. SERIALIZABLE may not:
    /// a standby refuses it. Where the isolation is only known when it has begun, it is asked
    /// again then.
    #[must_use]
    pub fn may_use_replica(&self, rule: Transactions) -> bool {
        let moves_later = matches!(self.modes.isolation, None | Some(Isolation::ReadCommitted));
        self.place != Place::Leaving
            && self.modes.isolation != Some(Isolation::Serializable)
            && match rule {
                Transactions::Primary => false,
                Transactions::ReadOnly => self.is_read_only(),
                Transactions::Optimistic => self.is_read_only() || moves_later,
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
        for said in &self.log {
            append(&mut text, said.text());
        }
        Some(text)
    }

    /// What a unit is to the transaction, which runs on a replica and has not failed there.
    #[must_use]
    pub fn next(&self, step: Step<'_>) -> Next {
        if self.is_read_only() {
            return self.next_of_read_only(step);
        }
        let stays = match (step.class.access, step.verb) {
            _ if step.opens_cursor => false,
            (Access::Read, _) => true,
            (_, Verb::SetLocal | Verb::Savepoint(_)) => self.has_room(step.text),
            (_, Verb::Release(_) | Verb::RollbackTo(_) | Verb::Commit | Verb::Rollback) => true,
            _ => false,
        };
        match stays {
            true => Next::Stay,
            false if self.may_move() => Next::Move,
            false => Next::Refuse,
        }
    }

    /// Any host refuses its writes in the same words, so they need not go anywhere else.
    fn next_of_read_only(&self, step: Step<'_>) -> Next {
        match step.class.access {
            Access::Write if lies(step.class.reason) && self.may_move() => Next::Move,
            Access::Write if lies(step.class.reason) => Next::Refuse,
            _ => Next::Stay,
        }
    }

    /// Whether it can go on elsewhere.
    #[must_use]
    pub fn may_move(&self) -> bool {
        !self.bound && self.modes.isolation == Some(Isolation::ReadCommitted)
    }

    /// A unit was sent to the replica.
    pub fn said(&mut self, step: Step<'_>) {
        self.bound |= step.opens_cursor;
        match step.verb {
            Verb::SetLocal => self.keep(Said::Local(trimmed(step.text).into())),
            Verb::Savepoint(name) => {
                self.keep(Said::Savepoint(name.clone(), trimmed(step.text).into()));
            }
            Verb::Release(name) => self.release(name),
            Verb::RollbackTo(name) => self.roll_back(name),
            Verb::Commit | Verb::Rollback => {}
            // What several statements have said, or DECLARE, cannot be said again.
            Verb::Begin { .. } | Verb::Modes(_) | Verb::Other => {
                self.bound |= step.class.access != Access::Read;
            }
        }
    }

    fn has_room(&self, text: &[u8]) -> bool {
        self.log.len() < LOG_MAX && self.log_bytes + text.len() < LOG_BYTES_MAX
    }

    fn keep(&mut self, said: Said) {
        if self.has_room(said.text()) {
            self.log_bytes += said.text().len();
            self.log.push(said);
        } else {
            self.bound = true;
        }
    }

    /// Its savepoints from `name` on are gone; what was set since stays.
    fn release(&mut self, name: &str) {
        if let Some(at) = self.savepoint(name) {
            let since = self.log.split_off(at);
            self.log.extend(since.into_iter().filter(|said| matches!(said, Said::Local(_))));
        }
    }

    /// What was said since `name` is undone; the savepoint stays.
    fn roll_back(&mut self, name: &str) {
        if let Some(at) = self.savepoint(name) {
            self.log.truncate(at + 1);
        }
    }

    fn savepoint(&self, name: &str) -> Option<usize> {
        let is_it = |said: &Said| matches!(said, Said::Savepoint(known, _) if known == name);
        self.log.iter().rposition(is_it)
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
mod tests {
    use super::*;

    const WRITE: Class = Class::write(Reason::Write);

    fn begun(text: &str) -> Transaction {
        let Verb::Begin { modes, .. } = Verb::of(text.as_bytes()) else { panic!("{text}") };
        Transaction::begin(text.as_bytes(), modes, false)
    }

    fn on_replica(text: &str) -> Transaction {
        let mut transaction = begun(text);
        transaction.learn_isolation(Isolation::ReadCommitted);
        transaction
    }

    fn step<'a>(class: Class, verb: &'a Verb, text: &'a str) -> Step<'a> {
        Step { class, verb, text: text.as_bytes(), opens_cursor: false }
    }

    fn next(transaction: &Transaction, class: Class) -> Next {
        transaction.next(step(class, &Verb::Other, ""))
    }

    fn say(transaction: &mut Transaction, texts: &[&str]) {
        for text in texts {
            let verb = Verb::of(text.as_bytes());
            let step = step(Class::transaction(), &verb, text);
            assert_eq!(transaction.next(step), Next::Stay, "{text}");
            transaction.said(step);
        }
    }

    fn replayed(transaction: &Transaction) -> String {
        String::from_utf8(transaction.replay().unwrap()).unwrap().replace('\n', "")
    }

    #[test]
    fn which_transactions_may_use_a_replica() {
        use Transactions::{Optimistic, Primary, ReadOnly};
        for (text, primary, read_only, optimistic) in [
            ("BEGIN", false, false, true),
            ("BEGIN READ WRITE", false, false, true),
            ("BEGIN READ ONLY", false, true, true),
            ("BEGIN ISOLATION LEVEL READ COMMITTED", false, false, true),
            ("BEGIN ISOLATION LEVEL REPEATABLE READ", false, false, false),
            ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", false, true, true),
            ("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY", false, false, false),
        ] {
            let begun = begun(text);
            let may = [Primary, ReadOnly, Optimistic].map(|rule| begun.may_use_replica(rule));
            assert_eq!(may, [primary, read_only, optimistic], "{text}");
        }
    }

    #[test]
    fn the_sessions_default_counts_where_begin_does_not_say() {
        let modes = Modes { read_only: Some(false), isolation: None };
        assert!(Transaction::begin(b"BEGIN", Modes::default(), true).is_read_only());
        assert!(!Transaction::begin(b"BEGIN READ WRITE", modes, true).is_read_only());
    }

    #[test]
    fn modes_that_follow_belong_to_the_opening() {
        let mut begun = begun("BEGIN;");
        let modes = Modes { read_only: Some(true), isolation: None };
        assert!(begun.add_modes(b"SET TRANSACTION READ ONLY ;", modes));
        assert!(begun.is_read_only());
        assert_eq!(replayed(&begun), "BEGIN;SET TRANSACTION READ ONLY");
        assert!(!begun.add_modes(&[b' '; LOG_BYTES_MAX], modes), "there is a limit");
    }

    #[test]
    fn what_was_set_is_said_again_and_what_was_undone_is_not() {
        let mut open = on_replica("BEGIN");
        say(&mut open, &["SET LOCAL a.b = 1", "SAVEPOINT s", "SET LOCAL a.b = 2", "SAVEPOINT t"]);
        say(&mut open, &["SET LOCAL a.b = 3", "ROLLBACK TO s", "SET LOCAL c.d = 4"]);
        assert_eq!(replayed(&open), "BEGIN;SET LOCAL a.b = 1;SAVEPOINT s;SET LOCAL c.d = 4");
        say(&mut open, &["RELEASE s"]);
        assert_eq!(replayed(&open), "BEGIN;SET LOCAL a.b = 1;SET LOCAL c.d = 4");
        assert_eq!(next(&open, WRITE), Next::Move);
    }

    #[test]
    fn the_last_savepoint_of_a_name_is_meant() {
        let mut open = on_replica("BEGIN");
        say(&mut open, &["SAVEPOINT s", "SET LOCAL a.b = 1", "SAVEPOINT s", "SET LOCAL a.b = 2"]);
        say(&mut open, &["ROLLBACK TO s", "RELEASE s", "ROLLBACK TO s"]);
        assert_eq!(replayed(&open), "BEGIN;SAVEPOINT s");
    }

    #[test]
    fn a_snapshot_that_must_last_does_not_move() {
        let mut open = begun("BEGIN READ ONLY");
        open.learn_isolation(Isolation::RepeatableRead);
        assert_eq!(next(&open, Class::READ), Next::Stay);
        assert_eq!(next(&open, WRITE), Next::Stay, "any host refuses it");
        assert_eq!(next(&open, Class::write(Reason::PrimaryFunction)), Next::Refuse);
    }

    #[test]
    fn a_lock_in_a_read_only_transaction_is_taken_on_the_primary() {
        let open = on_replica("BEGIN READ ONLY");
        assert_eq!(next(&open, Class::write(Reason::PrimaryFunction)), Next::Move);
    }

    #[test]
    fn what_could_not_be_said_again_is_said_on_the_primary() {
        let open = on_replica("BEGIN");
        for text in ["COMMIT AND CHAIN", "PREPARE TRANSACTION 'x'", "SET a.b = 1", "BEGIN"] {
            let verb = Verb::of(text.as_bytes());
            let class = Class::transaction();
            assert_eq!(open.next(step(class, &verb, text)), Next::Move, "{text}");
        }
        let cursor = Step { opens_cursor: true, ..step(Class::READ, &Verb::Other, "") };
        assert_eq!(open.next(cursor), Next::Move);
    }

    #[test]
    fn a_cursor_of_a_read_only_transaction_binds_it() {
        let mut open = on_replica("BEGIN READ ONLY");
        let cursor = Step { opens_cursor: true, ..step(Class::READ, &Verb::Other, "") };
        assert_eq!(open.next(cursor), Next::Stay);
        open.said(cursor);
        assert!(!open.may_move());
    }

    #[test]
    fn beyond_the_logs_limit_it_moves() {
        let mut open = on_replica("BEGIN");
        for _ in 0..LOG_MAX {
            say(&mut open, &["SET LOCAL a.b = 1"]);
        }
        let set = step(Class::transaction(), &Verb::SetLocal, "SET LOCAL a.b = 1");
        assert_eq!(open.next(set), Next::Move);
    }

    #[test]
    fn a_comment_does_not_hide_what_is_said_next() {
        let mut open = on_replica("BEGIN -- now");
        say(&mut open, &["SAVEPOINT s -- here"]);
        assert_eq!(open.replay().unwrap(), b"BEGIN -- now\n;SAVEPOINT s -- here");
    }
}
