//! Everything that a console client is told by the console itself.

use super::access::Right;
use super::house::{Gone, Unset};
use crate::pooler::commands::CannotCommand;
use crate::protocol::error_response::ErrorReport;
use crate::protocol::sqlstate::SqlState;
use pgwire::error::{ErrorInfo, PgWireError};
use std::fmt::Display;
use std::time::Duration;

/// As pgwire takes it.
pub(super) fn wire(report: ErrorReport) -> PgWireError {
    PgWireError::UserError(Box::new(info(report)))
}

/// As pgwire encodes it.
pub(super) fn info(report: ErrorReport) -> ErrorInfo {
    let severity = if report.is_fatal() { "FATAL" } else { "ERROR" };
    let mut info = ErrorInfo::new(severity.into(), report.sqlstate.0.into(), report.message);
    info.detail = report.detail;
    info.hint = report.hint;
    info
}

/// Neither setting names the user.
pub fn no_entry(user: &str) -> ErrorReport {
    let message = format!("user \"{user}\" may not use the console");
    ErrorReport::fatal(SqlState::INVALID_AUTHORIZATION, message)
        .hint("Add the name to admin_users, or to stats_users for looking only.")
}

/// As many are there as may be.
pub fn too_many(limit: usize) -> ErrorReport {
    ErrorReport::fatal(SqlState::TOO_MANY_CONNECTIONS, "sorry, too many console clients already")
        .detail(format!("{limit} are connected."))
        .hint("Close some of them: the limit is fixed.")
}

/// The user may not say that.
pub(super) fn not_allowed(what: &str, right: Right) -> ErrorReport {
    ErrorReport::error(SqlState::INSUFFICIENT_PRIVILEGE, format!("permission denied for {what}"))
        .hint(format!("Add the user to {}.", right.setting()))
}

/// There is no transaction to go back in.
pub(super) fn no_transaction() -> ErrorReport {
    let message = "ROLLBACK TO SAVEPOINT can only be used in transaction blocks";
    ErrorReport::error(SqlState::NO_ACTIVE_TRANSACTION, message)
}

/// Nothing that the console knows.
pub(super) fn unknown(text: &str, near: Option<&str>) -> ErrorReport {
    let shown: String = text.chars().take(60).collect();
    let hint = match near {
        Some(near) => format!("Did you mean {near}? SHOW HELP lists everything."),
        None => "SHOW HELP lists everything.".to_owned(),
    };
    ErrorReport::error(SqlState::SYNTAX_ERROR, format!("invalid command \"{shown}\"")).hint(hint)
}

/// A command whose words are wrong.
pub(super) fn usage(usage: &str) -> ErrorReport {
    ErrorReport::error(SqlState::SYNTAX_ERROR, format!("usage: {usage}"))
        .hint("SHOW HELP lists everything.")
}

/// Several statements where one may stand.
pub(super) fn several_statements() -> ErrorReport {
    let message = "cannot insert multiple commands into a prepared statement";
    ErrorReport::error(SqlState::SYNTAX_ERROR, message)
}

/// A command that has no meaning here.
pub(super) fn no_suspend() -> ErrorReport {
    ErrorReport::error(SqlState::FEATURE_NOT_SUPPORTED, "SUSPEND is not supported")
        .detail("PgBouncer uses it to hand its sockets over to a new process.")
        .hint("Use PAUSE.")
}

/// About databases.
pub(super) fn database(name: Option<&str>, why: CannotCommand) -> ErrorReport {
    let what = name.map_or_else(|| "all databases".to_owned(), |n| format!("database \"{n}\""));
    match why {
        CannotCommand::NoSuchDatabase => {
            ErrorReport::error(SqlState::NO_SUCH_DATABASE, format!("{what} does not exist"))
                .hint("SHOW DATABASES lists them.")
        }
        CannotCommand::NotPaused => {
            ErrorReport::error(SqlState::NOT_IN_PREREQUISITE_STATE, format!("{what}: not paused"))
                .hint("Databases that were paused together are resumed together, by RESUME.")
        }
        CannotCommand::TooMany => {
            ErrorReport::error(SqlState::LIMIT_EXCEEDED, format!("{what}: {why}"))
        }
    }
}

/// No client has that number.
pub(super) fn no_such_client(id: u32) -> ErrorReport {
    ErrorReport::error(SqlState::UNDEFINED_OBJECT, format!("there is no client with the id {id}"))
        .hint("SHOW CLIENTS has the ids.")
}

