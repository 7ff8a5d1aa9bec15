//! What is known of a primary and its replicas, from what they have answered.

use std::time::Duration;

use super::log::PrimaryLog;
use super::moment::Moment;
use super::position::{Lsn, Position};
use super::token::{Token, TokenError};

/// What a host says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it is in recovery: a standby.
    pub in_recovery: bool,
    /// How far its WAL is replayed; on a primary, how far it is written.
    pub position: Position,
    /// What of that a primary has flushed.
    pub flushed: Option<Flushed>,
}

/// How far a primary has flushed its WAL. Standbys are sent nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flushed {
    /// Up to there.
    pub lsn: Lsn,
    /// How long an acknowledged commit may stay unflushed at the most: that is only so with
    /// `synchronous_commit = off`, and then for three times `wal_writer_delay` (PostgreSQL manual,
    /// 28.4 "Asynchronous Commit").
    pub within: Duration,
}

/// WAL behind the flushed position: where it ends, and since when that has not changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tail {
    end: Lsn,
    since: Moment,
}

/// What is proven of a replica.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// It shows everything that had been acknowledged by then.
    pub fresh_as_of: Moment,
    /// Counts the times that it may have lost something it had shown.
    pub incarnation: u32,
    /// How far behind it is for certain: it may be more.
    pub behind: Duration,
}

/// What a host turned out to be when it answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Standing {
    /// What it should be.
    #[error("it is in its place")]
    InPlace,
    /// Not known before the primary has answered.
    #[error("the primary has not answered yet")]
    PrimaryUnknown,
    /// The primary is a standby.
    #[error("it is in recovery, so it is not a primary")]
    InRecovery,
    /// The replica is no standby.
    #[error("it is not in recovery, so it is not a replica")]
    NotInRecovery,
    /// The replica is one of another primary.
    #[error("its system identifier is not the primary's, so it is a copy of another cluster")]
    AnotherCluster,
    /// The replica does not follow the primary's history.
    #[error("it is not known to be on the primary's timeline")]
    AnotherTimeline,
}

/// The primary's samples, and what follows from them for each replica.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    log: PrimaryLog,
    tail: Tail,
    replicas: Vec<Replica>,
}

#[derive(Clone, Debug, Default)]
struct Replica {
    proof: Proof,
    replayed: Option<Position>,
}

impl Replica {
    /// It may show less than it did.
    fn begin_anew(&mut self) {
        let incarnation = self.proof.incarnation.wrapping_add(1);
        *self = Replica { proof: Proof { incarnation, ..Proof::default() }, replayed: None };
    }
}

impl Ledger {
    /// Nothing is known of so many replicas.
    #[must_use]
    pub fn new(replicas: usize) -> Self {
        let replicas = vec![Replica::default(); replicas];
        Self { log: PrimaryLog::default(), tail: Tail::default(), replicas }
    }

    /// The samples of the primary.
    #[must_use]
    pub fn log(&self) -> &PrimaryLog {
        &self.log
    }

    /// What is proven of a replica.
    #[must_use]
    pub fn proof(&self, replica: usize) -> Proof {
        self.replicas.get(replica).map_or(Proof::default(), |replica| replica.proof)
    }

    /// The primary has answered by `seen` what it was asked at `sent`. A primary that is in
    /// recovery is none, and says nothing.
    pub fn primary_answered(&mut self, answer: Answer, sent: Moment, seen: Moment) -> Standing {
        if answer.in_recovery {
            return Standing::InRecovery;
        }
        match self.settled(answer, sent) {
            Some(lsn) => self.log.settle(Position { lsn, ..answer.position }, sent, seen),
            None => self.log.record(answer.position, sent, seen),
        }
        for replica in &mut self.replicas {
            if replica.replayed.is_some_and(|replayed| !self.log.follows(replayed)) {
                replica.begin_anew();
            }
        }
        Standing::InPlace
    }

    /// The flushed position, where what is behind it cannot be an acknowledged commit: it has been
    /// there for longer than one may stay unflushed.
    ///
    /// A primary may leave such a tail for long: what a failed transaction, `nextval` or the pruning
    /// of a page has written is flushed with the next commit only. Replicas could not get there, and
    /// would serve nothing meanwhile.
    fn settled(&mut self, answer: Answer, sent: Moment) -> Option<Lsn> {
        let Flushed { lsn, within } = answer.flushed?;
        let end = answer.position.lsn;
        if self.tail.end != end || end <= lsn {
            self.tail = Tail { end, since: sent };
        }
        (end > lsn && sent.since(self.tail.since) > within).then_some(lsn)
    }

