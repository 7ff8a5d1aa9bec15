//! Whether the client's next unit may follow on the server that it is linked to.
//!
//! Nobody waits for ever: whenever the answer is "not now", either the server owes something and the unit is
//! looked at again with each answer, or the link ends by itself because the server owes nothing.

use super::super::error;
use super::super::trial::Trial;
use super::super::unit::Unit;
use super::{Relay, Unlink};
use crate::net::BLOCK_LEN;
use crate::protocol::backend::TransactionStatus;
use crate::routing::{Next, Role};
use crate::server::rescue::Leaving;
use crate::session::PoolMode;
use crate::session::gate::{LinkState, Verdict};
use crate::session::unit::Plan;

/// What becomes of the client's next bytes.
///
/// ```text
///                         it follows
///     ┌──────────────────────────────────────────────────────┐
///     │                                                      v
///   Shut <── the unit has been sent in full, or answered ── Open ──> Asked: we answer, then as before
///     │ ^                                                    │
///     │ └── it is answered <── Settling <── a Sync of ours ──┘  (only Flush ended the client's unit)
///     │
///     ├── goodbye, and the server owes something ──> Leaving: the client hears that, and the link ends
///     ├── not now: looked at again when the server has answered, or more of it has come
///     └── elsewhere, or never: the link ends, at once where the server owes nothing
/// ```
///
/// Where there is no choice of hosts it is never shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// A unit of the client's is on its way to the server.
    Open,
    /// The next unit is looked at before it follows.
    Shut,
    /// The client asks something of us, and waits for the answer.
    Asked,
    /// Nothing of the client's is read before a Sync of ours is answered.
    Settling,
    /// The client has said goodbye, and hears what it is still owed.
    Leaving,
}

/// Why no more of the client's bytes were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// The client must send more.
    ForClient,
    /// The server must answer something, or the link ends.
    ForServer,
}

/// What was found of the unit at the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    /// It may follow.
    Follows,
    /// We have answered something at its front.
    Answered,
    /// It must wait.
    Waits(Halt),
}

