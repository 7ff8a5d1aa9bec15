//! Whether the client's next unit may follow on the server that it is linked to.

use super::super::error;
use super::super::unit::Unit;
use super::{Relay, Unlink};
use crate::net::BLOCK_LEN;
use crate::protocol::backend::TransactionStatus;
use crate::routing::{Next, Role, Verb};
use crate::session::unit::Plan;

/// Why a transaction leaves its replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    Moves,
    Bound,
}

impl Relay<'_> {
    /// Whether the client's next unit may follow. On a replica only a read may, while that is fresh, and
    /// what belongs to a transaction that runs there; anything else waits until this link has ended.
    pub(super) fn may_go_on(&mut self) -> Result<bool, Unlink> {
        let looks =
            self.held.side.status() == TransactionStatus::Idle || self.client.transaction.is_some();
        if looks {
            if self.client.inbox.is_empty() || !self.has_room() {
                return Ok(false);
            }
            let planned = self.client.plan();
            let (plan, unit) = planned.map_err(|_| {
                Unlink::ClientFault(error::violation("the message after this one cannot be read"))
            })?;
            match plan {
                Plan::More => return Ok(false),
                Plan::Terminate | Plan::Own => {}
                Plan::Link { .. } if self.may_follow(&unit) => self.count(&unit),
                // What begins locally may go on with something that only the primary can run.
                Plan::Local if self.held.pool().role == Role::Primary => {}
                Plan::Link { .. } | Plan::Local => {
                    self.on_hold = true;
                    return Ok(false);
                }
            }
        }
        self.at_boundary = false;
        Ok(true)
    }

    /// What a replica has not answered must fit into one piece, should it have to be sent again.
    fn has_room(&self) -> bool {
        let on_trial = self.trial.as_ref().map_or(0, super::Trial::len);
        on_trial == 0 || on_trial + self.client.inbox.len() <= BLOCK_LEN
    }

    fn may_follow(&mut self, unit: &Unit) -> bool {
        match &self.client.transaction {
            None if self.held.pool().role == Role::Primary => true,
            None => unit.whole && unit.hint.is_none() && self.client.may_read_on(unit),
            Some(_) => self.may_follow_in_transaction(unit),
        }
    }

    /// The transaction runs on the replica that the client is linked to.
    fn may_follow_in_transaction(&mut self, unit: &Unit) -> bool {
        if self.ending || !unit.whole {
            // The next unit is not this transaction's any more; or it cannot be judged.
            self.leaving = (!self.ending).then_some(Leave::Moves);
            return false;
        }
        let Some(transaction) = &self.client.transaction else { return false };
        if transaction.isolation().is_none() && !self.held.side.pipeline().is_empty() {
            // It is not known yet whether it could move.
            self.stalled = true;
            return false;
        }
        self.ending =
            matches!(unit.verb(), Verb::Commit | Verb::Rollback) && unit.is_one_statement();
        if self.held.side.status() == TransactionStatus::Failed {
            return true;
        }
        let stays = self.client.is_forced();
        let reads = unit.is_read() && !stays && transaction.may_move();
        let next = transaction.next(unit.step());
        if reads && !self.client.still_may_read() {
            // Its replica has fallen behind, and nothing binds it there.
            self.leaving = Some(Leave::Moves);
            return false;
        }
        match next {
            _ if stays => return true,
            Next::Stay => return true,
            Next::Move => self.leaving = Some(Leave::Moves),
            Next::Refuse => self.leaving = Some(Leave::Bound),
        }
        false
    }

    /// Whether what the replica has not answered may be run elsewhere.
    pub(super) fn may_run_again(&self) -> bool {
        let transaction = self.client.transaction.as_deref();
        transaction.is_none_or(|it| it.is_at_its_beginning() || it.may_move())
    }
}
