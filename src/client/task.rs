//! A client that has logged in: idle, then linked, then idle again.

use super::control::{Control, Signal, Waits};
use super::error;
use super::lines::{self, Line};
use super::outbox::Forwarding;
use super::patience::Patience;
use super::receiving::Backlog;
use super::relay::{End, relay};
use super::routing::{Reading, Wanted};
use super::unit::Unit;
use super::wish::Wish;
use super::worker::{Seat, Worker};
use crate::auth::Credential;
use crate::net::{Chunk, Stream};
use crate::pooler::{Guest, Held, Pools};
use crate::protocol::error_class::ErrorClass;
use crate::protocol::error_response::{ErrorReport, Fields};
use crate::routing::freshness::Seen;
use crate::routing::{Reason, Route, Transaction, Verb};
use crate::session::Session;
use crate::session::trial::Refusal;
use crate::session::unit::Plan;
use crate::stats::histogram::micros;
use crate::stats::pool_stats::PoolPart;
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// How long a client that does not read may keep us from closing its connection.
const FAREWELL_LIMIT: Duration = Duration::from_secs(5);

/// Who a client is: needed again when its pools are looked up anew.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) user: String,
    pub(super) database: String,
    pub(super) credential: Credential,
}

/// A client but for its connection.
pub(super) struct Parts {
    pub(super) worker: Rc<Worker>,
    pub(super) pools: Arc<Pools>,
    pub(super) session: Session,
    pub(super) identity: Box<Identity>,
    pub(super) control: Rc<Control>,
    pub(super) wish: Wish,
    pub(super) seat: Seat,
}

/// A client that has logged in.
#[derive(Debug)]
pub struct Client {
    pub(super) worker: Rc<Worker>,
    pub(super) stream: Stream,
    /// What has been received and not been looked at yet.
    pub(super) inbox: Chunk,
    /// What has been received behind that.
    pub(super) backlog: Option<Box<Backlog>>,
    pub(super) session: Session,
    pub(super) pools: Arc<Pools>,
    /// The configuration that `pools` are of.
    pub(super) generation: u64,
    /// What it has seen, and must not un-see.
    pub(super) seen: Seen,
    /// The replica that its read was given to.
    pub(super) reading: Option<Reading>,
    /// Where its last unit was sent, and why.
    pub(super) route: Route,
    /// The role that it asks for.
    pub(super) wish: Wish,
    /// What it has begun, as long as no server or only a replica knows of it.
    pub(super) transaction: Option<Box<Transaction>>,
    /// Its next unit has been refused by a replica.
    pub(super) again: Option<Refusal>,
    /// The unit that is looked at is the one that a replica has refused.
    pub(super) retries: bool,
    /// What it runs on the primary may make a relation without saying so in its command tag.
    pub(super) defines: Cell<bool>,
    pub(super) control: Rc<Control>,
    pub(super) patience: Patience,
    /// How long it waits for a replica, within that.
    pub(super) hurry: Patience,
    pub(super) identity: Box<Identity>,
    /// It counts as one that uses these pools.
    pub(super) guest: Guest,
    _seat: Seat,
}

/// What an idle client does next.
#[derive(Debug)]
enum Turn {
    /// It needs a server for this.
    Unit(Unit),
    /// It asks us.
    Own,
}

/// How a client ends.
#[derive(Debug)]
pub(super) enum Farewell {
    /// It took its leave, or is gone.
    Silent,
    /// It is told why.
    Told(ErrorReport),
}

impl Client {
    pub(super) fn new(parts: Parts, stream: Stream, inbox: Chunk) -> Box<Client> {
        let Parts { worker, pools, session, identity, control, wish, seat } = parts;
        Box::new(Client {
            generation: worker.pooler.generation(),
            guest: pools.enter(),
            worker,
            stream,
            inbox,
            backlog: None,
            session,
            pools,
            seen: Seen::default(),
            reading: None,
            route: Route::primary(Reason::OnlyPrimary),
            wish,
            transaction: None,
            again: None,
            retries: false,
            defines: Cell::new(false),
            control,
            patience: Patience::default(),
            hurry: Patience::default(),
            identity,
            _seat: seat,
        })
    }

