//! One console client, served by pgwire over a pipe whose other end its worker has.
//!
//! The login is over when this begins. pgwire has the messages, the order in which they may come,
//! and the store of statements and portals; here is what it asks for.

use super::access::Right;
use super::answer::{Fields, announced};
use super::console::Console;
use super::error::{self, info, wire};
use super::prepared::{Prepared, Reading};
use super::running::{Asker, Outcome};
use super::sql::parameters;
use super::statement::Statement;
use super::text::statements;
use crate::pooler::Who;
use async_trait::async_trait;
use bytes::BytesMut;
use futures::{Sink, SinkExt, StreamExt};
use parking_lot::Mutex;
use pgwire::api::portal::{Format, Portal};
use pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler, send_ready_for_query};
use pgwire::api::results::{
    DescribePortalResponse, DescribeResponse, DescribeStatementResponse, Response, Tag,
};
use pgwire::api::stmt::{QueryParser, StoredStatement};
use pgwire::api::store::PortalStore;
use pgwire::api::{
    ClientInfo, ClientPortalStore, DEFAULT_NAME, DefaultClient, NoopHandler, PgWireConnectionState,
    Type,
};
use pgwire::error::{ErrorInfo, PgWireError, PgWireResult};
use pgwire::messages::extendedquery::{
    Bind, BindComplete, Close, CloseComplete, Parse, ParseComplete, Sync as SyncMessage,
};
use pgwire::messages::response::{NoticeResponse, TransactionStatus};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};
use pgwire::tokio::server::{PgWireMessageServerCodec, process_error, process_message};
use std::collections::HashSet;
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::DuplexStream;
use tokio::sync::Notify;
use tokio_util::codec::{Decoder, Framed};

/// Statements of one text. Their results are held until all have run.
const STATEMENTS_MAX: usize = 100;

/// Rows that the results of one text may have before a further statement of it is begun.
const ROWS_MAX: usize = 100_000;

/// Named statements, and portals, of one client: tools have a handful.
const NAMES_MAX: usize = 1_000;

/// What pgwire asks.
#[derive(Debug)]
struct Session {
    asker: Asker,
    names: Mutex<Names>,
}

#[derive(Debug, Default)]
struct Names {
    statements: HashSet<String>,
    portals: HashSet<String>,
    /// The transaction of the portals has ended.
    over: bool,
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
    let asker = Asker { console, right, user: who.user.clone(), cancel };
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

/// What pgwire sends for it; notices go ahead.
async fn respond<C>(client: &mut C, outcome: Outcome, formats: &Format) -> PgWireResult<Response>
where
    C: Sink<PgWireBackendMessage> + Unpin + Send,
    PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
{
    Ok(match outcome {
        Outcome::Rows(answer) => answer.response(formats).map_err(wire)?,
        Outcome::Done(tag, notices) => {
            say(client, notices).await?;
            Response::Execution(Tag::new(&tag))
        }
        Outcome::Begun => Response::TransactionStart(Tag::new("BEGIN")),
        Outcome::Ended(tag) => Response::TransactionEnd(Tag::new(tag)),
    })
}

#[async_trait]
impl SimpleQueryHandler for Session {
    async fn do_query<C>(&self, client: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let texts = statements(query);
        if texts.is_empty() {
            return Ok(vec![Response::EmptyQuery]);
        }
        if texts.len() > STATEMENTS_MAX {
            let what = format!("more than {STATEMENTS_MAX} statements in one text");
            return Err(wire(error::limit(&what)));
        }
        let mut responses = Vec::new();
        let mut rows = 0;
        for text in texts {
            // What ran before an error has run, and is told: nothing here is a transaction.
            match self.run_text(text, &mut rows).await {
                Ok(outcome) => {
                    responses.push(respond(client, outcome, &Format::UnifiedText).await?);
                }
                Err(report) => {
                    responses.push(Response::Error(Box::new(info(report))));
                    break;
                }
            }
        }
        Ok(responses)
    }
}

impl Session {
    /// `rows` counts those of the whole text.
    async fn run_text(
        &self,
        text: &str,
        rows: &mut usize,
    ) -> Result<Outcome, crate::protocol::error_response::ErrorReport> {
        if *rows > ROWS_MAX {
            let what = format!("the results of this text have more than {ROWS_MAX} rows already");
            return Err(error::limit(&what));
        }
        let statement = Statement::parse(text)?;
        let outcome = self.asker.run(&statement, &[], None).await?;
        if let Outcome::Rows(answer) = &outcome {
            *rows += answer.rows.len();
        }
        Ok(outcome)
    }

    /// Describes a statement once; what was said is kept to when it runs.
    async fn described(&self, prepared: &Prepared) -> PgWireResult<Option<Fields>> {
        if let Some(fields) = prepared.described.get() {
            return Ok(Some(fields.clone()));
        }
        let Some(statement) = &prepared.statement else { return Ok(None) };
        let fields = self.asker.describe(statement).await.map_err(wire)?;
        Ok(fields.map(|fields| prepared.described.get_or_init(|| fields).clone()))
    }
}

#[async_trait]
impl ExtendedQueryHandler for Session {
    type Statement = Arc<Prepared>;
    type QueryParser = Reading;

