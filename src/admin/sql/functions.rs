//! PostgreSQL's functions, as far as psql and drivers need them to see what there is.

use super::catalog::{about, class_named, type_of};
use super::stop::Stop;
use super::{arrays, conversions, matching, texts, times};
use crate::admin::console::{NAMES, SERVER_VERSION};
use crate::admin::statement::PARAMETERS;
use crate::admin::value::Kind;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, ToSql};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The same answer whatever is asked: there is one owner, one schema, and nothing is hidden.
const CONSTANT: [(&str, i64); 10] = [
    ("pg_table_is_visible", 1),
    ("pg_type_is_visible", 1),
    ("pg_function_is_visible", 1),
    ("has_table_privilege", 1),
    ("has_schema_privilege", 1),
    ("has_database_privilege", 1),
    ("pg_is_in_recovery", 0),
    ("pg_backend_pid", 0),
    ("pg_relation_is_publishable", 0),
    ("inet_server_port", 0),
];

/// Nothing is known.
const NOTHING: [&str; 20] = [
    "_pg_expandarray",
    "array_to_string",
    "pg_get_expr",
    "pg_get_constraintdef",
    "pg_get_function_arguments",
    "pg_get_function_result",
    "pg_get_indexdef",
    "pg_options_to_table",
    "pg_tablespace_location",
    "pg_get_partkeydef",
    "pg_get_ruledef",
    "pg_get_triggerdef",
    "pg_get_viewdef",
    "pg_get_statisticsobjdef_columns",
    "pg_size_pretty",
    "pg_table_size",
    "pg_total_relation_size",
    "pg_database_size",
    "shobj_description",
    "inet_server_addr",
];

/// Makes them known.
pub(super) fn register(to: &Functions<'_>, user: &str) -> Result<(), Error> {
    for (name, answer) in CONSTANT {
        to.add(name, -1, move |_| Ok(answer))?;
    }
    for name in NOTHING {
        to.add(name, -1, |_| Ok(None::<i64>))?;
    }
    for name in ["current_database", "current_catalog"] {
        to.add(name, 0, |_| Ok(NAMES[0]))?;
    }
    for name in ["current_user", "session_user", "current_role"] {
        let user = user.to_owned();
        to.add(name, 0, move |_| Ok(user.clone()))?;
    }
    to.add("version", 0, |_| Ok(format!("PostgreSQL {SERVER_VERSION}")))?;
    to.add("current_schema", 0, |_| Ok("public"))?;
    to.add("current_schemas", 1, |_| Ok("{pg_catalog,public}"))?;
    to.add("pg_get_userbyid", 1, |_| Ok(NAMES[0]))?;
    to.add("pg_encoding_to_char", 1, |_| Ok("UTF8"))?;
    to.add("quote_ident", 1, |context| context.get::<String>(0).map(|name| quoted(&name)))?;
    to.add("quote_literal", 1, |context| {
        let text = context.get::<Option<String>>(0)?;
        Ok(text.map(|text| format!("'{}'", text.replace('\'', "''"))))
    })?;
    to.add("format_type", 2, |context| Ok(type_named(context.get(0)?)))?;
    to.add("obj_description", -1, |context| Ok(about(context.get(0)?, 0)))?;
    to.add("col_description", 2, |context| Ok(about(context.get(0)?, context.get(1)?)))?;
    to.add("current_setting", -1, |context| Ok(setting(&context.get::<String>(0)?)))?;
    to.add("set_config", 3, |context| context.get::<String>(1))?;
    to.add("to_regclass", 1, to_regclass)?;
    arrays::register(to)?;
    conversions::register(to)?;
    matching::register(to)?;
    texts::register(to)?;
    times::register(to)
}

/// A database's functions, as they are made known.
pub(super) struct Functions<'c> {
    connection: &'c Connection,
    stop: &'c Stop,
    names: RefCell<BTreeSet<String>>,
}

impl<'c> Functions<'c> {
    /// None yet; they end as soon as `stop` says so.
    pub(super) fn new(connection: &'c Connection, stop: &'c Stop) -> Self {
        Functions { connection, stop, names: RefCell::default() }
    }

    /// Makes one known; it takes any number of arguments if `arguments` is -1.
    pub(super) fn add<T: ToSql + 'static>(
        &self,
        name: &str,
        arguments: i32,
        function: impl Fn(&Context<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<(), Error> {
        self.names.borrow_mut().insert(name.to_owned());
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
        let stop = self.stop.clone();
        self.connection.create_scalar_function(name, arguments, flags, move |context| {
            if stop.is_over() {
                return Err(Error::UserFunctionError("interrupted".into()));
            }
            let answer = function(context)?;
            Ok(match answer.to_sql()? {
                ToSqlOutput::Borrowed(value) => ToSqlOutput::Owned(value.try_into()?),
                other => ToSqlOutput::Owned(match other {
                    ToSqlOutput::Owned(value) => value,
                    _ => rusqlite::types::Value::Null,
                }),
            })
        })
    }

    /// The names of those that are known.
    pub(super) fn into_names(self) -> BTreeSet<String> {
        self.names.into_inner()
    }
}

fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.is_empty()
        && name.chars().all(plain)
        && !name.starts_with(|c: char| c.is_ascii_digit())
    {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn type_named(oid: Option<i64>) -> Option<&'static str> {
    let types = Kind::ALL.into_iter().map(type_of);
    types.into_iter().find(|(own, ..)| Some(*own) == oid).map(|(_, words, ..)| words)
}

fn setting(name: &str) -> Option<&'static str> {
    let known = PARAMETERS.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
    known.map(|(_, value)| *value)
}

/// The number of a table, by its name; a number is one already.
fn to_regclass(context: &Context<'_>) -> Result<Option<i64>, Error> {
    match context.get_raw(0) {
        ValueRef::Integer(number) => Ok(Some(number)),
        ValueRef::Text(name) => {
            let name = String::from_utf8_lossy(name);
            Ok(name.parse().ok().or_else(|| class_named(&name)))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        let names = ["pools", "Pools", "a\"b", "1a", ""].map(quoted);
        assert_eq!(names, ["pools", "\"Pools\"", "\"a\"\"b\"", "\"1a\"", "\"\""]);
    }

    #[test]
    fn functions_can_be_called() {
        let connection = Connection::open_in_memory().unwrap();
        let stop = Stop::after(Duration::from_secs(10));
        register(&Functions::new(&connection, &stop), "me").unwrap();
        let one = |sql: &str| {
            let value = connection.query_row(&format!("SELECT {sql}"), (), |row| {
                row.get::<_, Option<rusqlite::types::Value>>(0)
            });
            match value.unwrap() {
                Some(rusqlite::types::Value::Text(text)) => text,
                Some(rusqlite::types::Value::Integer(number)) => number.to_string(),
                other => format!("{other:?}"),
            }
        };
        assert_eq!(one("current_user()"), "me");
        assert_eq!(one("format_type(1700, -1)"), "numeric");
        assert_eq!(one("'pools' REGEXP '^(pools)$'"), "1");
        assert_eq!(one("'pools' NOT REGEXP '^pg_'"), "1");
        assert_eq!(one("pg_table_is_visible(3)"), "1");
        assert_eq!(one("current_setting('server_version_num')"), "160000");
        assert_eq!(one("to_regclass('pg_catalog.pg_class')"), "1259");
        assert_eq!(one("to_regclass('16384')"), "16384");
        assert_eq!(one("to_regclass('nowhere')"), "None");
        assert!(one("version()").starts_with("PostgreSQL 16.0 (pgweir"));
        assert_eq!(one("quote_ident('A')"), "\"A\"");
    }
}
