//! Everything that a client is told by pgweir itself: the one place where it is worded.

use crate::auth::{Class, Failure};
use crate::pooler::{Holders, Shortage};
use crate::protocol::error_response::{ErrorReport, Severity, printable};
use crate::protocol::sqlstate::SqlState;
use crate::protocol::startup::BadStartup;
use crate::routing::Reason;
use crate::server::OpenError;
use std::time::Duration;

/// The host cannot be used, as far as is known.
pub(super) fn no_server(error: &OpenError, host: &str) -> ErrorReport {
    error.report(host)
}

/// Nothing became free in time.
pub(super) fn query_wait_timeout(limit: Duration, shortage: &Shortage) -> ErrorReport {
    let message = format!("no server connection became available within {limit:?}");
    let report = ErrorReport::error(SqlState::TOO_MANY_CONNECTIONS, message);
    match shortage {
        Shortage::Failing(error) => report
            .detail(format!("The last login to the host failed: {error}."))
            .hint(format!("{} Or raise query_wait_timeout to wait longer.", error.advice())),
        Shortage::Held(Holders { idle_in_transaction: 0, .. }) => report.hint(
            "Raise default_pool_size (or the database's pool_size) for more servers, or \
             query_wait_timeout to wait longer.",
        ),
        Shortage::Held(holders) => held_in_silence(report, holders),
    }
}

/// More servers would be held as well: whoever holds them has to let go.
fn held_in_silence(report: ErrorReport, holders: &Holders) -> ErrorReport {
    let Holders { servers, idle_in_transaction, longest } = holders;
    let longest = longest.unwrap_or_default().as_secs();
    report
        .detail(format!(
            "Of {servers} servers that clients have, {idle_in_transaction} are held by clients that are \
             idle in a transaction, the longest for {longest} s."
        ))
        .hint(
            "Set idle_transaction_timeout to end such transactions; SHOW CLIENTS on the console names \
             the clients. A larger pool_size or query_wait_timeout only puts it off.",
        )
}

/// No replica may serve the read, and the configuration says that it fails then.
pub(super) fn no_replica(reason: Reason) -> ErrorReport {
    let hint = match reason {
        Reason::NotFresh => {
            "Set no_replica to \"primary\" to let the primary serve it, or raise read_wait to wait longer \
             for a replica."
        }
        Reason::Lagging => {
            "Set no_replica to \"primary\" to let the primary serve it, or raise max_replica_lag."
        }
        _ => "Set no_replica to \"primary\" to let the primary serve it.",
    };
    ErrorReport::error(SqlState::CONNECTION_FAILURE, "no replica is available for this read")
        .detail(format!("The reason is {reason}: {}.", reason.explanation()))
        .hint(hint)
}

/// The transaction has begun on a replica, has a snapshot or a cursor there, and asks for what only
/// the primary can answer.
pub(super) fn transaction_is_bound() -> ErrorReport {
    let message = "this statement needs the primary, and the transaction has begun on a replica";
    ErrorReport::error(SqlState::FEATURE_NOT_SUPPORTED, message)
        .detail("A transaction with a snapshot or a cursor of its own cannot change its host.")
        .hint(
            "SET pgweir.role = 'primary' before such a transaction, or transactions = \"primary\".",
        )
}

/// A statement of a transaction that has failed before any server knew of it.
pub(super) fn transaction_has_failed() -> ErrorReport {
    let message = "current transaction is aborted, commands ignored until end of transaction block";
    ErrorReport::error(SqlState::IN_FAILED_TRANSACTION, message)
}

/// A transaction that has a snapshot or a cursor on a replica has lost it between two statements.
pub(super) fn transaction_lost() -> ErrorReport {
    let message = "the transaction has lost its replica";
    ErrorReport::error(SqlState::SERIALIZATION_FAILURE, message)
        .detail("It had a snapshot or a cursor there, and has written nothing.")
        .hint(
            "Run the transaction again. A standby ends those that are in the way of its recovery for longer \
             than max_standby_streaming_delay.",
        )
}

/// `SET TRANSACTION`, again and again.
pub(super) fn opening_too_long() -> ErrorReport {
    let message = "too much was said before the first statement of a transaction";
    ErrorReport::error(SqlState::LIMIT_EXCEEDED, message)
}

