//! The simple query protocol: a text with any number of statements.

use super::error::{self, info, wire};
use super::running::Outcome;
use super::session::{Session, respond, revive};
use super::statement::Statement;
use super::text::statements;
use crate::protocol::error_response::ErrorReport;
use async_trait::async_trait;
use futures::Sink;
use pgwire::api::portal::Format;
use pgwire::api::query::SimpleQueryHandler;
use pgwire::api::results::Response;
use pgwire::api::{ClientInfo, ClientPortalStore};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::simplequery::Query;
use std::fmt::Debug;

/// Statements of one text. Their results are held until all have run.
const STATEMENTS_MAX: usize = 100;

/// Rows that the results of one text may have before a further statement of it is begun.
const ROWS_MAX: usize = 100_000;

#[async_trait]
impl SimpleQueryHandler for Session {
    async fn on_query<C>(&self, client: &mut C, query: Query) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let first = statements(&query.query).first().and_then(|text| Statement::parse(text).ok());
        revive(client, first.as_ref());
        self._on_query(client, query).await
    }

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
                Ok(outcome) => match respond(client, outcome, &Format::UnifiedText).await {
                    Ok(response) => responses.push(response),
                    Err(PgWireError::UserError(info)) => {
                        responses.push(Response::Error(info));
                        break;
                    }
                    Err(error) => return Err(error),
                },
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
    async fn run_text(&self, text: &str, rows: &mut usize) -> Result<Outcome, ErrorReport> {
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
}
