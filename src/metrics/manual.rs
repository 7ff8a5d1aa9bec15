//! docs/observability.md, written from the tables.

use super::metric::{Row, Table};
use super::snapshot::{Snapshot, Visitor};
use std::fmt::Write;

/// What stands around the metrics in the documentation.
const TEMPLATE: &str = include_str!("manual.md");

/// Where the metrics stand in it.
const PLACE: &str = "<!-- metrics -->\n";

/// The text of docs/observability.md.
pub fn manual() -> String {
    let mut metrics = Metrics::default();
    Snapshot::default().visit(&mut metrics);
    TEMPLATE.replacen(PLACE, metrics.text.trim_start(), 1)
}

/// The name of every metric.
pub fn names() -> Vec<&'static str> {
    let mut metrics = Metrics::default();
    Snapshot::default().visit(&mut metrics);
    metrics.names
}

#[derive(Default)]
struct Metrics {
    text: String,
    names: Vec<&'static str>,
}

impl Visitor for Metrics {
    fn table<S>(&mut self, table: &Table<S>, _: &[Row<S>]) {
        let labels: Vec<_> = table.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = match labels.is_empty() {
            true => "No labels.".to_owned(),
            false => format!("Labels: {}.", labels.join(", ")),
        };
        let _ = writeln!(self.text, "\n### {}\n\n{labels}\n", table.title);
        self.text.push_str("| metric | kind | what it says |\n|---|---|---|\n");
        for metric in table.metrics {
            let (name, kind, help) = (metric.name, metric.kind.word(), metric.help);
            let _ = writeln!(self.text, "| `{name}` | {kind} | {help} |");
            self.names.push(name);
        }
    }
}
