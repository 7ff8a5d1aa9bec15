//! A server that goes away is replaced, and the client that used it is told.

use super::one_server;
use crate::support::frontend::{bind, execute, parse, query, sync};
use crate::support::{Database, Pgweir, until};

#[test]
fn a_server_that_ends_while_idle_is_replaced_and_nobody_notices() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    for _ in 0..5 {
        let server = wire.server_pid();
        kill(&database, &server);
        assert_ne!(wire.server_pid(), server);
    }
}

#[test]
fn a_server_that_ends_in_a_statement_ends_its_client_and_no_other() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let (mut wire, mut other) = (pgweir.client(&database), pgweir.client(&database));
    let server = wire.server_pid();
    wire.send([query("SELECT pg_sleep(600)")]);
    until("it runs", || database.running("SELECT pg_sleep") == 1);
    kill(&database, &server);
    wire.expect("T");
    let fields = wire.expect("E")[0].fields();
    assert_eq!((fields.severity.as_str(), fields.code.as_str()), ("FATAL", "57P01"));
    wire.expect_end();
    assert_eq!(other.value("SELECT 1"), "1");
}

#[test]
fn a_server_that_ends_in_an_idle_transaction_ends_its_client() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    let server = wire.server_pid();
    wire.rows("BEGIN");
    kill(&database, &server);
    let fields = wire.expect("E")[0].fields();
    assert_eq!((fields.severity.as_str(), fields.code.as_str()), ("FATAL", "57P01"));
    wire.expect_end();
    assert_eq!(pgweir.client(&database).value("SELECT 1"), "1");
}

#[test]
fn a_host_that_is_down_is_an_error_that_says_so() {
    let database = Database::create();
    let port = database.cluster.primary().port().to_string();
    let gone = crate::support::free_port().to_string();
    let config = database.primary_config().replace(&port, &gone);
    let pgweir = Pgweir::start(&format!("[pooler]\nquery_wait_timeout = \"300ms\"\n\n{config}"));
    let mut wire = crate::support::Wire::connect(pgweir.port());
    let name = database.name.as_str();
    let refused = wire.try_log_in(name, name, &[("user", name), ("database", name)]);
    let fields = refused.unwrap_err();
    assert_eq!((fields.severity.as_str(), fields.code.as_str()), ("FATAL", "53300"));
    assert!(fields.detail.contains("refused"), "{}", fields.detail);
}

/// pgweir in front of this database and another one of the same owner, in which a server is idle.
fn beside_another(database: &Database, mode: &str) -> (Pgweir, String) {
    let (name, other) = (&database.name, format!("{}_other", database.name));
    database.run(&format!("ALTER ROLE {name} CREATEDB"));
    database.run(&format!("CREATE DATABASE {other} OWNER {name}"));
    let own = database.primary_config();
    let theirs = own.lines().take_while(|line| !line.starts_with("[users"));
    let theirs: Vec<_> = theirs.collect();
    let theirs =
        theirs.join("\n").replace(&format!("[databases.{name}]"), &format!("[databases.{other}]"));
    let pgweir = Pgweir::start(&format!(
        "[pooler]\npool_mode = \"{mode}\"\nmin_pool_size = 1\n\n{theirs}\n\n{own}"
    ));
    drop(pgweir.wire(name, name, &other));
    let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{other}'");
    until("a server is there", || database.run(&sql) == "1");
    (pgweir, other)
}

#[test]
fn a_database_whose_servers_are_idle_can_be_copied_and_dropped() {
    for mode in ["transaction", "session"] {
        let database = Database::create();
        let (pgweir, other) = beside_another(&database, mode);
        let mut wire = pgweir.client(&database);
        wire.rows("SELECT 1");
        wire.rows(&format!("CREATE DATABASE {other}_copy TEMPLATE {other}"));
        drop(pgweir.wire(&database.name, &database.name, &other));
        wire.send([
            parse("", &format!("DROP DATABASE {other}")),
            bind("", "", &[]),
            execute(""),
            sync(),
        ]);
        wire.expect("1 2 C Z");
        wire.rows(&format!("DROP DATABASE {other}_copy"));
    }
}

/// Ends a server and waits until it has gone.
fn kill(database: &Database, pid: &str) {
    assert_eq!(database.run(&format!("SELECT pg_terminate_backend({pid}, 10000)")), "t");
}