    /// Serves the client to its end.
    pub(super) async fn live(mut self: Box<Self>) {
        let control = self.control.clone();
        let farewell = loop {
            let mut unit = pin!(self.serve_unit());
            let served = poll_fn(|cx| match control.ends_now() {
                // With a server it may be in the middle of a message: the relay knows.
                Some(report) if !control.is_linked() => Poll::Ready(Err(Farewell::Told(report))),
                _ => unit.as_mut().poll(cx),
            });
            if let Err(farewell) = served.await {
                break farewell;
            }
        };
        self.worker.dismiss(&control);
        if self.worker.clients.policy.load().log_disconnections
            && let Some(left_out) = lines::pass(Line::Logout, Instant::now())
        {
            let Identity { user, database, .. } = &*self.identity;
            let why = match &farewell {
                Farewell::Silent => "client left".to_owned(),
                Farewell::Told(report) => report.to_string(),
            };
            tracing::info!(client = format!("{user}@{database}"), why, left_out, "logout");
        }
        Box::pin(self.take_leave(farewell)).await;
    }

    /// The client gets what it has been answered last, and why it ends.
    async fn take_leave(mut self: Box<Self>, farewell: Farewell) {
        let _told = self.worker.farewell();
        if let Farewell::Told(report) = farewell {
            let mut message = Vec::new();
            report.encode(&mut message);
            self.count_error(&report);
            self.stream.out.supply(&message);
        }
        let _ = tokio::time::timeout(FAREWELL_LIMIT, self.stream.close()).await;
    }

    /// Waits for a unit of work, finds a server for it, and relays until that is clean again.
    async fn serve_unit(&mut self) -> Result<(), Farewell> {
        let unit = match poll_fn(|cx| self.poll_turn(cx)).await? {
            Turn::Unit(unit) => unit,
            Turn::Own => {
                Box::pin(self.answer_own(self.session.local_status())).await;
                return Ok(());
            }
        };
        self.control.asks(Instant::now());
        self.leave_alone();
        let held = match self.try_acquire(&unit) {
            Ok(held) if !self.session.differs(&held.side) => held,
            acquired => match Box::pin(self.prepared(&unit, acquired)).await? {
                Some(held) => held,
                None => return Ok(()),
            },
        };
        let held = self.noted(held);
        let end = relay(self, held, unit).await;
        self.control.has(None);
        self.control.shows(self.session.parameters(), self.session.prepared_len());
        match end {
            End::Released | End::Elsewhere => Ok(()),
            End::Left => Err(Farewell::Silent),
            End::Told(report) => Err(Farewell::Told(report)),
        }
    }

    /// A server for the unit that must be waited for, or set as the client has it. `None` if the unit
    /// does not go there.
    async fn prepared(
        &mut self,
        unit: &Unit,
        acquired: Result<Held, Wanted>,
    ) -> Result<Option<Held>, Farewell> {
        let held = match acquired {
            Ok(held) => Some(held),
            Err(wanted) => self.wait(unit, wanted).await?,
        };
        match held {
            Some(held) if self.session.differs(&held.side) => self.aligned(held).await,
            held => Ok(held),
        }
    }

    /// Others can see which server it has. By value: what is borrowed here would be a part of the
    /// task's future as long as it is linked.
    fn noted(&self, held: Held) -> Held {
        self.control.has(Some(held.id));
        held
    }

    /// Idle: ready when the client has sent something that needs a server, or asks us.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<Turn, Farewell>> {
        self.control.watch(cx.waker());
        // What came too late to cancel anything has ended.
        drop(self.control.take_cancels());
        let turn = self.poll_next(cx);
        if turn.is_pending() {
            self.control.waits(self.waits(), &self.worker.silence);
        }
        turn
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Turn, Farewell>> {
        loop {
            if self.stream.poll_flush(cx).map_err(|_| Farewell::Silent)?.is_pending() {
                // What it has asked before it does not read: it may ask no more meanwhile.
                return self.poll_signals();
            }
            if !self.inbox.is_empty() {
                match self.plan()? {
                    (Plan::Link(_), unit) if self.claim(&unit) => {
                        self.count_claimed(&unit);
                        continue;
                    }
                    (Plan::Link(_), _) if self.has_failed() => {
                        let report = self.failure();
                        self.refuse(&report);
                        continue;
                    }
                    (Plan::Link(_), unit) => {
                        self.session.disclaim(&self.pools.shared);
                        return Poll::Ready(Ok(Turn::Unit(unit)));
                    }
                    (Plan::Own, _) => return Poll::Ready(Ok(Turn::Own)),
                    (Plan::Terminate, _) => return Poll::Ready(Err(Farewell::Silent)),
                    (Plan::Local, _) => {
                        if self.answer_locally()? {
                            continue;
                        }
                    }
                    (Plan::More, _) => {}
                }
            }
            if let Poll::Ready(ended) = self.poll_signals() {
                return Poll::Ready(ended);
            }
            match ready!(self.poll_fill(cx)) {
                Ok(0) | Err(_) => return Poll::Ready(Err(Farewell::Silent)),
                Ok(_) => self.control.speaks(),
            }
        }
    }

