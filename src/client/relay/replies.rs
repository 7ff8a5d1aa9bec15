//! What a server answers, and what of it the client gets.

use super::super::outbox::Forwarding;
use super::super::transaction::isolation;
use super::super::trial::Reply;
use super::{Relay, Unlink};
use crate::protocol::backend::ERROR_RESPONSE;
use crate::routing::Isolation;
use crate::session::trial::Refusal;

impl Relay<'_> {
    /// What has come goes to the client; on a replica, answer by answer, and only what is one.
    pub(super) fn replies(&mut self) -> Result<(), Unlink> {
        let all = self.held.inbox.len();
        let again = self.may_run_again();
        if self.speaks_first() {
            return Err(Unlink::ServerLost("it ends the connection".to_owned()));
        }
        let waits = self.held.side.is_asked();
        let Some(trial) = self.trial.as_ref().filter(|_| again && !waits) else {
            return self.reply(all).map(drop);
        };
        let transaction = self.client.transaction.as_deref();
        let suits = |said: &[u8]| match (isolation(said), transaction) {
            (Isolation::ReadCommitted, _) | (_, None) => true,
            (Isolation::RepeatableRead, Some(transaction)) => transaction.is_read_only(),
            (Isolation::Serializable, Some(_)) => false,
        };
        let taken = match trial.judge(&self.held.side, self.held.inbox.bytes(), suits) {
            Reply::Wait => return Ok(()),
            Reply::Again(refusal) => return Err(Unlink::Again(refusal)),
            Reply::Take(len) => len,
        };
        if self.reply(taken)? < taken {
            return Ok(());
        }
        if self.held.inbox.is_empty() { Ok(()) } else { self.replies() }
    }

    /// Whether the replica of a client's transaction ends the connection, unasked: recovery was in the way of
    /// the transaction, or the host goes away.
    fn speaks_first(&self) -> bool {
        let side = &self.held.side;
        self.client.transaction.is_some()
            && side.pipeline().is_empty()
            && !side.is_mid_message()
            && self.held.inbox.bytes().starts_with(&[ERROR_RESPONSE])
    }

    /// Gives the client the front of what has come; says how much of that was consumed.
    fn reply(&mut self, len: usize) -> Result<usize, Unlink> {
        let server = &mut *self.held;
        let client = &mut *self.client;
        let shown = client.stream.out.len();
        let mut to_client = Forwarding { out: &mut client.stream.out, piece: &server.inbox };
        let replied = client.session.reply(
            &client.pools.shared,
            &mut server.side,
            &server.inbox.bytes()[..len],
            &mut to_client,
        );
        let consumed = replied.map_err(|fault| Unlink::ServerLost(fault.to_string()))?;
        server.inbox.advance(consumed);
        let bytes = client.stream.out.len() - shown;
        self.count_reply(bytes);
        // Before the client is told: what it then does elsewhere must see this.
        let role = self.held.pool().role;
        self.client.heard(role, self.footprint);
        self.note_answers();
        Ok(consumed)
    }

    /// A replica that has answered is not on trial any more for what it has answered.
    fn note_answers(&mut self) {
        let side = &mut self.held.side;
        let answered = match &mut self.trial {
            Some(trial) => trial.answered(side.pipeline().units().owed()),
            None => side.pipeline().is_empty(),
        };
        let Some(transaction) = &mut self.client.transaction else { return };
        if let Some(said) = side.take_said() {
            transaction.learn_isolation(isolation(&said));
        }
        if answered {
            transaction.answered(side.status());
        }
    }

    /// A server that is gone: if it was a replica that has answered nothing, another answers.
    pub(super) fn lost(&self, why: String) -> Unlink {
        match &self.trial {
            Some(trial) if trial.is_open() && self.may_run_again() => Unlink::Again(Refusal::Now),
            _ => Unlink::ServerLost(why),
        }
    }
}
