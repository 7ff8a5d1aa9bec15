//! The list of functions and tables that a query on the console may use.

use super::catalog;
use crate::admin::tables;
use rusqlite::hooks::{AuthAction, Authorization};
use std::collections::BTreeSet;

/// Functions of SQLite's that PostgreSQL has too, or that are SQL. Each takes as long as its arguments are.
/// The others read files (`load_extension`), tell of the engine, or take the length of one text times that
/// of another (`glob`), without asking whether to stop.
const BUILT_IN: &[&str] = &[
    "abs",
    "avg",
    "coalesce",
    "count",
    "cume_dist",
    "date",
    "datetime",
    "dense_rank",
    "first_value",
    "group_concat",
    "ifnull",
    "iif",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "lower",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "pow",
    "power",
    "random",
    "rank",
    "round",
    "row_number",
    "sign",
    "sqrt",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "time",
    "total",
    "trunc",
    "typeof",
    "unixepoch",
    "upper",
];

/// What `ANY` looks into.
pub(super) const ITEMS: &str = "json_each";

/// The list.
#[derive(Debug)]
pub(super) struct Allowed {
    functions: BTreeSet<String>,
}

impl Allowed {
    /// With these functions of ours.
    pub(super) fn new(mut functions: BTreeSet<String>) -> Allowed {
        functions.extend(BUILT_IN.iter().map(|name| (*name).to_owned()));
        Allowed { functions }
    }

    /// Whether a question may do this.
    pub(super) fn judge(&self, action: &AuthAction<'_>) -> Authorization {
        let is_allowed = match action {
            AuthAction::Select | AuthAction::Recursive => true,
            AuthAction::Read { table_name, column_name: "" } => !is_of_sqlite(table_name),
            AuthAction::Read { table_name, .. } => is_readable(table_name),
            AuthAction::Function { function_name } => self.functions.contains(*function_name),
            _ => false,
        };
        if is_allowed { Authorization::Allow } else { Authorization::Deny }
    }
}

/// Whose rows are counted without reading a column: it may be a name that the question gives to a part of
/// itself (`sqlite3Select` in SQLite's select.c), but none of those that are there without being made.
fn is_of_sqlite(table: &str) -> bool {
    let table = table.to_ascii_lowercase();
    ["sqlite_", "pragma_", "json_"].iter().any(|front| table.starts_with(front)) && table != ITEMS
}

fn is_readable(table: &str) -> bool {
    table == ITEMS || tables::named(table).is_some() || catalog::has(table)
}
