//! What is kept of a text that a client has prepared.

use super::answer::Fields;
use super::error::{self, wire};
use super::sql::parameters;
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
    /// The types of its parameters.
    pub(super) parameters: Vec<Type>,
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
        said: &[Option<Type>],
    ) -> PgWireResult<Self::Statement>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        let statement = match statements(sql).as_slice() {
            [] => None,
            [text] => Some(Statement::parse(text).map_err(wire)?),
            _ => return Err(wire(error::several_statements())),
        };
        let parameters = match &statement {
            Some(Statement::Select(text)) => parameters::types(text, said),
            _ => Vec::new(),
        };
        Ok(Arc::new(Prepared { statement, parameters, described: OnceLock::new() }))
    }
}
