//! The command line: what the user asks for, or what to say instead.
//!
//! Nothing is done here; [`crate::app`] acts on a [`Command`].

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use crate::config::SecretText;

/// The exit status of a command line that cannot be understood (`EX_USAGE` of sysexits.h).
pub const BAD_USAGE: u8 = 64;

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "pooler.toml";

/// More replicas than one machine can bear for a demonstration.
const MAX_DEMO_REPLICAS: i64 = 8;

/// What the user asks for.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run the pooler (also without the word): from a file, or from URLs alone.
    Run(Run),
    /// Check a file: every mistake at once. Status 0 or 78.
    Check(Check),
    /// Start a throwaway primary with replicas, and pgweir in front of them, until Ctrl-C.
    Demo(Demo),
    /// Say where each statement would go and why, without running it.
    Route(Route),
}

/// `pgweir run`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Run {
    /// The file to read [default: pooler.toml]; a reload reads it again.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["primary", "replicas"])]
    config: Option<PathBuf>,

    /// Where to listen: HOST:PORT, HOST, PORT, or the folder of a Unix socket.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,

    /// The host that takes writes: postgres://user:password@host:port/database. No file is read.
    #[arg(long, value_name = "URL")]
    primary: Option<SecretText>,

    /// A host that serves reads; may be given several times.
    #[arg(long = "replica", value_name = "URL", requires = "primary")]
    replicas: Vec<SecretText>,
}

/// Where the settings come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This file.
    File(PathBuf),
    /// These URLs alone, which may hold passwords.
    Urls {
        /// The host that takes writes.
        primary: SecretText,
        /// The hosts that serve reads.
        replicas: Vec<SecretText>,
    },
}

impl Run {
    /// Where the settings come from.
    pub fn source(&self) -> Source {
        match &self.primary {
            Some(primary) => {
                Source::Urls { primary: primary.clone(), replicas: self.replicas.clone() }
            }
            None => Source::File(self.config.clone().unwrap_or_else(|| DEFAULT_FILE.into())),
        }
    }
}

/// `pgweir check`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Check {
    /// The file to check.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    pub config: PathBuf,
}

/// `pgweir demo`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Demo {
    /// How many replicas follow the primary.
    #[arg(long, value_name = "N", default_value_t = 2,
          value_parser = clap::value_parser!(u8).range(0..=MAX_DEMO_REPLICAS))]
    pub replicas: u8,

    /// The port that pgweir listens on.
    #[arg(long, value_name = "P", default_value_t = 6432)]
    pub port: u16,
}

/// `pgweir route`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Route {
    /// A file whose rules for the database apply; the database's primary is asked what it has.
    #[arg(long, value_name = "FILE", requires = "database")]
    pub config: Option<PathBuf>,

    /// The database, as a client would ask for it.
    #[arg(long, value_name = "NAME", requires = "config")]
    pub database: Option<String>,

    /// Read one JSON string or {"sql": "..."} a line, write one JSON object for each. {"reload": true}
    /// reads the database's catalog again; with "standard_conforming_strings": true beside "sql" a
    /// session is meant in which it is on.
    #[arg(long)]
    pub json: bool,

    /// The statements; "-" or nothing reads them from standard input.
    #[arg(value_name = "SQL", allow_hyphen_values = true)]
    sql: Option<String>,
}

impl Route {
    /// The statements, or `None` if standard input has them.
    pub fn sql(&self) -> Option<&str> {
        self.sql.as_deref().filter(|sql| *sql != "-")
    }
}

/// What to print instead of running, and the exit status to end with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The help, the version, or what is wrong.
    pub text: String,
    /// 0 for what belongs on standard output, [`BAD_USAGE`] for standard error.
    pub status: u8,
}

/// Reads the arguments, the program's name first.
///
/// # Errors
/// What to print instead: the help and the version count as well.
pub fn parse<I, T>(arguments: I) -> Result<Command, Stop>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let line = CommandLine::try_parse_from(arguments).map_err(|error| stop(&error))?;
    Ok(line.command.unwrap_or(Command::Run(line.run)))
}

/// A PostgreSQL connection pooler and read/write router.
#[derive(Parser)]
#[command(name = "pgweir", version, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

fn stop(error: &clap::Error) -> Stop {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let status = if asked { 0 } else { BAD_USAGE };
    Stop { text: error.render().to_string(), status }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parsed(line: &str) -> Command {
        let words = std::iter::once("pgweir").chain(line.split_whitespace());
        parse(words).unwrap_or_else(|stop| panic!("{}", stop.text))
    }

    fn refused(line: &str) -> Stop {
        let words = std::iter::once("pgweir").chain(line.split_whitespace());
        parse(words).expect_err(line)
    }

    fn source(line: &str) -> Source {
        match parsed(line) {
            Command::Run(run) => run.source(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn run_needs_no_word_and_no_argument() {
        assert_eq!(source(""), Source::File("pooler.toml".into()));
        assert_eq!(source("run"), Source::File("pooler.toml".into()));
        assert_eq!(source("--config a.toml"), Source::File("a.toml".into()));
        assert_eq!(
            parsed("--config a.toml --listen :1"),
            parsed("run --config a.toml --listen :1")
        );
    }

    #[test]
    fn urls_take_the_place_of_a_file() {
        let urls = Source::Urls {
            primary: "postgres://a".into(),
            replicas: vec!["postgres://b".into(), "postgres://c".into()],
        };
        let line = "--primary postgres://a --replica postgres://b --replica postgres://c";
        assert_eq!(source(line), urls);
        assert_eq!(source(&format!("run {line}")), urls);
        assert_eq!(refused("--config a.toml --primary postgres://a").status, BAD_USAGE);
        assert_eq!(refused("--replica postgres://b").status, BAD_USAGE);
    }

    #[test]
    fn a_password_on_the_command_line_is_not_shown() {
        let shown = format!("{:?}", parsed("--primary postgres://u:hunter2@h"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn the_other_commands() {
        assert_eq!(parsed("check"), Command::Check(Check { config: "pooler.toml".into() }));
        let demo = Demo { replicas: 3, port: 7000 };
        assert_eq!(parsed("demo --replicas 3 --port 7000"), Command::Demo(demo));
        let Command::Route(route) = parsed("route --json -") else { panic!("not route") };
        assert!(route.json && route.sql().is_none());
        let Command::Route(route) = parsed("route TABLE") else { panic!("not route") };
        assert_eq!(route.sql(), Some("TABLE"));
    }

    #[test]
    fn statuses_of_what_is_not_run() {
        assert_eq!(refused("--version").status, 0);
        assert_eq!(refused("--version").text, format!("pgweir {}\n", env!("CARGO_PKG_VERSION")));
        assert_eq!(refused("--help").status, 0);
        assert_eq!(refused("walk").status, BAD_USAGE);
        assert_eq!(refused("demo --replicas 9").status, BAD_USAGE);
        assert_eq!(refused("route --config a.toml SELECT").status, BAD_USAGE);
    }
}
