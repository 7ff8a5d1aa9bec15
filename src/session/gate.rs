//! Whether a client's next unit may follow on the server that it is linked to, as far as the state of the
//! link and the form of the unit tell.
//!
//! "Not now" is only said where an event is bound to come that has the unit looked at again: the server owes
//! an answer, the client must send the rest, or the link ends because the server is clean.

use super::unit::Plan;
use crate::protocol::backend::TransactionStatus;

/// A link, as the client's next unit finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkState {
    /// Whether the server is a replica's.
    pub on_replica: bool,
    /// Whether the client is in a transaction of which we know what was said in it: it runs on a replica, and
    /// could move.
    pub tracked: bool,
    /// Whether the server owes anything.
    pub owes: bool,
    /// What the server last said of its transaction.
    pub status: TransactionStatus,
}

/// What becomes of the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It follows, whatever it is.
    Follows,
    /// What it does decides.
    Judged,
    /// It is answered here, in its turn: nothing before it is owed.
    AnsweredHere,
    /// More of it must come.
    Incomplete,
    /// It is looked at again when the server has answered.
    AfterAnswer,
    /// It is looked at when this link has ended, which happens as soon as the server owes nothing.
    AfterLink,
}

impl LinkState {
    /// The verdict where the unit need not be looked at, or must not be yet.
    pub fn unseen(self) -> Option<Verdict> {
        match (self.tracked, self.status) {
            // The server's own transaction: all of it goes there.
            (false, TransactionStatus::InTransaction | TransactionStatus::Failed) => {
                Some(Verdict::Follows)
            }
            // What has become of a transaction is known when all that was said in it is answered.
            (true, _) if self.owes => Some(Verdict::AfterAnswer),
            _ => None,
        }
    }

    /// The verdict on a unit that asks for `plan`.
    pub fn seen(self, plan: Plan) -> Verdict {
        if let Some(unseen) = self.unseen() {
            return unseen;
        }
        match plan {
            Plan::More => Verdict::Incomplete,
            // The replica refuses it, or it ends the transaction: PostgreSQL says which.
            _ if self.tracked && self.status == TransactionStatus::Failed => Verdict::Follows,
            Plan::Local if self.tracked => Verdict::AnsweredHere,
            Plan::Own if self.tracked => Verdict::Follows,
            Plan::Terminate => Verdict::Follows,
            Plan::Link(_) if self.tracked || self.on_replica => Verdict::Judged,
            // What begins locally may go on with something that only the primary can run.
            Plan::Own | Plan::Local if self.on_replica => Verdict::AfterLink,
            Plan::Link(_) | Plan::Own | Plan::Local => Verdict::Follows,
        }
    }

    /// Whether the link ends by itself as soon as the server owes nothing.
    pub fn ends_by_itself(self) -> bool {
        self.status == TransactionStatus::Idle
    }
}

#[cfg(test)]
mod tests {
    use super::super::unit::Extent;
    use super::*;

    const PLANS: [Plan; 7] = [
        Plan::More,
        Plan::Local,
        Plan::Own,
        Plan::Terminate,
        Plan::Link(Extent::Whole),
        Plan::Link(Extent::Definitions),
        Plan::Link(Extent::Part),
    ];

    /// Every link there can be.
    fn links() -> impl Iterator<Item = LinkState> {
        use TransactionStatus::{Failed, Idle, InTransaction};
        [Idle, InTransaction, Failed].into_iter().flat_map(|status| {
            (0..8).map(move |bits| LinkState {
                on_replica: bits & 1 != 0,
                tracked: bits & 2 != 0,
                owes: bits & 4 != 0,
                status,
            })
        })
    }

    #[test]
    fn nobody_waits_for_what_does_not_come() {
        for (link, plan) in links().flat_map(|link| PLANS.map(|plan| (link, plan))) {
            match link.seen(plan) {
                Verdict::AfterAnswer => assert!(link.owes, "{link:?} {plan:?}"),
                Verdict::AfterLink => assert!(link.ends_by_itself(), "{link:?} {plan:?}"),
                Verdict::Incomplete => assert_eq!(plan, Plan::More),
                Verdict::AnsweredHere => assert!(!link.owes, "{link:?} {plan:?}"),
                Verdict::Follows | Verdict::Judged => {}
            }
        }
    }

    #[test]
    fn a_transaction_on_a_replica_is_judged_when_its_state_is_known() {
        for link in links().filter(|link| link.tracked) {
            for plan in PLANS {
                let verdict = link.seen(plan);
                if link.owes {
                    assert_eq!(verdict, Verdict::AfterAnswer);
                } else if link.status == TransactionStatus::Failed && plan != Plan::More {
                    assert_eq!(verdict, Verdict::Follows, "whatever its size");
                }
            }
        }
    }

    #[test]
    fn what_a_server_has_begun_itself_stays_there() {
        for link in links().filter(|link| !link.tracked && !link.ends_by_itself()) {
            assert!(PLANS.iter().all(|plan| link.seen(*plan) == Verdict::Follows));
        }
    }
}