/// The client's own request, carried out while it waited.
pub(super) fn cancelled() -> ErrorReport {
    ErrorReport::error(SqlState::QUERY_CANCELED, "canceling statement due to user request")
        .detail("The statement was waiting for a server connection and was not started.")
}

/// The process ends.
pub(super) fn shutdown() -> ErrorReport {
    let message = "terminating connection due to administrator command";
    ErrorReport::fatal(SqlState::ADMIN_SHUTDOWN, message).detail("pgweir is shutting down.")
}

/// An administrator has ended it.
pub(super) fn killed() -> ErrorReport {
    let message = "terminating connection due to administrator command";
    ErrorReport::fatal(SqlState::ADMIN_SHUTDOWN, message)
        .detail("KILL or KILL_CLIENT was given on the console.")
}

/// A message to the console that it does not take.
pub(super) fn console_message_too_long(limit: usize) -> ErrorReport {
    let message = format!("a message to the console has more than {limit} bytes");
    ErrorReport::fatal(SqlState::LIMIT_EXCEEDED, message).hint("The limit is fixed.")
}

/// `DISABLE` was said of the database.
pub(super) fn disabled(name: &str) -> ErrorReport {
    ErrorReport::fatal(SqlState::CANNOT_CONNECT_NOW, format!("database \"{name}\" is disabled"))
        .hint("ENABLE it on the console.")
}

/// The client was silent for too long outside a transaction.
pub(super) fn idle_timeout() -> ErrorReport {
    let message = "terminating connection due to client_idle_timeout";
    ErrorReport::fatal(SqlState::IDLE_SESSION_TIMEOUT, message)
}

/// The client was silent for too long inside a transaction.
pub(super) fn idle_transaction_timeout() -> ErrorReport {
    let message = "terminating connection due to idle_transaction_timeout";
    ErrorReport::fatal(SqlState::IDLE_IN_TRANSACTION_TIMEOUT, message)
}

/// The server went away while the client waited for the answer to its COMMIT.
pub(super) fn commit_unknown(host: &str, why: &str) -> ErrorReport {
    let message = "the connection to the server was lost before it answered the COMMIT";
    ErrorReport::fatal(SqlState::RESOLUTION_UNKNOWN, message)
        .detail(format!("The host is {host}: {why}."))
        .hint("Look whether the transaction took effect before you run it again.")
}

/// The server went away while the client used it.
pub(super) fn server_lost(host: &str, why: &str) -> ErrorReport {
    let message = "the connection to the server was lost";
    ErrorReport::fatal(SqlState::CONNECTION_FAILURE, message)
        .detail(format!("The host is {host}: {why}."))
        .hint("Connect again; whether the last statement took effect is not known.")
}

/// Statement mode has no transactions of several statements.
pub(super) fn transaction_in_statement_mode() -> ErrorReport {
    let message = "transaction blocks not allowed in statement pooling mode";
    ErrorReport::fatal(SqlState::PROTOCOL_VIOLATION, message)
        .hint("Set pool_mode to \"transaction\" for this database.")
}

/// `max_client_conn` is reached.
pub(super) fn too_many_clients(limit: usize) -> ErrorReport {
    ErrorReport::fatal(SqlState::TOO_MANY_CONNECTIONS, "sorry, too many clients already")
        .detail(format!("{limit} clients are connected."))
        .hint("Raise max_client_conn.")
}

/// There are too many pools.
pub(super) fn too_many_pools(why: &str) -> ErrorReport {
    ErrorReport::fatal(SqlState::LIMIT_EXCEEDED, format!("cannot make a pool: {why}"))
        .hint("Name the databases in the configuration instead of using \"*\".")
}

/// There is no such database.
pub(super) fn no_such_database(name: &str) -> ErrorReport {
    let message = format!("database \"{name}\" does not exist");
    ErrorReport::fatal(SqlState::NO_SUCH_DATABASE, message)
        .hint("Add [databases.NAME], or [databases.\"*\"] for every name, to the configuration.")
}

/// The client must use TLS.
pub(super) fn tls_required() -> ErrorReport {
    let message = "connection requires TLS (client_tls_sslmode)";
    ErrorReport::fatal(SqlState::INVALID_AUTHORIZATION, message)
        .hint("Connect with sslmode=require or stronger.")
}

