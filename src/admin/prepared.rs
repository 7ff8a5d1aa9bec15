//! What is kept of a text that a client has prepared.

use super::answer::Fields;
use super::error::{self, wire};
use super::statement::Statement;
use super::text::statements;
use async_trait::async_trait;
use pgwire::api::stmt::QueryParser;
use pgwire::api::{ClientInfo, Type};
use pgwire::error::PgWireResult;
use std::sync::{Arc, OnceLock};

/// A text that the client has prepared, and what it was told of its columns.
#[derive(Debug)]
pub struct Prepared {
    pub(super) statement: Option<Statement>,
    pub(super) described: OnceLock<Fields>,
}

/// What pgwire keeps for a client's Parse.
#[derive(Debug)]
pub(super) struct Reading;

#[async_trait]
impl QueryParser for Reading {
    type Statement = Arc<Prepared>;

    async fn parse_sql<C>(
        &self,
        _: &C,
        sql: &str,
        _: &[Option<Type>],
    ) -> PgWireResult<Self::Statement>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        let statement = match statements(sql).as_slice() {
            [] => None,
            [text] => Some(Statement::parse(text).map_err(wire)?),
            _ => return Err(wire(error::several_statements())),
        };
        Ok(Arc::new(Prepared { statement, described: OnceLock::new() }))
    }
}
