//! The second way to prove a read: its tokens, where the parser does not follow.
//!
//! A query that PostgreSQL accepts can only write in a few ways: a locking clause, INTO, a
//! data-modifying WITH, or a call. Each of them shows in the tokens. So the question is not what
//! the query means, but whether any of its words may be the beginning of one. What is no valid SQL
//! at all may pass: a replica refuses it with the same words as the primary.
//!
//! [`suspect`](super::suspect) has looked at the tokens before: locking clauses and INTO are its
//! part.

use super::super::Reason;
use super::super::catalog::Catalog;
use super::super::objection::Objection;
use super::super::token::{Kind, Token};
use super::groups::Groups;
use super::keywords::{self, Keyword};
use super::plpgsql;
use super::syntax::name;

/// Objects to the first word of `tokens`, one query, that may write or mean another host.
pub(super) fn read(tokens: &[Token<'_>], catalog: &Catalog) -> Result<(), Objection> {
    let groups = Groups::of(tokens)?;
    if !begins_query(tokens) {
        return Err(Reason::Unparsed.into());
    }
    read_all(&Reader { tokens, groups, catalog, language: Language::Sql })
}

/// The same for the body of a PL/pgSQL function, whose commands are known to be no others than a
/// read's.
pub(super) fn read_body(tokens: &[Token<'_>], catalog: &Catalog) -> Result<(), Objection> {
    let groups = Groups::of(tokens)?;
    read_all(&Reader { tokens, groups, catalog, language: Language::PlPgSql })
}

fn read_all(reader: &Reader<'_, '_>) -> Result<(), Objection> {
    (0..reader.tokens.len()).try_for_each(|at| reader.look_at(at))
}

/// Whose key words divide operands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Sql,
    PlPgSql,
}

fn begins_query(tokens: &[Token<'_>]) -> bool {
    tokens.iter().find(|token| !token.is_mark("(")).is_some_and(|first| is_one_of(first, QUERIES))
}

const QUERIES: &[&str] = &["select", "with", "values", "table"];

const CHANGES: &[&str] = &["insert", "update", "delete", "merge"];

const JOINS: &[&str] = &["left", "right", "full", "inner", "outer", "cross", "natural"];

struct Reader<'t, 'a> {
    tokens: &'t [Token<'a>],
    groups: Groups,
    catalog: &'t Catalog,
    language: Language,
}

impl Reader<'_, '_> {
    fn look_at(&self, at: usize) -> Result<(), Objection> {
        let token = &self.tokens[at];
        if !is_name(token) {
            return Ok(());
        }
        match self.tokens.get(at + 1) {
            Some(next) if next.is_mark("(") => self.before_group(at),
            Some(next) if is_name(next) && self.begins_change(at) => Err(Reason::Write.into()),
            _ => self.perhaps_relation(at),
        }
    }

    fn begins_change(&self, at: usize) -> bool {
        is_one_of(&self.tokens[at], CHANGES) && !self.is_behind(at, ".")
    }

    /// A word in front of a parenthesis: it calls a function, unless the grammar says that no
    /// function can stand here.
    fn before_group(&self, at: usize) -> Result<(), Objection> {
        if self.is_behind(at, ".") {
            return self.qualified(at);
        }
        let called = &self.tokens[at];
        match keywords::of(called) {
            // What it calls is the name behind AS: see `keywords::is_syntax`.
            _ if called.is_word("treat") => self.unqualified(at),
            Some(Keyword::Reserved | Keyword::NeverFunction) => Ok(()),
            _ if self.is_no_call(at) || self.is_statement(called) => Ok(()),
            _ => self.unqualified(at),
        }
    }

    /// `a.b(`: a function in a schema, or the name of a type.
    fn qualified(&self, at: usize) -> Result<(), Objection> {
        let Some(schema) = at.checked_sub(2) else { return Err(Reason::Unparsed.into()) };
        if self.is_behind(schema, "::") || self.is_behind_word(schema, "as") {
            return Ok(());
        }
        let (schema_name, called) = (name(&self.tokens[schema])?, name(&self.tokens[at])?);
        if self.is_behind(schema, ".") || self.is_behind_word(schema, "tablesample") {
            let shown = format!("{schema_name}.{called}");
            return Err(Objection::to(Reason::UnknownFunction, shown));
        }
        self.call(Some(&schema_name), &called)
    }

    fn unqualified(&self, at: usize) -> Result<(), Objection> {
        let called = name(&self.tokens[at])?;
        match called.as_str() {
            "system" | "bernoulli" if self.is_behind_word(at, "tablesample") => Ok(()),
            _ if self.is_behind_word(at, "tablesample") => {
                Err(Objection::to(Reason::UnknownFunction, called))
            }
            _ => self.call(None, &called),
        }
    }

    /// Whether the word at `at`, in front of a parenthesis, is a type, an alias with columns or a
    /// part of the grammar. What stands between the parentheses is looked at in any case.
    fn is_no_call(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        self.ends_operand(before)
            || self.tokens[before].is_mark("::")
            || self.follows_its_keyword(at)
            || self.names_with_query(at)
            || self.begins_with_its_own(at)
    }

    /// Whether an operand or a name ends here. No other can begin behind it without an operator,
    /// a comma or a key word in between.
    fn ends_operand(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        match token.kind {
            Kind::QuotedWord => true,
            Kind::Word => keywords::of(token).is_none() && !self.is_plpgsql(token, plpgsql::WORDS),
            kind if kind.is_literal() => true,
            _ if token.is_mark("]") => true,
            _ if token.is_mark(")") => !self.precedes_operand(self.groups.partner(at)),
            _ => false,
        }
    }

    /// Whether this is one of PL/pgSQL's `words` in PL/pgSQL, and can be nothing else.
    fn is_plpgsql(&self, token: &Token<'_>, words: &[&str]) -> bool {
        self.language == Language::PlPgSql && is_one_of(token, words)
    }

    /// `IF (a > b) THEN`: a word that begins a statement of PL/pgSQL, unless a user has made a
    /// function of that name.
    fn is_statement(&self, word: &Token<'_>) -> bool {
        self.is_plpgsql(word, plpgsql::BEFORE_GROUP)
            && name(word).is_ok_and(|name| !self.catalog.has_function(&name))
    }

    /// DISTINCT ON (..) and OPERATOR(..), the two groups with an operand right behind them.
    fn precedes_operand(&self, open: usize) -> bool {
        self.is_behind_word(open, "on") || self.is_behind_word(open, "operator")
    }

    /// Whether the words in front leave no doubt: `AS x (`, `ORDER BY (`, `LEFT JOIN (` ...
    fn follows_its_keyword(&self, at: usize) -> bool {
        let [second, first] = [2, 1].map(|back| at.checked_sub(back).map(|at| &self.tokens[at]));
        let Some(first) = first else { return false };
        let word = &self.tokens[at];
        let second_is = |lower| second.is_some_and(|second| second.is_word(lower));
        match () {
            () if first.is_word("as") || first.is_word("with") => true,
            () if first.is_word("recursive") => second_is("with"),
            () if first.is_word("not") && word.is_word("materialized") => second_is("as"),
            () if first.is_word("not") && is_one_of(word, &["like", "ilike"]) => {
                at > 2 && self.ends_operand(at - 2)
            }
            () if word.is_word("by") => is_one_of(first, &["group", "order", "partition"]),
            () if word.is_word("sets") => first.is_word("grouping"),
            () if word.is_word("join") => is_one_of(first, JOINS),
            () if is_one_of(word, &["first", "next"]) => first.is_word("fetch"),
            () if word.is_word("zone") => first.is_word("time") && second_is("at"),
            () => false,
        }
    }

    /// `, x (a, b) AS (SELECT`: one more query of a WITH. A function in FROM may have AS and
    /// columns behind it, but no column is called so.
    fn names_with_query(&self, at: usize) -> bool {
        if !self.is_behind(at, ",") {
            return false;
        }
        let after = &self.tokens[self.groups.partner(at + 1) + 1..];
        let Some(([r#as], after)) = after.split_first_chunk() else { return false };
        let after = match after {
            [not, word, rest @ ..] if not.is_word("not") && word.is_word("materialized") => rest,
            [word, rest @ ..] if word.is_word("materialized") => rest,
            _ => after,
        };
        r#as.is_word("as")
            && matches!(after, [open, first, rest @ ..] if open.is_mark("(")
                && (first.is_mark("(")
                    || is_one_of(first, &["select", "with", "table"])
                    || (first.is_word("values") && rest.first().is_some_and(|t| t.is_mark("(")))))
    }

    /// Whether what stands between the parentheses can be no arguments: `FILTER (WHERE`,
    /// `OPERATOR(a.+)`, and the columns of XMLTABLE and JSON_TABLE.
    fn begins_with_its_own(&self, at: usize) -> bool {
        let (word, inside) = (&self.tokens[at], &self.tokens[at + 2..self.groups.partner(at + 1)]);
        match inside {
            [first, ..] if word.is_word("filter") => first.is_word("where"),
            [names @ .., last] if word.is_word("operator") => {
                last.kind == Kind::Operator
                    && names.chunks(2).all(|pair| is_name(&pair[0]) && pair[1..] == [DOT])
            }
            [first, second, ..] if word.is_word("columns") => is_column(first, second),
            _ => false,
        }
    }

    /// A name that may be a relation's, whatever it is. One that no relation has may be anything.
    fn perhaps_relation(&self, at: usize) -> Result<(), Objection> {
        let token = &self.tokens[at];
        if keywords::of(token) == Some(Keyword::Reserved) {
            return Ok(());
        }
        let named = name(token)?;
        let schema = match self.is_behind(at, ".").then(|| at.checked_sub(2)).flatten() {
            Some(schema) if is_name(&self.tokens[schema]) => Some(name(&self.tokens[schema])?),
            _ => None,
        };
        match self.catalog.name(schema.as_deref(), &named) {
            Some(reason) => Err(Objection::to(reason, named)),
            None => Ok(()),
        }
    }

    fn call(&self, schema: Option<&str>, called: &str) -> Result<(), Objection> {
        let Some(reason) = self.catalog.call(schema, called) else { return Ok(()) };
        let shown = schema.filter(|schema| *schema != "pg_catalog");
        let shown = shown.map_or_else(|| called.to_owned(), |schema| format!("{schema}.{called}"));
        Err(Objection::to(reason, shown))
    }

    fn is_behind(&self, at: usize, mark: &str) -> bool {
        at.checked_sub(1).is_some_and(|before| self.tokens[before].is_mark(mark))
    }

    fn is_behind_word(&self, at: usize, lower: &str) -> bool {
        at.checked_sub(1).is_some_and(|before| self.tokens[before].is_word(lower))
    }
}

const DOT: Token<'static> = Token { kind: Kind::Punctuation, text: b"." };

/// Whether `COLUMNS (` is followed by the name of a column and its type, FOR ORDINALITY, or
/// NESTED PATH. Behind the first word of an argument there can only be an infix word.
fn is_column(first: &Token<'_>, second: &Token<'_>) -> bool {
    let may_name = match keywords::of(first) {
        Some(Keyword::Free) => !first.is_word("double"), // DOUBLE PRECISION '1'
        Some(_) => false,
        None => is_name(first),
    };
    let is_type = match keywords::of(second) {
        Some(Keyword::NeverFunction) => !second.is_word("between"),
        Some(_) => is_one_of(second, &["for", "path", "text", "xml", "double"]),
        None => is_name(second),
    };
    may_name && is_type
}

fn is_one_of(token: &Token<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| token.is_word(word))
}

const fn is_name(token: &Token<'_>) -> bool {
    matches!(token.kind, Kind::Word | Kind::QuotedWord)
}

#[cfg(test)]
mod tests;