    /// A replica has answered what it was asked at `sent`.
    ///
    /// Only its own answer makes it fresher: one that has not answered since may not be there.
    pub fn replica_answered(&mut self, index: usize, answer: Answer, sent: Moment) -> Standing {
        let standing = self.standing(answer);
        let position = answer.position;
        let Some(replica) = self.replicas.get_mut(index) else { return standing };
        if standing != Standing::InPlace {
            if replica.replayed.is_some() {
                replica.begin_anew();
            }
            return standing;
        }
        if replica.replayed.is_some_and(|before| position.lsn < before.lsn) {
            replica.begin_anew();
        }
        replica.replayed = Some(position);
        let proven = self.log.proves(position).unwrap_or(Moment::NEVER);
        replica.proof.fresh_as_of = replica.proof.fresh_as_of.max(proven);
        let missed = self.log.missed_since(position.lsn);
        replica.proof.behind = missed.map_or(Duration::ZERO, |since| sent.since(since));
        Standing::InPlace
    }

    fn standing(&self, replica: Answer) -> Standing {
        let Some(primary) = self.log.newest() else { return Standing::PrimaryUnknown };
        if !replica.in_recovery {
            Standing::NotInRecovery
        } else if replica.position.system != primary.system {
            Standing::AnotherCluster
        } else if replica.position.timeline != primary.timeline {
            Standing::AnotherTimeline
        } else {
            Standing::InPlace
        }
    }

    /// The connection to a replica was lost: when it is back, it may have been restarted from an
    /// older position.
    pub fn replica_lost(&mut self, index: usize) {
        if let Some(replica) = self.replicas.get_mut(index) {
            replica.begin_anew();
        }
    }

    /// Stands for everything that had been acknowledged when the primary was last asked.
    #[must_use]
    pub fn token(&self) -> Option<Token> {
        self.log.newest().map(Token)
    }

    /// What a session must see that has been given this token.
    ///
    /// # Errors
    /// The token is not of this history, or past the newest sample: then either somebody has
    /// invented it, or the primary has to be asked again.
    pub fn must_see(&self, token: Token) -> Result<Moment, TokenError> {
        let newest = self.log.newest().ok_or(TokenError::PrimaryUnknown)?;
        token.check(newest)?;
        let reached = self.log.reached(token.0.lsn).ok_or(TokenError::Ahead)?;
        Ok(reached.just_before())
    }
}

#[cfg(test)]
mod tests {
    use super::super::position::{Lsn, SystemId, Timeline};
    use super::*;

    fn at(lsn: u64) -> Position {
        Position { system: SystemId(7), timeline: Timeline(1), lsn: Lsn(lsn) }
    }

    fn primary(lsn: u64) -> Answer {
        Answer { in_recovery: false, position: at(lsn), flushed: None }
    }

    fn replica(lsn: u64) -> Answer {
        Answer { in_recovery: true, position: at(lsn), flushed: None }
    }

    fn ms(ms: u64) -> Moment {
        Moment::from_nanos(ms * 1_000_000)
    }

    /// The primary was at 100 at 10 ms and at 200 at 20 ms; the replica has replayed all of it.
    fn caught_up() -> Ledger {
        let mut ledger = Ledger::new(1);
        ledger.primary_answered(primary(100), ms(10), ms(11));
        ledger.primary_answered(primary(200), ms(20), ms(21));
        assert_eq!(ledger.replica_answered(0, replica(200), ms(22)), Standing::InPlace);
        assert_eq!(ledger.proof(0).fresh_as_of, ms(20));
        ledger
    }

    #[test]
    fn nothing_is_proven_before_both_have_answered() {
        let mut ledger = Ledger::new(2);
        let unknown = Standing::PrimaryUnknown;
        assert_eq!(ledger.replica_answered(0, replica(500), ms(1)), unknown);
        assert_eq!(ledger.proof(0).fresh_as_of, Moment::NEVER);
        ledger.primary_answered(primary(100), ms(10), ms(11));
        assert_eq!(ledger.proof(0).fresh_as_of, Moment::NEVER);
        ledger.replica_answered(0, replica(100), ms(12));
        assert_eq!(ledger.proof(0).fresh_as_of, ms(10));
        assert_eq!(ledger.proof(1).fresh_as_of, Moment::NEVER);
        assert_eq!(ledger.proof(9), Proof::default());
    }

    #[test]
    fn only_its_own_answer_makes_a_replica_fresher() {
        let mut ledger = caught_up();
        ledger.primary_answered(primary(200), ms(30), ms(31));
        assert_eq!(ledger.proof(0).fresh_as_of, ms(20));
        ledger.replica_answered(0, replica(200), ms(32));
        assert_eq!(ledger.proof(0).fresh_as_of, ms(30));
    }

