//! Metrics of the configured databases, under the exporter's names.

use super::metric::{Metric, Table, gauge};

/// One database of the configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct Database {
    pub(super) pool_size: usize,
    pub(super) reserve: usize,
    pub(super) servers: usize,
    pub(super) is_paused: bool,
    pub(super) is_disabled: bool,
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
    gauge("pgbouncer_databases_max_connections", "Always 0: only its pools have a limit", |_| {
        0_u64.into()
    }),
    gauge("pgbouncer_databases_paused", "1 while it is paused, else 0", |d| d.is_paused.into()),
    gauge("pgbouncer_databases_disabled", "1 while it is disabled, else 0", |d| {
        d.is_disabled.into()
    }),
];

/// Each database. `host` and `port` are its primary's.
pub(super) const TABLE: Table<Database> = Table {
    title: "Databases of the configuration; `host` and `port` are the primary's",
    labels: &["name", "host", "port", "database", "force_user", "pool_mode"],
    metrics: METRICS,
};
