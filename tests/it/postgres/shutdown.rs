//! SIGTERM: each client ends at its transaction's boundary, or at the deadline.

use rustix::process::Signal;

use super::{one_server, with_settings};
use crate::support::frontend::query;
use crate::support::{Database, Fields, Wire};

#[test]
fn a_shutdown_waits_for_transactions_and_ends_everybody_else() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = with_settings(&database, "default_pool_size = 2");
    let (mut idle, mut busy) = (pgweir.client(&database), pgweir.client(&database));
    busy.rows("BEGIN; INSERT INTO t VALUES (1)");
    pgweir.signal(Signal::TERM);
    assert_shut_down(&mut idle);
    assert!(std::net::TcpStream::connect(("127.0.0.1", pgweir.port())).is_err());
    busy.rows("INSERT INTO t VALUES (2)");
    busy.send([query("COMMIT")]);
    assert_eq!(busy.expect("C Z")[0].text(), "COMMIT");
    assert_shut_down(&mut busy);
    let (status, log) = pgweir.stop_after_signal();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(database.run("SELECT count(*) FROM t"), "2");
}

#[test]
fn a_statement_that_runs_at_a_shutdown_has_its_answer_first() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    let mut blocker = database.direct();
    blocker.rows("SELECT pg_advisory_lock(42)");
    wire.send([query("SELECT 'through' FROM pg_advisory_lock(42)")]);
    crate::support::until("it waits", || database.running("SELECT ''through''") == 1);
    pgweir.signal(Signal::TERM);
    pgweir.wait_for_log("shutting down");
    blocker.rows("SELECT pg_advisory_unlock(42)");
    assert_eq!(wire.expect("T D C Z")[1].row(), [Some("through".to_owned())]);
    assert_shut_down(&mut wire);
    assert_eq!(pgweir.stop_after_signal().0.code(), Some(0));
}

#[test]
fn a_transaction_that_does_not_end_is_rolled_back_at_the_deadline() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = with_settings(&database, "shutdown_timeout = \"200ms\"");
    let mut wire = pgweir.client(&database);
    wire.rows("BEGIN; INSERT INTO t VALUES (1)");
    let (_, log) = pgweir.stop();
    assert_shut_down(&mut wire);
    assert!(log.contains("shutdown_timeout is over"), "{log}");
    assert_eq!(database.run("SELECT count(*) FROM t"), "0");
}

#[test]
fn a_second_signal_does_not_wait() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.rows("BEGIN");
    pgweir.signal(Signal::TERM);
    pgweir.wait_for_log("shutting down");
    let (_, log) = pgweir.stop();
    assert_shut_down(&mut wire);
    assert!(log.contains("second signal"), "{log}");
}

#[test]
fn without_clients_it_ends_at_once() {
    let database = Database::create();
    for signal in [Signal::TERM, Signal::INT] {
        let pgweir = one_server(&database);
        pgweir.client(&database).value("SELECT 1");
        pgweir.signal(signal);
        let (status, log) = pgweir.stop_after_signal();
        assert_eq!(status.code(), Some(0), "{log}");
    }
}

fn assert_shut_down(wire: &mut Wire) {
    let Fields { severity, code, .. } = wire.expect("E")[0].fields();
    assert_eq!((severity.as_str(), code.as_str()), ("FATAL", "57P01"));
    wire.expect_end();
}