    #[test]
    fn how_far_behind_a_replica_is_for_certain() {
        let mut ledger = caught_up();
        assert_eq!(ledger.proof(0).behind, Duration::ZERO);
        ledger.primary_answered(primary(300), ms(30), ms(31));
        ledger.replica_answered(0, replica(250), ms(45));
        assert_eq!(ledger.proof(0).behind, Duration::from_millis(14));
        ledger.replica_answered(0, replica(300), ms(46));
        assert_eq!(ledger.proof(0).behind, Duration::ZERO);
    }

    #[test]
    fn a_replica_that_steps_back_or_is_lost_begins_anew() {
        let mut ledger = caught_up();
        ledger.replica_answered(0, replica(150), ms(23));
        let proof = ledger.proof(0);
        assert_eq!((proof.fresh_as_of, proof.incarnation), (ms(10), 1));
        ledger.replica_lost(0);
        let proof = ledger.proof(0);
        assert_eq!((proof.fresh_as_of, proof.incarnation), (Moment::NEVER, 2));
    }

    #[test]
    fn what_is_no_replica_of_this_primary_has_no_freshness() {
        let promoted = Answer { in_recovery: false, ..replica(200) };
        let elsewhere = Position { timeline: Timeline(2), ..at(200) };
        let foreign = Position { system: SystemId(8), ..at(200) };
        for (answer, standing) in [
            (promoted, Standing::NotInRecovery),
            (Answer { position: elsewhere, ..replica(0) }, Standing::AnotherTimeline),
            (Answer { position: foreign, ..replica(0) }, Standing::AnotherCluster),
        ] {
            let mut ledger = caught_up();
            assert_eq!(ledger.replica_answered(0, answer, ms(23)), standing);
            let proof = ledger.proof(0);
            assert_eq!((proof.fresh_as_of, proof.incarnation), (Moment::NEVER, 1), "{answer:?}");
            // It stays out, and is the same until it is back.
            ledger.replica_answered(0, answer, ms(24));
            assert_eq!(ledger.proof(0), proof);
        }
    }

    #[test]
    fn a_new_timeline_of_the_primary_takes_the_replicas_of_the_old_one_out_at_once() {
        let mut ledger = caught_up();
        let position = Position { timeline: Timeline(2), ..at(200) };
        ledger.primary_answered(
            Answer { in_recovery: false, position, flushed: None },
            ms(30),
            ms(31),
        );
        assert_eq!(ledger.proof(0).fresh_as_of, Moment::NEVER);
        ledger.replica_answered(0, Answer { in_recovery: true, position, flushed: None }, ms(32));
        assert_eq!(ledger.proof(0).fresh_as_of, ms(30));
    }

    #[test]
    fn a_primary_in_recovery_says_nothing() {
        let mut ledger = caught_up();
        let said = ledger.primary_answered(replica(300), ms(30), ms(31));
        assert_eq!(said, Standing::InRecovery);
        assert_eq!(ledger.log().asked(), ms(20));
    }

    #[test]
    fn a_token_is_what_the_first_sample_at_or_past_it_had_seen() {
        let ledger = caught_up();
        assert_eq!(ledger.token(), Some(Token(at(200))));
        assert_eq!(ledger.must_see(Token(at(150))), Ok(ms(20).just_before()));
        assert_eq!(ledger.must_see(Token(at(100))), Ok(ms(10).just_before()));
        assert_eq!(ledger.must_see(Token(at(201))), Err(TokenError::Ahead));
        let nothing = Ledger::new(1);
        assert_eq!(nothing.token(), None);
        assert_eq!(nothing.must_see(Token(at(1))), Err(TokenError::PrimaryUnknown));
    }

    #[test]
    fn a_tail_that_nobody_flushes_holds_replicas_up_no_longer_than_a_commit_could_be_in_it() {
        let flushed = Some(Flushed { lsn: Lsn(200), within: Duration::from_millis(600) });
        let tail = Answer { flushed, ..primary(230) };
        let mut ledger = caught_up();
        ledger.primary_answered(tail, ms(100), ms(101));
        ledger.replica_answered(0, replica(200), ms(102));
        assert_eq!(ledger.proof(0).fresh_as_of, ms(20), "there may be a commit in it");
        ledger.primary_answered(tail, ms(701), ms(702));
        ledger.replica_answered(0, replica(200), ms(703));
        assert_eq!(ledger.proof(0).fresh_as_of, ms(701));
        let longer = Answer { flushed, ..primary(260) };
        ledger.primary_answered(longer, ms(710), ms(711));
        ledger.replica_answered(0, replica(200), ms(712));
        assert_eq!(ledger.proof(0).fresh_as_of, ms(701), "something was added to it");
        ledger.replica_answered(0, replica(260), ms(713));
        assert_eq!(ledger.proof(0).fresh_as_of, ms(710));
    }
}
