//! From settings to what the rooms obey.

use super::hosts::{databases, ssl_mode};
use super::users::users;
use crate::admin::Access;
use crate::auth::scram::Iterations;
use crate::auth::{Method, Salts};
use crate::client::{Policy, Users};
use crate::collector;
use crate::config::section::login::AuthType;
use crate::config::{IncludeStatement, Settings, Tracing};
use crate::metrics::Certificate;
use crate::net::tls::expiry::first_expiry;
use crate::net::tls::{ClientTls, ClientTlsPem};
use crate::pooler::registry::Databases;
use crate::spans::{Limits, Shown};
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Why settings that are right in themselves cannot be used: one line for each reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct BuildError(Vec<String>);

impl BuildError {
    pub(super) fn lines(lines: Vec<String>) -> Self {
        BuildError(lines)
    }

    pub(super) fn file(key: &str, path: &Path, why: &dyn Display) -> Self {
        BuildError(vec![format!("{key}: cannot read {}: {why}", path.display())])
    }

    pub(super) fn user(name: &str, why: &dyn Display) -> Self {
        BuildError(vec![format!("users.{name}: password: {why}")])
    }

    pub(super) fn database(name: &str, why: &dyn Display) -> Self {
        BuildError(vec![format!("databases.{name}: {why}")])
    }
}

/// What the files that settings name hold.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) client_ca: Option<Vec<u8>>,
    pub(super) client_cert: Option<Vec<u8>>,
    pub(super) client_key: Option<Vec<u8>>,
    pub(super) server_ca: Option<Vec<u8>>,
    pub(super) server_cert: Option<Vec<u8>>,
    pub(super) server_key: Option<Vec<u8>>,
}

impl Files {
    fn read(settings: &Settings) -> Result<Files, BuildError> {
        let tls = &settings.pooler.tls;
        Ok(Files {
            client_ca: read("client_tls_ca_file", tls.client_tls_ca_file.as_deref())?,
            client_cert: read("client_tls_cert_file", tls.client_tls_cert_file.as_deref())?,
            client_key: read("client_tls_key_file", tls.client_tls_key_file.as_deref())?,
            server_ca: read("server_tls_ca_file", tls.server_tls_ca_file.as_deref())?,
            server_cert: read("server_tls_cert_file", tls.server_tls_cert_file.as_deref())?,
            server_key: read("server_tls_key_file", tls.server_tls_key_file.as_deref())?,
        })
    }
}

fn read(key: &str, path: Option<&Path>) -> Result<Option<Vec<u8>>, BuildError> {
    let contents =
        |path: &Path| std::fs::read(path).map_err(|error| BuildError::file(key, path, &error));
    path.map(contents).transpose()
}

/// Everything that a reload replaces.
#[derive(Debug)]
pub(super) struct Plans {
    pub(super) databases: Databases,
    pub(super) policy: Policy,
    pub(super) certificates: Vec<Certificate>,
    /// Where spans go, if they go anywhere.
    pub(super) collector: Option<collector::Target>,
}

/// Salts are made up with this for users who are not known: it must not change at a reload, and should
/// not at a restart or from one instance to the next. A private key is as good a secret as one made for
/// it; passwords are none, because a salt made from them would let everybody try guesses.
pub(super) fn salts(settings: &Settings) -> Result<Arc<Salts>, BuildError> {
    let iterations = Iterations::DEFAULT;
    let nonce = &settings.pooler.login.mock_authentication_nonce;
    let key_file = settings.pooler.tls.client_tls_key_file.as_deref();
    let salts = match (nonce, read("client_tls_key_file", key_file)?.map(Zeroizing::new)) {
        (Some(nonce), _) => Salts::from_secret(nonce.expose().as_bytes(), iterations),
        (None, Some(key)) => Salts::from_secret(&key, iterations),
        (None, None) => Salts::new(rand::random(), iterations),
    };
    Ok(Arc::new(salts))
}

/// Builds all of it, or nothing. Of the users that were there `before`, those whose secrets are the
/// same keep them, and the keys that were derived from them.
pub(super) fn build(
    settings: &Settings,
    salts: &Arc<Salts>,
    before: &Users,
) -> Result<Plans, BuildError> {
    let files = Files::read(settings)?;
    let mut users = users(settings)?;
    users.keep(before);
    let databases = databases(settings, &users, &files)?;
    let pooler = &settings.pooler;
    let policy = Policy {
        method: method(pooler.login.auth_type)?,
        users,
        salts: salts.clone(),
        tls: client_tls(settings, &files)?,
        login_timeout: pooler.timeouts.client_login_timeout,
        idle_timeout: pooler.timeouts.client_idle_timeout,
        idle_transaction_timeout: pooler.timeouts.idle_transaction_timeout,
        cancel_wait_timeout: pooler.timeouts.cancel_wait_timeout,
        max_clients: pooler.pools.max_client_conn as usize,
        console: Access::new(&pooler.login.admin_users, &pooler.login.stats_users),
        stats_period: pooler.process.stats_period,
        log_connections: pooler.process.log_connections,
        log_disconnections: pooler.process.log_disconnections,
    };
    let collector = collector::Target::new(&settings.tracing);
    let collector = collector.map_err(|error| BuildError::lines(vec![error.to_string()]))?;
    Ok(Plans { databases, policy, certificates: certificates(&files), collector })
}

/// What of statements is recorded, if anything is.
pub(super) fn traced(settings: &Tracing) -> Option<Limits> {
    let shown = match settings.include_statement {
        IncludeStatement::Summary => Shown::Summary,
        IncludeStatement::Normalized => Shown::Normalized,
        IncludeStatement::Full => Shown::Full,
    };
    let limits = Limits { share: settings.sample, room: settings.queue_size as usize, shown };
    settings.endpoint.is_some().then_some(limits)
}

/// When the certificates end that are shown to others or that others are checked with.
fn certificates(files: &Files) -> Vec<Certificate> {
    let all = [
        ("client_tls_cert_file", &files.client_cert),
        ("client_tls_ca_file", &files.client_ca),
        ("server_tls_cert_file", &files.server_cert),
        ("server_tls_ca_file", &files.server_ca),
    ];
    let certificate = |(setting, pem): (&'static str, &Option<Vec<u8>>)| {
        let expires = first_expiry(pem.as_deref()?)?;
        Some(Certificate { setting, expires })
    };
    all.into_iter().filter_map(certificate).collect()
}

fn method(auth_type: AuthType) -> Result<Method, BuildError> {
    let word = auth_type.as_str();
    word.parse().map_err(|_| BuildError::lines(vec![format!("auth_type \"{word}\" is not known")]))
}

fn client_tls(settings: &Settings, files: &Files) -> Result<ClientTls, BuildError> {
    let mode = ssl_mode(settings.pooler.tls.client_tls_sslmode.as_str())?;
    let (Some(cert), Some(key)) = (&files.client_cert, &files.client_key) else {
        return Ok(ClientTls::disabled());
    };
    let pem = ClientTlsPem { cert: Some(cert), key: Some(key), ca: files.client_ca.as_deref() };
    ClientTls::new(mode, pem).map_err(|error| BuildError::lines(vec![error.to_string()]))
}