impl Relay<'_> {
    /// Whether the client's units may go to different hosts.
    pub(super) fn has_choice(&self) -> bool {
        self.client.pools.splits() && self.mode != PoolMode::Session
    }

    /// In session mode, what follows on a server may need a database alone, as what is linked may.
    pub(super) fn leave_alone(&self) {
        if self.mode == PoolMode::Session && !self.client.session.is_mid_message() {
            self.client.leave_alone();
        }
    }

    /// Looks at the unit at the front.
    pub(super) fn pass_gate(&mut self) -> Result<Option<Halt>, Unlink> {
        loop {
            if self.client.session.is_busy_locally() && self.held.side.pipeline().is_empty() {
                // What follows on an error of ours is skipped up to its Sync.
                if !self.answer_here()? {
                    return Ok(Some(Halt::ForClient));
                }
                continue;
            }
            match self.gate {
                Gate::Open => return Ok(None),
                Gate::Asked => return Ok(Some(Halt::ForServer)),
                Gate::Leaving if self.has_more_to_say() => return Ok(Some(Halt::ForServer)),
                Gate::Leaving => return Err(Unlink::ClientLeft(Leaving::Terminated)),
                Gate::Settling if !self.held.side.pipeline().is_empty() => {
                    return Ok(Some(Halt::ForServer));
                }
                Gate::Settling | Gate::Shut => self.gate = Gate::Shut,
            }
            match self.judge()? {
                Judged::Follows => self.gate = Gate::Open,
                Judged::Answered => {}
                Judged::Waits(halt) => return Ok(Some(halt)),
            }
        }
    }

    /// After the client's bytes have gone by, or were answered.
    pub(super) fn close_gate(&mut self) {
        let shut = self.has_choice() && self.held.side.is_between_units();
        self.gate = if shut { Gate::Shut } else { Gate::Open };
    }

    fn judge(&mut self) -> Result<Judged, Unlink> {
        let link = LinkState {
            on_replica: self.held.pool().role == Role::Replica,
            tracked: self.client.transaction.is_some(),
            owes: !self.held.side.pipeline().is_empty(),
            status: self.held.side.status(),
        };
        match link.unseen() {
            Some(Verdict::Follows) => return Ok(Judged::Follows),
            Some(_) => return Ok(Judged::Waits(Halt::ForServer)),
            None if self.client.inbox.is_empty() => return Ok(Judged::Waits(Halt::ForClient)),
            None if !self.has_room() => return Ok(Judged::Waits(Halt::ForServer)),
            None => {}
        }
        self.client.session.set_local_status(link.status);
        let planned = self.client.plan();
        let (plan, unit) = planned.map_err(|_| unreadable())?;
        match link.seen(plan) {
            Verdict::Follows => Ok(self.follows(link, plan, &unit)),
            Verdict::Judged if link.tracked => self.judge_in_transaction(link, &unit),
            Verdict::Judged if self.may_follow(&unit) => Ok(self.follows(link, plan, &unit)),
            Verdict::AnsweredHere if self.answer_here()? => Ok(Judged::Answered),
            Verdict::AnsweredHere | Verdict::Incomplete => Ok(Judged::Waits(Halt::ForClient)),
            // Outside of a transaction the link ends when the server owes nothing.
            Verdict::Judged | Verdict::AfterAnswer | Verdict::AfterLink => {
                Ok(Judged::Waits(Halt::ForServer))
            }
        }
    }

    /// What a replica has not answered must fit into one piece, should it have to be sent again.
    fn has_room(&self) -> bool {
        let on_trial = self.trial.as_ref().map_or(0, Trial::len);
        on_trial == 0 || on_trial + self.client.inbox.len() <= BLOCK_LEN
    }

    /// On a replica, outside of a transaction.
    fn may_follow(&mut self, unit: &Unit) -> bool {
        unit.is_whole() && unit.hint.is_none() && self.client.may_read_on(unit)
    }

    /// The transaction runs on the replica that the client is linked to, which owes nothing.
    fn judge_in_transaction(&mut self, link: LinkState, unit: &Unit) -> Result<Judged, Unlink> {
        match self.next(unit) {
            Next::Stay => Ok(self.follows(link, Plan::Link(unit.extent), unit)),
            Next::Move => Err(Unlink::Moves),
            Next::Refuse => Err(Unlink::Bound),
        }
    }

    fn next(&mut self, unit: &Unit) -> Next {
        if self.client.is_forced() {
            return Next::Stay;
        }
        let is_fresh = !unit.is_read() || self.client.still_may_read();
        let transaction = self.client.transaction.as_ref();
        transaction.map_or(Next::Stay, |it| it.next(unit.step(), is_fresh))
    }

    fn follows(&mut self, link: LinkState, plan: Plan, unit: &Unit) -> Judged {
        if link.tracked {
            self.trial = self.client.is_on_trial(unit).then(Trial::default);
        }
        if let Plan::Link(_) = plan {
            self.count(unit);
        }
        Judged::Follows
    }

    /// Answers what needs no server at the front, now that nothing before it is owed. Says whether there
    /// was anything.
    fn answer_here(&mut self) -> Result<bool, Unlink> {
        self.client.session.set_local_status(self.held.side.status());
        let answered = self.client.answer_locally().map_err(|_| unreadable())?;
        if self.has_failed_here() { Err(Unlink::Fails) } else { Ok(answered) }
    }

    /// Whether the client has heard from us that its transaction has failed, of which its replica does not
    /// know.
    pub(super) fn has_failed_here(&self) -> bool {
        self.client.transaction.is_some()
            && self.client.has_failed()
            && self.held.side.status() == TransactionStatus::InTransaction
    }

    /// A client that says goodbye hears the answers to what it has asked before, as with PostgreSQL.
    fn has_more_to_say(&self) -> bool {
        let side = &self.held.side;
        let answers = side.is_between_units() && !side.pipeline().is_empty();
        answers || side.is_mid_message() || !self.client.stream.out.is_empty()
    }

    /// Whether what the replica has not answered may be run elsewhere.
    pub(super) fn may_run_again(&self) -> bool {
        let transaction = self.client.transaction.as_deref();
        self.held.side.status() != TransactionStatus::Failed
            && transaction.is_none_or(|it| it.is_at_its_beginning() || it.may_move())
    }
}

fn unreadable() -> Unlink {
    Unlink::ClientFault(error::violation("the message after this one cannot be read"))
}

impl super::Client {
    /// Whether a replica's answer to the unit is looked at before the client sees it: the unit is there
    /// to be run elsewhere, and may be.
    pub(super) fn is_on_trial(&self, unit: &Unit) -> bool {
        unit.is_whole() && !self.is_forced()
    }
}
