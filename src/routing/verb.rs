//! What a statement does to its transaction: BEGIN and its modes, savepoints, the end.

use super::lexer::Lexer;
use super::proof;
use super::token::{Kind, Token};

/// The longest statement of this kind that is read, in tokens. `BEGIN` with every mode has twelve.
const MAX_TOKENS: usize = 32;

/// How far a transaction is kept apart from others (PostgreSQL manual, 13.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Each statement sees what was committed before it. `READ UNCOMMITTED` is the same.
    ReadCommitted,
    /// All statements see what was committed before the first.
    RepeatableRead,
    /// As if no other ran; a standby refuses it.
    Serializable,
}

/// What `BEGIN` and `SET TRANSACTION` say of a transaction; `None` is its default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// `READ ONLY` or `READ WRITE`.
    pub read_only: Option<bool>,
    /// `ISOLATION LEVEL`.
    pub isolation: Option<Isolation>,
}

impl Modes {
    /// What holds when `later` is said after this.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        Self {
            read_only: later.read_only.or(self.read_only),
            isolation: later.isolation.or(self.isolation),
        }
    }
}

/// What one statement does to its transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `BEGIN`, or with `start` `START TRANSACTION`.
    Begin {
        /// Whether it is spelled `START TRANSACTION`, which its answer repeats.
        start: bool,
        /// What it says of the transaction.
        modes: Modes,
    },
    /// `SET TRANSACTION`, before the first query.
    Modes(Modes),
    /// `SET LOCAL`: a setting until the transaction ends.
    SetLocal,
    /// `SAVEPOINT`.
    Savepoint(String),
    /// `RELEASE`.
    Release(String),
    /// `ROLLBACK TO`.
    RollbackTo(String),
    /// `COMMIT` or `END`, without `AND CHAIN`.
    Commit,
    /// `ROLLBACK` or `ABORT`, without `AND CHAIN`.
    Rollback,
    /// Everything else, and more than one statement.
    Other,
}

impl Verb {
    /// What `sql`, which may be any bytes, does if it is one statement of this kind.
    #[must_use]
    pub fn of(sql: &[u8]) -> Self {
        let mut tokens: Vec<_> = Lexer::new(sql).take(MAX_TOKENS + 1).collect();
        while tokens.last().is_some_and(|last| last.is_mark(";")) {
            tokens.pop();
        }
        match tokens.as_slice() {
            tokens if tokens.len() > MAX_TOKENS => Self::Other,
            [first, rest @ ..] if first.kind == Kind::Word => verb(first, rest),
            _ => Self::Other,
        }
    }
}

fn verb(first: &Token<'_>, rest: &[Token<'_>]) -> Verb {
    match () {
        () if first.is_word("begin") => begin(false, after_noise(rest)),
        () if first.is_word("start") => match rest {
            [word, rest @ ..] if word.is_word("transaction") => begin(true, rest),
            _ => Verb::Other,
        },
        () if first.is_word("set") => set(rest),
        () if first.is_word("savepoint") => named(rest, Verb::Savepoint),
        () if first.is_word("release") => named(after(rest, "savepoint"), Verb::Release),
        () if first.is_word("commit") || first.is_word("end") => end(rest, Verb::Commit),
        () if first.is_word("abort") => end(rest, Verb::Rollback),
        () if first.is_word("rollback") => match after_noise(rest) {
            [to, rest @ ..] if to.is_word("to") => {
                named(after(rest, "savepoint"), Verb::RollbackTo)
            }
            _ => end(rest, Verb::Rollback),
        },
        () => Verb::Other,
    }
}

/// `WORK` and `TRANSACTION` say nothing.
fn after_noise<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    match tokens {
        [word, rest @ ..] if word.is_word("work") || word.is_word("transaction") => rest,
        _ => tokens,
    }
}

fn after<'t, 'a>(tokens: &'t [Token<'a>], noise: &str) -> &'t [Token<'a>] {
    match tokens {
        [word, rest @ ..] if word.is_word(noise) && !rest.is_empty() => rest,
        _ => tokens,
    }
}

