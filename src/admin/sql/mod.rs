//! SQL over the console's tables: an SQLite in memory, filled with what a question names.
//!
//! ```text
//! text ── translate ──> SQLite's SQL ── prepare ──> the tables that it names
//!         PostgreSQL's                  read only          │ facts
//!         spellings                                        v
//!                                       run  <──────────  fill
//! ```
//!
//! * [`tokens`]: what a text is made of; [`translate`]: PostgreSQL's spellings that SQLite does not
//!   have; [`typing`]: what its columns are called, and their types.
//! * [`engine`]: the database in memory and its limits; `allowed`: what it may do; `stop`: when it ends.
//! * [`catalog`]: `pg_catalog` and `information_schema`, as far as psql and drivers need them.
//! * [`functions`]: PostgreSQL's functions that tell of the server; [`conversions`]: those over plain
//!   values; `texts`, [`times`], [`arrays`], [`matching`]: what their names say.
//! * [`parameters`]: `$1` and its like.

mod allowed;
pub mod arrays;
pub mod catalog;
pub mod conversions;
pub mod engine;
pub mod functions;
pub mod matching;
pub mod parameters;
mod stop;
mod texts;
pub mod times;
pub mod tokens;
pub mod translate;
pub mod typing;

use super::answer::{Answer, Fields};
use super::error;
use super::running::{Asker, LARGE_ROWS};
use super::tables::Table;
use super::value::{Row, Value};
use crate::protocol::error_response::ErrorReport;
use engine::{Asked, Engine, TIME_LIMIT};
use stop::Stop;
use tokens::Token;

/// A question, in both spellings.
#[derive(Debug)]
pub(super) struct Question {
    /// As it was asked.
    tokens: Vec<Token>,
    /// As SQLite takes it.
    sql: String,
}

impl Question {
    /// Reads it.
    ///
    /// # Errors
    /// See [`tokens::tokens`].
    fn read(text: &str) -> Result<Question, ErrorReport> {
        let tokens = tokens::tokens(text)?;
        let sql = translate::translate(&tokens);
        Ok(Question { tokens, sql })
    }
}

/// The columns that a question comes to.
///
/// # Errors
/// It cannot be read, or names what there is not.
pub(super) async fn describe(asker: &Asker, text: &str) -> Result<Fields, ErrorReport> {
    let stop = Stop::after(TIME_LIMIT);
    let _stops = stop.when_dropped();
    let (question, engine, asked) = prepared(asker, text, &stop).await?;
    blocking(move || engine.describe(&question, &asked)).await
}

/// The rows for which a question asks. Where the client has been told of the columns already, they
/// stay as they were told.
///
/// # Errors
/// It cannot be read, names what there is not, or takes too much.
pub(super) async fn run(
    asker: &Asker,
    text: &str,
    parameters: &[Value],
    described: Option<&Fields>,
) -> Result<Answer, ErrorReport> {
    let stop = Stop::after(TIME_LIMIT);
    // The question ends when nobody waits for it any more.
    let _stops = stop.when_dropped();
    let (question, engine, asked) = prepared(asker, text, &stop).await?;
    let (facts, mut large) = asker.facts(&asked.tables).await?;
    stop.begin(TIME_LIMIT);
    let (fields, rows) = {
        let (parameters, described) = (parameters.to_vec(), described.cloned());
        blocking(move || {
            let filled = |table: &Table| (table.rows)(&facts);
            engine.fill(&asked, filled)?;
            engine.run(&question, &asked, &parameters, described.as_ref())
        })
        .await?
    };
    if rows.len() > LARGE_ROWS && large.is_none() {
        large = Some(asker.turn().await?);
    }
    Ok(Answer { tag: "SELECT", fields, rows, large })
}

async fn prepared(
    asker: &Asker,
    text: &str,
    stop: &Stop,
) -> Result<(Question, Engine, Asked), ErrorReport> {
    let (text, user, stop) = (text.to_owned(), asker.who.user.clone(), stop.clone());
    let prepared = blocking(move || {
        let question = Question::read(&text)?;
        let (engine, asked) = Engine::prepare(&question, &user, stop)?;
        Ok((question, engine, asked))
    });
    let (question, engine, asked) = prepared.await?;
    for table in &asked.tables {
        asker.must_be_allowed(table.name, table.right)?;
    }
    Ok((question, engine, asked))
}

/// What a question comes to.
type Found = (Fields, Vec<Row>);

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ErrorReport> + Send + 'static,
) -> Result<T, ErrorReport> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|why| Err(error::no_answer(&why)))
}
