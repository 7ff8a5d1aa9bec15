//! What the configuration says of one database.

use crate::auth::{Credential, RequireAuth};
use crate::net::tls::ServerTls;
use crate::net::{Address, Keepalive};
use crate::pool::Limits;
use crate::routing::Policy;
use crate::server::Target;
use crate::session::PoolMode;
use std::time::Duration;

/// The name of the database that answers for every name that no other one has.
pub const ANY_DATABASE: &str = "*";

/// One host of a database.
#[derive(Clone, Debug)]
pub struct HostTarget {
    /// Where it listens.
    pub address: Address,
    /// The name that its certificate must have under `verify-full`.
    pub host_name: String,
    /// How TLS is used towards it.
    pub tls: ServerTls,
    /// Its share of the reads, if it is a replica: at least 1.
    pub weight: u16,
}

/// How servers are logged in to, whatever the host.
#[derive(Clone, Copy, Debug)]
pub struct ServerLogin {
    /// `server_require_auth`.
    pub require_auth: RequireAuth,
    /// `server_connect_timeout`.
    pub connect_timeout: Duration,
    /// `tcp_keepalive` and its companions.
    pub keepalive: Keepalive,
    /// `max_prepared_statements`; 0 leaves prepared statements to the client and its server.
    pub prepared_max: usize,
}

/// One database, as clients ask for it.
#[derive(Clone, Debug)]
pub struct Database {
    /// The name that clients ask for, or `*`.
    pub name: String,
    /// The database on the hosts; the name that the client asks for, without.
    pub dbname: Option<String>,
    /// Who logs in to the hosts; the client's user, without.
    pub user: Option<String>,
    /// What that user proves itself with.
    pub credential: Option<Credential>,
    /// The host that takes writes.
    pub primary: HostTarget,
    /// The hosts that serve reads.
    pub replicas: Vec<HostTarget>,
    /// The limits of each pool.
    pub limits: Limits,
    /// When a server goes back to its pool.
    pub mode: PoolMode,
    /// Which statements go where.
    pub policy: Policy,
    /// `catalog_refresh`.
    pub catalog_refresh: Duration,
    /// `query_wait_timeout`; for ever, without.
    pub query_wait_timeout: Option<Duration>,
    /// `log_min_duration`; nothing is logged, without.
    pub log_min_duration: Option<Duration>,
    /// `server_reset_query`, for session mode.
    pub reset_query: String,
    /// How servers are logged in to.
    pub login: ServerLogin,
    /// Stands for everything that an open connection depends on: where two of these differ,
    /// connections of the one are of no use to the other.
    pub identity: u64,
}

impl Database {
    /// Where connections to `host` lead for `user`, when a client has asked for the database by the
    /// name `asked`.
    pub fn target(&self, host: &HostTarget, user: &str, asked: &str) -> Target {
        Target {
            address: host.address.clone(),
            host_name: host.host_name.clone(),
            tls: host.tls.clone(),
            user: user.to_owned(),
            database: self.dbname.clone().unwrap_or_else(|| asked.to_owned()),
            require_auth: self.login.require_auth,
            connect_timeout: self.login.connect_timeout,
            keepalive: self.login.keepalive,
            prepared_max: self.login.prepared_max,
        }
    }

    /// Whether prepared statements are carried from server to server.
    pub fn translates(&self) -> bool {
        self.mode != PoolMode::Session && self.login.prepared_max > 0
    }
}
