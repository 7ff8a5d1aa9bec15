//! A client that leaves, with or without a word, harms nobody and costs no server.

use super::{one_server, with_settings};
use crate::support::frontend::{bind, copy_data, execute, flush, parse, query, sync, terminate};
use crate::support::{Database, until};

#[test]
fn the_statement_of_a_vanished_client_is_cancelled_and_its_server_kept() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    let server = wire.server_pid();
    wire.send([query("SELECT pg_sleep(600)")]);
    until("it runs", || database.running("SELECT pg_sleep") == 1);
    drop(wire);
    until("it is cancelled", || database.running("SELECT pg_sleep") == 0);
    assert_eq!(pgweir.client(&database).server_pid(), server);
}

#[test]
fn a_client_that_terminates_in_a_transaction_rolls_it_back() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    let server = wire.server_pid();
    wire.rows("BEGIN; INSERT INTO t VALUES (1)");
    wire.send([terminate()]);
    wire.expect_end();
    let mut next = pgweir.client(&database);
    assert_eq!(next.value("SELECT count(*) FROM t"), "0");
    assert_eq!(next.server_pid(), server);
}

#[test]
fn a_client_that_vanishes_in_a_transaction_rolls_it_back() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.rows("BEGIN; INSERT INTO t VALUES (1)");
    drop(wire);
    assert_eq!(pgweir.client(&database).value("SELECT count(*) FROM t"), "0");
}

/// Its Sync would commit it, and the client has not sent one.
#[test]
fn a_unit_that_a_client_has_not_ended_is_rolled_back() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = one_server(&database);
    for goodbye in [vec![terminate()], vec![]] {
        let mut wire = pgweir.client(&database);
        let server = wire.server_pid();
        wire.send([parse("", "INSERT INTO t VALUES (1)"), bind("", "", &[]), execute(""), flush()]);
        wire.expect("1 2 C");
        wire.send(goodbye);
        drop(wire);
        let mut next = pgweir.client(&database);
        assert_eq!(next.value("SELECT count(*) FROM t"), "0");
        assert_eq!(next.server_pid(), server);
    }
}

#[test]
fn what_was_sent_before_terminate_is_done() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([query("INSERT INTO t VALUES (1)"), query("INSERT INTO t VALUES (2)"), terminate()]);
    until("both are there", || database.run("SELECT count(*) FROM t") == "2");
}

#[test]
fn a_client_that_vanishes_in_a_copy_leaves_nothing() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([query("COPY t FROM STDIN"), copy_data(b"1\n2\n")]);
    wire.expect("G");
    drop(wire);
    assert_eq!(pgweir.client(&database).value("SELECT count(*) FROM t"), "0");
}

#[test]
fn a_client_that_vanishes_between_parse_and_sync_frees_its_server() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([parse("s", "SELECT 1"), bind("", "s", &[]), execute("")]);
    drop(wire);
    let mut next = pgweir.client(&database);
    next.send([parse("s", "SELECT 2"), bind("", "s", &[]), execute(""), sync()]);
    assert_eq!(next.expect("1 2 D C Z")[2].row(), [Some("2".to_owned())]);
}

#[test]
fn a_client_that_leaves_half_a_message_behind_frees_its_server() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = one_server(&database);
    for cut in [1, 4, 5, 9] {
        let mut wire = pgweir.client(&database);
        wire.rows("BEGIN");
        wire.send([&query("INSERT INTO t VALUES (1)")[..cut]]);
        drop(wire);
        assert_eq!(pgweir.client(&database).value("SELECT count(*) FROM t"), "0", "{cut}");
    }
}

#[test]
fn a_client_that_vanishes_while_it_waits_is_not_missed() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut holder = pgweir.client(&database);
    holder.rows("BEGIN");
    for _ in 0..3 {
        let mut waiter = pgweir.client(&database);
        waiter.send([query("SELECT 1")]);
    }
    holder.rows("COMMIT");
    assert_eq!(pgweir.client(&database).value("SELECT 1"), "1");
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody_else() {
    let database = Database::create();
    let pgweir = with_settings(&database, "default_pool_size = 2\nworkers = 1");
    let mut lazy = pgweir.client(&database);
    lazy.send([query("SELECT repeat('x', 1000000) FROM generate_series(1, 1000)")]);
    let mut other = pgweir.client(&database);
    for number in 0..100 {
        assert_eq!(other.value(&format!("SELECT {number}")), number.to_string());
    }
    let resident_kb = pgweir.resident_kb();
    assert!(resident_kb < 300_000, "{resident_kb} kB");
}
