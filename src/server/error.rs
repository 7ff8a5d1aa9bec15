//! Why a server could not be opened.

use crate::auth::Failure;
use crate::net::tls::TlsError;
use crate::protocol::error_response::{ErrorReport, Fields, printable};
use crate::protocol::sqlstate::SqlState;
use std::io;
use std::time::Duration;

/// Why a server could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody listens, the network is cut, the connection broke.
    #[error("cannot connect: {0}")]
    Io(#[from] io::Error),
    /// It took longer than `server_connect_timeout`.
    #[error("no answer within server_connect_timeout ({0:?})")]
    Timeout(Duration),
    /// TLS is required and the host does not offer it.
    #[error("the host does not offer TLS, which server_tls_sslmode requires")]
    NoTls,
    /// TLS cannot be begun.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// What answers is not PostgreSQL.
    #[error("the host does not speak PostgreSQL's protocol: {0}")]
    NotPostgres(String),
    /// The server said no.
    #[error("{message} (SQLSTATE {sqlstate})")]
    Refused {
        /// Its SQLSTATE.
        sqlstate: String,
        /// Its message.
        message: String,
    },
    /// The two sides do not agree on how to prove who we are.
    #[error(transparent)]
    Auth(#[from] Failure),
}

impl OpenError {
    /// From the body of an `ErrorResponse`.
    pub(super) fn refused(body: &[u8]) -> Self {
        let fields = Fields::new(body);
        let sqlstate = printable(fields.sqlstate());
        OpenError::Refused { sqlstate, message: fields.message() }
    }

    /// Whether trying again cannot help before somebody changes something: the clients that wait
    /// are told now. A host that starts up, shuts down or is full gets another try.
    pub fn is_final(&self) -> bool {
        match self {
            OpenError::Refused { sqlstate, .. } => {
                ["28", "3D", "42"].iter().any(|class| sqlstate.starts_with(class))
            }
            OpenError::Auth(_) | OpenError::NoTls => true,
            OpenError::Io(_) | OpenError::Timeout(_) => false,
            OpenError::Tls(_) | OpenError::NotPostgres(_) => false,
        }
    }

    /// The SQLSTATE that a client is told: the host's own, where it has said one.
    pub fn sqlstate(&self) -> &str {
        match self {
            OpenError::Refused { sqlstate, .. } => sqlstate,
            OpenError::Auth(failure) => failure.class.sqlstate(),
            _ => SqlState::CONNECTION_FAILURE.0,
        }
    }

    /// What kind of failure it is, in a word; one of [`OpenError::CLASSES`].
    pub fn class(&self) -> &'static str {
        match self {
            OpenError::Io(_) => "unreachable",
            OpenError::Timeout(_) => "timeout",
            OpenError::NoTls => "no_tls",
            OpenError::Tls(_) => "tls",
            OpenError::NotPostgres(_) => "not_postgresql",
            OpenError::Refused { .. } => "refused",
            OpenError::Auth(_) => "authentication",
        }
    }

    /// Every word of [`OpenError::class`].
    pub const CLASSES: &[&str] =
        &["unreachable", "timeout", "no_tls", "tls", "not_postgresql", "refused", "authentication"];

    /// As a client sees it. The session of a client that has logged in survives it.
    pub fn report(&self, host: &str) -> ErrorReport {
        let (state, message) = match self {
            OpenError::Refused { sqlstate, message } => (known(sqlstate), message.clone()),
            OpenError::Auth(failure) => (known(failure.class.sqlstate()), self.to_string()),
            _ => (SqlState::CONNECTION_FAILURE, self.to_string()),
        };
        ErrorReport::error(state, format!("server login failed: {message}"))
            .detail(format!("The host is {host}."))
    }
}

fn known(sqlstate: &str) -> SqlState {
    match sqlstate {
        "28P01" => SqlState::INVALID_PASSWORD,
        "3D000" => SqlState::NO_SUCH_DATABASE,
        state if state.starts_with("28") => SqlState::INVALID_AUTHORIZATION,
        "53300" => SqlState::TOO_MANY_CONNECTIONS,
        _ => SqlState::CONNECTION_FAILURE,
    }
}
