//! What becomes of the client and the server when a link ends.

use super::super::error;
use super::super::lines::{self, Line};
use super::super::outbox::Forwarding;
use super::super::parting::{Parting, part};
use super::{End, Relay, Trial, Unlink};
use crate::protocol::backend::TransactionStatus;
use crate::protocol::sqlstate::SqlState;
use crate::server::rescue::Leaving;
use crate::session::trial::Refusal;
use crate::spans::Failure;
use std::time::Instant;

impl Relay<'_> {
    pub(super) fn end(mut self, unlink: Unlink) -> End {
        match unlink {
            Unlink::Clean(proof) => {
                self.client.outside_transaction();
                self.held.release(proof);
                End::Released
            }
            Unlink::Moves => {
                self.leave_replica(false);
                self.part(Leaving::Terminated);
                End::Elsewhere
            }
            Unlink::Fails => {
                self.leave_replica(true);
                self.part(Leaving::Terminated);
                End::Elsewhere
            }
            Unlink::Again(refusal) => self.again(refusal),
            Unlink::Bound => {
                self.leave_replica(false);
                let client = &mut *self.client;
                let mut to_client =
                    Forwarding { out: &mut client.stream.out, piece: &client.inbox };
                let report = error::transaction_is_bound();
                client.session.refuse(&report, client.inbox.bytes(), &mut to_client);
                self.part(Leaving::Terminated);
                End::Elsewhere
            }
            Unlink::ClientLeft(leaving) => {
                self.end_spans(Failure::ClientLeft);
                self.part(leaving);
                End::Left
            }
            Unlink::ClientFault(report) => {
                self.end_spans(Failure::Sqlstate(report.sqlstate.code()));
                self.part(Leaving::Vanished);
                End::Told(report)
            }
            Unlink::Ended(report) => {
                self.part(Leaving::Terminated);
                End::Told(report)
            }
            Unlink::Killed(report) => {
                self.end_spans(Failure::Sqlstate(report.sqlstate.code()));
                // Behind half a message, an error would be taken for the rest of it.
                let is_whole = !self.held.side.is_mid_reply();
                self.part(Leaving::Vanished);
                if is_whole { End::Told(report) } else { End::Left }
            }
            Unlink::ServerLost(_) if self.held.side.has_ended() => {
                // The server has told the client itself.
                self.end_spans(Failure::Sqlstate(SqlState::CONNECTION_FAILURE.code()));
                End::Left
            }
            Unlink::ServerLost(why) => self.server_lost(&why),
        }
    }

    /// The client's transaction has no server any more.
    fn leave_replica(&mut self, failed: bool) {
        self.client.session.leaves(&mut self.held.side);
        self.client.leave_replica(failed);
    }

    /// The server is brought back beside everything else.
    fn part(self, leaving: Leaving) {
        let parting = Parting { pools: self.client.pools.clone(), mode: self.mode };
        part(parting, self.held, leaving);
    }

    /// What the replica has not answered is said to the primary.
    fn again(mut self, refusal: Refusal) -> End {
        let Some(sent) = self.trial.as_mut().and_then(Trial::take_back) else {
            return self.server_lost("what it refused is too long to be sent again");
        };
        self.client.session.take_back(&mut self.held.side);
        self.client.put_back(sent);
        self.client.session.leaves(&mut self.held.side);
        self.client.run_on_primary(refusal);
        self.held.pool().stats.refused(self.client.worker.id);
        tracing::debug!(pool = %self.held.pool(), ?refusal, "a replica refused; the primary is asked");
        self.part(Leaving::Terminated);
        End::Elsewhere
    }

    fn server_lost(mut self, why: &str) -> End {
        let host = self.held.pool().host.address.to_string();
        if let Some(left_out) = lines::pass(Line::Lost, Instant::now()) {
            tracing::warn!(pool = %self.held.pool(), why, left_out, "server lost while a client used it");
        }
        let nothing_runs = self.held.side.pipeline().is_empty() && !self.held.side.is_mid_message();
        let failed = self.held.side.status() == TransactionStatus::Failed;
        if nothing_runs && let Some(transaction) = &mut self.client.transaction {
            // It has only read, and goes on where it is begun again; or only its end is taken.
            let goes_on = !failed && transaction.may_move();
            self.leave_replica(!goes_on);
            if !failed && !goes_on {
                self.client.lose_replica();
            }
            return End::Elsewhere;
        }
        let report = match self.held.side.is_committing() {
            true => error::commit_unknown(&host, why),
            false => error::server_lost(&host, why),
        };
        self.end_spans(Failure::Sqlstate(report.sqlstate.code()));
        End::Told(report)
    }
}

impl super::Client {
    /// Its transaction has ended.
    fn outside_transaction(&mut self) {
        self.transaction = None;
        self.wish.end_transaction();
        self.session.set_local_status(TransactionStatus::Idle);
    }

    /// Its transaction has no server any more. One that has failed stays so.
    fn leave_replica(&mut self, failed: bool) {
        if let Some(transaction) = &mut self.transaction {
            transaction.leave_replica();
            self.session.set_local_status(match failed {
                true => TransactionStatus::Failed,
                false => TransactionStatus::InTransaction,
            });
        }
    }

    /// Its transaction had what only the replica has.
    fn lose_replica(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            transaction.lose_replica();
        }
    }

    /// What a replica has refused goes to the primary, and so does its transaction.
    pub(in crate::client) fn run_on_primary(&mut self, refusal: Refusal) {
        self.again = Some(refusal);
        if self.transaction.as_ref().is_some_and(|transaction| transaction.replay().is_none()) {
            // The unit that is said again begins it.
            self.transaction = None;
        }
        self.leave_replica(false);
    }
}
