//! Setting a server as its client has it, before anything of the client's goes there.
//!
//! A statement must never run with what another client has set, so an alignment that may fail is
//! waited for. If it fails, nothing of it was done: the server goes back, and the client gets the error.

use super::control::Signal;
use super::error;
use super::outbox::Forwarding;
use super::task::{Client, Farewell};
use crate::net::Chunk;
use crate::pooler::{Held, Pools};
use crate::protocol::backend::NOTICE_RESPONSE;
use crate::protocol::error_response::Fields;
use crate::protocol::frame::Frames;
use crate::routing::Role;
use crate::session::outbox::Nowhere;
use crate::session::trial::Refusal;
use crate::session::{Parameters, Session, Shared};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

/// PostgreSQL's code of the notice that a name was cut.
const NAME_TOO_LONG: &[u8] = b"42622";

/// Why a server is not aligned.
#[derive(Debug)]
pub(super) enum Unaligned {
    /// It has refused a parameter, with this body of an `ErrorResponse`; it has gone back.
    Refused(Box<[u8]>),
    /// It is lost: why.
    Lost(String),
}

/// A server on which everything is set as it was wanted.
#[derive(Debug)]
pub(super) struct Aligned {
    pub(super) held: Held,
    /// The notices of names that were cut, as a client would get them at its login.
    pub(super) notices: Vec<u8>,
}

/// Has the server set `wanted`, and waits until it has: as long as its login might take, after which
/// it counts as lost.
pub(super) async fn align(
    held: Held,
    wanted: Parameters,
    pools: Arc<Pools>,
) -> Result<Aligned, Unaligned> {
    let limit = pools.database.login.connect_timeout;
    let late =
        || Unaligned::Lost(format!("it did not set the session's parameters within {limit:?}"));
    let asked = ask(held, wanted, &pools.shared);
    tokio::time::timeout(limit, asked).await.unwrap_or_else(|_| Err(late()))
}

async fn ask(mut held: Held, wanted: Parameters, shared: &Shared) -> Result<Aligned, Unaligned> {
    let mut session = Session::new(wanted, false);
    let mut notices = Vec::new();
    let server = &mut *held;
    let mut to_server = Forwarding { out: &mut server.stream.out, piece: &Chunk::default() };
    session.link(&mut server.side, None, &mut to_server);
    server.stream.flush().await.map_err(|why| lost(&why))?;
    while !server.side.pipeline().is_empty() {
        if server.stream.recv(&mut server.inbox).await.map_err(|why| lost(&why))? == 0 {
            return Err(Unaligned::Lost("it closed the connection".to_owned()));
        }
        let replied = session.reply(shared, &mut server.side, server.inbox.bytes(), &mut Nowhere);
        let consumed = replied.map_err(|why| lost(&why))?;
        note_cut_names(&server.inbox.bytes()[..consumed], &mut notices);
        server.inbox.advance(consumed);
    }
    match held.side.take_refusal() {
        None => Ok(Aligned { held, notices }),
        Some(error) => {
            held.give_back();
            Err(Unaligned::Refused(error))
        }
    }
}

fn lost(why: &impl ToString) -> Unaligned {
    Unaligned::Lost(why.to_string())
}

fn note_cut_names(bytes: &[u8], notices: &mut Vec<u8>) {
    let mut frames = Frames::new(bytes);
    let mut at = 0;
    while let Ok(Some(frame)) = frames.next_frame() {
        let is_notice = frame.tag == NOTICE_RESPONSE;
        if is_notice && Fields::new(frame.body()).sqlstate() == NAME_TOO_LONG {
            notices.extend_from_slice(&bytes[at..frames.position()]);
        }
        at = frames.position();
    }
}

impl Client {
    /// The server, with everything set as the client has it. `None` if the unit was refused instead,
    /// or goes to the primary.
    pub(super) async fn aligned(&mut self, held: Held) -> Result<Option<Held>, Farewell> {
        let pool = held.pool().clone();
        let (wanted, pools) = (self.session.parameters().clone(), self.pools.clone());
        let mut aligning = pin!(align(held, wanted, pools));
        let aligned = poll_fn(|cx| self.poll_beside(cx, aligning.as_mut())).await?;
        let may_go_elsewhere = pool.role == Role::Replica && !self.is_forced();
        match aligned {
            Some(Ok(aligned)) => return Ok(Some(aligned.held)),
            Some(Err(_)) if may_go_elsewhere => self.run_on_primary(Refusal::Now),
            Some(Err(Unaligned::Refused(error))) => {
                tracing::debug!(%pool, "a client's parameters were refused");
                self.forget_unbegun();
                self.refuse_as(&error);
            }
            None => {
                self.forget_unbegun();
                self.refuse(&error::cancelled());
            }
            Some(Err(Unaligned::Lost(why))) => {
                let host = pool.host.address.to_string();
                return Err(Farewell::Told(error::server_lost(&host, &why)));
            }
        }
        Ok(None)
    }

    /// What its server is asked to do, while the client may send more, and may go; nothing if it
    /// cancels.
    fn poll_beside<F: Future>(
        &mut self,
        cx: &mut Context<'_>,
        work: Pin<&mut F>,
    ) -> Poll<Result<Option<F::Output>, Farewell>> {
        self.control.watch(cx.waker());
        if let Poll::Ready(output) = work.poll(cx) {
            return Poll::Ready(Ok(Some(output)));
        }
        if self.control.take_cancels().is_some() {
            return Poll::Ready(Ok(None));
        }
        if self.control.is_asked(Signal::Drain) {
            return Poll::Ready(Err(Farewell::Told(error::shutdown())));
        }
        while !self.inbox.is_full() {
            match self.poll_fill(cx) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Err(Farewell::Silent)),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => break,
            }
        }
        Poll::Pending
    }
}
