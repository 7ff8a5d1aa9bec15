//! Metrics of tracing.

use super::metric::{Metric, Table, counter, gauge};
use crate::collector::Counts;

/// Spans of statements.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spans {
    waiting: usize,
    lost: u64,
    exported: u64,
    failed: u64,
}

impl Spans {
    /// As it is now.
    pub(super) fn look(spans: &crate::spans::Spans, counts: &Counts) -> Spans {
        Spans {
            waiting: spans.waiting(),
            lost: spans.lost(),
            exported: counts.exported(),
            failed: counts.failed(),
        }
    }
}

const METRICS: &[Metric<Spans>] = &[
    gauge("pgweir_trace_spans_waiting", "Spans that wait to be sent to the collector", |s| {
        s.waiting.into()
    }),
    counter("pgweir_trace_spans_exported_total", "Spans that the collector has taken", |s| {
        s.exported.into()
    }),
    counter(
        "pgweir_trace_spans_lost_total",
        "Spans that found no room, because the collector took them too slowly (tracing.queue_size)",
        |s| s.lost.into(),
    ),
    counter(
        "pgweir_trace_spans_failed_total",
        "Spans that the collector has refused, or that it could not be given after several tries",
        |s| s.failed.into(),
    ),
];

/// All of them.
pub(super) const TABLE: Table<Spans> = Table { title: "Tracing", labels: &[], metrics: METRICS };
