//! Metrics of the worker threads and of the metrics port itself.

use super::metric::{Metric, Table, counter, gauge};

/// One worker.
#[derive(Clone, Copy, Debug, Default)]
pub struct Worker {
    pub(super) clients: usize,
    pub(super) ticks: u64,
    pub(super) held_bytes: usize,
}

const METRICS: &[Metric<Worker>] = &[
    gauge("pgweir_worker_clients", "Connections of clients that the worker serves", |w| {
        w.clients.into()
    }),
    counter(
        "pgweir_worker_ticks_total",
        "Letters that its event loop has answered, one at least for each scrape and each /livez",
        |w| w.ticks.into(),
    ),
    gauge(
        "pgweir_worker_block_bytes",
        "Memory of its blocks, lent and spare, when it last answered",
        |w| w.held_bytes.into(),
    ),
];

/// Each worker.
pub(super) const TABLE: Table<Worker> =
    Table { title: "Workers, by their numbers", labels: &["worker"], metrics: METRICS };

/// What a scrape does not show.
pub(super) const LEFT_OUT_TABLE: Table<usize> = Table {
    title: "What a scrape leaves out, because its length is limited",
    labels: &["what"],
    metrics: &[gauge(
        "pgweir_metrics_left_out",
        "Pools, hosts, databases or histograms that are more than a scrape shows",
        |count| (*count).into(),
    )],
};

/// The port itself.
pub(super) const PORT_TABLE: Table<u64> = Table {
    title: "The metrics port",
    labels: &[],
    metrics: &[counter(
        "pgweir_metrics_connections_refused_total",
        "Connections to the metrics port that were closed because too many were open",
        |refused| (*refused).into(),
    )],
};
