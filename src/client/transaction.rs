//! A client's transaction while no server, or only a replica, knows of it.

use super::error;
use super::task::Client;
use super::unit::Unit;
use crate::protocol::backend::TransactionStatus;
use crate::protocol::error_response::ErrorReport;
use crate::routing::{Access, Class, Isolation, Role, Transaction, Transactions, Verb};
use crate::session::Told;

/// Answered where the isolation of a transaction, or of those to come, is not said by the client.
const ASK_ISOLATION: &[u8] = b"\n;SHOW transaction_isolation";
const ASK_DEFAULT: &[u8] = b"SHOW default_transaction_isolation";

impl Client {
    /// Whether BEGIN is answered here, and said to a server when it is known which.
    fn defers(&self) -> bool {
        self.pools.splits() && self.pools.database.policy.transactions != Transactions::Primary
    }

    /// Whether its transactions are READ ONLY unless they say something else. Servers report that.
    fn reads_only(&self) -> bool {
        self.session.parameters().value(b"default_transaction_read_only") == Some(b"on")
    }

    /// Whether the unit at the front is answered here because of what it does to the transaction. What is
    /// claimed has a front that [`Session::local`](crate::session::Session::local) or
    /// [`Client::answer_own`] consumes; in a unit that begins with anything else a server has the word.
    pub(super) fn claim(&mut self, unit: &Unit) -> bool {
        self.claims(unit) && self.session.claim(&self.pools.shared, self.inbox.bytes())
    }

    fn claims(&self, unit: &Unit) -> bool {
        if !unit.is_one_statement() || !unit.is_whole() {
            return false;
        }
        match (&self.transaction, unit.verb()) {
            (None, Verb::Begin { .. }) => self.defers(),
            (Some(_), Verb::Commit | Verb::Rollback) => true,
            (Some(waiting), Verb::Modes(_)) => !self.has_failed() && waiting.is_unsaid(),
            _ => false,
        }
    }

    /// Whether the transaction has failed, and only its end is taken.
    pub(super) fn has_failed(&self) -> bool {
        self.session.local_status() == TransactionStatus::Failed
    }

    /// Why its failed transaction takes nothing but its end.
    pub(super) fn failure(&mut self) -> ErrorReport {
        let lost = self.transaction.as_mut().is_some_and(|transaction| transaction.take_loss());
        if lost { error::transaction_lost() } else { error::transaction_has_failed() }
    }

    /// Does what a [claimed](Self::claim) statement says: the answer, and the status after it.
    pub(super) fn obey(&mut self, text: &[u8]) -> (Result<Told, ErrorReport>, TransactionStatus) {
        let failed = self.has_failed();
        match Verb::of(text) {
            Verb::Begin { start, modes } => {
                let begun = Transaction::begin(text, modes, self.reads_only());
                self.transaction = Some(Box::new(begun));
                let tag = if start { "START TRANSACTION" } else { "BEGIN" };
                (Ok(Told::done(tag)), TransactionStatus::InTransaction)
            }
            Verb::Modes(modes) => {
                let transaction = self.transaction.as_mut();
                let fits = transaction.is_some_and(|waiting| waiting.add_modes(text, modes));
                match fits {
                    true => (Ok(Told::done("SET")), TransactionStatus::InTransaction),
                    false => (Err(error::opening_too_long()), TransactionStatus::Failed),
                }
            }
            verb => {
                self.transaction = None;
                self.wish.end_transaction();
                let committed = verb == Verb::Commit && !failed;
                let tag = if committed { "COMMIT" } else { "ROLLBACK" };
                (Ok(Told::done(tag)), TransactionStatus::Idle)
            }
        }
    }

    /// The class by which a unit finds its host: a transaction's first statement decides for all of
    /// it, and what only shapes it decides nothing.
    pub(super) fn class_to_route(&mut self, unit: &Unit) -> Class {
        let rule = self.pools.database.policy.transactions;
        if self.transaction.is_none()
            && let Some(begun) = self.begun_by(unit)
            && begun.may_use_replica(rule)
        {
            self.transaction = Some(Box::new(begun));
        }
        match &self.transaction {
            Some(transaction) => transaction.route(rule, unit.step()),
            None => unit.class,
        }
    }

    /// The transaction that a unit begins itself, together with its first statements.
    fn begun_by(&self, unit: &Unit) -> Option<Transaction> {
        let Verb::Begin { modes, .. } = *unit.verb() else { return None };
        let can = self.defers() && unit.is_whole() && !unit.is_one_statement();
        let reads = unit.rest.access == Access::Read && !unit.cursor;
        let begun = || Transaction::begin_with(unit.text(), modes, self.reads_only());
        (can && reads).then(begun)
    }

    /// The unit that was to begin a transaction will not run.
    pub(super) fn forget_unbegun(&mut self) {
        if self.transaction.as_ref().is_some_and(|transaction| transaction.replay().is_none()) {
            self.transaction = None;
        }
    }

    /// What a server that the client is linked to is told before the client's own messages.
    pub(super) fn opening(&mut self, role: Role) -> Option<Vec<u8>> {
        let transaction = self.transaction.as_ref()?;
        let ask = role == Role::Replica && transaction.isolation().is_none();
        let text = match (transaction.replay(), ask) {
            (Some(begin), true) => Some([&begin[..], ASK_ISOLATION].concat()),
            (None, true) => Some(ASK_DEFAULT.to_vec()),
            (begin, false) => begin,
        };
        if role == Role::Primary {
            // Its server knows all of it from here on.
            self.transaction = None;
        }
        text
    }
}

/// The isolation that a server calls so.
pub(super) fn isolation(said: &[u8]) -> Isolation {
    match said {
        b"read committed" | b"read uncommitted" => Isolation::ReadCommitted,
        b"serializable" => Isolation::Serializable,
        _ => Isolation::RepeatableRead,
    }
}
