//! The database in memory: made for one question, filled with what that names, read only.

use super::allowed::{Allowed, ITEMS};
use super::functions::Functions;
use super::stop::Stop;
use super::typing::{self, Item};
use super::{Found, Question, catalog, functions};
use crate::admin::answer::{Field, Fields};
use crate::admin::error;
use crate::admin::tables::{self, Table};
use crate::admin::value::{Kind, Row, Value};
use crate::protocol::error_response::ErrorReport;
use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, Statement, ToSql, params_from_iter};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How long a question may run: the console is for short ones.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(10);

/// SQLite's steps between two looks at the clock: some microseconds, if they are short. One can take as
/// long as a value has bytes.
const STEPS: i32 = 1_000;

/// Rows of a result; `max_client_conn` can be as large.
const ROWS_MAX: usize = 1_000_000;

/// Bytes of all values of a result.
const RESULT_LEN_MAX: usize = 256 * 1024 * 1024;

/// Bytes of one value, and of a row while it is sorted.
pub(super) const VALUE_LEN_MAX: usize = 1024 * 1024;

/// Bytes that all questions together may take: with 100,000 clients their table has some 30 MB.
const MEMORY_MAX: i64 = 512 * 1024 * 1024;

/// A database without rows.
#[derive(Debug)]
pub(super) struct Engine {
    connection: Connection,
    allowed: Arc<Allowed>,
    stop: Stop,
}

/// What a question names.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The console's tables.
    pub(super) tables: Vec<&'static Table>,
    /// Whether it asks what there is.
    pub(super) catalog: bool,
}

impl Asked {
    /// The type of a column, where the tables that are named agree on it.
    fn column(&self, name: &str) -> Option<Kind> {
        let columns = self.tables.iter().flat_map(|table| table.columns);
        let mut kinds = columns.filter(|column| column.name == name).map(|column| column.kind);
        let first = kinds.next()?;
        kinds.all(|kind| kind == first).then_some(first)
    }
}

impl Engine {
    /// Makes the tables, without rows, and reads the question: what it names.
    ///
    /// # Errors
    /// The question cannot be read, or does something else than read.
    pub(super) fn prepare(
        question: &Question,
        user: &str,
        stop: Stop,
    ) -> Result<(Engine, Asked), ErrorReport> {
        let engine = Engine::make(user, stop).map_err(told)?;
        let asked = engine.names(&question.sql).map_err(|error| engine.told(error))?;
        Ok((engine, asked))
    }

