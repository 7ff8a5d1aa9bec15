//! The two formats of a scrape.
//!
//! Sources: "Exposition formats" of Prometheus (text format 0.0.4), and OpenMetrics 1.0. They differ in
//! what a counter and an info are called above their samples, in what is escaped, and at the end.
//!
//! Both are so small that they are written here: the crate `prometheus-client` has only the second,
//! and would need an allocated object for each of a thousand pools at each scrape. Native histograms
//! exist in neither, only in Prometheus's protobuf format; the bounds here are theirs.

use super::metric::{Kind, Metric, Number, Reading, Row, Table};
use crate::stats::Histogram;
use std::fmt::Write;
use std::time::Duration;

/// The bounds of a histogram's buckets are powers of two of a second: from 2^-16 s (15 us), which no
/// statement is faster than, to 2^7 s (128 s), which is beyond what clients wait.
///
/// These are all bounds of a native histogram of schema 0, and some of every finer one. So what is
/// stored now can be added to native histograms later, and `histogram_quantile` is at most a factor of
/// two off, however long something takes.
pub const BOUNDS: std::ops::RangeInclusive<i32> = -16..=7;

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus's own text.
    Prometheus,
    /// OpenMetrics' text.
    OpenMetrics,
}

impl Format {
    /// What a client gets that accepts this (RFC 9110, section 12.5.1).
    pub fn accepted(accept: &str) -> Format {
        let mut best = (0.0, Format::Prometheus);
        for offer in accept.split(',') {
            let mut parts = offer.split(';').map(str::trim);
            let format = match parts.next() {
                Some("application/openmetrics-text") => Format::OpenMetrics,
                Some("text/plain" | "text/*" | "*/*") => Format::Prometheus,
                _ => continue,
            };
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            // What is no number weighs nothing.
            let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
            if weight > best.0 {
                best = (weight, format);
            }
        }
        best.1
    }

    /// The type of what is written.
    pub const fn content_type(self) -> &'static str {
        match self {
            Format::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The text of a scrape, as it grows.
#[derive(Debug)]
pub struct Text {
    format: Format,
    out: String,
}

impl Text {
    /// Nothing yet.
    pub fn new(format: Format) -> Self {
        Text { format, out: String::new() }
    }

    /// Every metric of a table, each with all rows: that is how both formats want it.
    pub fn table<S>(&mut self, table: &Table<S>, rows: &[Row<S>]) {
        let labels: Vec<String> = rows.iter().map(|row| labelled(table, row)).collect();
        for metric in table.metrics {
            self.head(metric);
            for (row, labels) in rows.iter().zip(&labels) {
                match metric.value {
                    Reading::Number(read) => self.sample(metric.name, labels, read(&row.seen)),
                    Reading::Times(read) => self.times(metric.name, labels, read(&row.seen)),
                }
            }
        }
    }

    /// The whole text.
    pub fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }

    fn head<S>(&mut self, metric: &Metric<S>) {
        let is_open = self.format == Format::OpenMetrics;
        let (name, kind) = match metric.kind {
            Kind::Counter if is_open => (without(metric.name, "_total"), "counter"),
            Kind::Info if is_open => (without(metric.name, "_info"), "info"),
            Kind::Counter => (metric.name, "counter"),
            Kind::Histogram => (metric.name, "histogram"),
            Kind::Gauge | Kind::Info => (metric.name, "gauge"),
        };
        let _ = writeln!(self.out, "# HELP {name} {}.", metric.help);
        let _ = writeln!(self.out, "# TYPE {name} {kind}");
        if is_open && let Some(unit) = ["seconds", "bytes"].iter().find(|u| name.ends_with(**u)) {
            let _ = writeln!(self.out, "# UNIT {name} {unit}");
        }
    }

    fn sample(&mut self, name: &str, labels: &str, number: Number) {
        let _ = match number {
            Number::Unknown => Ok(()),
            Number::Whole(count) => writeln!(self.out, "{name}{labels} {count}"),
            Number::Real(f64::INFINITY) => writeln!(self.out, "{name}{labels} +Inf"),
            Number::Real(real) => writeln!(self.out, "{name}{labels} {real}"),
        };
    }

    /// Buckets count what is at most as long as their bound, the shorter ones too.
    fn times(&mut self, name: &str, labels: &str, times: &Histogram) {
        let inner = labels.trim_start_matches('{').trim_end_matches('}');
        let comma = if inner.is_empty() { "" } else { "," };
        for power in BOUNDS {
            let (le, count) = (self.bound(power), times.shorter_than(power));
            let _ = writeln!(self.out, "{name}_bucket{{{inner}{comma}le=\"{le}\"}} {count}");
        }
        let count = times.count();
        let _ = writeln!(self.out, "{name}_bucket{{{inner}{comma}le=\"+Inf\"}} {count}");
        let sum = Duration::from_micros(times.sum_us()).as_secs_f64();
        let _ = writeln!(self.out, "{name}_sum{labels} {sum}");
        let _ = writeln!(self.out, "{name}_count{labels} {count}");
    }

    /// OpenMetrics wants a point in every number that is a label.
    fn bound(&self, power: i32) -> String {
        let bound = f64::from(power).exp2();
        match self.format {
            Format::OpenMetrics if power >= 0 => format!("{bound:.1}"),
            _ => bound.to_string(),
        }
    }
}

fn without<'n>(name: &'n str, suffix: &str) -> &'n str {
    name.strip_suffix(suffix).unwrap_or(name)
}