    fn waits(&self) -> Waits {
        if self.transaction.is_some() { Waits::InTransaction } else { Waits::Idle }
    }

    /// Refuses what is at the front of its inbox; the session lives on.
    pub(super) fn refuse(&mut self, report: &ErrorReport) {
        self.count_error(report);
        let mut to_client = Forwarding { out: &mut self.stream.out, piece: &self.inbox };
        self.session.refuse(report, self.inbox.bytes(), &mut to_client);
    }

    /// The same, with what a server has said.
    pub(super) fn refuse_as(&mut self, error: &[u8]) {
        self.counts().failed(ErrorClass::of(Fields::new(error).sqlstate()), 1);
        let mut to_client = Forwarding { out: &mut self.stream.out, piece: &self.inbox };
        self.session.refuse_as(error, self.inbox.bytes(), &mut to_client);
    }

    /// Where what needs no server is counted: in the primary's pool.
    fn counts(&self) -> &PoolPart {
        self.pools.primary.stats.of(self.worker.id)
    }

    fn count_error(&self, report: &ErrorReport) {
        self.counts().failed(ErrorClass::of(report.sqlstate.0.as_bytes()), 1);
    }

    /// It has waited for a server in vain.
    fn count_wait(&self, waited: Duration) {
        let (counts, waited) = (self.counts(), micros(waited));
        counts.wait_time.add(waited);
        counts.times().wait.record(waited);
    }

    /// A statement that is answered in its server's place is a query, and the end of a transaction
    /// that no server knows is one.
    fn count_claimed(&self, unit: &Unit) {
        let counts = self.counts();
        counts.query_count.add(1);
        counts.xact_count.add(matches!(unit.verb(), Verb::Commit | Verb::Rollback).into());
    }

    /// Says whether anything was consumed.
    pub(super) fn answer_locally(&mut self) -> Result<bool, Farewell> {
        let shown = self.stream.out.len();
        self.session.trace(self.worker.pooler.spans.is_on());
        let mut to_client = Forwarding { out: &mut self.stream.out, piece: &self.inbox };
        let consumed = self.session.local(&self.pools.shared, self.inbox.bytes(), &mut to_client);
        let consumed = consumed.map_err(|violation| Farewell::Told(violation.report()))?;
        self.inbox.advance(consumed);
        let (parses, answered) = (self.session.take_parses(), self.stream.out.len() - shown);
        self.control.shows(self.session.parameters(), self.session.prepared_len());
        let counts = self.counts();
        counts.client_parse_count.add(parses.into());
        counts.received.add(consumed as u64);
        counts.sent.add(answered as u64);
        Ok(consumed > 0)
    }

    fn poll_signals<T>(&self) -> Poll<Result<T, Farewell>> {
        if self.control.is_asked(Signal::Drain) {
            return Poll::Ready(Err(Farewell::Told(error::shutdown())));
        }
        if self.control.take(Signal::Silence) {
            let report = match self.waits() {
                Waits::InTransaction => error::idle_transaction_timeout(),
                _ => error::idle_timeout(),
            };
            return Poll::Ready(Err(Farewell::Told(report)));
        }
        Poll::Pending
    }

    /// Waits for a server. `None` if the unit was refused instead: the session lives on.
    async fn wait(&mut self, unit: &Unit, wanted: Wanted) -> Result<Option<Held>, Farewell> {
        self.control.waits(Waits::Server, &self.worker.silence);
        let since = Instant::now();
        let waited = super::waiting::wait(self, unit, wanted).await;
        if !matches!(waited, Ok(Ok(_))) {
            self.count_wait(since.elapsed());
        }
        match waited? {
            Ok(mut held) => {
                held.stopwatch.waited_since(since);
                Ok(Some(held))
            }
            Err(report) if report.is_fatal() => Err(Farewell::Told(report)),
            Err(report) => {
                tracing::debug!(error = %report, "unit refused");
                self.record_refused(&report, since.elapsed());
                self.forget_unbegun();
                self.refuse(&report);
                Ok(None)
            }
        }
    }
}
