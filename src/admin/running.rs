//! One statement of one client, from what it says to what it comes to.

use super::access::Right;
use super::answer::{Answer, Field, Fields, fields_of};
use super::commands;
use super::console::Console;
use super::error;
use super::facts::Facts;
use super::sql;
use super::statement::Statement;
use super::tables::{self, Table};
use super::value::{Kind, Value};
use crate::pooler::Who;
use crate::protocol::error_response::ErrorReport;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit};

/// A result of more rows than this is a large one, of which few may be held at once.
pub const LARGE_ROWS: usize = 1_000;

/// How long a statement waits for its turn to hold a large result.
const TURN_LIMIT: Duration = Duration::from_secs(10);

/// What a statement has come to.
#[derive(Debug)]
pub enum Outcome {
    /// Rows.
    Rows(Answer),
    /// Something was done: the tag, and what is said beside it.
    Done(String, Vec<String>),
    /// A transaction has begun.
    Begun,
    /// One has ended; the tag.
    Ended(&'static str),
    /// One goes on from a savepoint.
    WentBack,
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Asker {
    /// Where.
    pub console: Arc<Console>,
    /// What they may do.
    pub right: Right,
    /// The client that asks.
    pub who: Arc<Who>,
    /// Says that what runs is to be cancelled.
    pub cancel: Arc<Notify>,
}

impl Asker {
    /// Runs a statement. `described` is what the client has been told of the columns, if anything.
    ///
    /// # Errors
    /// Whatever the client is to be told.
    pub async fn run(
        &self,
        statement: &Statement,
        parameters: &[Value],
        described: Option<&Fields>,
    ) -> Result<Outcome, ErrorReport> {
        self.must_be_allowed(&statement.name(), statement.right())?;
        tokio::select! {
            biased;
            () = self.cancel.notified() => Err(error::cancelled()),
            outcome = self.work(statement, parameters, described) => outcome,
        }
    }

    async fn work(
        &self,
        statement: &Statement,
        parameters: &[Value],
        described: Option<&Fields>,
    ) -> Result<Outcome, ErrorReport> {
        Ok(match statement {
            Statement::Show(table) => Outcome::Rows(self.show(table).await?),
            Statement::Help => Outcome::Done("SHOW".into(), vec![help()]),
            Statement::Rename(name) => {
                self.who.application_name.set(name.as_bytes());
                Outcome::Done("SET".into(), Vec::new())
            }
            Statement::OwnName => Outcome::Rows(self.own_name()),
            Statement::Parameter(name, value) => Outcome::Rows(parameter(name, *value)),
            Statement::Do(command, act) => {
                let done = commands::run(&self.console, act).await?;
                Outcome::Done(done.tag.unwrap_or_else(|| command.word.into()), done.notices)
            }
            Statement::Ignored(tag) => Outcome::Done((*tag).into(), Vec::new()),
            Statement::Begin => Outcome::Begun,
            Statement::End(tag) => Outcome::Ended(tag),
            Statement::Back => Outcome::WentBack,
            Statement::Select(text) => {
                Outcome::Rows(sql::run(self, text, parameters, described).await?)
            }
        })
    }

    /// The columns of what a statement comes to; none where it is no rows.
    ///
    /// # Errors
    /// SQL that cannot be read.
    pub async fn describe(&self, statement: &Statement) -> Result<Option<Fields>, ErrorReport> {
        Ok(match statement {
            Statement::Show(table) => Some(fields_of(table)),
            Statement::OwnName => Some(self.own_name().fields),
            Statement::Parameter(name, value) => Some(parameter(name, *value).fields),
            Statement::Select(text) => Some(sql::describe(self, text).await?),
            _ => None,
        })
    }

    /// Refuses what the user may not do.
    ///
    /// # Errors
    /// When it is refused.
    pub(super) fn must_be_allowed(&self, what: &str, right: Right) -> Result<(), ErrorReport> {
        if self.right >= right { Ok(()) } else { Err(error::not_allowed(what, right)) }
    }

    /// The facts for some tables, and the right to hold them.
    pub(super) async fn facts(
        &self,
        tables: &[&Table],
    ) -> Result<(Facts, Option<OwnedSemaphorePermit>), ErrorReport> {
        let sources: Vec<_> = tables.iter().flat_map(|table| table.sources).copied().collect();
        let facts = Facts::gather(&self.console, &sources).await;
        let facts = facts.map_err(|why| error::no_answer(&why))?;
        let large = facts.clients.len() > LARGE_ROWS || facts.listed.len() > LARGE_ROWS;
        let turn = if large { Some(self.turn().await?) } else { None };
        Ok((facts, turn))
    }

    /// The right to hold a large result.
    pub(super) async fn turn(&self) -> Result<OwnedSemaphorePermit, ErrorReport> {
        let turn = self.console.large().clone().acquire_owned();
        match tokio::time::timeout(TURN_LIMIT, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(error::results_are_held()),
        }
    }

    fn own_name(&self) -> Answer {
        parameter("application_name", self.who.application_name.get())
    }

    async fn show(&self, table: &'static Table) -> Result<Answer, ErrorReport> {
        let (facts, large) = self.facts(&[table]).await?;
        let rows = tokio::task::spawn_blocking(move || (table.rows)(&facts)).await;
        let rows = rows.map_err(|why| error::no_answer(&why))?;
        Ok(Answer { tag: "SHOW", fields: fields_of(table), rows, large })
    }
}

fn parameter(name: &str, value: impl Into<Value>) -> Answer {
    let field = Field { name: name.to_owned(), kind: Kind::Text };
    let rows = vec![vec![value.into()]];
    Answer { tag: "SHOW", fields: Arc::new([field]), rows, large: None }
}

/// As PgBouncer's: a line each, from the same definitions as everything else.
fn help() -> String {
    let shows = tables::ALL.iter().map(|table| format!("SHOW {}", table.name.to_uppercase()));
    let select = ["SELECT ... FROM ...".to_owned()];
    let commands = commands::ALL.iter().map(commands::Command::usage);
    let lines: Vec<String> = shows.chain(select).chain(commands).collect();
    format!("Console usage\n\t{}", lines.join("\n\t"))
}
