//! Metrics of the configured databases, under the exporter's names.

use super::metric::{Metric, Table, gauge};

/// One database of the configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct Database {
    pub(super) pool_size: usize,
    pub(super) reserve: usize,
    pub(super) servers: usize,
}

const METRICS: &[Metric<Database>] = &[
    gauge("pgbouncer_databases_pool_size", "Servers that each of its pools may hold", |d| {
        d.pool_size.into()
    }),
    gauge(
        "pgbouncer_databases_reserve_pool",
        "Servers that each of its pools may hold beyond that, for clients that wait",
        |d| d.reserve.into(),
    ),
    gauge("pgbouncer_databases_current_connections", "Servers of all its pools", |d| {
        d.servers.into()
    }),
];

/// Each database. `host` and `port` are its primary's.
pub(super) const TABLE: Table<Database> = Table {
    title: "Databases of the configuration; `host` and `port` are the primary's",
    labels: &["name", "host", "port", "database", "force_user", "pool_mode"],
    metrics: METRICS,
};