/// It took longer than it may.
pub(super) fn waited(what: &str, limit: Duration, left: &str) -> ErrorReport {
    ErrorReport::error(SqlState::LOCK_NOT_AVAILABLE, format!("{what} is not done after {limit:?}"))
        .detail(format!("It waits for {left}."))
        .hint("What was ordered holds; SHOW SERVERS tells who keeps it, KILL ends them.")
}

/// The client asked for it.
pub(super) fn cancelled() -> ErrorReport {
    ErrorReport::error(SqlState::QUERY_CANCELED, "canceling statement due to user request")
}

/// A query that runs too long.
pub(super) fn too_long(limit: Duration) -> ErrorReport {
    let message = format!("canceling statement: it ran for {limit:?}");
    ErrorReport::error(SqlState::QUERY_CANCELED, message)
        .hint("The console is for short questions: the limit is fixed.")
}

/// Somebody who was asked does not answer.
pub(super) fn no_answer(why: &impl Display) -> ErrorReport {
    ErrorReport::error(SqlState::INTERNAL, why.to_string())
}

/// The process is ending.
pub(super) fn gone(why: Gone) -> ErrorReport {
    no_answer(&why)
}

/// More than may be.
pub(super) fn limit(what: &str) -> ErrorReport {
    ErrorReport::error(SqlState::LIMIT_EXCEEDED, what)
}

/// Other results have to be read first.
pub(super) fn results_are_held() -> ErrorReport {
    ErrorReport::error(SqlState::OUT_OF_MEMORY, "too many large results are held already")
        .hint("Try again, or ask for less: SELECT with WHERE and LIMIT.")
}

/// The settings could not be read anew.
pub(super) fn reload_refused(mistakes: &str) -> ErrorReport {
    let message = "reload refused, nothing was changed";
    ErrorReport::error(SqlState::CONFIG_FILE_ERROR, message).detail(mistakes)
}

/// A setting could not be changed.
pub(super) fn unset(key: &str, why: Unset) -> ErrorReport {
    match why {
        Unset::NoSuchSetting(near) => {
            let near = near.map_or_else(String::new, |near| format!("Did you mean {near}? "));
            let message = format!("there is no setting \"{key}\"");
            ErrorReport::error(SqlState::UNDEFINED_OBJECT, message)
                .hint(format!("{near}SHOW CONFIG has them."))
        }
        Unset::NeedsRestart => {
            let message = format!("\"{key}\" cannot be changed now");
            ErrorReport::error(SqlState::CANNOT_CHANGE, message)
                .hint("Write it into the configuration and restart pgweir.")
        }
        Unset::Refused(why) => {
            let message = format!("invalid value for \"{key}\"");
            ErrorReport::error(SqlState::INVALID_PARAMETER, message).detail(why)
        }
    }
}

/// SQL that cannot be run.
pub(super) fn sql(why: &str) -> ErrorReport {
    let state = if why.starts_with("invalid input syntax") {
        SqlState::INVALID_TEXT
    } else if why.ends_with("is too long") {
        SqlState::LIMIT_EXCEEDED
    } else if why.starts_with("no such table") {
        SqlState::UNDEFINED_TABLE
    } else if why.starts_with("no such column") {
        SqlState::UNDEFINED_COLUMN
    } else if why.starts_with("no such function") {
        SqlState::UNDEFINED_FUNCTION
    } else {
        SqlState::SYNTAX_ERROR
    };
    ErrorReport::error(state, why).hint("SHOW HELP lists the tables; the SQL is SQLite's.")
}

/// A value of another type than the place takes where it stands.
pub(super) fn bad_value(what: &str) -> ErrorReport {
    ErrorReport::error(SqlState::INVALID_PARAMETER, what)
}

/// Something in a message that is not known.
pub(super) fn unsupported(what: String) -> ErrorReport {
    ErrorReport::error(SqlState::FEATURE_NOT_SUPPORTED, what)
}

/// A message that does not fit what came before it.
pub(super) fn violation(what: &str) -> ErrorReport {
    ErrorReport::error(SqlState::PROTOCOL_VIOLATION, what)
}

/// A parameter whose value is not of its type.
pub(super) fn bad_parameter(number: usize, ty: &str) -> ErrorReport {
    let message = format!("invalid input for parameter ${number} of type {ty}");
    ErrorReport::error(SqlState::INVALID_TEXT, message)
}

/// SQL that does something else than read.
pub(super) fn read_only() -> ErrorReport {
    ErrorReport::error(SqlState::READ_ONLY, "the console's tables can only be read")
        .hint("Commands change things: SHOW HELP lists them.")
}
