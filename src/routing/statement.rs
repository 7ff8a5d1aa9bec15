//! The class of one statement by its first words; only queries are looked into.

use super::Reason;
use super::catalog::Catalog;
use super::class::{Access, Class};
use super::objection::Objection;
use super::proof;
use super::token::{Kind, Token};

/// What one statement is, and the name of what decided if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) class: Class,
    pub(crate) subject: Option<String>,
}

impl From<Class> for Finding {
    fn from(class: Class) -> Self {
        Self { class, subject: None }
    }
}

impl From<Result<(), Objection>> for Finding {
    fn from(proof: Result<(), Objection>) -> Self {
        match proof {
            Ok(()) => Class::READ.into(),
            Err(Objection { reason, subject }) => Self { class: Class::write(reason), subject },
        }
    }
}

/// The finding for one statement, which has no `;` in it.
pub(crate) fn examine(tokens: &[Token<'_>], catalog: &Catalog) -> Finding {
    match tokens {
        [] => Class::session(Reason::Empty).into(),
        [first, ..] if first.is_mark("(") => proof::query(tokens, catalog).into(),
        [first, rest @ ..] if first.kind == Kind::Word => match leading(first) {
            Leading::Query => proof::query(tokens, catalog).into(),
            Leading::Explain => explain(rest, catalog),
            Leading::Copy => copy(rest, catalog).into(),
            Leading::Set => set(rest).into(),
            Leading::Prepare => prepare(rest).into(),
            Leading::Declare => declare(rest, catalog),
            Leading::Certain(class) => class.into(),
        },
        _ => Class::write(Reason::Unparsed).into(),
    }
}

/// What the first word of a statement tells.
enum Leading {
    Query,
    Explain,
    Copy,
    Set,
    Prepare,
    Declare,
    Certain(Class),
}

/// Statements in the order of the PostgreSQL manual's part VI, by what they ask of a host.
fn leading(first: &Token<'_>) -> Leading {
    let is_one_of = |words: &[&str]| words.iter().any(|word| first.is_word(word));
    match () {
        () if is_one_of(QUERIES) => Leading::Query,
        () if first.is_word("explain") => Leading::Explain,
        () if first.is_word("copy") => Leading::Copy,
        () if first.is_word("set") => Leading::Set,
        () if first.is_word("prepare") => Leading::Prepare,
        () if first.is_word("declare") => Leading::Declare,
        () if first.is_word("show") => Leading::Certain(Class::session(Reason::Show)),
        () if is_one_of(TRANSACTION) => Leading::Certain(Class::transaction()),
        () if is_one_of(SESSION) => Leading::Certain(Class::session(Reason::Session)),
        () if is_one_of(WRITES) => Leading::Certain(Class::write(Reason::Write)),
        () => Leading::Certain(Class::write(Reason::Unparsed)),
    }
}

const QUERIES: &[&str] = &["select", "with", "values", "table"];

const TRANSACTION: &[&str] =
    &["begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"];

/// FETCH and MOVE run a cursor's query, but only inside a transaction whose own statements pin, or
/// over what DECLARE .. WITH HOLD has already computed.
const SESSION: &[&str] =
    &["reset", "listen", "unlisten", "deallocate", "discard", "load", "fetch", "move", "close"];

/// EXECUTE is here because what it runs may write.
const WRITES: &[&str] = &[
    "insert",
    "update",
    "delete",
    "merge",
    "truncate",
    "create",
    "alter",
    "drop",
    "grant",
    "revoke",
    "call",
    "do",
    "execute",
    "lock",
    "notify",
    "vacuum",
    "analyze",
    "analyse",
    "reindex",
    "cluster",
    "refresh",
    "comment",
    "security",
    "import",
    "reassign",
    "checkpoint",
    "repack",
    "wait",
];

/// Whether a word begins a statement that is known by it and is no query, BEGIN and END aside: in
/// PL/pgSQL these enclose statements.
pub(super) fn begins_other(token: &Token<'_>) -> bool {
    let is_one_of = |words: &[&str]| words.iter().any(|word| token.is_word(word));
    let encloses = token.is_word("begin") || token.is_word("end");
    is_one_of(WRITES)
        || is_one_of(SESSION)
        || token.is_word("prepare")
        || (is_one_of(TRANSACTION) && !encloses)
}

/// `SET TRANSACTION`, also after SESSION or LOCAL; everything else sets the session.
fn set(rest: &[Token<'_>]) -> Class {
    let rest = match rest {
        [scope, rest @ ..] if scope.is_word("session") || scope.is_word("local") => rest,
        _ => rest,
    };
    match rest {
        [first, ..] if first.is_word("transaction") => Class::transaction(),
        _ => Class::session(Reason::Session),
    }
}

fn prepare(rest: &[Token<'_>]) -> Class {
    match rest {
        [first, ..] if first.is_word("transaction") => Class::transaction(),
        _ => Class::session(Reason::Session),
    }
}

/// DECLARE of a cursor over a read that ends with its transaction.
fn declare(rest: &[Token<'_>], catalog: &Catalog) -> Finding {
    let Some(at) = rest.iter().position(|token| token.is_word("for")) else {
        return Class::write(Reason::Unparsed).into();
    };
    let (options, query) = (&rest[..at], &rest[at + 1..]);
    if options.iter().any(|token| token.is_word("hold")) && !options.iter().any(is_without) {
        return Class::write(Reason::Write).into();
    }
    match query {
        [first, ..] if starts_query(first) => match Finding::from(proof::query(query, catalog)) {
            Finding { class: Class::READ, .. } => Class::session(Reason::Cursor).into(),
            objection => objection,
        },
        _ => Class::write(Reason::Unparsed).into(),
    }
}

fn is_without(token: &Token<'_>) -> bool {
    token.is_word("without")
}

/// EXPLAIN goes where its statement goes: its plan, and what ANALYZE runs, belong to that host.
fn explain(rest: &[Token<'_>], catalog: &Catalog) -> Finding {
    let statement = match rest {
        [open, first, ..] if open.is_mark("(") && !starts_query(first) => after_group(rest),
        _ => after_words(rest, &["analyze", "analyse", "verbose"]),
    };
    match statement {
        [] => Class::write(Reason::Unparsed).into(),
        [first, ..] if first.is_word("explain") => Class::write(Reason::Unparsed).into(),
        statement => explained(examine(statement, catalog)),
    }
}

/// Nothing but a query or a write can be explained: other classes would be a syntax error.
fn explained(finding: Finding) -> Finding {
    match finding.class.access {
        Access::Read | Access::Write => finding,
        Access::Session | Access::Transaction => Class::write(Reason::Unparsed).into(),
    }
}

fn starts_query(token: &Token<'_>) -> bool {
    token.is_mark("(") || QUERIES.iter().any(|word| token.is_word(word))
}

fn after_words<'t, 'a>(mut tokens: &'t [Token<'a>], words: &[&str]) -> &'t [Token<'a>] {
    while let [first, rest @ ..] = tokens {
        if !words.iter().any(|word| first.is_word(word)) {
            break;
        }
        tokens = rest;
    }
    tokens
}

/// What follows the parenthesis that opens at the first token; nothing if it is not closed.
fn after_group<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    let mut open = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if token.is_mark("(") {
            open += 1;
        } else if token.is_mark(")") {
            open = open.saturating_sub(1);
            if open == 0 {
                return &tokens[at + 1..];
            }
        }
    }
    &[]
}

/// COPY reads if a query or a table goes to the client (STDOUT), and only then.
fn copy(rest: &[Token<'_>], catalog: &Catalog) -> Result<(), Objection> {
    let (source, target) = match rest {
        [open, ..] if open.is_mark("(") => {
            let target = after_group(rest);
            (rest[..rest.len() - target.len()].iter().as_slice(), target)
        }
        _ => rest.split_at(rest.iter().position(is_direction).unwrap_or(rest.len())),
    };
    match target {
        [to, stdout, ..] if to.is_word("to") && stdout.is_word("stdout") => {
            copy_source(source, catalog)
        }
        [to, ..] if to.is_word("to") => Err(Reason::ServerFile.into()),
        [from, ..] if from.is_word("from") => Err(Reason::Write.into()),
        _ => Err(Reason::Unparsed.into()),
    }
}

fn is_direction(token: &Token<'_>) -> bool {
    token.is_word("to") || token.is_word("from")
}

/// A query in parentheses, or a table with or without a list of columns.
fn copy_source(source: &[Token<'_>], catalog: &Catalog) -> Result<(), Objection> {
    if source.first().is_some_and(|open| open.is_mark("(")) {
        return copy_query(source, catalog);
    }
    let name = source.split(|t| t.is_mark("(")).next().unwrap_or_default();
    let (schema, table) = match name {
        [table] => (None, table),
        [schema, dot, table] if dot.is_mark(".") => (Some(proof::name(schema)?), table),
        _ => return Err(Reason::Unparsed.into()),
    };
    let table = proof::name(table)?;
    match catalog.relation(schema.as_deref(), &table) {
        Some(reason) => Err(Objection::to(reason, table)),
        None => Ok(()),
    }
}

/// COPY takes INSERT, UPDATE, DELETE and MERGE with RETURNING as its query, too.
fn copy_query(source: &[Token<'_>], catalog: &Catalog) -> Result<(), Objection> {
    match source.get(1) {
        Some(first) if !starts_query(first) => Err(Reason::Write.into()),
        _ => proof::query(source, catalog),
    }
}
