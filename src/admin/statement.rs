//! What a text asks for.

use super::access::Right;
use super::commands::{self, Act, Command};
use super::error;
use super::tables::{self, Table};
use super::text::{Word, words};
use crate::protocol::error_response::ErrorReport;

/// Settings that drivers set when they connect, and that mean nothing here.
const IGNORED: [&str; 17] = [
    "bytea_output",
    "client_encoding",
    "client_min_messages",
    "datestyle",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "extra_float_digits",
    "geqo",
    "idle_in_transaction_session_timeout",
    "intervalstyle",
    "lock_timeout",
    "search_path",
    "session_authorization",
    "standard_conforming_strings",
    "statement_timeout",
    "time_zone",
    "timezone",
];

/// One statement.
#[derive(Clone, Debug)]
pub enum Statement {
    /// `SHOW table`.
    Show(&'static Table),
    /// `SHOW HELP`.
    Help,
    /// `SET application_name`.
    Rename(String),
    /// `SHOW application_name`.
    OwnName,
    /// `SHOW parameter`, as of PostgreSQL: its name and value.
    Parameter(&'static str, &'static str),
    /// Something to do.
    Do(&'static Command, Act),
    /// Something that drivers say and that needs nothing done; what to answer.
    Ignored(&'static str),
    /// A transaction begins: it changes nothing, but drivers ask for it.
    Begin,
    /// It ends; what to answer.
    End(&'static str),
    /// It goes back to a savepoint, and goes on.
    Back,
    /// SQL.
    Select(String),
}

/// Parameters that drivers ask for, and their values.
pub const PARAMETERS: [(&str, &str); 18] = [
    ("client_encoding", "UTF8"),
    ("datestyle", "ISO, MDY"),
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_read_only", "off"),
    ("integer_datetimes", "on"),
    ("intervalstyle", "postgres"),
    ("lc_collate", "C"),
    ("max_identifier_length", "63"),
    // pgjdbc asks for it before it lists keys.
    ("max_index_keys", "32"),
    ("search_path", "public"),
    ("server_encoding", "UTF8"),
    ("server_version", super::console::SERVER_VERSION),
    ("server_version_num", "160000"),
    ("standard_conforming_strings", "on"),
    ("statement_timeout", "10s"),
    ("timezone", "GMT"),
    ("transaction_isolation", "read committed"),
    ("transaction_read_only", "off"),
];

impl Statement {
    /// Reads one statement.
    ///
    /// # Errors
    /// It is nothing that the console knows.
    pub fn parse(text: &str) -> Result<Statement, ErrorReport> {
        let words = words(text);
        let Some((first, rest)) = words.split_first() else {
            return Err(error::unknown(text, None));
        };
        let first = first.said().to_ascii_uppercase();
        // As in `SELECT(1)`.
        let first = first.split('(').next().unwrap_or_default();
        match first {
            "SHOW" => show(rest, text),
            "SELECT" | "WITH" | "VALUES" => Ok(Statement::Select(text.to_owned())),
            "SET" => set(rest, text),
            "RESET" | "DEALLOCATE" | "DISCARD" | "CLOSE" => {
                Ok(Statement::Ignored(ignored_tag(first)))
            }
            "BEGIN" | "START" => Ok(Statement::Begin),
            "SAVEPOINT" | "RELEASE" if !rest.is_empty() => {
                Ok(Statement::Ignored(ignored_tag(first)))
            }
            "COMMIT" | "END" => Ok(Statement::End("COMMIT")),
            "ROLLBACK" if rest.iter().any(|word| word.is("TO")) => Ok(Statement::Back),
            "ROLLBACK" | "ABORT" => Ok(Statement::End("ROLLBACK")),
            _ => command(first, rest, text),
        }
    }

    /// What somebody must be allowed to who says it.
    pub fn right(&self) -> Right {
        match self {
            Statement::Show(table) => table.right,
            Statement::Do(command, _) => command.right,
            _ => Right::Look,
        }
    }

    /// What to call it.
    pub fn name(&self) -> String {
        match self {
            Statement::Show(table) => format!("SHOW {}", table.name.to_uppercase()),
            Statement::Do(command, _) => command.word.to_owned(),
            _ => "this".to_owned(),
        }
    }
}

fn ignored_tag(word: &str) -> &'static str {
    ["RESET", "DEALLOCATE", "DISCARD", "CLOSE", "SAVEPOINT", "RELEASE"]
        .into_iter()
        .find(|tag| *tag == word)
        .unwrap_or("SET")
}

fn show(words: &[Word], text: &str) -> Result<Statement, ErrorReport> {
    match words {
        [what] if what.is("HELP") => Ok(Statement::Help),
        [what] if what.is("application_name") => Ok(Statement::OwnName),
        [what] => {
            let name = what.said();
            if let Some(table) = tables::named(name) {
                return Ok(Statement::Show(table));
            }
            let parameter = PARAMETERS.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
            let known = parameter.map(|(name, value)| Statement::Parameter(name, value));
            known.ok_or_else(|| error::unknown(text, nearest(name).as_deref()))
        }
        // As drivers spell them.
        [a, b, c] if a.is("TRANSACTION") && b.is("ISOLATION") && c.is("LEVEL") => {
            Ok(Statement::Parameter("transaction_isolation", "read committed"))
        }
        [a, b] if a.is("TIME") && b.is("ZONE") => Ok(Statement::Parameter("timezone", "GMT")),
        _ => Err(error::unknown(text, None)),
    }
}

/// The table that somebody may have meant.
fn nearest(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let distance = |table: &&Table| strsim::damerau_levenshtein(table.name, &name);
    let near = tables::ALL.iter().copied().min_by_key(distance)?;
    (distance(&near) <= 2).then(|| format!("SHOW {}", near.name.to_uppercase()))
}

fn set(words: &[Word], text: &str) -> Result<Statement, ErrorReport> {
    let words = match words {
        [scope, rest @ ..] if scope.is("SESSION") || scope.is("LOCAL") => rest,
        words => words,
    };
    let Some(key) = words.first() else { return Err(error::unknown(text, None)) };
    if let [key, is, name] = words
        && key.is("application_name")
        && (*is == Word::Equals || is.is("TO"))
    {
        return Ok(Statement::Rename(name.said().to_owned()));
    }
    let is_ignored = IGNORED.iter().any(|name| key.is(name))
        || ["TRANSACTION", "CHARACTERISTICS", "NAMES", "ROLE"].iter().any(|word| key.is(word))
        || matches!(words, [time, zone, ..] if time.is("TIME") && zone.is("ZONE"));
    if is_ignored {
        return Ok(Statement::Ignored("SET"));
    }
    command("SET", words, text)
}

fn command(word: &str, words: &[Word], text: &str) -> Result<Statement, ErrorReport> {
    let Some(command) = commands::named(word) else { return Err(error::unknown(text, None)) };
    let act = (command.read)(words).ok_or_else(|| error::usage(&command.usage()))?;
    Ok(Statement::Do(command, act))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::house::Shutdown;
    use proptest::prelude::*;

    fn act(text: &str) -> Act {
        match Statement::parse(text) {
            Ok(Statement::Do(_, act)) => act,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn every_table_can_be_shown_in_any_letters() {
        for table in tables::ALL {
            let lower = Statement::parse(&format!("show {}", table.name)).unwrap();
            let upper = Statement::parse(&format!("SHOW {}", table.name.to_uppercase())).unwrap();
            match table.name {
                "help" => assert!(matches!(lower, Statement::Help)),
                _ => assert_eq!(lower.name(), upper.name()),
            }
        }
    }

    #[test]
    fn commands_are_read_as_pgbouncer_reads_them() {
        let app = || "app".to_owned();
        assert_eq!(act("PAUSE"), Act::Pause(None));
        assert_eq!(act("pause app"), Act::Pause(Some(app())));
        assert_eq!(act("RESUME \"app\""), Act::Resume(Some(app())));
        assert_eq!(act("DISABLE app"), Act::Disable(app()));
        assert_eq!(act("ENABLE 'app'"), Act::Enable(app()));
        assert_eq!(act("RECONNECT"), Act::Reconnect(None));
        assert_eq!(act("KILL app"), Act::Kill(Some(app())));
        assert_eq!(act("KILL_CLIENT 17"), Act::KillClient(17));
        assert_eq!(act("WAIT_CLOSE app"), Act::WaitClose(Some(app())));
        assert_eq!(act("RELOAD"), Act::Reload);
        assert_eq!(act("SUSPEND"), Act::Suspend);
        assert_eq!(act("SHUTDOWN"), Act::Shutdown(Shutdown::Now));
        assert_eq!(act("SHUTDOWN WAIT_FOR_SERVERS"), Act::Shutdown(Shutdown::WaitForServers));
        assert_eq!(act("shutdown wait_for_clients"), Act::Shutdown(Shutdown::WaitForClients));
        let set = Act::Set("default_pool_size".into(), "21".into());
        for text in [
            "SET default_pool_size = 21",
            "set default_pool_size='21'",
            "SET default_pool_size TO 21",
        ] {
            assert_eq!(act(text), set);
        }
    }

    #[test]
    fn wrong_words_are_told_what_is_right() {
        for (text, hint) in [
            ("SHOW SOMETHING", "SHOW HELP lists everything."),
            ("SHOW POLS", "Did you mean SHOW POOLS? SHOW HELP lists everything."),
            ("DROP TABLE pools", "SHOW HELP lists everything."),
            ("DISABLE", "SHOW HELP lists everything."),
            ("KILL_CLIENT x", "SHOW HELP lists everything."),
            ("PAUSE a b", "SHOW HELP lists everything."),
            ("SHUTDOWN now", "SHOW HELP lists everything."),
        ] {
            let error = Statement::parse(text).unwrap_err();
            assert_eq!((error.sqlstate.0, error.hint.as_deref()), ("42601", Some(hint)), "{text}");
        }
    }

    #[test]
    fn what_drivers_say_is_taken() {
        for text in [
            "SET extra_float_digits = 3",
            "SET client_encoding TO 'UTF8'",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "SET TIME ZONE 'UTC'",
            "DISCARD ALL",
            "DEALLOCATE ALL",
            "BEGIN",
            "START TRANSACTION READ ONLY",
            "COMMIT",
            "ROLLBACK",
            "SAVEPOINT a",
            "ROLLBACK TO SAVEPOINT a",
            "RELEASE a",
            "SHOW search_path",
            "SHOW server_version",
            "SHOW TRANSACTION ISOLATION LEVEL",
            "SELECT 1",
            "select(1)",
            "VALUES (1)",
        ] {
            assert!(Statement::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn who_may_look_may_not_steer() {
        for table in tables::ALL {
            let expected = if table.name == "fds" { Right::Steer } else { Right::Look };
            assert_eq!(table.right, expected, "{}", table.name);
        }
        for command in commands::ALL {
            assert_eq!(command.right, Right::Steer, "{}", command.word);
        }
        assert_eq!(Statement::parse("PAUSE").unwrap().right(), Right::Steer);
        assert_eq!(Statement::parse("SHOW FDS").unwrap().right(), Right::Steer);
        assert_eq!(Statement::parse("SELECT 1").unwrap().right(), Right::Look);
        assert_eq!(Statement::parse("SET datestyle = ISO").unwrap().right(), Right::Look);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,100}") {
            let _ = Statement::parse(&text);
        }

        #[test]
        fn any_command_is_read_or_refused(
            word in "(SHOW|SET|PAUSE|KILL|KILL_CLIENT|SHUTDOWN|WAIT_CLOSE|RELOAD)",
            rest in "[ ='\"a-z0-9_;-]{0,40}",
        ) {
            let _ = Statement::parse(&format!("{word} {rest}"));
        }
    }
}
