//! The written reference: it says what the definitions say, and what it shows works.

use super::section::Section;
use super::*;

/// Compares a file of the repository with what it should be; UPDATE_DOCS=1 writes it first.
fn is_up_to_date(file: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    assert!(found == text, "{file} is not what the definitions say: run with UPDATE_DOCS=1");
}

#[test]
fn the_manual_is_up_to_date() {
    is_up_to_date("docs/configuration.md", &reference::manual());
}

#[test]
fn the_example_is_up_to_date() {
    is_up_to_date("pooler.toml", &reference::example());
}

#[test]
fn every_key_is_in_the_manual_and_in_the_example() {
    let (manual, example) = (reference::manual(), reference::example());
    for group in Section::ALL.iter().flat_map(|section| section.groups()) {
        for setting in group.settings {
            assert!(manual.contains(&format!("\n#### `{}`\n", setting.key)), "{}", setting.key);
            assert!(example.contains(&format!("{} = ", setting.key)), "{}", setting.key);
        }
    }
}

#[test]
fn the_example_runs_and_says_nothing_but_the_defaults() {
    let loaded = load(&reference::example(), &[]).unwrap_or_else(|m| panic!("{m}"));
    assert_eq!(loaded.warnings, []);
    let Settings { pooler, routing, databases, users, metrics, tracing } = loaded.settings;
    assert_eq!(pooler, Pooler::default());
    assert_eq!(routing, Routing::default());
    assert_eq!(metrics, Metrics::default());
    assert_eq!(tracing, Tracing::default());
    assert_eq!((databases.len(), users.len()), (1, 1));
    assert_eq!(databases["app"].routing, Routing::default());
}

#[test]
fn what_the_example_shows_in_comments_is_right_as_well() {
    let example = reference::example();
    let live: Vec<_> = example
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(text) if is_assignment(text) && !text.starts_with("hosts") => text,
            _ => line,
        })
        .map(|line| line.replace("file:/run/secrets/app", "x"))
        .collect();
    let loaded = load(&live.join("\n"), &[]).unwrap_or_else(|m| panic!("{m}"));
    let app = &loaded.settings.databases["app"];
    assert_eq!((app.pool.pool_size, app.replicas.len()), (40, 2));
    assert_eq!(loaded.settings.users["app"].pool_size, Some(10));
}

fn is_assignment(text: &str) -> bool {
    let key = text.split_once(" = ").map_or("", |(key, _)| key);
    !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[test]
fn no_line_of_the_example_is_long() {
    for line in reference::example().lines() {
        assert!(line.len() <= 100, "{line}");
    }
}
