//! That the documentation, the dashboard and the alert rules say what a scrape says.

use super::manual::{manual, names};
use super::metric::{Kind, Row, Table};
use super::snapshot::{Snapshot, Visitor};
use std::collections::HashSet;

const ALERTS: &str = include_str!("../../docs/observability/alerts.yml");
const DASHBOARD: &str = include_str!("../../docs/observability/dashboard.json");

/// UPDATE_DOCS=1 writes it first.
#[test]
fn the_documentation_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/observability.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, manual()).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == manual(), "docs/observability.md is not up to date: run with UPDATE_DOCS=1");
}

#[test]
fn names_say_what_their_metrics_are() {
    struct Check(HashSet<&'static str>);
    impl Visitor for Check {
        fn table<S>(&mut self, table: &Table<S>, _: &[Row<S>]) {
            for metric in table.metrics {
                let name = metric.name;
                assert!(self.0.insert(name), "{name} is there twice");
                assert_eq!(metric.kind == Kind::Counter, name.ends_with("_total"), "{name}");
                assert_eq!(metric.kind == Kind::Info, name.ends_with("_info"), "{name}");
                let is_histogram = metric.kind == Kind::Histogram;
                assert!(!is_histogram || name.ends_with("_seconds"), "{name}");
                let owners = ["pgweir_", "pgbouncer_", "process_"];
                assert!(owners.iter().any(|owner| name.starts_with(owner)), "{name}");
                assert!(!metric.help.ends_with('.') && !metric.help.contains('\n'), "{name}");
            }
        }
    }
    Snapshot::default().visit(&mut Check(HashSet::new()));
}

#[test]
fn alerts_and_dashboard_name_only_what_a_scrape_has() {
    let names: HashSet<_> = names().into_iter().collect();
    // A histogram's samples have its name and one of these behind it.
    let is_known = |name: &str| {
        let parts = ["_bucket", "_sum", "_count"].iter();
        let mut whole = parts.filter_map(|part| name.strip_suffix(part));
        names.contains(name) || whole.any(|name| names.contains(name))
    };
    for text in [ALERTS, DASHBOARD] {
        let named = metrics_in(text);
        assert!(named.len() > 10, "only {} are named", named.len());
        for name in named {
            assert!(is_known(name), "{name} is no metric");
        }
    }
}

#[test]
fn every_alert_has_a_section_that_says_what_to_do() {
    let manual = manual();
    let alerts: Vec<_> =
        ALERTS.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 10);
    for alert in &alerts {
        assert!(manual.contains(&format!("\n### {alert}\n")), "{alert} has no section");
        let anchor = format!("observability.md#{}", alert.to_lowercase());
        assert!(ALERTS.contains(&anchor), "{alert} does not lead to its section");
    }
    let sections = manual.lines().filter(|line| line.starts_with("### Pgweir"));
    assert_eq!(sections.count(), alerts.len(), "a section has no alert");
}

#[test]
fn the_dashboard_asks_which_source_to_use() {
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 39);
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: HashSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "an id is there twice");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        assert!(!panel["targets"].as_array().unwrap().is_empty(), "{}", panel["title"]);
    }
}

/// Words that look like metrics of ours.
fn metrics_in(text: &str) -> HashSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_ours = |word: &&str| {
        let ours = ["pgweir_", "pgbouncer_", "process_"];
        ours.iter().any(|owner| word.starts_with(owner))
    };
    words.filter(is_ours).collect()
}