    fn make(user: &str, stop: Stop) -> Result<Engine, Error> {
        let (connection, watched) = (Connection::open_in_memory()?, stop.clone());
        connection.progress_handler(STEPS, Some(move || watched.is_over()))?;
        // A name in double quotes that is not known is a mistake, not a text.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        let value_len_max = i32::try_from(VALUE_LEN_MAX).unwrap_or(i32::MAX);
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, value_len_max)?;
        connection.set_limit(Limit::SQLITE_LIMIT_EXPR_DEPTH, 200)?;
        connection.set_limit(Limit::SQLITE_LIMIT_COMPOUND_SELECT, 50)?;
        connection.pragma_update(None, "hard_heap_limit", MEMORY_MAX)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        for table in tables::ALL {
            connection.execute(&definition(table), ())?;
        }
        catalog::make(&connection)?;
        let functions = Functions::new(&connection, &stop);
        functions::register(&functions, user)?;
        let allowed = Arc::new(Allowed::new(functions.into_names()));
        Ok(Engine { connection, allowed, stop })
    }

    fn names(&self, sql: &str) -> Result<Asked, Error> {
        let seen: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let (told, allowed) = (seen.clone(), self.allowed.clone());
        self.connection.authorizer(Some(move |context: AuthContext<'_>| {
            if let AuthAction::Read { table_name, .. } = context.action {
                told.lock().insert(table_name.to_owned());
            }
            allowed.judge(&context.action)
        }))?;
        let prepared = self.connection.prepare(sql).map(drop);
        self.connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
        prepared?;
        let seen = seen.lock();
        let tables: Vec<_> = seen.iter().filter_map(|name| tables::named(name)).collect();
        let others = seen.iter().filter(|name| *name != ITEMS).count();
        let catalog = others > tables.len();
        Ok(Asked { tables, catalog })
    }

    /// Fills what was named.
    ///
    /// # Errors
    /// There is no room.
    pub(super) fn fill(
        &self,
        asked: &Asked,
        rows: impl Fn(&Table) -> Vec<Row>,
    ) -> Result<(), ErrorReport> {
        let fill = || -> Result<(), Error> {
            self.connection.execute_batch("BEGIN")?;
            if asked.catalog {
                catalog::fill(&self.connection)?;
            }
            for table in &asked.tables {
                let places = vec!["?"; table.columns.len()].join(", ");
                let insert = format!("INSERT INTO \"{}\" VALUES ({places})", table.name);
                let mut insert = self.connection.prepare(&insert)?;
                for row in rows(table) {
                    insert.execute(params_from_iter(row))?;
                }
            }
            self.connection.execute_batch("COMMIT")
        };
        fill().map_err(|error| self.told(error))
    }

    /// What its columns are, as far as the question itself says: it is not run.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn describe(
        &self,
        question: &Question,
        asked: &Asked,
    ) -> Result<Fields, ErrorReport> {
        let statement = self.connection.prepare(&question.sql);
        let statement = statement.map_err(|error| self.told(error))?;
        Ok(told_by(question, asked, columns(&statement), &[]))
    }

    /// Runs the question.
    ///
    /// # Errors
    /// It fails, or takes too long or too much.
    pub(super) fn run(
        &self,
        question: &Question,
        asked: &Asked,
        parameters: &[Value],
        described: Option<&Fields>,
    ) -> Result<Found, ErrorReport> {
        self.found(question, asked, parameters, described).map_err(|error| match error {
            Ended::Refused(report) => report,
            Ended::Failed(error) => self.told(error),
        })
    }

    fn found(
        &self,
        question: &Question,
        asked: &Asked,
        parameters: &[Value],
        described: Option<&Fields>,
    ) -> Result<Found, Ended> {
        let allowed = self.allowed.clone();
        let judge = move |context: AuthContext<'_>| allowed.judge(&context.action);
        self.connection.authorizer(Some(judge))?;
        let mut statement = self.connection.prepare(&question.sql)?;
        bind(&mut statement, parameters)?;
        let columns = columns(&statement);
        let rows = rows(&mut statement, columns.len())?;
        let fields = match described {
            Some(fields) if fields.len() == columns.len() => fields.clone(),
            _ => told_by(question, asked, columns, &rows),
        };
        Ok((fields, rows))
    }

    /// A function of ours that was stopped says so as a mistake.
    fn told(&self, error: Error) -> ErrorReport {
        if self.stop.is_over() { error::too_long(TIME_LIMIT) } else { told(error) }
    }
}

/// Why there are no rows.
enum Ended {
    Failed(Error),
    Refused(ErrorReport),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Ended::Failed(error)
    }
}

fn definition(table: &Table) -> String {
    let column = |column: &tables::Column| format!("\"{}\" {}", column.name, column.kind.name());
    let columns: Vec<_> = table.columns.iter().map(column).collect();
    format!("CREATE TABLE \"{}\" ({})", table.name, columns.join(", "))
}

fn told(error: Error) -> ErrorReport {
    match error {
        Error::SqliteFailure(failure, why) => match failure.code {
            rusqlite::ErrorCode::OperationInterrupted => error::too_long(TIME_LIMIT),
            rusqlite::ErrorCode::OutOfMemory | rusqlite::ErrorCode::TooBig => {
                error::limit("the question takes too much memory")
            }
            rusqlite::ErrorCode::AuthorizationForStatementDenied => {
                denied(&why.unwrap_or_default())
            }
            rusqlite::ErrorCode::TypeMismatch => error::bad_value("a number is wanted here"),
            _ => mistake(&why.unwrap_or_else(|| failure.to_string())),
        },
        Error::SqlInputError { error, msg, .. } => match error.code {
            rusqlite::ErrorCode::AuthorizationForStatementDenied => denied(&msg),
            rusqlite::ErrorCode::OperationInterrupted => error::too_long(TIME_LIMIT),
            _ => mistake(&msg),
        },
        Error::MultipleStatement => error::several_statements(),
        other => error::sql(&other.to_string()),
    }
}

/// A function that a question may not call is one that there is not (`resolveExprStep` in SQLite's
/// resolve.c).
fn mistake(why: &str) -> ErrorReport {
    match why.strip_prefix("not authorized to use function: ") {
        Some(function) => error::sql(&format!("no such function: {function}")),
        None => error::sql(why),
    }
}