fn begin(start: bool, tokens: &[Token<'_>]) -> Verb {
    modes(tokens).map_or(Verb::Other, |modes| Verb::Begin { start, modes })
}

fn end(tokens: &[Token<'_>], verb: Verb) -> Verb {
    match after_noise(tokens) {
        [] => verb,
        [and, no, chain] if and.is_word("and") && no.is_word("no") && chain.is_word("chain") => {
            verb
        }
        _ => Verb::Other,
    }
}

fn named(tokens: &[Token<'_>], verb: impl Fn(String) -> Verb) -> Verb {
    match tokens {
        [one] => proof::name(one).map_or(Verb::Other, verb),
        _ => Verb::Other,
    }
}

fn set(tokens: &[Token<'_>]) -> Verb {
    match tokens {
        [first, rest @ ..] if first.is_word("transaction") => match modes(rest) {
            Some(modes) if !rest.is_empty() => Verb::Modes(modes),
            _ => Verb::Other,
        },
        [local, name, rest @ ..] if local.is_word("local") => set_local(name, rest),
        [name, rest @ ..] => own_setting(name, rest),
        [] => Verb::Other,
    }
}

/// `SET LOCAL TRANSACTION`, `SESSION AUTHORIZATION` and the like are left to PostgreSQL.
fn set_local(name: &Token<'_>, rest: &[Token<'_>]) -> Verb {
    match own_setting(name, rest) {
        Verb::Other => match rest {
            [sign, ..] if sign.is_mark("=") || sign.is_word("to") || sign.is_mark(".") => {
                Verb::SetLocal
            }
            _ => Verb::Other,
        },
        modes => modes,
    }
}

/// A transaction's modes are settings too: `SET transaction_read_only = on`.
fn own_setting(name: &Token<'_>, rest: &[Token<'_>]) -> Verb {
    let value = match rest {
        [sign, value] if sign.is_mark("=") || sign.is_word("to") => unquoted(value),
        _ => return Verb::Other,
    };
    if name.is_word("transaction_read_only") {
        let read_only = match value.as_str() {
            "on" | "true" | "yes" | "1" => Some(true),
            "off" | "false" | "no" | "0" => Some(false),
            _ => return Verb::Other,
        };
        return Verb::Modes(Modes { read_only, isolation: None });
    }
    if name.is_word("transaction_isolation") {
        let isolation = match value.as_str() {
            "read committed" | "read uncommitted" => Some(Isolation::ReadCommitted),
            "repeatable read" => Some(Isolation::RepeatableRead),
            "serializable" => Some(Isolation::Serializable),
            _ => return Verb::Other,
        };
        return Verb::Modes(Modes { read_only: None, isolation });
    }
    Verb::Other
}

/// The text of a word, a number or a plain string, in lower case.
fn unquoted(token: &Token<'_>) -> String {
    let text = String::from_utf8_lossy(token.text).to_ascii_lowercase();
    text.trim_matches('\'').to_owned()
}

/// Transaction modes, commas between them or not (`transaction_mode_list` in `gram.y`).
fn modes(mut tokens: &[Token<'_>]) -> Option<Modes> {
    let mut modes = Modes::default();
    while !tokens.is_empty() {
        let (mode, rest) = mode(tokens)?;
        modes = modes.then(mode);
        tokens = match rest {
            [comma, rest @ ..] if comma.is_mark(",") && !rest.is_empty() => rest,
            _ => rest,
        };
    }
    Some(modes)
}

fn mode<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<(Modes, &'t [Token<'a>])> {
    let begins = |words: &[&str]| {
        tokens.len() >= words.len() && words.iter().zip(tokens).all(|(word, t)| t.is_word(word))
    };
    let isolation = |level| Modes { isolation: Some(level), read_only: None };
    let access = |read_only| Modes { read_only: Some(read_only), isolation: None };
    let known: &[(&[&str], Modes)] = &[
        (&["read", "only"], access(true)),
        (&["read", "write"], access(false)),
        (&["not", "deferrable"], Modes::default()),
        (&["deferrable"], Modes::default()),
        (&["isolation", "level", "read", "committed"], isolation(Isolation::ReadCommitted)),
        (&["isolation", "level", "read", "uncommitted"], isolation(Isolation::ReadCommitted)),
        (&["isolation", "level", "repeatable", "read"], isolation(Isolation::RepeatableRead)),
        (&["isolation", "level", "serializable"], isolation(Isolation::Serializable)),
    ];
    let (words, modes) = known.iter().find(|(words, _)| begins(words))?;
    Some((*modes, &tokens[words.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(sql: &str) -> Verb {
        Verb::of(sql.as_bytes())
    }

    fn begin(read_only: Option<bool>, isolation: Option<Isolation>) -> Verb {
        Verb::Begin { start: false, modes: Modes { read_only, isolation } }
    }

    #[test]
    fn begin_is_read_with_its_modes() {
        let serializable = Some(Isolation::Serializable);
        for (sql, expected) in [
            ("BEGIN", begin(None, None)),
            ("begin;", begin(None, None)),
            ("/* hi */ BEGIN WORK ; ;", begin(None, None)),
            ("BEGIN READ ONLY", begin(Some(true), None)),
            ("BEGIN TRANSACTION READ WRITE", begin(Some(false), None)),
            (
                "BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY DEFERRABLE",
                begin(Some(true), serializable),
            ),
            ("BEGIN READ ONLY READ WRITE", begin(Some(false), None)),
            ("BEGIN READ ONLY,", Verb::Other),
            ("BEGIN READ", Verb::Other),
            ("BEGIN; SELECT 1", Verb::Other),
            ("BEGIN ATOMIC", Verb::Other),
        ] {
            assert_eq!(of(sql), expected, "{sql}");
        }
        let started = Verb::Begin { start: true, modes: Modes::default() };
        assert_eq!(of("START TRANSACTION"), started);
        assert_eq!(of("START"), Verb::Other);
    }

    #[test]
    fn modes_are_said_in_three_ways() {
        let read_only = |value| Verb::Modes(Modes { read_only: Some(value), isolation: None });
        assert_eq!(of("SET TRANSACTION READ ONLY"), read_only(true));
        assert_eq!(of("SET transaction_read_only = off"), read_only(false));
        assert_eq!(of("SET LOCAL transaction_read_only TO 'on'"), read_only(true));
        let level = Modes { read_only: None, isolation: Some(Isolation::RepeatableRead) };
        assert_eq!(of("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"), Verb::Modes(level));
        assert_eq!(of("SET transaction_isolation = 'repeatable read'"), Verb::Modes(level));
        for other in [
            "SET TRANSACTION",
            "SET TRANSACTION SNAPSHOT '0-1'",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "SET default_transaction_read_only = on",
            "SET LOCAL TRANSACTION READ ONLY",
        ] {
            assert_eq!(of(other), Verb::Other, "{other}");
        }
    }

    #[test]
    fn savepoints_have_names_as_postgresql_reads_them() {
        assert_eq!(of("SAVEPOINT S1"), Verb::Savepoint("s1".into()));
        assert_eq!(of("SAVEPOINT \"S1\";"), Verb::Savepoint("S1".into()));
        assert_eq!(of("RELEASE s1"), Verb::Release("s1".into()));
        assert_eq!(of("RELEASE SAVEPOINT savepoint"), Verb::Release("savepoint".into()));
        assert_eq!(of("RELEASE savepoint"), Verb::Release("savepoint".into()));
        assert_eq!(of("ROLLBACK TO s1"), Verb::RollbackTo("s1".into()));
        assert_eq!(of("ROLLBACK WORK TO SAVEPOINT s1"), Verb::RollbackTo("s1".into()));
        assert_eq!(of("SAVEPOINT"), Verb::Other);
    }

    #[test]
    fn a_chained_transaction_is_not_the_end() {
        for (sql, expected) in [
            ("COMMIT", Verb::Commit),
            ("END TRANSACTION;", Verb::Commit),
            ("commit and no chain", Verb::Commit),
            ("COMMIT AND CHAIN", Verb::Other),
            ("COMMIT PREPARED 'x'", Verb::Other),
            ("ROLLBACK", Verb::Rollback),
            ("ABORT WORK", Verb::Rollback),
            ("ROLLBACK AND CHAIN", Verb::Other),
            ("PREPARE TRANSACTION 'x'", Verb::Other),
        ] {
            assert_eq!(of(sql), expected, "{sql}");
        }
    }

    #[test]
    fn set_local_is_for_this_transaction() {
        assert_eq!(of("SET LOCAL work_mem = '1MB'"), Verb::SetLocal);
        assert_eq!(of("set local app.user to 7"), Verb::SetLocal);
        assert_eq!(of("SET LOCAL ROLE admin"), Verb::Other);
        assert_eq!(of("SET work_mem = '1MB'"), Verb::Other);
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(sql: Vec<u8>) {
            let _ = Verb::of(&sql);
        }
    }
}
