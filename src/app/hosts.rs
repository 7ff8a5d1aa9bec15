//! From settings to databases, hosts and the limits of their pools.

use super::build::{BuildError, Files};
use crate::auth::{Credential, Secret};
use crate::client::Users;
use crate::config::section::pools::PoolMode as ConfiguredMode;
use crate::config::section::routing as configured;
use crate::config::{Database as Configured, HostAddress, Settings};
use crate::net::tls::{ServerTls, ServerTlsPem, SslMode};
use crate::net::{Address, Keepalive};
use crate::pool::Limits;
use crate::pooler::registry::Databases;
use crate::pooler::{Database, HostTarget, ServerLogin};
use crate::routing::{NoReplica, Policy, ReadYourWrites, Split, Transactions};
use crate::session::PoolMode;
use foldhash::quality::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Stands for texts that may hold a password without keeping them.
static IDENTITY: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// Every database of the settings.
pub(super) fn databases(
    settings: &Settings,
    users: &Users,
    files: &Files,
) -> Result<Databases, BuildError> {
    let mut databases = Databases::new();
    for (name, configured) in &settings.databases {
        let database = database(settings, users, files, name, configured)?;
        databases.insert(name.clone(), Arc::new(database));
    }
    Ok(databases)
}

fn database(
    settings: &Settings,
    users: &Users,
    files: &Files,
    name: &str,
    configured: &Configured,
) -> Result<Database, BuildError> {
    let pooler = &settings.pooler;
    let login = ServerLogin {
        require_auth: configured.pool.server_require_auth,
        connect_timeout: pooler.timeouts.server_connect_timeout,
        keepalive: keepalive(settings),
        prepared_max: pooler.pools.max_prepared_statements as usize,
    };
    let mode = pool_mode(configured.pool.pool_mode);
    let ssl_mode = ssl_mode(configured.pool.server_tls_sslmode.as_str())?;
    let tls = server_tls(ssl_mode, files)?;
    let host = |address: &HostAddress| host(address, &tls);
    let weighted = |(address, weight)| HostTarget { weight, ..host(address) };
    let credential = credential(name, configured, users)?;
    let replicas = configured.replicas.iter().zip(configured.replica_weights.iter().copied());
    Ok(Database {
        name: name.to_owned(),
        dbname: configured.dbname.clone(),
        user: configured.user.clone(),
        identity: identity(configured, &credential, mode, ssl_mode, files),
        credential,
        primary: host(&configured.primary),
        replicas: replicas.map(weighted).collect(),
        limits: limits(settings, configured).map_err(|error| BuildError::database(name, &error))?,
        mode,
        policy: policy(&configured.routing),
        catalog_refresh: configured.routing.catalog_refresh,
        query_wait_timeout: configured.pool.query_wait_timeout,
        log_min_duration: configured.pool.log_min_duration,
        reset_query: pooler.pools.server_reset_query.clone(),
        login,
    })
}

fn pool_mode(mode: ConfiguredMode) -> PoolMode {
    match mode {
        ConfiguredMode::Session => PoolMode::Session,
        ConfiguredMode::Transaction => PoolMode::Transaction,
        ConfiguredMode::Statement => PoolMode::Statement,
    }
}

pub(super) fn ssl_mode(word: &str) -> Result<SslMode, BuildError> {
    word.parse().map_err(|_| BuildError::lines(vec![format!("sslmode \"{word}\" is not known")]))
}

fn server_tls(mode: SslMode, files: &Files) -> Result<ServerTls, BuildError> {
    let pem = ServerTlsPem {
        ca: files.server_ca.as_deref(),
        cert: files.server_cert.as_deref(),
        key: files.server_key.as_deref(),
    };
    ServerTls::new(mode, pem).map_err(|error| BuildError::lines(vec![error.to_string()]))
}

fn host(address: &HostAddress, tls: &ServerTls) -> HostTarget {
    let (address, host_name) = match address {
        HostAddress::Tcp { host, port } => (Address::Tcp(host.clone(), *port), host.clone()),
        HostAddress::Unix { dir, port } => {
            (Address::Unix(dir.join(format!(".s.PGSQL.{port}"))), String::new())
        }
    };
    HostTarget { address, host_name, tls: tls.clone(), weight: 1 }
}

/// What the database's own user proves itself with: its `password`, or what `[users]` knows.
fn credential(
    name: &str,
    configured: &Configured,
    users: &Users,
) -> Result<Option<Credential>, BuildError> {
    if let Some(password) = &configured.password {
        let secret = Secret::parse(password.expose());
        let secret = secret.map_err(|error| BuildError::database(name, &error))?;
        return Ok(Some(secret.credential()));
    }
    let Some(user) = &configured.user else { return Ok(None) };
    Ok(Some(users.secret(user).map_or(Credential::Nothing, |secret| secret.credential())))
}

pub(super) fn keepalive(settings: &Settings) -> Keepalive {
    let listen = &settings.pooler.listen;
    Keepalive {
        enabled: listen.tcp_keepalive,
        idle: listen.tcp_keepidle,
        interval: listen.tcp_keepintvl,
        retries: (listen.tcp_keepcnt > 0).then_some(listen.tcp_keepcnt),
    }
}

fn limits(
    settings: &Settings,
    configured: &Configured,
) -> Result<Limits, crate::pool::LimitsError> {
    let pool = &configured.pool;
    let reserve_after = settings.pooler.pools.reserve_pool_timeout.unwrap_or(Duration::ZERO);
    let limits = Limits::new(pool.pool_size, pool.min_pool_size)?
        .with_reserve(pool.reserve_pool_size, reserve_after)?
        .with_server_lifetime(pool.server_lifetime)
        .with_server_idle_timeout(pool.server_idle_timeout.unwrap_or(Duration::ZERO));
    Ok(limits)
}

fn policy(routing: &configured::Routing) -> Policy {
    Policy {
        split: match routing.read_write_split {
            configured::Split::Off => Split::Off,
            configured::Split::On => Split::On,
            configured::Split::Shadow => Split::Shadow,
        },
        read_your_writes: match routing.read_your_writes {
            configured::ReadYourWrites::Off => ReadYourWrites::Off,
            configured::ReadYourWrites::Session => ReadYourWrites::Session,
            configured::ReadYourWrites::Database => ReadYourWrites::Database,
        },
        no_replica: match routing.no_replica {
            configured::NoReplica::Primary => NoReplica::Primary,
            configured::NoReplica::Wait => NoReplica::Wait,
            configured::NoReplica::Error => NoReplica::Error,
        },
        transactions: match routing.transactions {
            configured::Transactions::Primary => Transactions::Primary,
            configured::Transactions::ReadOnly => Transactions::ReadOnly,
            configured::Transactions::Optimistic => Transactions::Optimistic,
        },
        max_replica_lag: routing.max_replica_lag,
        read_wait: routing.read_wait,
    }
}

/// Everything that an open connection depends on. What the database's own user proves itself with is
/// part of it, wherever that stands: a changed password holds from the reload on. How connections are
/// opened is not: other settings for that hold for those that are opened from then on.
fn identity(
    configured: &Configured,
    credential: &Option<Credential>,
    mode: PoolMode,
    tls: SslMode,
    files: &Files,
) -> u64 {
    IDENTITY.hash_one((
        format!("{:?} {:?} {mode:?} {tls}", configured.primary, configured.replicas),
        (&configured.dbname, &configured.user),
        credential,
        (&files.server_ca, &files.server_cert, &files.server_key),
    ))
}
