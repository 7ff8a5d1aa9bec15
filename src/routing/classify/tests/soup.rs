//! Random texts that look like SQL, and the same text with other values.

use proptest::prelude::*;

use super::super::super::lexer::Lexer;
use super::super::super::token::Kind;
use super::table::statements;

#[rustfmt::skip]
const WORDS: &[&str] = &[
    "SELECT", "FROM", "WHERE", "t", "a", "b.c", "\"Q\"", "1", "'x'", "$1", "(", ")", ",", ";", "*",
    "=", "AND", "OR", "NOT", "IN", "EXISTS", "WITH", "AS", "AS (", "INSERT", "INTO", "VALUES",
    "UPDATE", "SET", "DELETE", "RETURNING", "FOR", "FOR UPDATE", "JOIN", "LEFT", "LATERAL", "ON",
    "USING", "ORDER BY", "GROUP BY", "LIMIT", "OFFSET", "FETCH FIRST", "ROWS ONLY", "UNION ALL",
    "CASE", "WHEN", "THEN", "ELSE", "END", "CAST(", "::int", "::", "[", "]", "ARRAY[", "interval",
    "'1 day'", "date", "now()", "nextval(", "lower(", "f(", "count(*)", "OVER (", "PARTITION BY",
    "FILTER (", "EXPLAIN", "ANALYZE", "COPY", "TO STDOUT", "BEGIN", "COMMIT", "BETWEEN", "LIKE",
    "ESCAPE", "IS NULL", "AT TIME ZONE", "->>", "@>", "<@", "||", "-", "+", "~", "extract(",
    "substring(", "FROM 1 FOR 2", "trim(", "BOTH", "position(", "overlay(", "TABLESAMPLE",
    "BERNOULLI (", "ROLLUP (", "GROUPING SETS (", "DISTINCT ON (", "XMLTABLE(", "JSON_TABLE(",
    "COLUMNS", "PASSING", "PATH", "WITH ORDINALITY", "NULLS FIRST", "COLLATE", "OPERATOR(",
    "SIMILAR TO", "ANY (", "ALL (", "SOME (", "ROW(", "xml", "json_object(", ":", "=>", ":=", ".",
    "TABLE", "MERGE", "MATERIALIZED", "RECURSIVE", "SEARCH", "CYCLE", "WINDOW", "w", "RANGE",
    "UNBOUNDED PRECEDING", "CURRENT ROW", "$$x$$", "E'\\''", "'\\'", "U&'x'", "B'1'", "--\n",
    "/* */", "/*", "?", "{", "}", "#", "SHOW", "PREPARE", "struct<", "map", "lambda", "PIVOT",
    "MATCH_RECOGNIZE (", "CONNECT BY", "PRIOR", "QUALIFY", "TOP", "EXCLUDE", "REPLACE", "|>",
];

/// A word, a mark or a phrase.
pub(super) fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(WORDS)
}

/// Words in any order, most of them behind a SELECT.
pub(super) fn soup() -> impl Strategy<Value = String> {
    let start = prop::sample::select(vec!["SELECT", "SELECT * FROM t", "WITH x AS (", "", "("]);
    let words = prop::collection::vec(word(), 0..30);
    (start, words).prop_map(|(start, words)| format!("{start} {}", words.join(" ")))
}

/// A statement of the table.
pub(super) fn statement() -> impl Strategy<Value = String> {
    prop::sample::select(statements().map(|(sql, _)| sql.to_owned()).collect::<Vec<_>>())
}

/// What may stand in place of each literal of a text: a number, a string, and how long a list is.
pub(super) type Values = (u32, String, usize);

pub(super) fn values() -> impl Strategy<Value = Values> {
    (any::<u32>(), "[a-z ;()'$-]{0,8}", 1_usize..4)
}

/// The same text with every literal replaced by a list of others of its kind.
pub(super) fn with_values(sql: &str, (number, string, length): &Values) -> String {
    let mut other = String::new();
    for token in Lexer::new(sql.as_bytes()) {
        let literal = match token.kind {
            Kind::Number => number.to_string(),
            Kind::Parameter => format!("${number}"),
            Kind::String => format!("'{}'", string.replace('\'', "''")),
            _ => String::from_utf8_lossy(token.text).into_owned(),
        };
        let times = if token.kind.is_literal() { *length } else { 1 };
        other.push_str(&vec![literal; times].join(", "));
        other.push_str("\n /* ; */ ");
    }
    other
}
