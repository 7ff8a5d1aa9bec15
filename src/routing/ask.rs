//! What a session asks of pgweir itself: `SHOW pgweir.server`, `SET pgweir.role`, `EXPLAIN ROUTE`.

use super::lexer::Lexer;
use super::policy::Role;
use super::token::{Kind, Token};

/// The longest of these statements, `EXPLAIN ROUTE` aside, in tokens.
const MAX_TOKENS: usize = 12;

/// One statement that pgweir answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask<'a> {
    /// `SHOW pgweir.server`: which host served the last statement.
    Server,
    /// `SHOW pgweir.route`: and why.
    Route,
    /// `SHOW pgweir.role`: what was asked for.
    Role,
    /// `SHOW pgweir.token`: what has been committed by now.
    Token,
    /// `SHOW pgweir.version`.
    Version,
    /// `SET pgweir.role`: where statements go from now on, or until the transaction ends.
    SetRole {
        /// None is `auto`.
        role: Option<Role>,
        /// `SET LOCAL`.
        local: bool,
    },
    /// `SET pgweir.read_after`: reads must see what was committed when this token was shown.
    ReadAfter(String),
    /// `EXPLAIN ROUTE`: where this statement would go.
    Explain(&'a [u8]),
    /// It is meant for pgweir, and is none of the above: why not.
    Unknown(Mistake),
}

/// What is wrong with a statement that is meant for pgweir.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// There is no such name.
    #[error("unrecognized configuration parameter \"pgweir.{0}\"")]
    Name(String),
    /// It has such a name, and no such value.
    #[error("invalid value for parameter \"pgweir.{name}\": \"{value}\"")]
    Value {
        /// Which.
        name: &'static str,
        /// What was said.
        value: String,
    },
    /// It can be shown, and not set.
    #[error("parameter \"pgweir.{0}\" cannot be set")]
    ReadOnly(String),
    /// It is not a statement.
    #[error("syntax error in a statement for pgweir")]
    Syntax,
}

/// The names that can be set, as a hint.
pub const SETTABLE: &str = "SET pgweir.role = 'auto' | 'primary' | 'replica', or SET \
                            pgweir.read_after = a token of SHOW pgweir.token.";

/// The columns of the answer, if `sql` is meant for pgweir. Costs a look at the first word for
/// nearly every statement.
#[must_use]
pub fn columns(sql: &[u8]) -> Option<&'static [&'static str]> {
    Some(Ask::of(sql)?.columns())
}

impl<'a> Ask<'a> {
    /// The columns of its answer, all of type text; none if it returns no rows.
    #[must_use]
    pub fn columns(&self) -> &'static [&'static str] {
        match self {
            Self::Server => &["pgweir.server", "role"],
            Self::Route => &["pgweir.route"],
            Self::Role => &["pgweir.role"],
            Self::Token => &["pgweir.token"],
            Self::Version => &["pgweir.version"],
            Self::Explain(_) => &["role", "server", "rule", "says", "reason", "detail"],
            Self::SetRole { .. } | Self::ReadAfter(_) | Self::Unknown(_) => &[],
        }
    }

    /// What `sql`, which may be any bytes, asks of pgweir, if it is one statement and asks for
    /// anything.
    #[must_use]
    pub fn of(sql: &'a [u8]) -> Option<Self> {
        if !may_ask(sql) {
            return None;
        }
        let mut lexer = Lexer::new(sql);
        let first = lexer.next()?;
        if first.is_word("explain") {
            let is_route = lexer.next()?.is_word("route");
            return is_route.then(|| explain(&sql[lexer.position()..]));
        }
        let mut tokens: Vec<_> = lexer.take(MAX_TOKENS + 1).collect();
        while tokens.last().is_some_and(|last| last.is_mark(";")) {
            tokens.pop();
        }
        match () {
            () if tokens.iter().any(|token| token.is_mark(";")) => None,
            () if first.is_word("show") => show(&tokens),
            () if first.is_word("reset") => reset(&tokens),
            () if first.is_word("set") => set(&tokens),
            () => None,
        }
    }
}

/// The first word of these is SHOW, SET, RESET or EXPLAIN, unless a comment is in front.
fn may_ask(sql: &[u8]) -> bool {
    let sql = sql.trim_ascii_start();
    let begins =
        |word: &[u8]| sql.get(..word.len()).is_some_and(|front| front.eq_ignore_ascii_case(word));
    match sql.first() {
        Some(b's' | b'S') => begins(b"show") || begins(b"set"),
        Some(b'r' | b'R') => begins(b"reset"),
        Some(b'e' | b'E') => begins(b"explain"),
        Some(b'/' | b'-') => true,
        _ => false,
    }
}

fn explain(statement: &[u8]) -> Ask<'_> {
    match Lexer::new(statement).next() {
        Some(_) => Ask::Explain(statement.trim_ascii()),
        None => Ask::Unknown(Mistake::Syntax),
    }
}

/// What follows `pgweir.`, in lower case, and what follows that.
fn own<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<(String, &'t [Token<'a>])> {
    match tokens {
        [pgweir, dot, name, rest @ ..] if pgweir.is_word("pgweir") && dot.is_mark(".") => {
            Some((String::from_utf8_lossy(name.text).to_ascii_lowercase(), rest))
        }
        _ => None,
    }
}

