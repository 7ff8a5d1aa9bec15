//! SQL over the console's tables: an SQLite in memory, filled with what a question names.
//!
//! ```text
//! text ── translate ──> SQLite's SQL ── prepare ──> the tables that it names
//!         PostgreSQL's                  read only          │ facts
//!         spellings                                        v
//!                                       run  <──────────  fill
//! ```
//!
//! * [`translate`]: PostgreSQL's spellings that SQLite does not have.
//! * [`engine`]: the database in memory, its limits, and what it may not do.
//! * [`catalog`]: `pg_catalog` and `information_schema`, as far as psql and drivers need them;
//!   [`functions`]: PostgreSQL's functions, as far as those do.
//! * [`parameters`]: `$1` and its like.

pub mod catalog;
pub mod engine;
pub mod functions;
pub mod parameters;
pub mod translate;

use super::answer::{Answer, Fields};
use super::error;
use super::running::{Asker, LARGE_ROWS};
use super::tables::Table;
use super::value::{Row, Value};
use crate::protocol::error_response::ErrorReport;
use engine::{Engine, Stop};
use std::sync::Arc;

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
    let sql: Arc<str> = translate::translate(text)?.into();
    let (engine, asked) = {
        let (sql, user) = (sql.clone(), asker.user.clone());
        blocking(move || Engine::prepare(&sql, &user)).await?
    };
    for table in &asked.tables {
        asker.must_be_allowed(table.name, table.right)?;
    }
    let (facts, mut large) = asker.facts(&asked.tables).await?;
    let stop = Stop::default();
    // The question ends when nobody waits for it any more.
    let _stops = stop.when_dropped();
    let (fields, rows) = {
        let (parameters, described) = (parameters.to_vec(), described.cloned());
        blocking(move || {
            let filled = |table: &Table| (table.rows)(&facts);
            engine.fill(&asked, filled)?;
            engine.run(&sql, &parameters, described.as_ref(), &stop)
        })
        .await?
    };
    if rows.len() > LARGE_ROWS && large.is_none() {
        large = Some(asker.turn().await?);
    }
    Ok(Answer { tag: "SELECT", fields, rows, large })
}

/// What a question comes to.
type Found = (Fields, Vec<Row>);

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ErrorReport> + Send + 'static,
) -> Result<T, ErrorReport> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|why| Err(error::no_answer(&why)))
}
