//! Metrics of clients: how many, how they logged in, and the exporter's counts of lists.

use super::metric::{Metric, Table, counter, gauge};

/// All clients together, and how many there are of what they use.
#[derive(Clone, Debug, Default)]
pub struct Clients {
    pub(super) logged_in: usize,
    pub(super) in_login: usize,
    pub(super) max: usize,
    pub(super) logins: u64,
    pub(super) databases: usize,
    pub(super) users: usize,
    pub(super) pools: usize,
    pub(super) servers: usize,
}

const METRICS: &[Metric<Clients>] = &[
    gauge("pgbouncer_used_clients", "Clients that have logged in, to the console too", |c| {
        c.logged_in.into()
    }),
    gauge("pgbouncer_login_clients", "Connections whose client has not logged in yet", |c| {
        c.in_login.into()
    }),
    gauge(
        "pgbouncer_config_max_client_connections",
        "Clients that may log in (max_client_conn)",
        |c| c.max.into(),
    ),
    counter("pgweir_client_logins_total", "Clients that have logged in", |c| c.logins.into()),
    gauge("pgbouncer_databases", "Databases of the configuration, and the console", |c| {
        c.databases.into()
    }),
    gauge("pgbouncer_users", "Users that have pools", |c| c.users.into()),
    gauge("pgbouncer_pools", "Pairs of a database and a user that have pools", |c| c.pools.into()),
    gauge("pgbouncer_used_servers", "Servers of all pools", |c| c.servers.into()),
];

/// All clients together.
pub(super) const TABLE: Table<Clients> = Table { title: "Clients", labels: &[], metrics: METRICS };

/// Logins that were refused.
pub(super) const REFUSAL_TABLE: Table<u64> = Table {
    title: "Logins of clients that were refused, by PostgreSQL's name for the error",
    labels: &["reason"],
    metrics: &[counter(
        "pgweir_client_logins_refused_total",
        "Clients that were told why they may not log in",
        |refused| (*refused).into(),
    )],
};
