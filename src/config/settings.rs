//! What the program uses: every default filled in, every database complete.

use std::collections::BTreeMap;

use super::address::HostAddress;
use super::secret::SecretText;
use super::section::database::PoolSettings;
use super::section::listen::Listen;
use super::section::login::Login;
use super::section::metrics::Metrics;
use super::section::pools::Pools;
use super::section::process::Process;
use super::section::routing::Routing;
use super::section::statements::Statements;
use super::section::timeouts::Timeouts;
use super::section::tls::Tls;
use super::section::tracing::Tracing;
use super::section::user::User;

/// The name of the database that answers for every name without a table of its own.
pub const ANY_DATABASE: &str = "*";

/// Everything that pooler.toml, the environment and the command line say together.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `[pooler]`.
    pub pooler: Pooler,
    /// `[routing]`; each database has its own copy with its own keys applied.
    pub routing: Routing,
    /// `[databases.NAME]`, by what a client asks for.
    pub databases: BTreeMap<String, Database>,
    /// `[users.NAME]`, by the user's name.
    pub users: BTreeMap<String, User>,
    /// `[metrics]`.
    pub metrics: Metrics,
    /// `[tracing]`.
    pub tracing: Tracing,
}

impl Settings {
    /// The database for a client that asks for `name`.
    pub fn database(&self, name: &str) -> Option<&Database> {
        self.databases.get(name).or_else(|| self.databases.get(ANY_DATABASE))
    }
}

/// `[pooler]`, in the groups of the manual.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pooler {
    /// Where clients connect.
    pub listen: Listen,
    /// Threads, logging, the end of the process.
    pub process: Process,
    /// How clients share servers.
    pub pools: Pools,
    /// How long anything may take.
    pub timeouts: Timeouts,
    /// What is kept and logged of statements.
    pub statements: Statements,
    /// Who may log in.
    pub login: Login,
    /// TLS to clients and servers.
    pub tls: Tls,
}

/// One database, with nothing left to look up elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Database {
    /// The host that takes writes.
    pub primary: HostAddress,
    /// The hosts that serve reads.
    pub replicas: Vec<HostAddress>,
    /// The share of the reads that each of them gets.
    pub replica_weights: Vec<u16>,
    /// The database on the hosts; `None`, only under "*", is the name that the client asks for.
    pub dbname: Option<String>,
    /// Who logs in to the hosts; `None` is the client's own user.
    pub user: Option<String>,
    /// The password of `user`.
    pub password: Option<SecretText>,
    /// The limits of its pools.
    pub pool: PoolSettings,
    /// Which statements go where.
    pub routing: Routing,
}

impl Database {
    /// Every host, the primary first.
    pub fn hosts(&self) -> impl Iterator<Item = &HostAddress> {
        std::iter::once(&self.primary).chain(&self.replicas)
    }
}
