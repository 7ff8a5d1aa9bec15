//! Commands that end by themselves.

use std::fs;
use std::net::TcpListener;

use super::{Ended, pgweir};

const GOOD: &str =
    "[users.app]\npassword = \"x\"\n\n[databases.app]\nprimary = \"127.0.0.1:5432\"\n";

#[test]
fn check_takes_a_good_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pooler.toml"), GOOD).unwrap();
    let Ended { status, stdout, stderr } = pgweir(folder.path(), &["check"], &[], "");
    assert_eq!((status, stderr.as_str()), (0, ""));
    assert!(stdout.contains("ok") && stdout.contains("1 database"), "{stdout}");
}

#[test]
fn check_tells_every_mistake_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = "[pooler]\npool_mod = \"session\"\nquery_wait_timeout = 3\nworkers = \"many\"\n\n\
                [databases.app]\nprimary = \"127.0.0.1:99999\"\n\n[users.app]\npassword = \"x\"\n";
    fs::write(folder.path().join("bad.toml"), file).unwrap();
    let ended = pgweir(folder.path(), &["check", "--config", "bad.toml"], &[], "");
    assert_eq!((ended.status, ended.stdout.as_str()), (78, ""));
    let places = ["bad.toml:2", "bad.toml:3", "bad.toml:4", "bad.toml:7"];
    for expected in places.into_iter().chain(["pool_mode", "query_wait_timeout", "4 mistakes"]) {
        assert!(ended.stderr.contains(expected), "no {expected} in:\n{}", ended.stderr);
    }
}

#[test]
fn check_and_run_refuse_a_file_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["check", "run"] {
        let ended = pgweir(folder.path(), &[command, "--config", "gone.toml"], &[], "");
        assert_eq!(ended.status, 78, "{command}");
        assert!(ended.stderr.contains("gone.toml"), "{}", ended.stderr);
    }
}

#[test]
fn the_environment_overrides_the_file_and_is_checked_like_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pooler.toml"), GOOD).unwrap();
    let size = |value| [("PGWEIR_DATABASES_APP_POOL_SIZE", value)];
    let good = pgweir(folder.path(), &["check"], &size("33"), "");
    assert!(good.status == 0 && good.stdout.contains("pools of 33"), "{}", good.stdout);
    let bad = pgweir(folder.path(), &["check"], &size("none"), "");
    assert_eq!(bad.status, 78);
    assert!(bad.stderr.contains("PGWEIR_DATABASES_APP_POOL_SIZE"), "{}", bad.stderr);
}

#[test]
fn no_secret_is_shown_in_a_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!(
        "{GOOD}password = \"${{NOT_THERE}}\"\n[users.a]\npassword = \"SCRAM-SHA-256$hunter2\"\n"
    );
    fs::write(folder.path().join("pooler.toml"), file).unwrap();
    for command in ["check", "run"] {
        let ended = pgweir(folder.path(), &[command], &[], "");
        assert_eq!(ended.status, 78);
        assert!(ended.stderr.contains("NOT_THERE"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }
}

#[test]
fn bad_usage_has_a_status_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    for line in
        ["walk", "--nonsense", "run --config", "--replica postgres://h", "demo --replicas x"]
    {
        let arguments: Vec<_> = line.split(' ').collect();
        let ended = pgweir(folder.path(), &arguments, &[], "");
        assert_eq!((ended.status, ended.stdout.as_str()), (64, ""), "{line}");
        assert!(!ended.stderr.is_empty(), "{line}");
    }
    for word in ["--help", "--version"] {
        let ended = pgweir(folder.path(), &[word], &[], "");
        assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{word}");
    }
}

#[test]
fn a_port_in_use_has_a_status_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pooler.toml"), GOOD).unwrap();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = pgweir(folder.path(), &["run"], &[("PGWEIR_POOLER_LISTEN_PORT", &port)], "");
    assert_eq!(ended.status, 69, "{}", ended.stderr);
    assert!(ended.stderr.contains(&port), "{}", ended.stderr);
    assert!(ended.stderr.contains("listen_port"), "{}", ended.stderr);
}

#[test]
fn route_answers_each_line_with_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let input = "\"SELECT 1\"\n{\"sql\": \"INSERT INTO t VALUES (1)\"}\n\"BEGIN\"\n\"SET x = 1\"\n\
                 not json\n\"\\u0000\"\n\"SELECT 2\"\n{\"reload\": true}\n";
    let ended = pgweir(folder.path(), &["route", "--json", "-"], &[], input);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let lines: Vec<serde_json::Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 8, "{}", ended.stdout);
    let expected = [
        ("SELECT 1", "read", "replica"),
        ("INSERT INTO t VALUES (1)", "write", "primary"),
        ("BEGIN", "transaction", "primary"),
        ("SET x = 1", "session", "primary"),
    ];
    for (line, (sql, access, role)) in lines.iter().zip(expected) {
        assert_eq!(line["sql"], sql);
        assert_eq!((&line["access"], &line["role"]), (&access.into(), &role.into()), "{sql}");
        assert!(!line["reason"].as_str().unwrap().is_empty());
        assert!(!line["detail"].as_str().unwrap().is_empty());
    }
    assert_eq!(lines[6]["access"], "read");
    let error = lines[7]["error"].as_str().unwrap();
    assert!(error.contains("--database"), "{error}");
}
