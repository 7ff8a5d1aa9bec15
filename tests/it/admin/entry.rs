//! Who gets in.

use super::{admin, config, start};
use crate::support::{Database, Fields, Pgweir, Wire};

fn try_log_in(pgweir: &Pgweir, user: &str, password: &str, database: &str) -> Result<(), Fields> {
    let parameters = [("user", user), ("database", database)];
    Wire::connect(pgweir.port()).try_log_in(user, password, &parameters)
}

#[test]
fn the_console_has_two_names() {
    let database = Database::create();
    let pgweir = start(&database, "");
    for name in ["pgweir", "pgbouncer"] {
        let mut console = pgweir.wire("admin", "admin", name);
        assert!(console.value("SHOW VERSION").starts_with("pgweir "), "{name}");
    }
}

#[test]
fn whoever_is_named_by_neither_setting_stays_outside() {
    let database = Database::create();
    for settings in ["", "auth_type = \"trust\""] {
        let pgweir = start(&database, settings);
        let name = database.name.as_str();
        let refused = try_log_in(&pgweir, name, name, "pgweir").unwrap_err();
        assert_eq!(refused.code, "28000", "{settings}");
        assert!(refused.hint.contains("admin_users") && refused.hint.contains("stats_users"));
    }
}

#[test]
fn an_administrator_has_to_prove_it() {
    let database = Database::create();
    let pgweir = start(&database, "");
    assert_eq!(try_log_in(&pgweir, "admin", "wrong", "pgweir").unwrap_err().code, "28P01");
}

#[test]
fn an_administrator_gets_in_when_all_places_are_taken() {
    let database = Database::create();
    let pgweir = start(&database, "max_client_conn = 1");
    let mut client = pgweir.client(&database);
    let name = database.name.as_str();
    assert_eq!(try_log_in(&pgweir, name, name, name).unwrap_err().code, "53300");
    assert_eq!(admin(&pgweir).rows("SHOW POOLS").len(), 1);
    assert_eq!(client.value("SELECT 1"), "1");
}

#[test]
fn the_console_has_places_of_its_own_and_not_for_ever_more() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let mut inside: Vec<Wire> =
        (0..pgweir::admin::console::CLIENTS_MAX).map(|_| admin(&pgweir)).collect();
    assert_eq!(try_log_in(&pgweir, "admin", "admin", "pgweir").unwrap_err().code, "53300");
    assert_eq!(pgweir.client(&database).value("SELECT 1"), "1");
    inside.truncate(1);
    crate::support::until("a place is free", || {
        try_log_in(&pgweir, "admin", "admin", "pgweir").is_ok()
    });
    assert!(inside[0].value("SHOW VERSION").starts_with("pgweir"));
}

#[test]
fn who_may_look_changes_with_a_reload() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let name = database.name.as_str();
    let settings = config(&database, "").replace("\"watcher\"]", &format!("\"{name}\"]"));
    pgweir.reload(&settings);
    pgweir.wait_for_log("reloaded");
    assert!(try_log_in(&pgweir, name, name, "pgweir").is_ok());
    assert_eq!(try_log_in(&pgweir, "watcher", "watcher", "pgweir").unwrap_err().code, "28000");
}
