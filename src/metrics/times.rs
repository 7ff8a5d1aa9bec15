//! Metrics of how long things took: histograms, for each database, user and role.

use super::metric::{Metric, Table, histogram};
use crate::stats::PoolTimes;

const TIMES: &[Metric<PoolTimes>] = &[
    histogram(
        "pgweir_client_wait_seconds",
        "Time that a client waited for a server, whether it got one or not; it counts in the role of \
         the host that it waited for",
        |times| &times.wait,
    ),
    histogram(
        "pgweir_read_wait_seconds",
        "Time within that for which a read waited for a replica to become fresh enough (read_wait), \
         in the role of the host that it went to then",
        |times| &times.fresh,
    ),
    histogram(
        "pgweir_query_seconds",
        "Time that a server worked at a query, or at everything up to a Sync, from its being sent to \
         the last byte of the answer",
        |times| &times.server,
    ),
    histogram(
        "pgweir_client_write_seconds",
        "Time for which the answer to one waited for its client to take it",
        |times| &times.write,
    ),
    histogram(
        "pgweir_transaction_seconds",
        "Time from a transaction's first statement that a server got to its end",
        |times| &times.transaction,
    ),
];

/// The pools of a database and a user on all hosts of a role, if anything has been timed there.
pub(super) const TABLE: Table<PoolTimes> = Table {
    title: "How long things took, all hosts of a role together",
    labels: &["database", "user", "role"],
    metrics: TIMES,
};
