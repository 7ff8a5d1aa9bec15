//! Both directions while a client is linked to a server.

use super::control::{Signal, Waits};
use super::error;
use super::outbox::Forwarding;
use super::parting::{Parting, part};
use super::routing::Unit;
use super::task::Client;
use crate::pooler::Held;
use crate::protocol::backend::TransactionStatus;
use crate::protocol::error_response::ErrorReport;
use crate::routing::Role;
use crate::server::rescue::Leaving;
use crate::session::request::{Out, Stopped, Until};
use crate::session::unit::Plan;
use crate::session::{Clean, PoolMode};
use std::future::poll_fn;
use std::task::{Context, Poll};
use tokio::task::spawn_local;

/// Bytes that may wait to be written to one side before no more is read from the other.
const OUTGOING_MAX: usize = 64 * 1024;

/// How a link ends, for the client.
#[derive(Debug)]
pub(super) enum End {
    /// The server went back; the client is idle.
    Released,
    /// The client is gone.
    Left,
    /// The client is told why it ends.
    Told(ErrorReport),
}

/// How a link ends, for both.
enum Unlink {
    Clean(Clean),
    ClientLeft(Leaving),
    /// The client did what leaves no way on.
    ClientFault(ErrorReport),
    /// The server is gone, or cannot be understood any more.
    ServerLost(String),
    /// The client ends at this boundary.
    Ended(ErrorReport),
}

struct Relay<'c> {
    client: &'c mut Client,
    held: Held,
    mode: PoolMode,
    /// Something that later reads must see was sent to the primary.
    wrote: bool,
    /// The client's last unit has been sent in full: the next one is looked at before it follows.
    at_boundary: bool,
    /// The client's next message waits for an answer to an earlier one.
    stalled: bool,
    /// The client's next unit is for another host, or begins after a Sync of ours: it is not read
    /// before this link ends.
    on_hold: bool,
}

/// Links the client to the server and relays until the server is clean again, or one of them is
/// gone.
pub(super) async fn relay(client: &mut Client, held: Held, unit: Unit) -> End {
    let mode = client.pools.database.mode;
    let mut relay = Relay {
        client,
        held,
        mode,
        wrote: false,
        at_boundary: false,
        stalled: false,
        on_hold: false,
    };
    relay.count(unit);
    let unlink = match relay.link() {
        Ok(()) => poll_fn(|cx| relay.poll(cx)).await,
        Err(unlink) => unlink,
    };
    relay.end(unlink)
}

