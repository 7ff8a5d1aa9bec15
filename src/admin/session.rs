//! One console client, served by pgwire over a pipe whose other end its worker has.
//!
//! The login is over when this begins. pgwire has the messages, the order in which they may come,
//! and the store of statements and portals; what it asks for is in [`simple`](super::simple) and
//! [`extended`](super::extended).

use super::access::Right;
use super::console::Console;
use super::error::{self, wire};
use super::extended::Names;
use super::prepared::Prepared;
use super::running::{Asker, Outcome};
use super::statement::Statement;
use crate::pooler::Who;
use async_trait::async_trait;
use bytes::BytesMut;
use futures::{Sink, SinkExt, StreamExt};
use parking_lot::Mutex;
use pgwire::api::portal::Format;
use pgwire::api::results::{Response, Tag};
use pgwire::api::{ClientInfo, DefaultClient, NoopHandler, PgWireConnectionState};
use pgwire::error::{ErrorInfo, PgWireError, PgWireResult};
use pgwire::messages::response::{NoticeResponse, TransactionStatus};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};
use pgwire::tokio::server::{PgWireMessageServerCodec, process_error, process_message};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::DuplexStream;
use tokio::sync::Notify;
use tokio_util::codec::{Decoder, Framed};

/// What pgwire asks.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) asker: Asker,
    pub(super) names: Mutex<Names>,
}

type Socket = Framed<DuplexStream, PgWireMessageServerCodec<Arc<Prepared>>>;

/// Serves a client until it leaves.
pub(super) async fn serve(
    pipe: DuplexStream,
    console: Arc<Console>,
    who: Arc<Who>,
    right: Right,
    cancel: Arc<Notify>,
) {
    let asker = Asker { console, right, who: who.clone(), cancel };
    let session = Arc::new(Session { asker, names: Mutex::default() });
    let mut socket = socket(pipe, &who);
    while let Some(Ok(message)) = socket.next().await {
        if matches!(message, PgWireFrontendMessage::Terminate(_)) {
            return;
        }
        let extended = message.is_extended_query();
        let nothing = Arc::new(NoopHandler);
        let processed = process_message(
            message,
            &mut socket,
            nothing.clone(),
            session.clone(),
            session.clone(),
            nothing.clone(),
            Arc::new(NoCancel),
        );
        if let Err(error) = processed.await
            && process_error(&mut socket, error, extended).await.is_err()
        {
            return;
        }
    }
}

/// Cancel requests come over connections of their own, and are not pgwire's to see.
struct NoCancel;

#[async_trait]
impl pgwire::api::cancel::CancelHandler for NoCancel {
    async fn on_cancel_request(&self, _: pgwire::messages::cancel::CancelRequest) {}
}

fn socket(pipe: DuplexStream, who: &Who) -> Socket {
    let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let mut client = DefaultClient::new(who.peer.unwrap_or(nowhere), who.tls.is_some());
    client.state = PgWireConnectionState::AwaitingStartup;
    let mut codec = PgWireMessageServerCodec::new(client);
    // The codec waits for a request for TLS until it has looked for a startup packet once.
    let _ = codec.decode(&mut BytesMut::new());
    codec.client_info.state = PgWireConnectionState::ReadyForQuery;
    Framed::new(pipe, codec)
}

fn notice(text: String) -> PgWireBackendMessage {
    let info = ErrorInfo::new("NOTICE".into(), "00000".into(), text);
    PgWireBackendMessage::NoticeResponse(NoticeResponse::from(info))
}

async fn say<C>(client: &mut C, notices: Vec<String>) -> PgWireResult<()>
where
    C: Sink<PgWireBackendMessage> + Unpin + Send,
    PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
{
    for text in notices {
        client.feed(notice(text)).await?;
    }
    Ok(())
}

/// A transaction that has failed goes on where it goes back to a savepoint: to be said before
/// pgwire looks at its status.
pub(super) fn revive<C: ClientInfo>(client: &mut C, statement: Option<&Statement>) {
    let goes_back = matches!(statement, Some(Statement::Back));
    if goes_back && client.transaction_status() == TransactionStatus::Error {
        client.set_transaction_status(TransactionStatus::Transaction);
    }
}

/// What pgwire sends for it; notices go ahead.
pub(super) async fn respond<C>(
    client: &mut C,
    outcome: Outcome,
    formats: &Format,
) -> PgWireResult<Response>
where
    C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send,
    PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
{
    let status = client.transaction_status();
    Ok(match outcome {
        Outcome::Rows(answer) => answer.response(formats).map_err(wire)?,
        Outcome::Done(tag, notices) => {
            say(client, notices).await?;
            Response::Execution(Tag::new(&tag))
        }
        Outcome::Begun => Response::TransactionStart(Tag::new("BEGIN")),
        Outcome::Ended(_) if status == TransactionStatus::Error => {
            Response::TransactionEnd(Tag::new("ROLLBACK"))
        }
        Outcome::Ended(tag) => Response::TransactionEnd(Tag::new(tag)),
        Outcome::WentBack if status == TransactionStatus::Idle => {
            return Err(wire(error::no_transaction()));
        }
        Outcome::WentBack => Response::Execution(Tag::new("ROLLBACK")),
    })
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