/// The startup packet does not say who the client is.
pub(super) fn no_user() -> ErrorReport {
    let message = "no PostgreSQL user name specified in startup packet";
    ErrorReport::fatal(SqlState::INVALID_AUTHORIZATION, message)
}

/// A name that is not text.
pub(super) fn not_text(what: &str) -> ErrorReport {
    let message = format!("the {what} in the startup packet is not UTF-8");
    ErrorReport::fatal(SqlState::INVALID_PARAMETER, message)
}

/// A replication connection.
pub(super) fn replication() -> ErrorReport {
    let message = "replication connections are not pooled";
    ErrorReport::fatal(SqlState::FEATURE_NOT_SUPPORTED, message)
        .hint("Connect to the PostgreSQL host itself for replication.")
}

/// The text of the startup parameter `options` says something else than parameters.
pub(super) fn bad_options() -> ErrorReport {
    let message = "invalid command-line arguments for server process";
    ErrorReport::fatal(SqlState::INVALID_PARAMETER, message)
        .hint("Only \"-c name=value\" and \"--name=value\" are taken in options.")
}

/// A startup parameter that PostgreSQL refuses.
pub(super) fn bad_parameter(why: &str) -> ErrorReport {
    ErrorReport::fatal(SqlState::INVALID_PARAMETER, why)
}

/// A startup parameter for pgweir that it does not know, or a value that it cannot have.
pub(super) fn bad_wish(name: &[u8], value: &[u8]) -> ErrorReport {
    let (name, value) = (printable(name), printable(value));
    let message = format!("invalid startup parameter {name} = \"{value}\"");
    ErrorReport::fatal(SqlState::INVALID_PARAMETER, message)
        .hint("pgweir.role may be auto, primary or replica.")
}

/// A packet that cannot be read.
pub(super) fn bad_startup(error: BadStartup) -> ErrorReport {
    let state = match error {
        BadStartup::Version(_) => SqlState::FEATURE_NOT_SUPPORTED,
        _ => SqlState::PROTOCOL_VIOLATION,
    };
    ErrorReport::fatal(state, error.to_string())
}

/// The client broke the rules before it was logged in.
pub(super) fn violation(what: &str) -> ErrorReport {
    ErrorReport::fatal(SqlState::PROTOCOL_VIOLATION, what)
}

/// The client could not prove who it is.
pub(super) fn refused(failure: &Failure, user: &str) -> ErrorReport {
    let state = match failure.class {
        Class::InvalidPassword => SqlState::INVALID_PASSWORD,
        // The same as for a wrong password: what is known of a user does not show.
        Class::InvalidAuthorization => SqlState::INVALID_PASSWORD,
        Class::ProtocolViolation => SqlState::PROTOCOL_VIOLATION,
    };
    ErrorReport::fatal(state, failure.for_client(user))
}

/// The login took too long.
pub(super) fn login_timeout() -> ErrorReport {
    ErrorReport::fatal(SqlState::QUERY_CANCELED, LOGIN_TIMEOUT)
}

/// The login took too long because no server could be had; `last` is why the last one could not.
pub(super) fn login_waited(last: Option<&OpenError>, host: &str) -> ErrorReport {
    let Some(error) = last else {
        let message = format!("{LOGIN_TIMEOUT}: no server connection became available");
        return ErrorReport::fatal(SqlState::TOO_MANY_CONNECTIONS, message).hint(
            "Raise default_pool_size (or the database's pool_size) for more servers, or \
             client_login_timeout to wait longer.",
        );
    };
    let report = error.report(host);
    let message = format!("{LOGIN_TIMEOUT}: {}", report.message);
    ErrorReport { severity: Severity::Fatal, message, ..report }
}

/// The words of PostgreSQL, and the setting (`ClientAuthentication` in `src/backend/libpq/auth.c`).
const LOGIN_TIMEOUT: &str = "canceling authentication due to timeout (client_login_timeout)";

/// It has not logged in, and is the oldest that has not.
pub(super) fn too_many_newcomers() -> ErrorReport {
    let message = "too many connections that have not logged in";
    ErrorReport::fatal(SqlState::TOO_MANY_CONNECTIONS, message)
        .hint("Raise max_client_conn, or lower client_login_timeout.")
}
