//! What the database itself has been told to run, in the text that it gives of it.

use super::super::Access;
use super::super::classify::{Strings, examine};
use super::super::lexer::Lexer;
use super::super::proof;
use super::super::shape::Shape;
use super::super::token::Kind;
use super::Catalog;
use super::answers::Language;

/// Whether `query`, as `pg_get_viewdef` or `pg_get_expr` spells it under an empty `search_path`,
/// only reads.
pub(super) fn is_read(query: &str, catalog: &Catalog) -> bool {
    // `ruleutils.c` writes E'..' where a backslash is in a string.
    examine(&without_own_settings(query), Strings::Unknown, catalog).class.access == Access::Read
}

/// Whether the body of a function does nothing but read, in which a name without a schema may mean
/// any object of that name: the `search_path` is its caller's.
pub(super) fn is_reading_body(language: Language, body: &str, catalog: &Catalog) -> bool {
    match language {
        Language::Sql => is_read(&statements(body), catalog),
        Language::PlPgSql => {
            let text = without_own_settings(body);
            let tokens: Vec<_> = Shape::new(&text).take(proof::MAX_TOKENS + 1).collect();
            proof::body(&tokens, catalog).is_ok()
        }
    }
}

/// The statements of a body, which `pg_get_function_sqlbody` spells as `RETURN a` or `BEGIN ATOMIC
/// .. END` if it is no string.
fn statements(body: &str) -> String {
    if let Some(value) = body.strip_prefix("RETURN ") {
        return format!("SELECT {value}");
    }
    let block = body.strip_prefix("BEGIN ATOMIC").and_then(|rest| rest.strip_suffix("END"));
    block.unwrap_or(body).to_owned()
}

/// `current_setting` of a setting with a dot in its name asks for what the application has set
/// itself, as policies for tenants do: it is the session's, and goes with it to every host.
/// (PostgreSQL's own settings have no dot.) In a text of the database's the name can be read, for it
/// is no value of a client's; the call is replaced by one that is harmless.
fn without_own_settings(query: &str) -> Vec<u8> {
    let tokens: Vec<_> = Lexer::new(query.as_bytes()).collect();
    let mut text = Vec::with_capacity(query.len() + tokens.len());
    for (at, token) in tokens.iter().enumerate() {
        let is_own = match &tokens[at..] {
            [called, open, name, ..] => {
                called.is_word("current_setting")
                    && open.is_mark("(")
                    && name.kind == Kind::String
                    && name.text.contains(&b'.')
            }
            _ => false,
        };
        text.extend_from_slice(if is_own { b"concat" } else { token.text });
        text.push(b' ');
    }
    text
}
