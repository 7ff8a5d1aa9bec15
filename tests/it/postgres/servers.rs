//! A server that goes away is replaced, and the client that used it is told.

use super::one_server;
use crate::support::frontend::query;
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

/// Ends a server and waits until it has gone.
fn kill(database: &Database, pid: &str) {
    assert_eq!(database.run(&format!("SELECT pg_terminate_backend({pid}, 10000)")), "t");
}
