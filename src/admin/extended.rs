//! The extended query protocol: statements and portals with names.

use super::answer::{Fields, announced};
use super::error::{self, wire};
use super::prepared::{Prepared, Reading};
use super::session::{Session, respond, revive};
use super::sql::parameters;
use async_trait::async_trait;
use futures::{Sink, SinkExt};
use pgwire::api::portal::{Format, Portal};
use pgwire::api::query::{ExtendedQueryHandler, send_ready_for_query};
use pgwire::api::results::{
    DescribePortalResponse, DescribeResponse, DescribeStatementResponse, Response,
};
use pgwire::api::stmt::{QueryParser, StoredStatement};
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore, DEFAULT_NAME, Type};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::extendedquery::{
    Bind, BindComplete, Close, CloseComplete, Execute, Parse, ParseComplete, Sync as SyncMessage,
};
use pgwire::messages::response::TransactionStatus;
use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;

/// Named statements, and portals, of one client: tools have a handful.
const NAMES_MAX: usize = 1_000;

/// The names that a client has given.
#[derive(Debug, Default)]
pub(super) struct Names {
    statements: HashSet<String>,
    portals: HashSet<String>,
    /// The transaction of the portals has ended.
    over: bool,
}

impl Session {
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

    async fn on_execute<C>(&self, client: &mut C, message: Execute) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Self::Statement>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let portal =
            client.portal_store().get_portal(message.name.as_deref().unwrap_or(DEFAULT_NAME));
        let statement = portal.and_then(|portal| portal.statement.statement.statement.clone());
        revive(client, statement.as_ref());
        self._on_execute(client, message).await
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
        let types = target.statement.parameters.clone();
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
