//! Why a server could not be opened.

use crate::auth::Failure;
use crate::net::is_out_of_files;
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
    Io(io::Error),
    /// Our own process, or the machine, has no file descriptor left: that says nothing of the host.
    #[error(
        "cannot open a connection: {0}; raise the limit of open files (ulimit -n, LimitNOFILE) or \
         lower max_client_conn"
    )]
    OutOfFiles(io::Error),
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

/// Whom a login that failed says something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// The host: nobody can log in to it now.
    Host,
    /// The database: nobody can log in to it now, and to others of the host they can.
    Database,
    /// This user, with this password, in this database, in this way. The host answers.
    Login,
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        if is_out_of_files(&error) { OpenError::OutOfFiles(error) } else { OpenError::Io(error) }
    }
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
            OpenError::Tls(error) => !is_interrupted(error),
            OpenError::Io(_) | OpenError::OutOfFiles(_) => false,
            OpenError::Timeout(_) | OpenError::NotPostgres(_) => false,
        }
    }

    /// Whom it says something about. What a host refuses with a SQLSTATE is a matter of that login,
    /// unless it says that it lets nobody in (PostgreSQL manual, "PostgreSQL Error Codes"); so is how
    /// this login wants TLS.
    pub fn culprit(&self) -> Culprit {
        match self {
            OpenError::OutOfFiles(_) => Culprit::Login,
            OpenError::Io(_) | OpenError::Timeout(_) | OpenError::NotPostgres(_) => Culprit::Host,
            OpenError::NoTls | OpenError::Auth(_) => Culprit::Login,
            OpenError::Tls(error) if is_interrupted(error) => Culprit::Host,
            OpenError::Tls(_) => Culprit::Login,
            OpenError::Refused { sqlstate, .. } => match sqlstate.as_str() {
                "57P01" | "57P02" | "57P03" => Culprit::Host,
                "3D000" | "55000" | "57P04" => Culprit::Database,
                _ => Culprit::Login,
            },
        }
    }

    /// Which setting, here or there, would let the login succeed.
    pub fn advice(&self) -> &'static str {
        match self {
            OpenError::OutOfFiles(_) => {
                "Raise the limit of open files (ulimit -n, LimitNOFILE) of pgweir, or lower \
                 max_client_conn and the sizes of pools."
            }
            OpenError::Io(_) | OpenError::Timeout(_) | OpenError::NotPostgres(_) => {
                "Check that the host is up, and that PostgreSQL listens there."
            }
            OpenError::NoTls | OpenError::Tls(_) => {
                "See server_tls_sslmode, server_tls_ca_file and the host's certificate."
            }
            OpenError::Auth(_) => "See user and password of the database, [users] and auth_file.",
            OpenError::Refused { sqlstate, .. } => match sqlstate.as_str() {
                "53300" => {
                    "Raise max_connections of the host, or the CONNECTION LIMIT of the role or the \
                     database; or lower pool_size, so that all pools together stay below it."
                }
                "57P01" | "57P02" | "57P03" => "The host is starting up or shutting down.",
                "3D000" => "See dbname of the database, or create it on the host.",
                state if state.starts_with("28") => {
                    "See user and password of the database, [users], auth_file, and the host's \
                     pg_hba.conf."
                }
                _ => "The host's log may say more.",
            },
        }
    }

    /// The SQLSTATE that a client is told: the host's own, where it has said one.
    pub fn sqlstate(&self) -> &str {
        match self {
            OpenError::Refused { sqlstate, .. } => sqlstate,
            OpenError::Auth(failure) => failure.class.sqlstate(),
            OpenError::OutOfFiles(_) => SqlState::INSUFFICIENT_RESOURCES.0,
            _ => SqlState::CONNECTION_FAILURE.0,
        }
    }

    /// What kind of failure of the host it is, in a word; one of [`OpenError::CLASSES`].
    pub fn class(&self) -> &'static str {
        match self {
            OpenError::Io(_) | OpenError::OutOfFiles(_) => "unreachable",
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
            OpenError::OutOfFiles(_) => (SqlState::INSUFFICIENT_RESOURCES, self.to_string()),
            _ => (SqlState::CONNECTION_FAILURE, self.to_string()),
        };
        ErrorReport::error(state, format!("server login failed: {message}"))
            .detail(format!("The host is {host}."))
            .hint(self.advice())
    }
}

/// The handshake was cut off: that says nothing about certificates.
fn is_interrupted(error: &TlsError) -> bool {
    matches!(error, TlsError::HandshakeCut { .. } | TlsError::Truncated { .. })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tls::error::Peer;

    fn refused(sqlstate: &str) -> OpenError {
        OpenError::Refused { sqlstate: sqlstate.into(), message: "no".into() }
    }

    #[test]
    fn a_refused_certificate_is_a_matter_of_that_login_and_is_told_at_once() {
        let problem = "it has expired".to_owned();
        let error = OpenError::Tls(TlsError::Certificate { peer: Peer::Server, problem });
        assert_eq!((error.culprit(), error.is_final()), (Culprit::Login, true));
        let error = OpenError::Tls(TlsError::HandshakeCut { peer: Peer::Server });
        assert_eq!((error.culprit(), error.is_final()), (Culprit::Host, false));
    }

    #[test]
    fn files_that_are_used_up_here_are_no_failure_of_the_host() {
        for (code, culprit, sqlstate) in [
            (libc::EMFILE, Culprit::Login, "53000"),
            (libc::ENFILE, Culprit::Login, "53000"),
            (libc::ECONNREFUSED, Culprit::Host, "08006"),
        ] {
            let error = OpenError::from(io::Error::from_raw_os_error(code));
            assert_eq!((error.culprit(), error.sqlstate()), (culprit, sqlstate), "{error}");
            assert_eq!(error.to_string().contains("LimitNOFILE"), sqlstate == "53000", "{error}");
        }
    }

    #[test]
    fn what_a_live_host_refuses_is_a_matter_of_the_login_or_the_database() {
        for (sqlstate, culprit) in [
            ("53300", Culprit::Login),
            ("28P01", Culprit::Login),
            ("3D000", Culprit::Database),
            ("55000", Culprit::Database),
            ("57P03", Culprit::Host),
        ] {
            assert_eq!(refused(sqlstate).culprit(), culprit, "{sqlstate}");
        }
        assert!(refused("53300").advice().contains("max_connections"));
    }
}
