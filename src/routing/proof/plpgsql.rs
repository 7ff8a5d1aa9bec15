//! The body of a PL/pgSQL function, proven to do nothing but read.
//!
//! A volatile function is most often one whose author has said nothing. PL/pgSQL runs the SQL that
//! its body spells, EXECUTE aside, so the tokens tell what a call of it may do. Three rules, each
//! of which is stricter than the grammar (`pl_gram.y`): no word may stand anywhere that begins a
//! command of another kind; where a command may begin there stands one that is known; and every
//! call and every relation is looked at as in a query.

use super::super::catalog::Catalog;
use super::super::objection::Objection;
use super::super::token::{Kind, Token};
use super::super::{Reason, statement};
use super::keywords::{self, Keyword};
use super::{suspect, syntax, tokens};

/// Objects to the first thing in the body's `tokens` that is not known to be a read's.
pub(crate) fn body(tokens: &[Token<'_>], catalog: &Catalog) -> Result<(), Objection> {
    if tokens.len() > syntax::MAX_TOKENS {
        return Err(Reason::TooLong.into());
    }
    if tokens.iter().any(|token| token.kind.is_unclear()) || tokens.iter().any(is_command) {
        return Err(Reason::Unparsed.into());
    }
    if catalog.has_unsafe_types() && tokens.windows(2).any(takes_type) {
        return Err(Reason::UnsafeType.into());
    }
    Commands { tokens, declares: false, loops: false }.read()?;
    // Its INTO names variables. One that made a table would be refused by a standby, in any case.
    let without_into: Vec<_> = tokens.iter().filter(|t| !t.is_word("into")).copied().collect();
    suspect::look_over(&without_into)?;
    tokens::read_body(tokens, catalog)?;
    catalog.look_over(tokens)
}

/// Whether a word begins a command that is no read, wherever it stands and whatever it means there.
/// A cursor that is opened may outlive the call (`refcursor`), so it is one, too.
fn is_command(token: &Token<'_>) -> bool {
    statement::begins_other(token) || is_one_of(token, &["copy", "explain", "open", "set", "show"])
}

/// `a.b%TYPE` and `a%ROWTYPE`: a type that the text does not name, whose checks an assignment runs.
fn takes_type(pair: &[Token<'_>]) -> bool {
    pair[0].is_mark("%") && is_one_of(&pair[1], &["type", "rowtype"])
}

/// Statements of PL/pgSQL, and what may stand at the beginning of one (`pl_gram.y`, `proc_stmt`).
#[rustfmt::skip]
const STATEMENTS: &[&str] = &[
    "assert", "begin", "case", "continue", "declare", "else", "elseif", "elsif", "end", "exception",
    "exit", "for", "foreach", "get", "if", "loop", "null", "perform", "raise", "return", "select",
    "when", "while", "with",
];

/// Words of PL/pgSQL behind which an operand may begin, beside SQL's own key words
/// (`pl_reserved_kwlist.h`, `pl_unreserved_kwlist.h`).
#[rustfmt::skip]
pub(super) const WORDS: &[&str] = &[
    "alias", "assert", "constant", "datatype", "debug", "detail", "diagnostics", "dump", "elseif",
    "elsif", "errcode", "exception", "exit", "foreach", "get", "hint", "info", "log", "loop",
    "message", "notice", "perform", "query", "raise", "reverse", "rowtype", "slice", "sqlstate",
    "stacked", "strict", "warning", "while",
];

/// Those of them that may stand in front of a parenthesis, as in `IF (a > b) THEN`. A function could
/// have such a name, but none of PostgreSQL's has.
pub(super) const BEFORE_GROUP: &[&str] =
    &["assert", "cursor", "elseif", "elsif", "if", "next", "perform", "query", "return", "while"];

/// A walk over the places where a command may begin.
struct Commands<'t, 'a> {
    tokens: &'t [Token<'a>],
    /// Between DECLARE and BEGIN, where names stand first and nothing is run but expressions.
    declares: bool,
    /// Between FOR and LOOP, where IN may be followed by a query.
    loops: bool,
}

impl Commands<'_, '_> {
    fn read(mut self) -> Result<(), Objection> {
        let mut begins = true;
        for at in 0..self.tokens.len() {
            let rest = &self.tokens[at..];
            if begins {
                self.begin(rest)?;
            }
            begins = rest[0].is_mark(";") || is_one_of(&rest[0], &["begin", "declare", "loop"]);
            self.loops &= !rest[0].is_word("loop") && !rest[0].is_mark(";");
            let may_begin = is_one_of(&rest[0], &["then", "else", "query"])
                || (self.loops && rest[0].is_word("in"));
            if may_begin && is_unknown(&rest[1..]) {
                return Err(Reason::Unparsed.into());
            }
        }
        Ok(())
    }

    /// A command begins with `rest`, or a declaration.
    fn begin(&mut self, rest: &[Token<'_>]) -> Result<(), Objection> {
        let first = &rest[0];
        if first.is_word("begin") {
            self.declares = false;
        } else if self.declares {
            return if is_name(first) { Ok(()) } else { Err(Reason::Unparsed.into()) };
        }
        self.declares |= first.is_word("declare");
        self.loops |= is_one_of(first, &["for", "foreach"]);
        let is_label = first.is_mark("<<");
        // Behind a label its statement follows, which begins as any other one.
        let known = match is_label {
            true => rest.get(3).is_some_and(|after| is_one_of(after, STATEMENTS)),
            false => is_one_of(first, STATEMENTS) || assigns(rest) || first.is_mark(";"),
        };
        if is_label && known {
            return self.begin(&rest[3..]);
        }
        if known { Ok(()) } else { Err(Reason::Unparsed.into()) }
    }
}

/// `a := 1`, `a = 1`, `a.b := 1`, `a[1] := 1`.
fn assigns(tokens: &[Token<'_>]) -> bool {
    matches!(tokens, [first, mark, ..] if is_name(first)
        && [":=", "=", ".", "["].iter().any(|known| mark.is_mark(known)))
}

/// Whether two names follow each other as a command's first words do, and not as in a query or an
/// expression: there a key word divides them.
fn is_unknown(tokens: &[Token<'_>]) -> bool {
    let [first, second, ..] = tokens else { return false };
    let may_name = |token: &Token<'_>| {
        is_name(token) && matches!(keywords::of(token), None | Some(Keyword::Free))
    };
    let is_known = |word| is_one_of(word, STATEMENTS) || is_one_of(word, &["reverse", "values"]);
    may_name(first) && may_name(second) && !is_known(first) && !second.is_word("loop")
}

fn is_one_of(token: &Token<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| token.is_word(word))
}

const fn is_name(token: &Token<'_>) -> bool {
    matches!(token.kind, Kind::Word | Kind::QuotedWord)
}

#[cfg(test)]
mod tests;
