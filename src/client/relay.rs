//! Both directions while a client is linked to a server.
//!
//! * `replies`: what a server answers, and what of it the client gets.
//! * `measure`: counting what goes by.
//! * `trace`: a span for what is recorded of it.
//! * `gate`: whether the client's next unit goes to the same server.
//! * `silent`: what others see while neither side says anything, and for how long that may be.
//! * `cancel`: the client's request to cancel what the server runs.
//! * `end`: what becomes of the client and the server when the link ends.

mod cancel;
mod end;
mod gate;
mod measure;
mod replies;
mod silent;
mod trace;

use gate::{Gate, Halt};
use measure::Watched;

use super::control::{Signal, Waits};
use super::error;
use super::outbox::Forwarding;
use super::routing::Footprint;
use super::task::Client;
use super::trial::Trial;
use super::unit::Unit;
use crate::pooler::Held;
use crate::protocol::backend::TransactionStatus;
use crate::protocol::error_response::ErrorReport;
use crate::routing::Role;
use crate::server::rescue::Leaving;
use crate::session::request::{Out, Stopped, Until};
use crate::session::trial::Refusal;
use crate::session::{Clean, PoolMode};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Instant;

/// Bytes that may wait to be written to one side before no more is read from the other.
const OUTGOING_MAX: usize = 64 * 1024;

/// How a link ends, for the client.
#[derive(Debug)]
pub(super) enum End {
    /// The server went back; the client is idle.
    Released,
    /// The client has no server any more, and what it has sent goes to another.
    Elsewhere,
    /// The client is gone.
    Left,
    /// The client is told why it ends.
    Told(ErrorReport),
}

/// How a link ends, for both.
enum Unlink {
    Clean(Clean),
    /// The next unit belongs on the primary, and the transaction goes there with it.
    Moves,
    /// The replica has not answered, and the primary will.
    Again(Refusal),
    /// The next unit belongs on the primary, and the transaction cannot go there.
    Bound,
    /// We have told the client that its transaction has failed.
    Fails,
    ClientLeft(Leaving),
    /// The client did what leaves no way on.
    ClientFault(ErrorReport),
    /// The server is gone, or cannot be understood any more.
    ServerLost(String),
    /// The client ends at this boundary.
    Ended(ErrorReport),
    /// The client ends now, wherever it is.
    Killed(ErrorReport),
}

struct Relay<'c> {
    client: &'c mut Client,
    held: Held,
    mode: PoolMode,
    /// What the units that were sent mean for later reads.
    footprint: Footprint,
    /// What becomes of the client's next bytes.
    gate: Gate,
    /// What a replica may still refuse.
    trial: Option<Trial>,
    /// The number of the reason for which the last unit was sent here.
    reason: u8,
    /// A replica has refused that unit.
    retried: bool,
    /// Who wants to know what is executed.
    watched: Watched,
}

/// Links the client to the server and relays until the server is clean again, or one of them is
/// gone.
pub(super) async fn relay(client: &mut Client, held: Held, unit: Unit) -> End {
    let mode = client.pools.database.mode;
    let mut relay = Relay {
        client,
        held,
        mode,
        footprint: Footprint::default(),
        gate: Gate::Open,
        trial: None,
        reason: 0,
        retried: false,
        watched: Watched::default(),
    };
    relay.begin_counting();
    let unlink = match relay.link(unit) {
        Ok(()) => relay.run().await,
        Err(unlink) => unlink,
    };
    relay.end(unlink)
}