    fn query_parser(&self) -> Arc<Self::QueryParser> {
        Arc::new(Reading)
    }

    async fn on_parse<C>(&self, client: &mut C, message: Parse) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Self::Statement>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        if let Some(name) = &message.name {
            count(&mut self.names.lock().statements, name, "prepared statements")?;
        }
        let types = message.type_oids.iter().map(|oid| Type::from_oid(*oid)).collect::<Vec<_>>();
        let statement = self.query_parser().parse_sql(client, &message.query, &types).await?;
        let name = message.name.unwrap_or_else(|| DEFAULT_NAME.to_owned());
        let stored = StoredStatement::new(name, statement, types);
        client.portal_store().put_statement(Arc::new(stored));
        let complete = ParseComplete::new();
        client.feed(PgWireBackendMessage::ParseComplete(complete)).await?;
        Ok(())
    }

    async fn on_bind<C>(&self, client: &mut C, message: Bind) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Self::Statement>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let name = message.statement_name.as_deref().unwrap_or(DEFAULT_NAME);
        let Some(statement) = client.portal_store().get_statement(name) else {
            return Err(PgWireError::StatementNotFound(name.to_owned()));
        };
        if std::mem::take(&mut self.names.lock().over) {
            let portals = std::mem::take(&mut self.names.lock().portals);
            portals.iter().for_each(|name| client.portal_store().rm_portal(name));
        }
        if let Some(name) = &message.portal_name {
            count(&mut self.names.lock().portals, name, "portals")?;
        }
        let portal = Portal::try_new(&message, statement)?;
        client.portal_store().put_portal(Arc::new(portal));
        let complete = BindComplete::new();
        client.feed(PgWireBackendMessage::BindComplete(complete)).await?;
        Ok(())
    }

    async fn on_close<C>(&self, client: &mut C, message: Close) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Self::Statement>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let name = message.name.as_deref().unwrap_or(DEFAULT_NAME);
        if message.target_type == b'S' {
            self.names.lock().statements.remove(name);
            client.portal_store().rm_statement(name);
        } else {
            self.names.lock().portals.remove(name);
            client.portal_store().rm_portal(name);
        }
        let complete = CloseComplete::new();
        client.feed(PgWireBackendMessage::CloseComplete(complete)).await?;
        Ok(())
    }

    /// Portals end with their transaction, and outside of one with the Sync; the next Bind drops
    /// them.
    async fn on_sync<C>(&self, client: &mut C, _: SyncMessage) -> PgWireResult<()>
    where
        C: ClientInfo + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let status = client.transaction_status();
        self.names.lock().over |= status == TransactionStatus::Idle;
        send_ready_for_query(client, status).await
    }

    async fn do_describe_statement<C>(
        &self,
        _: &mut C,
        target: &StoredStatement<Self::Statement>,
    ) -> PgWireResult<DescribeStatementResponse>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Self::Statement>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let count = match &target.statement.statement {
            Some(Statement::Select(text)) => parameters::count(text),
            _ => 0,
        };
        let types = parameters::types(count, &target.parameter_types);
        match self.described(&target.statement).await? {
            Some(fields) => {
                let infos = announced(&fields, &Format::UnifiedText).map_err(wire)?;
                Ok(DescribeStatementResponse::new(types, infos))
            }
            None => Ok(DescribeStatementResponse::no_data()),
        }
    }

    async fn do_describe_portal<C>(
        &self,
        _: &mut C,
        target: &Portal<Self::Statement>,
    ) -> PgWireResult<DescribePortalResponse>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Self::Statement>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        match self.described(&target.statement.statement).await? {
            Some(fields) => {
                let infos = announced(&fields, &target.result_column_format).map_err(wire)?;
                Ok(DescribePortalResponse::new(infos))
            }
            None => Ok(DescribePortalResponse::no_data()),
        }
    }

    async fn do_query<C>(
        &self,
        client: &mut C,
        portal: &Portal<Self::Statement>,
        _: usize,
    ) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Self::Statement>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let prepared = &portal.statement.statement;
        let Some(statement) = &prepared.statement else { return Ok(Response::EmptyQuery) };
        let values = parameters::values(portal).map_err(wire)?;
        let outcome = self.asker.run(statement, &values, prepared.described.get()).await;
        respond(client, outcome.map_err(wire)?, &portal.result_column_format).await
    }
}

/// Counts a name that the client gives.
fn count(names: &mut HashSet<String>, name: &str, what: &str) -> PgWireResult<()> {
    if names.len() >= NAMES_MAX && !names.contains(name) {
        return Err(wire(error::limit(&format!("more than {NAMES_MAX} {what}"))));
    }
    names.insert(name.to_owned());
    Ok(())
}
