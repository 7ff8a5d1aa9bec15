//! Texts that make a relation without saying so in their command tag.

use super::class::{Access, Class};
use super::lexer::Lexer;
use super::{MAX_CLASSIFIED_BYTES, Reason};

/// Whether a text of this class may make a relation and end with the command tag of a query, as
/// SELECT INTO and CREATE TABLE AS do (`SELECT 5`).
#[must_use]
pub fn makes_relation(class: Class, sql: &[u8]) -> bool {
    match class.access {
        Access::Read | Access::Session => false,
        Access::Write | Access::Transaction => class.reason == Reason::SelectInto || creates(sql),
    }
}

/// The bytes are looked at before the tokens are: most writes have no such word.
fn creates(sql: &[u8]) -> bool {
    const WORD: &[u8] = b"create";
    let begins = |at: usize| {
        let word = sql.get(at..at + WORD.len());
        word.is_some_and(|word| word.eq_ignore_ascii_case(WORD))
    };
    let mut starts = (0..sql.len().min(MAX_CLASSIFIED_BYTES)).filter(|at| sql[*at] | 0x20 == b'c');
    starts.any(begins) && Lexer::new(sql).any(|token| token.is_word("create"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: Class = Class { access: Access::Write, reason: Reason::Write };

    #[test]
    fn only_what_may_create_is_meant() {
        for sql in [
            "CREATE TEMP TABLE t AS SELECT 1",
            "INSERT INTO u VALUES (1); create table t as table u",
            "EXPLAIN ANALYZE CREATE TABLE t AS TABLE u",
        ] {
            assert!(makes_relation(WRITE, sql.as_bytes()), "{sql}");
        }
        for sql in ["INSERT INTO t (created_at) VALUES ('create')", "DELETE FROM c", ""] {
            assert!(!makes_relation(WRITE, sql.as_bytes()), "{sql}");
        }
        let into = Class { access: Access::Write, reason: Reason::SelectInto };
        assert!(makes_relation(into, b"SELECT 1 INTO t"));
        assert!(!makes_relation(Class::READ, b"SELECT a AS create FROM t"));
    }
}