fn show<'a>(tokens: &[Token<'a>]) -> Option<Ask<'a>> {
    let (name, rest) = own(tokens)?;
    if !rest.is_empty() {
        return Some(Ask::Unknown(Mistake::Syntax));
    }
    Some(match name.as_str() {
        "server" => Ask::Server,
        "route" => Ask::Route,
        "role" => Ask::Role,
        "token" => Ask::Token,
        "version" => Ask::Version,
        _ => Ask::Unknown(Mistake::Name(name)),
    })
}

fn reset<'a>(tokens: &[Token<'a>]) -> Option<Ask<'a>> {
    let (name, rest) = own(tokens)?;
    Some(match name.as_str() {
        _ if !rest.is_empty() => Ask::Unknown(Mistake::Syntax),
        "role" => Ask::SetRole { role: None, local: false },
        _ => Ask::Unknown(mistaken(name)),
    })
}

fn set<'a>(tokens: &[Token<'a>]) -> Option<Ask<'a>> {
    let (local, tokens) = match tokens {
        [scope, rest @ ..] if scope.is_word("local") => (true, rest),
        [scope, rest @ ..] if scope.is_word("session") => (false, rest),
        _ => (false, tokens),
    };
    let (name, rest) = own(tokens)?;
    let value = match rest {
        [sign, value] if sign.is_mark("=") || sign.is_word("to") => value,
        _ => return Some(Ask::Unknown(Mistake::Syntax)),
    };
    let value = match value.kind {
        Kind::String => string(value),
        _ => String::from_utf8_lossy(value.text).into_owned(),
    };
    Some(match name.as_str() {
        "role" => role(&value, local),
        "read_after" => Ask::ReadAfter(value),
        _ => Ask::Unknown(mistaken(name)),
    })
}

fn mistaken(name: String) -> Mistake {
    match name.as_str() {
        "server" | "route" | "token" | "version" => Mistake::ReadOnly(name),
        _ => Mistake::Name(name),
    }
}

fn role<'a>(value: &str, local: bool) -> Ask<'a> {
    match role_of(value) {
        Some(role) => Ask::SetRole { role, local },
        None => Ask::Unknown(Mistake::Value { name: "role", value: value.to_owned() }),
    }
}

/// The role that a value of `pgweir.role` asks for; `Some(None)` is `auto`.
#[must_use]
pub fn role_of(value: &str) -> Option<Option<Role>> {
    match value.to_ascii_lowercase().as_str() {
        "auto" | "default" => Some(None),
        "primary" => Some(Some(Role::Primary)),
        "replica" => Some(Some(Role::Replica)),
        _ => None,
    }
}

/// What a plain string holds.
fn string(token: &Token<'_>) -> String {
    let text = String::from_utf8_lossy(token.text);
    let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    inner.map_or_else(|| text.clone().into_owned(), |inner| inner.replace("''", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(sql: &str) -> Option<Ask<'_>> {
        Ask::of(sql.as_bytes())
    }

    #[test]
    fn what_is_asked_is_understood_in_any_spelling() {
        let replica = Some(Role::Replica);
        for (sql, expected) in [
            ("SHOW pgweir.server", Ask::Server),
            ("/* a driver's */ show PGWEIR . Route ;", Ask::Route),
            ("SHOW pgweir.token;", Ask::Token),
            ("SET pgweir.role = 'replica'", Ask::SetRole { role: replica, local: false }),
            ("set session pgweir.role to REPLICA", Ask::SetRole { role: replica, local: false }),
            ("SET LOCAL pgweir.role = 'auto'", Ask::SetRole { role: None, local: true }),
            ("RESET pgweir.role", Ask::SetRole { role: None, local: false }),
            ("SET pgweir.read_after = '1-1-0/1'", Ask::ReadAfter("1-1-0/1".into())),
            ("EXPLAIN ROUTE SELECT 1; SELECT 2", Ask::Explain(b"SELECT 1; SELECT 2")),
        ] {
            assert_eq!(of(sql), Some(expected), "{sql}");
        }
    }

    #[test]
    fn what_is_not_for_us_is_left_alone() {
        for sql in [
            "SHOW work_mem",
            "SHOW pgweirs.server",
            "SELECT 'pgweir.server'",
            "SET app.role = 'primary'",
            "EXPLAIN SELECT route FROM t",
            "SHOW pgweir.server; SELECT 1",
            "",
            "--",
        ] {
            assert_eq!(of(sql), None, "{sql}");
        }
    }

    #[test]
    fn a_mistake_is_said() {
        for (sql, expected) in [
            ("SHOW pgweir.sever", "unrecognized configuration parameter \"pgweir.sever\""),
            ("SET pgweir.role = 'both'", "invalid value for parameter \"pgweir.role\": \"both\""),
            ("SET pgweir.server = 'x'", "parameter \"pgweir.server\" cannot be set"),
            ("SET pgweir.role", "syntax error in a statement for pgweir"),
            ("EXPLAIN ROUTE ;", "syntax error in a statement for pgweir"),
        ] {
            match of(sql) {
                Some(Ask::Unknown(mistake)) => assert_eq!(mistake.to_string(), expected),
                Some(Ask::Explain(b";")) => {}
                other => panic!("{sql}: {other:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(sql: Vec<u8>) {
            let _ = columns(&sql);
        }
    }
}
