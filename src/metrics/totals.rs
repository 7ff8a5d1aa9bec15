//! Metrics of what went by: what PgBouncer counts, errors by class, and where statements went.

use super::metric::{Metric, Number, Table, counter};
use crate::stats::PoolTotals;
use std::time::Duration;

/// What PgBouncer counts too, under names that begin with `$stats` and, of prepared statements, with
/// `$prepared`.
macro_rules! counted_by_pgbouncer {
    ($stats:literal, $prepared:literal) => {
        &[
            counter(
                concat!($stats, "queries_pooled_total"),
                "Statements, or pipelines up to a Sync",
                |t| t.query_count.into(),
            ),
            counter(concat!($stats, "sql_transactions_pooled_total"), "Transactions", |t| {
                t.xact_count.into()
            }),
            counter(
                concat!($stats, "server_assignments_total"),
                "Times that a client got a server",
                |t| t.server_assignment_count.into(),
            ),
            counter(concat!($stats, "received_bytes_total"), "Bytes from clients", |t| {
                t.received.into()
            }),
            counter(concat!($stats, "sent_bytes_total"), "Bytes to clients", |t| t.sent.into()),
            counter(
                concat!($stats, "queries_duration_seconds_total"),
                "Time in which servers worked for clients",
                |t| seconds(t.query_time),
            ),
            counter(
                concat!($stats, "server_in_transaction_seconds_total"),
                "Time within transactions",
                |t| seconds(t.xact_time),
            ),
            counter(
                concat!($stats, "client_wait_seconds_total"),
                "Time that clients waited for a server",
                |t| seconds(t.wait_time),
            ),
            counter(
                concat!($prepared, "client_parses_total"),
                "Prepared statements that clients made by name",
                |t| t.client_parse_count.into(),
            ),
            counter(
                concat!($prepared, "server_parses_total"),
                "Prepared statements that servers were told of",
                |t| t.server_parse_count.into(),
            ),
            counter(
                concat!($prepared, "binds_total"),
                "Executions of prepared statements with names",
                |t| t.bind_count.into(),
            ),
        ]
    };
}

const STATS: &[Metric<PoolTotals>] =
    counted_by_pgbouncer!("pgbouncer_stats_totals_", "pgbouncer_stats_totals_");

const OLDER_STATS: &[Metric<PoolTotals>] =
    counted_by_pgbouncer!("pgbouncer_stats_", "pgbouncer_stats_prepared_statements_");

fn seconds(us: u64) -> Number {
    Duration::from_micros(us).into()
}

/// Each database.
pub(super) const TABLE: Table<PoolTotals> = Table {
    title: "What went by, as PgBouncer counts it, all users and hosts together",
    labels: &["database"],
    metrics: STATS,
};

/// The same numbers under the names that dashboards for older exporters know.
pub(super) const OLDER_TABLE: Table<PoolTotals> = Table {
    title: "The same, under the names of older exporters",
    labels: &["database"],
    metrics: OLDER_STATS,
};

/// What PgBouncer does not count.
pub(super) const OWN_TABLE: Table<PoolTotals> = Table {
    title: "What went by besides",
    labels: &["database"],
    metrics: &[counter("pgweir_rows_total", "Rows that statements returned or changed", |t| {
        t.rows.into()
    })],
};

/// Errors of each database, by class.
pub(super) const ERROR_TABLE: Table<u64> = Table {
    title: "Errors by class, which is the SQLSTATE's first two characters. `57014`, a cancelled statement, \
            is counted apart from its class; `other` are all classes that are not 08, 0A, 22, 23, 25, 26, \
            28, 40, 42, 53, 54, 55, 57, 58, P0 or XX",
    labels: &["database", "class"],
    metrics: &[counter("pgweir_errors_total", "ErrorResponses that reached clients", |count| {
        (*count).into()
    })],
};

/// Why statements went where, for each database.
pub(super) const ROUTE_TABLE: Table<u64> = Table {
    title: "Where statements went, and why; docs/routing.md explains the reasons. `shadow` is a replica that \
            `read_write_split = \"shadow\"` only counts",
    labels: &["database", "role", "reason"],
    metrics: &[counter(
        "pgweir_statements_total",
        "Statements that were routed; a transaction that keeps its host counts once",
        |count| (*count).into(),
    )],
};
