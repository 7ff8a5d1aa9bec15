//! Metrics of PostgreSQL's hosts.

use super::metric::{Metric, Table, counter, gauge, histogram};
use crate::stats::Histogram;
use std::time::Duration;

/// A host as a database has it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    pub(super) usable: bool,
    pub(super) in_recovery: Option<bool>,
}

const PLACES: &[Metric<Place>] = &[
    gauge(
        "pgweir_host_usable",
        "1 unless the host did not answer, or let nobody in, when a login was last tried, else 0",
        |p| p.usable.into(),
    ),
    gauge(
        "pgweir_host_in_recovery",
        "1 if the host calls itself a standby, 0 if it takes writes; nothing before it is known",
        |p| p.in_recovery.into(),
    ),
];

/// Each host of each database. `role` is what the configuration says.
pub(super) const PLACE_TABLE: Table<Place> = Table {
    title: "Hosts of each database; `role` is the configuration's",
    labels: &["database", "host", "role"],
    metrics: PLACES,
};

/// How fresh a replica is.
#[derive(Clone, Copy, Debug)]
pub struct Freshness {
    /// None where nothing has been proven.
    pub(super) staleness: Option<Duration>,
    pub(super) behind: Duration,
}

const FRESHNESS: &[Metric<Freshness>] = &[
    gauge(
        "pgweir_replica_staleness_seconds",
        "Time since the moment up to which it is proven to show everything; it grows while nobody reads, \
         because the hosts are not asked then",
        |f| f.staleness.map_or(f64::INFINITY, |time| time.as_secs_f64()).into(),
    ),
    gauge(
        "pgweir_replica_behind_seconds",
        "How far it was behind the primary when it last answered",
        |f| f.behind.into(),
    ),
];

/// Each replica of each database that has pools.
pub(super) const FRESHNESS_TABLE: Table<Freshness> =
    Table { title: "Freshness of replicas", labels: &["database", "host"], metrics: FRESHNESS };

/// A host, whatever it is for.
#[derive(Clone, Debug, Default)]
pub struct Host {
    pub(super) retry_in: Duration,
    pub(super) logins: u64,
    pub(super) took: Histogram,
}

const HOSTS: &[Metric<Host>] = &[
    gauge(
        "pgweir_host_retry_seconds",
        "Time until a login is tried again after a failure, else 0",
        |h| h.retry_in.into(),
    ),
    counter("pgweir_host_logins_total", "Logins to the host that succeeded", |h| h.logins.into()),
    histogram(
        "pgweir_host_login_seconds",
        "Time from the first try to connect to the end of a login that succeeded",
        |h| &h.took,
    ),
];

/// Each host.
pub(super) const TABLE: Table<Host> =
    Table { title: "Hosts that servers were opened to", labels: &["host"], metrics: HOSTS };

/// Logins that failed.
pub(super) const FAILURE_TABLE: Table<u64> = Table {
    title: "Logins to hosts that failed, by SQLSTATE; 08006 stands for no answer at all",
    labels: &["host", "sqlstate"],
    metrics: &[counter(
        "pgweir_host_login_failures_total",
        "Logins to the host that failed",
        |count| (*count).into(),
    )],
};

/// How the last login failed.
pub(super) const LAST_FAILURE_TABLE: Table<bool> = Table {
    title: "How the last login to a host failed",
    labels: &["host", "class"],
    metrics: &[gauge(
        "pgweir_host_last_login_failed",
        "1 in the class of the last login's failure, else 0",
        |is_so| (*is_so).into(),
    )],
};