/// So is a table that it may not read (`sqlite3AuthReadCol` in its auth.c).
fn denied(why: &str) -> ErrorReport {
    let column =
        why.strip_prefix("access to ").and_then(|rest| rest.strip_suffix(" is prohibited"));
    let table = column.and_then(|column| column.rsplit_once('.')).map(|(table, _)| table);
    match table {
        Some(table) => error::sql(&format!("no such table: {table}")),
        None => error::read_only(),
    }
}

/// `$1` is the first, wherever it stands; those that are not given are null.
fn bind(statement: &mut Statement<'_>, parameters: &[Value]) -> Result<(), Error> {
    for at in 1..=statement.parameter_count() {
        let name = statement.parameter_name(at).and_then(|name| name.strip_prefix('$'));
        let number = name.and_then(|number| number.parse::<usize>().ok());
        let value = number.and_then(|number| parameters.get(number.checked_sub(1)?));
        statement.raw_bind_parameter(at, value.unwrap_or(&Value::Null))?;
    }
    Ok(())
}

/// The names of a question's columns, with their types where they come from a table.
fn columns(statement: &Statement<'_>) -> Vec<(String, Option<Kind>)> {
    let columns = statement.columns().into_iter();
    columns
        .map(|column| (column.name().to_owned(), column.decl_type().and_then(Kind::named)))
        .collect()
}

fn rows(statement: &mut Statement<'_>, columns: usize) -> Result<Vec<Row>, Ended> {
    let mut found = Vec::new();
    let mut bytes = 0;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(columns);
        for at in 0..columns {
            let value = value(row.get_ref(at)?);
            bytes +=
                size_of::<Value>() + if let Value::Text(text) = &value { text.len() } else { 0 };
            values.push(value);
        }
        found.push(values);
        if found.len() > ROWS_MAX || bytes > RESULT_LEN_MAX {
            return Err(Ended::Refused(error::limit("the result is too large")));
        }
    }
    Ok(found)
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Float(number),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Value::from(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

fn told_by(
    question: &Question,
    asked: &Asked,
    columns: Vec<(String, Option<Kind>)>,
    rows: &[Row],
) -> Fields {
    let column = |name: &str| asked.column(name);
    fields(&typing::items(&question.tokens, &column), columns, rows)
}

/// A column that comes from no table, and whose expression says nothing, has the type of its values.
fn fields(items: &[Item], columns: Vec<(String, Option<Kind>)>, rows: &[Row]) -> Fields {
    let items = typing::for_columns(items, columns.len());
    let field = |(at, (name, declared)): (usize, (String, Option<Kind>))| {
        let (said, item_name) = match items[at] {
            Some(item) => (item.kind, item.name.clone()),
            None => (None, None),
        };
        let kind = declared.or(said).filter(|kind| fits(*kind, rows, at));
        Field { name: item_name.unwrap_or(name), kind: kind.unwrap_or_else(|| of_values(rows, at)) }
    };
    columns.into_iter().enumerate().map(field).collect()
}

/// No value is cut by a type that was told from the question alone.
fn fits(kind: Kind, rows: &[Row], column: usize) -> bool {
    let is_whole = matches!(kind, Kind::Int4 | Kind::Int8 | Kind::Numeric);
    rows.iter().all(|row| match &row[column] {
        Value::Float(_) => !is_whole,
        Value::Text(_) => kind == Kind::Text || kind == Kind::Time,
        Value::Int(number) => kind != Kind::Int4 || i32::try_from(*number).is_ok(),
        Value::Null | Value::Bool(_) => true,
    })
}

fn of_values(rows: &[Row], column: usize) -> Kind {
    let mut kind = None;
    for row in rows {
        kind = match (&row[column], kind) {
            (Value::Text(_), _) => return Kind::Text,
            (Value::Float(_), _) => Some(Kind::Float8),
            (Value::Int(_) | Value::Bool(_), None) => Some(Kind::Int8),
            (_, kind) => kind,
        };
    }
    kind.unwrap_or(Kind::Text)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Int(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Value::Bool(flag) => ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(*flag))),
            Value::Float(number) => ToSqlOutput::Borrowed(ValueRef::Real(*number)),
        })
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
