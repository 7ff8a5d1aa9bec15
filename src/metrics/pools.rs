//! Metrics of pools: under the exporter's names for each database and user, and for each host.

use super::metric::{Metric, Table, counter, gauge};
use crate::pool::{Counts, Limits};
use crate::pooler::Pool;

/// The pools of one database and user together: what PgBouncer calls a pool.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pair {
    counts: Counts,
    /// Clients that have logged in, idle ones too.
    clients: usize,
}

impl Pair {
    pub(super) fn of(clients: usize) -> Self {
        Pair { counts: Counts::default(), clients }
    }

    /// All hosts count; the longest wait is the oldest of all.
    pub(super) fn add(&mut self, counts: &Counts) {
        let all = &mut self.counts;
        all.cl_active += counts.cl_active;
        all.cl_waiting += counts.cl_waiting;
        all.sv_active += counts.sv_active;
        all.sv_idle += counts.sv_idle;
        all.sv_login += counts.sv_login;
        all.sv_being_canceled += counts.sv_being_canceled;
        all.maxwait = all.maxwait.max(counts.maxwait);
    }
}

const PAIRS: &[Metric<Pair>] = &[
    gauge(
        "pgbouncer_pools_client_active_connections",
        "Clients that have a server, or want none now",
        |p| p.clients.saturating_sub(p.counts.cl_waiting).into(),
    ),
    gauge("pgbouncer_pools_client_waiting_connections", "Clients that wait for a server", |p| {
        p.counts.cl_waiting.into()
    }),
    gauge(
        "pgbouncer_pools_client_maxwait_seconds",
        "How long the oldest of them has waited",
        |p| p.counts.maxwait.into(),
    ),
    gauge("pgbouncer_pools_server_active_connections", "Servers that a client has", |p| {
        p.counts.sv_active.into()
    }),
    gauge(
        "pgbouncer_pools_server_idle_connections",
        "Servers that a client can have at once",
        |p| p.counts.sv_idle.into(),
    ),
    gauge(
        "pgbouncer_pools_server_used_connections",
        "Always 0: idle servers are watched, and need no test before their use",
        |_| 0_u64.into(),
    ),
    gauge(
        "pgbouncer_pools_server_testing_connections",
        "Always 0: a server that is reset is still active",
        |_| 0_u64.into(),
    ),
    gauge("pgbouncer_pools_server_login_connections", "Servers that are being logged in to", |p| {
        p.counts.sv_login.into()
    }),
    gauge(
        "pgbouncer_pools_server_being_canceled_connections",
        "Servers that wait until a cancel request to them has ended",
        |p| p.counts.sv_being_canceled.into(),
    ),
    gauge(
        "pgbouncer_pools_client_active_cancel_connections",
        "Always 0: cancel requests are no clients here",
        |_| 0_u64.into(),
    ),
    gauge(
        "pgbouncer_pools_client_waiting_cancel_connections",
        "Always 0: cancel requests do not wait here",
        |_| 0_u64.into(),
    ),
    gauge(
        "pgbouncer_pools_server_active_cancel_connections",
        "Always 0: a cancel request has a connection of its own",
        |_| 0_u64.into(),
    ),
];

/// Each database and user.
pub(super) const PAIR_TABLE: Table<Pair> = Table {
    title: "Pools as PgBouncer counts them, all hosts together",
    labels: &["database", "user"],
    metrics: PAIRS,
};

/// A pool: one database, user and host.
#[derive(Clone, Copy, Debug)]
pub struct OfHost {
    pub(super) counts: Counts,
    limits: Limits,
    refused: u64,
}

impl OfHost {
    /// As it is now.
    pub(super) fn look(pool: &Pool, limits: Limits) -> Self {
        OfHost { counts: pool.counts(), limits, refused: pool.stats.totals().refused }
    }

    pub(super) fn servers(&self) -> usize {
        self.states().iter().map(|(_, count)| count).sum()
    }

    pub(super) fn states(&self) -> [(&'static str, usize); 4] {
        let counts = &self.counts;
        [
            ("active", counts.sv_active),
            ("idle", counts.sv_idle),
            ("login", counts.sv_login),
            ("being_canceled", counts.sv_being_canceled),
        ]
    }
}

const HOSTS: &[Metric<OfHost>] = &[
    gauge("pgweir_pool_waiting_clients", "Clients that wait for a server of this host", |p| {
        p.counts.cl_waiting.into()
    }),
    gauge("pgweir_pool_oldest_wait_seconds", "How long the oldest of them has waited", |p| {
        p.counts.maxwait.into()
    }),
    gauge("pgweir_pool_size", "Servers that the pool may hold (pool_size)", |p| {
        p.limits.pool_size().into()
    }),
    gauge("pgweir_pool_min_size", "Servers that it keeps even when nobody asks", |p| {
        p.limits.min_pool_size().into()
    }),
    gauge("pgweir_pool_reserve_size", "Servers that it may hold beyond its size", |p| {
        (p.limits.most() - p.limits.pool_size()).into()
    }),
    counter(
        "pgweir_pool_refused_reads_total",
        "Reads that the host refused, and that ran again on the primary unseen",
        |p| p.refused.into(),
    ),
];

/// Each pool.
pub(super) const HOST_TABLE: Table<OfHost> = Table {
    title: "Pools, one for each host",
    labels: &["database", "user", "host", "role"],
    metrics: HOSTS,
};

/// The servers of each pool, by what they are doing.
pub(super) const SERVER_TABLE: Table<usize> = Table {
    title: "Servers of each pool, by state: active, idle, login, being_canceled",
    labels: &["database", "user", "host", "role", "state"],
    metrics: &[gauge("pgweir_pool_servers", "Servers in this state", |count| (*count).into())],
};

/// What was sent to each pool, by access.
pub(super) const UNIT_TABLE: Table<u64> = Table {
    title: "Units of work that each pool was sent; whatever is not proven to only read is a write",
    labels: &["database", "user", "host", "role", "access"],
    metrics: &[counter(
        "pgweir_pool_units_total",
        "Queries, function calls, and everything up to a Sync, that were sent to servers",
        |count| (*count).into(),
    )],
};