/// `{database="app",user="ann"}`; the same for each metric of a row.
fn labelled<S>(table: &Table<S>, row: &Row<S>) -> String {
    let mut text = String::new();
    for (name, value) in table.labels.iter().zip(&row.labels) {
        text.push(if text.is_empty() { '{' } else { ',' });
        let _ = write!(text, "{name}=\"");
        for c in value.chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                c => text.push(c),
            }
        }
        text.push('"');
    }
    if !text.is_empty() {
        text.push('}');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::metric::{counter, gauge, histogram, info};
    use super::*;

    const TABLE: Table<f64> = Table {
        title: "Things",
        labels: &["name"],
        metrics: &[
            counter("x_seconds_total", "Time", |real| Number::Real(*real)),
            gauge("y", "Some", |_| Number::Unknown),
            info("z_info", "Words"),
        ],
    };

    fn written(format: Format) -> String {
        let mut text = Text::new(format);
        text.table(&TABLE, &[Row::new(["a\"\\\nb"], 0.5)]);
        text.finish()
    }

    #[test]
    fn prometheus_reads_its_own_text() {
        let expected = "\
            # HELP x_seconds_total Time.\n# TYPE x_seconds_total counter\n\
            x_seconds_total{name=\"a\\\"\\\\\\nb\"} 0.5\n\
            # HELP y Some.\n# TYPE y gauge\n\
            # HELP z_info Words.\n# TYPE z_info gauge\nz_info{name=\"a\\\"\\\\\\nb\"} 1\n";
        assert_eq!(written(Format::Prometheus), expected);
    }

    #[test]
    fn openmetrics_names_the_family_and_ends() {
        let expected = "\
            # HELP x_seconds Time.\n# TYPE x_seconds counter\n# UNIT x_seconds seconds\n\
            x_seconds_total{name=\"a\\\"\\\\\\nb\"} 0.5\n\
            # HELP y Some.\n# TYPE y gauge\n\
            # HELP z Words.\n# TYPE z info\nz_info{name=\"a\\\"\\\\\\nb\"} 1\n# EOF\n";
        assert_eq!(written(Format::OpenMetrics), expected);
    }

    #[test]
    fn a_bucket_counts_the_shorter_ones_too() {
        const TIMES: &[Metric<Histogram>] = &[histogram("x_seconds", "Time", |times| times)];
        let table = |labels| Table { title: "Times", labels, metrics: TIMES };
        let mut times = Histogram::default();
        for us in [10, 1_500_000, 3_000_000, 3_000_001, 500_000_000] {
            times.record(us);
        }
        let written = |format, labels, row| {
            let mut text = Text::new(format);
            text.table(&table(labels), &[row]);
            text.finish()
        };
        let text = written(Format::Prometheus, &["name"], Row::new(["a"], times.clone()));
        assert_eq!(text.lines().count(), 2 + BOUNDS.count() + 3);
        for line in [
            "# TYPE x_seconds histogram",
            "x_seconds_bucket{name=\"a\",le=\"0.0000152587890625\"} 1",
            "x_seconds_bucket{name=\"a\",le=\"1\"} 1",
            "x_seconds_bucket{name=\"a\",le=\"2\"} 2",
            "x_seconds_bucket{name=\"a\",le=\"4\"} 4",
            "x_seconds_bucket{name=\"a\",le=\"128\"} 4",
            "x_seconds_bucket{name=\"a\",le=\"+Inf\"} 5",
            "x_seconds_sum{name=\"a\"} 507.500011",
            "x_seconds_count{name=\"a\"} 5",
        ] {
            assert!(text.lines().any(|found| found == line), "no {line} in:\n{text}");
        }
        let open = written(Format::OpenMetrics, &[], Row::new([], times));
        assert!(open.contains("x_seconds_bucket{le=\"0.5\"} 1\nx_seconds_bucket{le=\"1.0\"} 1\n"));
        assert!(
            open.contains("# UNIT x_seconds seconds\n") && open.contains("\nx_seconds_count 5\n")
        );
    }

    #[test]
    fn what_has_no_end_is_written_as_both_formats_want_it() {
        let mut text = Text::new(Format::Prometheus);
        text.table(&TABLE, &[Row::new(["a"], f64::INFINITY)]);
        assert!(text.finish().contains("x_seconds_total{name=\"a\"} +Inf\n"));
    }

    #[test]
    fn the_better_offer_is_taken() {
        let prometheus_2 = "application/openmetrics-text;version=1.0.0,\
             application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for (accept, format) in [
            (prometheus_2, Format::OpenMetrics),
            ("", Format::Prometheus),
            ("*/*", Format::Prometheus),
            ("text/html", Format::Prometheus),
            ("application/openmetrics-text;q=0", Format::Prometheus),
            ("application/openmetrics-text;q=nonsense", Format::Prometheus),
            ("application/openmetrics-text; q=0.2, text/plain; q=0.3", Format::Prometheus),
            ("text/plain;q=0.3,application/openmetrics-text;q=0.4", Format::OpenMetrics),
        ] {
            assert_eq!(Format::accepted(accept), format, "{accept}");
        }
    }
}
