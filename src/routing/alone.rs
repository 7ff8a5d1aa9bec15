//! Statements that need a database without other sessions.

use super::lexer::Lexer;
use super::proof;
use super::token::Token;

/// The longest statement of this kind that is read, in tokens: `CREATE DATABASE` has fifteen options.
const MAX_TOKENS: usize = 64;

/// The database that `CREATE DATABASE` copies where none is named (PostgreSQL manual, 22.3).
const DEFAULT_TEMPLATE: &str = "template1";

/// The database in which nobody else may be when this text runs, by its name on the host. `DROP
/// DATABASE`, `ALTER DATABASE ... RENAME` and `CREATE DATABASE`, of its template, are refused
/// otherwise (55006). The text may go on behind its end, a zero byte. For most other statements one
/// look at the first byte does.
#[must_use]
pub fn needs_alone(sql: &[u8]) -> Option<String> {
    let mut lexer = Lexer::new(sql);
    if !matches!(lexer.peek()? | 0x20, b'd' | b'c' | b'a' | b'/' | b'-') {
        return None;
    }
    let (verb, database) = (lexer.next()?, lexer.next()?);
    if !database.is_word("database") {
        return None;
    }
    let is_in_text = |token: &Token<'_>| token.text.first() != Some(&0);
    let tokens: Vec<Token<'_>> = lexer.take(MAX_TOKENS).take_while(is_in_text).collect();
    match &tokens[..] {
        tokens if verb.is_word("drop") => dropped(tokens),
        [name, word, ..] if verb.is_word("alter") && moves(word, &tokens) => named(name),
        [_, rest @ ..] if verb.is_word("create") => template(rest),
        _ => None,
    }
}

/// `DROP DATABASE [IF EXISTS] name [WITH (FORCE)]`.
fn dropped(tokens: &[Token<'_>]) -> Option<String> {
    match tokens {
        [first, second, name, ..] if first.is_word("if") && second.is_word("exists") => named(name),
        [name, ..] => named(name),
        [] => None,
    }
}

fn moves(word: &Token<'_>, tokens: &[Token<'_>]) -> bool {
    let sets =
        word.is_word("set") && tokens.get(2).is_some_and(|third| third.is_word("tablespace"));
    word.is_word("rename") || sets
}

/// `TEMPLATE [=] name`, among other options.
fn template(options: &[Token<'_>]) -> Option<String> {
    let at = options.iter().position(|token| token.is_word("template"));
    let Some(at) = at else { return Some(DEFAULT_TEMPLATE.to_owned()) };
    match &options[at + 1..] {
        [sign, name, ..] if sign.is_mark("=") => named(name),
        [name, ..] => named(name),
        [] => None,
    }
}

fn named(token: &Token<'_>) -> Option<String> {
    proof::name(token).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_that_must_be_left_is_named() {
        for (sql, name) in [
            ("DROP DATABASE test_app", "test_app"),
            ("drop database if exists \"Test App\";", "Test App"),
            ("/* django */ DROP DATABASE Test WITH (FORCE)", "test"),
            ("CREATE DATABASE a TEMPLATE b", "b"),
            ("CREATE DATABASE a WITH OWNER x TEMPLATE = \"B\" ENCODING 'UTF8'", "B"),
            ("CREATE DATABASE a", "template1"),
            ("CREATE DATABASE a\0Q template b", "template1"),
            ("ALTER DATABASE a RENAME TO b", "a"),
            ("ALTER DATABASE a SET TABLESPACE fast", "a"),
        ] {
            assert_eq!(needs_alone(sql.as_bytes()).as_deref(), Some(name), "{sql}");
        }
    }

    #[test]
    fn other_statements_need_nobody_to_leave() {
        for sql in [
            "",
            "SELECT 'DROP DATABASE a'",
            "DROP TABLE database",
            "CREATE TABLE t (template int)",
            "ALTER DATABASE a SET work_mem = '1MB'",
            "DROP DATABASE",
            "DELETE FROM database",
            "/*",
            "DISCARD ALL",
            "CREATE",
            "DROP DATABASE U&\"a\"",
        ] {
            assert_eq!(needs_alone(sql.as_bytes()), None, "{sql}");
        }
    }
}
