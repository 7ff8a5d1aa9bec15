//! Spans of statements, as a collector gets them.

mod collector;
mod outages;
mod statements;

use collector::{Collector, Manner};

use crate::support::{Database, Pgweir};

/// A pgweir that sends its spans to a collector of the test's own.
struct Traced {
    pgweir: Pgweir,
    collector: Collector,
}

impl Traced {
    /// In front of the primary alone, with these lines in `[tracing]`.
    fn of(database: &Database, tracing: &str) -> Traced {
        Traced::start(&database.primary_config(), tracing)
    }

    /// With the rest of its configuration as given. Spans are sent soon, if nothing else is said.
    fn start(config: &str, tracing: &str) -> Traced {
        let collector = Collector::start(Manner::Takes);
        let pgweir = Pgweir::start(&with_tracing(config, &collector, tracing));
        Traced { pgweir, collector }
    }
}

fn with_tracing(config: &str, collector: &Collector, tracing: &str) -> String {
    let soon = if tracing.contains("export_interval") { "" } else { "export_interval = \"20ms\"" };
    let endpoint = collector.url();
    format!("{config}\n[tracing]\nendpoint = \"{endpoint}\"\n{soon}\n{tracing}\n")
}

/// A comment of an application's span, in trace 7.
fn comment(span: u64) -> String {
    format!("/*route='%2Fcart',traceparent='00-{:032x}-{span:016x}-01'*/", 7)
}
