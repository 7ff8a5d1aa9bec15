//! What a reload would change.

use super::reload::{Change, compare, compare_running};
use super::*;

fn change(old: &str, new: &str) -> Change {
    compare(&settings(old), &settings(new))
}

#[test]
fn the_same_file_changes_nothing() {
    assert!(change(SMALLEST, SMALLEST).is_empty());
}

#[test]
fn what_needs_a_restart_is_told_apart() {
    let new = format!("[pooler]\nlisten_port = 1\nmax_client_conn = 5\n{SMALLEST}");
    let change = change(SMALLEST, &new);
    assert_eq!(change.restart_needed, ["pooler.listen_port"]);
    assert_eq!(change.changed, ["pooler.max_client_conn"]);
}

#[test]
fn what_needs_a_restart_is_compared_with_what_runs() {
    let with = |text: &str| settings(&format!("[pooler]\n{text}\n{SMALLEST}"));
    let (started, moved) = (with(""), with("listen_port = 1"));
    let again = compare_running(&started, &moved, &with("listen_port = 1\nmax_client_conn = 5"));
    assert_eq!(again.restart_needed, ["pooler.listen_port"], "it still waits");
    assert_eq!(again.changed, ["pooler.max_client_conn"]);
    assert!(compare_running(&started, &moved, &started).is_empty(), "it runs like this already");
}

#[test]
fn a_default_changes_the_databases_that_inherit_it() {
    let new = format!("[pooler]\ndefault_pool_size = 5\n{SMALLEST}");
    let expected = ["pooler.default_pool_size", "databases.app.pool_size"];
    assert_eq!(change(SMALLEST, &new).changed, expected);
}

#[test]
fn databases_and_users_come_and_go() {
    let new = SMALLEST.replace("databases.app", "databases.b").replace("\"x\"", "\"y\"");
    let expected = ["databases.app", "databases.b", "users.app.password"];
    assert_eq!(change(SMALLEST, &new).changed, expected);
}

#[test]
fn a_database_that_moves_is_told_by_key() {
    let weight = |weight| {
        SMALLEST.replace("\"10.0.0.1\"", &format!("\"b\"\nreplicas = [\"c?weight={weight}\"]"))
    };
    assert_eq!(change(&weight(1), &weight(2)).changed, ["databases.app.replicas"]);
    let new = SMALLEST.replace("\"10.0.0.1\"", "\"b\"\nreplicas = [\"c\"]\nno_replica = \"wait\"");
    let expected = ["databases.app.primary", "databases.app.replicas", "databases.app.no_replica"];
    assert_eq!(change(SMALLEST, &new).changed, expected);
}