impl Relay<'_> {
    fn count(&mut self, unit: Unit) {
        self.wrote |= unit.writes() && self.held.pool().role == Role::Primary;
        self.held.pool().stats.sent(self.client.worker.id, unit.is_read());
    }

    /// Aligns the server, and sends what the client has already said, in one write.
    fn link(&mut self) -> Result<(), Unlink> {
        self.client.control.waits(Waits::Server, self.client.worker.tick());
        let server = &mut *self.held;
        let mut to_server = Forwarding { out: &mut server.stream.out, piece: &self.client.inbox };
        self.client.session.link(&mut server.side, &mut to_server);
        self.request()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Unlink> {
        self.client.control.watch(cx.waker());
        self.obey_cancel();
        match self.carry(cx) {
            Ok(()) => self.poll_silence(),
            Err(unlink) => Poll::Ready(unlink),
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
        match stream.poll_flush(cx) {
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
                Poll::Ready(Ok(0)) => {
                    return Err(Unlink::ServerLost("it closed the connection".to_owned()));
                }
                Poll::Ready(Err(error)) => return Err(Unlink::ServerLost(error.to_string())),
                Poll::Ready(Ok(_)) => self.reply()?,
            }
            carried = true;
            if !self.held.stream.is_ahead() {
                break;
            }
        }
        Ok(carried)
    }

    fn reply(&mut self) -> Result<(), Unlink> {
        let server = &mut *self.held;
        let client = &mut *self.client;
        let mut to_client = Forwarding { out: &mut client.stream.out, piece: &server.inbox };
        let replied = client.session.reply(
            &client.pools.shared,
            &mut server.side,
            server.inbox.bytes(),
            &mut to_client,
        );
        let consumed = replied.map_err(|fault| Unlink::ServerLost(fault.to_string()))?;
        server.inbox.advance(consumed);
        Ok(())
    }

    /// What may happen only between transactions.
    fn check_boundary(&mut self, cx: &mut Context<'_>) -> Result<(), Unlink> {
        let server = &mut *self.held;
        if self.mode == PoolMode::Statement && server.side.status() != TransactionStatus::Idle {
            return Err(Unlink::ClientFault(error::transaction_in_statement_mode()));
        }
        if self.client.session.is_mid_message() || !server.stream.out.is_empty() {
            return Ok(());
        }
        let mut to_server = Forwarding { out: &mut server.stream.out, piece: &server.inbox };
        if self.mode != PoolMode::Session && server.side.end_definitions(&mut to_server) {
            self.on_hold = true;
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

    fn carry_requests(&mut self, cx: &mut Context<'_>) -> Result<bool, Unlink> {
        let full = self.held.side.pipeline().is_full();
        if self.on_hold || full || self.held.stream.out.len() > OUTGOING_MAX {
            return Ok(false);
        }
        if self.stalled {
            let before = self.client.inbox.len();
            self.stalled = false;
            self.request()?;
            return Ok(self.client.inbox.len() < before);
        }
        let client = &mut *self.client;
        match client.stream.poll_recv(cx, &mut client.inbox) {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(0) | Err(_)) => Err(Unlink::ClientLeft(Leaving::Vanished)),
            Poll::Ready(Ok(_)) => self.request().map(|()| true),
        }
    }

    /// Sends on what the client has said: unit by unit where there is a choice of hosts.
    fn request(&mut self) -> Result<(), Unlink> {
        loop {
            if self.at_boundary && !self.may_go_on()? {
                return Ok(());
            }
            match self.request_unit()? {
                Stopped::AtEnd => return Ok(()),
                Stopped::AtUnitEnd => self.at_boundary = true,
                Stopped::Full => {
                    self.stalled = true;
                    return Ok(());
                }
                Stopped::Terminate => return Err(Unlink::ClientLeft(Leaving::Terminated)),
            }
        }
    }

    fn request_unit(&mut self) -> Result<Stopped, Unlink> {
        let client = &mut *self.client;
        let server = &mut *self.held;
        let in_transaction = server.side.status() != TransactionStatus::Idle;
        let choice = client.pools.splits() && self.mode != PoolMode::Session;
        let until = if choice && !in_transaction { Until::UnitEnd } else { Until::End };
        let piece = client.inbox.clone();
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
        drop(piece);
        let requested = requested.map_err(|violation| Unlink::ClientFault(violation.report()))?;
        client.inbox.advance(requested.consumed);
        Ok(requested.stopped)
    }

    /// Whether the client's next unit may follow on the same server. On a replica only a read
    /// may; anything else waits until this link has ended.
    fn may_go_on(&mut self) -> Result<bool, Unlink> {
        if self.held.side.status() == TransactionStatus::Idle {
            if self.client.inbox.is_empty() {
                return Ok(false);
            }
            let planned = self.client.plan();
            let (plan, unit) = planned.map_err(|_| {
                Unlink::ClientFault(error::violation("the message after this one cannot be read"))
            })?;
            let on_primary = self.held.pool().role == Role::Primary;
            match plan {
                Plan::More => return Ok(false),
                Plan::Link { .. } if on_primary || unit.is_read() => self.count(unit),
                Plan::Terminate => {}
                // What begins locally may go on with something that only the primary can run.
                Plan::Local if on_primary => {}
                Plan::Link { .. } | Plan::Local => {
                    self.on_hold = true;
                    return Ok(false);
                }
            }
        }
        self.at_boundary = false;
        Ok(true)
    }

    /// A cancel request travels beside the connection that it is about; until it has arrived, the
    /// pool gives the server to nobody else.
    fn obey_cancel(&mut self) {
        if !self.client.control.take(Signal::Cancel)
            || !self.held.pool().cancel_started(self.held.id)
        {
            return;
        }
        let (pool, id, cancel) = (self.held.pool().clone(), self.held.id, self.held.cancel.clone());
        let worker = self.client.worker.id;
        let limit = self.client.worker.clients.policy.load().cancel_wait_timeout;
        spawn_local(async move {
            if let Err(error) = Box::pin(cancel.cancel(limit)).await {
                tracing::warn!(%pool, %error, "cancel request failed");
            }
            pool.cancel_done(id, worker);
        });
    }

    /// Both sides are silent.
    fn poll_silence(&mut self) -> Poll<Unlink> {
        let side = &self.held.side;
        let in_transaction = side.status() != TransactionStatus::Idle;
        let waits = match (side.pipeline().is_empty(), in_transaction) {
            (true, true) => Waits::InTransaction,
            (true, false) => Waits::Idle,
            (false, _) => Waits::Server,
        };
        self.client.control.waits(waits, self.client.worker.tick());
        match self.client.control.take(Signal::Silence) {
            true if waits == Waits::Server => Poll::Pending,
            true if in_transaction => {
                Poll::Ready(Unlink::ClientFault(error::idle_transaction_timeout()))
            }
            true => Poll::Ready(Unlink::Ended(error::idle_timeout())),
            false => Poll::Pending,
        }
    }

    fn end(self, unlink: Unlink) -> End {
        let Relay { client, held, wrote, mode, .. } = self;
        if wrote {
            client.wrote();
        }
        let pools = &client.pools;
        let part = |held, leaving| part(Parting { pools: pools.clone(), mode }, held, leaving);
        match unlink {
            Unlink::Clean(proof) => {
                held.release(proof);
                End::Released
            }
            Unlink::ClientLeft(leaving) => {
                part(held, leaving);
                End::Left
            }
            Unlink::ClientFault(report) => {
                part(held, Leaving::Vanished);
                End::Told(report)
            }
            Unlink::Ended(report) => {
                part(held, Leaving::Terminated);
                End::Told(report)
            }
            Unlink::ServerLost(_) if held.side.has_ended() => {
                // The server has told the client itself.
                End::Left
            }
            Unlink::ServerLost(why) => {
                let host = held.pool().host.address.to_string();
                tracing::warn!(pool = %held.pool(), why, "server lost while a client used it");
                End::Told(error::server_lost(&host, &why))
            }
        }
    }
}