impl Relay<'_> {
    /// A unit is sent to the server.
    fn count(&mut self, unit: &Unit) {
        self.footprint.add(unit);
        self.client.count_route(unit);
        self.reason = self.client.route.reason as u8;
        self.retried = std::mem::take(&mut self.client.retries);
        self.held.pool().stats.sent(self.client.worker.id, unit.is_read());
        if let Some(transaction) = &mut self.client.transaction {
            transaction.said(unit.step());
        }
    }

    /// Aligns the server, begins the client's transaction, and sends what it has already said, all
    /// in one write.
    fn link(&mut self, unit: Unit) -> Result<(), Unlink> {
        self.client.control.waits(Waits::Server, &self.client.worker.silence);
        self.client.control.keeps(None, self.held.side.prepared_len());
        let opening = self.client.opening(self.held.pool().role);
        if opening.is_some() {
            self.footprint.begin();
        }
        self.count(&unit);
        if self.held.pool().role == Role::Replica {
            self.trial = self.client.is_on_trial(&unit).then(Trial::default);
        }
        drop(unit);
        let server = &mut *self.held;
        let mut to_server = Forwarding { out: &mut server.stream.out, piece: &self.client.inbox };
        self.client.session.link(&mut server.side, opening.as_deref(), &mut to_server);
        if self.client.transaction.is_some() {
            self.client.session.begins_on(&mut server.side);
        }
        self.request().map(drop)
    }

    /// Relays to the end of the link. What the client asks of us meanwhile is answered in between.
    async fn run(&mut self) -> Unlink {
        loop {
            if let Some(unlink) = poll_fn(|cx| self.poll(cx)).await {
                return unlink;
            }
            if let Some(report) = Box::pin(self.answer_own()).await {
                return Unlink::Killed(report);
            }
            self.close_gate();
            if self.has_failed_here() {
                return Unlink::Fails;
            }
            if let Err(unlink) = self.request() {
                return unlink;
            }
        }
    }

    /// Answers what the client asks of us, unless it is to end.
    async fn answer_own(&mut self) -> Option<ErrorReport> {
        let (status, control) = (self.held.side.status(), self.client.control.clone());
        let mut answered = pin!(self.client.answer_own(status));
        poll_fn(|cx| match control.ends_now() {
            Some(report) => Poll::Ready(Some(report)),
            None => answered.as_mut().poll(cx).map(|()| None),
        })
        .await
    }

    /// Ready when the link ends, or, with none, when the client asks something of us.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Unlink>> {
        self.client.control.watch(cx.waker());
        if let Some(report) = self.client.control.ends_now() {
            return Poll::Ready(Some(Unlink::Killed(report)));
        }
        self.obey_cancel();
        match self.carry(cx) {
            Ok(()) if self.gate == Gate::Asked => Poll::Ready(None),
            Ok(()) => self.poll_silence().map(Some),
            Err(unlink) => Poll::Ready(Some(unlink)),
        }
    }

    /// Carries bytes both ways until neither side has any, or neither takes any.
    fn carry(&mut self, cx: &mut Context<'_>) -> Result<(), Unlink> {
        loop {
            let from_server = self.carry_replies(cx)?;
            let client_took = self.flush_client(cx)?;
            self.check_boundary(cx)?;
            let from_client = self.carry_requests(cx)?;
            let server_took = self.flush_server(cx)?;
            if !(from_server || client_took || from_client || server_took) {
                return Ok(());
            }
        }
    }

    /// Says whether the client has made room for more, so that its server is read again.
    fn flush_client(&mut self, cx: &mut Context<'_>) -> Result<bool, Unlink> {
        let stream = &mut self.client.stream;
        let was_full = stream.out.len() > OUTGOING_MAX;
        let flushed = stream.poll_flush(cx);
        self.held.stopwatch.stick(flushed.is_pending(), Instant::now);
        match flushed {
            Poll::Ready(Err(_)) if self.gate == Gate::Leaving => {
                Err(Unlink::ClientLeft(Leaving::Terminated))
            }
            Poll::Ready(Err(_)) => Err(Unlink::ClientLeft(Leaving::Vanished)),
            _ => Ok(was_full && stream.out.len() <= OUTGOING_MAX),
        }
    }

    /// Says whether the server has made room for more, so that its client is read again.
    fn flush_server(&mut self, cx: &mut Context<'_>) -> Result<bool, Unlink> {
        let stream = &mut self.held.stream;
        let was_full = stream.out.len() > OUTGOING_MAX;
        match stream.poll_flush(cx) {
            Poll::Ready(Err(error)) => Err(Unlink::ServerLost(error.to_string())),
            _ => Ok(was_full && stream.out.len() <= OUTGOING_MAX),
        }
    }

    /// What is there already goes on together: one write for all of it.
    fn carry_replies(&mut self, cx: &mut Context<'_>) -> Result<bool, Unlink> {
        let mut carried = false;
        while self.client.stream.out.len() <= OUTGOING_MAX {
            let server = &mut *self.held;
            match server.stream.poll_recv(cx, &mut server.inbox) {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => return Err(self.lost("it closed the connection".to_owned())),
                Poll::Ready(Err(error)) => return Err(self.lost(error.to_string())),
                Poll::Ready(Ok(_)) => self.replies()?,
            }
            carried = true;
            if !self.held.stream.is_ahead() {
                break;
            }
        }
        Ok(carried)
    }

    /// What may happen only between transactions.
    fn check_boundary(&mut self, cx: &mut Context<'_>) -> Result<(), Unlink> {
        let server = &mut *self.held;
        if self.mode == PoolMode::Statement && server.side.status() != TransactionStatus::Idle {
            return Err(Unlink::ClientFault(error::transaction_in_statement_mode()));
        }
        let mut to_server = Forwarding { out: &mut server.stream.out, piece: &server.inbox };
        let (shared, keeps) = (&self.client.pools.shared, self.mode == PoolMode::Session);
        if self.client.session.settle(shared, &mut server.side, keeps, &mut to_server) {
            return Ok(());
        }
        if self.client.session.is_mid_message() || !server.stream.out.is_empty() {
            return Ok(());
        }
        let mut to_server = Forwarding { out: &mut server.stream.out, piece: &server.inbox };
        let tracked = self.client.transaction.is_some();
        if !keeps && server.side.end_definitions(tracked, &mut to_server) {
            self.gate = Gate::Settling;
            return Ok(());
        }
        let Some(clean) = server.side.clean() else { return Ok(()) };
        // A server can answer before all that it was sent is known to have arrived.
        match server.stream.poll_sent(cx) {
            Poll::Pending => return Ok(()),
            Poll::Ready(Err(error)) => return Err(Unlink::ServerLost(error.to_string())),
            Poll::Ready(Ok(())) => {}
        }
        if self.mode != PoolMode::Session {
            return Err(Unlink::Clean(clean));
        }
        if self.client.control.is_asked(Signal::Drain) {
            return Err(Unlink::Ended(error::shutdown()));
        }
        Ok(())
    }

    /// What has come already goes first: it may have waited for the server, or for room. Says whether any
    /// of the client's bytes have moved.
    fn carry_requests(&mut self, cx: &mut Context<'_>) -> Result<bool, Unlink> {
        let full = self.held.side.pipeline().is_full();
        if full || self.held.stream.out.len() > OUTGOING_MAX {
            return Ok(false);
        }
        let before = self.client.inbox.len();
        if before > 0 || self.gate == Gate::Settling {
            let halt = self.request()?;
            if self.client.inbox.len() < before {
                return Ok(true);
            }
            if halt == Halt::ForServer || self.client.inbox.is_full() {
                return Ok(false);
            }
        }
        match self.client.poll_fill(cx) {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(0) | Err(_)) => Err(Unlink::ClientLeft(Leaving::Vanished)),
            Poll::Ready(Ok(_)) => {
                self.client.control.speaks();
                self.request().map(|_| true)
            }
        }
    }

    /// Sends on what the client has said: unit by unit where there is a choice of hosts.
    fn request(&mut self) -> Result<Halt, Unlink> {
        loop {
            if let Some(halt) = self.pass_gate()? {
                return Ok(halt);
            }
            let before = self.client.inbox.len();
            let stopped = self.request_unit()?;
            if self.client.inbox.len() < before {
                self.close_gate();
            }
            match stopped {
                Stopped::AtEnd => return Ok(Halt::ForClient),
                Stopped::AtUnitEnd => {}
                Stopped::Full => return Ok(Halt::ForServer),
                Stopped::Own => {
                    self.gate = Gate::Asked;
                    return Ok(Halt::ForServer);
                }
                Stopped::Terminate => self.gate = Gate::Leaving,
            }
        }
    }

    fn request_unit(&mut self) -> Result<Stopped, Unlink> {
        self.leave_alone();
        let choice = self.has_choice();
        let client = &mut *self.client;
        let server = &mut *self.held;
        let in_transaction = server.side.status() != TransactionStatus::Idle;
        let looks = !in_transaction || client.transaction.is_some();
        let until = if choice && looks { Until::UnitEnd } else { Until::End };
        let piece = client.inbox.clone();
        let shown = client.stream.out.len();
        let requested = client.session.request(
            &client.pools.shared,
            &mut server.side,
            piece.bytes(),
            until,
            &mut Out {
                server: &mut Forwarding { out: &mut server.stream.out, piece: &piece },
                client: &mut Forwarding { out: &mut client.stream.out, piece: &piece },
            },
        );
        let requested = requested.map_err(|violation| Unlink::ClientFault(violation.report()))?;
        client.inbox.advance(requested.consumed);
        let answered = client.stream.out.len() - shown;
        self.count_request(&piece, requested.consumed, answered);
        if let Some(trial) = &mut self.trial {
            let ends = requested.stopped == Stopped::AtUnitEnd;
            trial.sent(piece.slice(0..requested.consumed), ends);
        }
        Ok(requested.stopped)
    }
}
