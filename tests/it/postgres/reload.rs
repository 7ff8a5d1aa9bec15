//! SIGHUP: all of the changed file, or none of it.

use super::{config, one_server};
use crate::support::frontend::{bind, execute, parse, query, sync};
use crate::support::{Database, Wire, until};

#[test]
fn a_larger_pool_is_larger_after_a_reload() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let (mut one, mut other) = (pgweir.client(&database), pgweir.client(&database));
    one.rows("BEGIN");
    other.send([query("SELECT 1")]);
    pgweir.reload(&config(&database, "default_pool_size = 2"));
    pgweir.wait_for_log("reloaded");
    other.expect("T D C Z");
    assert_eq!(one.value("SELECT 1"), "1");
}

#[test]
fn a_bad_file_changes_nothing_and_the_log_says_every_reason() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    let server = wire.server_pid();
    pgweir
        .reload(&config(&database, "default_pool_size = 7\npool_mod = \"session\"\nworkers = -1"));
    pgweir.wait_for_log("reload refused");
    let log = pgweir.log();
    for reason in ["pooler.toml:3", "pool_mode", "pooler.toml:4", "workers"] {
        assert!(log.contains(reason), "no {reason} in:\n{log}");
    }
    assert_eq!(wire.server_pid(), server);
    wire.rows("BEGIN");
    let mut second = pgweir.client(&database);
    second.send([query("SELECT pg_backend_pid()")]);
    wire.rows("COMMIT");
    assert_eq!(second.expect("T D C Z")[1].row(), [Some(server)]);
}

#[test]
fn a_file_that_names_a_missing_file_changes_nothing() {
    let database = Database::create();
    let pgweir = one_server(&database);
    pgweir.reload(&config(&database, "auth_type = \"trust\"\nauth_file = \"/nowhere/users\""));
    let line = pgweir.wait_for_log("reload refused");
    assert!(line.contains("/nowhere/users") || pgweir.log().contains("/nowhere/users"), "{line}");
    assert!(!logs_in(&pgweir, &database, "wrong"));
    assert!(logs_in(&pgweir, &database, &database.name));
}

#[test]
fn a_new_database_and_its_user_are_there_after_a_reload() {
    let (old, new) = (Database::create(), Database::create());
    let pgweir = one_server(&old);
    let mut wire = pgweir.client(&old);
    let name = new.name.as_str();
    assert!(!logs_in(&pgweir, &new, name));
    pgweir.reload(&format!("{}\n\n{}", config(&old, ""), new.primary_config()));
    until("the new user may log in", || logs_in(&pgweir, &new, name));
    assert_eq!(pgweir.client(&new).value("SELECT current_database()"), *name);
    assert_eq!(wire.value("SELECT 1"), "1");
}

#[test]
fn a_changed_password_is_asked_for_after_a_reload() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    let name = &database.name;
    let users = format!("[users.{name}]\npassword = \"{name}\"");
    let changed = format!("[users.{name}]\npassword = \"changed\"");
    pgweir.reload(&config(&database, "").replace(&users, &changed));
    until("the new password is taken", || logs_in(&pgweir, &database, "changed"));
    assert!(!logs_in(&pgweir, &database, name));
    assert_eq!(wire.value("SELECT 1"), "1");
}

#[test]
fn what_needs_a_restart_is_named() {
    let database = Database::create();
    let pgweir = one_server(&database);
    pgweir.reload(&config(&database, "workers = 3"));
    assert!(pgweir.wait_for_log("needs a restart").contains("workers"));
}

fn logs_in(pgweir: &crate::support::Pgweir, database: &Database, password: &str) -> bool {
    let name = database.name.as_str();
    let mut wire = Wire::connect(pgweir.port());
    wire.try_log_in(name, password, &[("user", name), ("database", name)]).is_ok()
}

#[test]
fn settings_of_logins_apply_without_a_new_server() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    let server = wire.server_pid();
    for settings in [
        "max_prepared_statements = 3",
        "server_connect_timeout = \"7s\"",
        "tcp_keepidle = \"90s\"",
        "max_prepared_statements = 0",
    ] {
        let before = pgweir.log().matches("reloaded").count();
        pgweir.reload(&config(&database, &format!("default_pool_size = 1\n{settings}")));
        until("it is reloaded", || pgweir.log().matches("reloaded").count() > before);
        assert_eq!(wire.server_pid(), server, "{settings}");
    }
}

#[test]
fn a_lowered_limit_of_prepared_statements_holds_for_servers_that_are_open() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    let prepare = |wire: &mut Wire, from: usize| {
        for number in from..from + 5 {
            let (name, text) = (format!("s{number}"), format!("SELECT {number}"));
            wire.send([parse(&name, &text), bind("", &name, &[]), execute(""), sync()]);
            wire.expect("1 2 D C Z");
        }
        wire.value("SELECT count(*) FROM pg_prepared_statements")
    };
    assert_eq!(prepare(&mut wire, 0), "5");
    pgweir.reload(&config(&database, "default_pool_size = 1\nmax_prepared_statements = 2"));
    pgweir.wait_for_log("reloaded");
    assert_eq!(prepare(&mut wire, 5), "2");
}
