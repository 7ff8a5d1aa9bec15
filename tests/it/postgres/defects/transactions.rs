//! Transactions that other routers tear apart, lose, or begin on the wrong host.

use super::split;
use crate::support::frontend::{query, terminate};
use crate::support::{Database, Pgweir, until};

const T: &str = "CREATE TABLE t (id int)";

/// Pgpool-II sends BEGIN, SAVEPOINT and COMMIT to the primary and a standby, and reads to either.
#[test]
fn one_transaction_runs_on_two_hosts() {
    let database = Database::with(T);
    let mut trace = database.trace();
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    for begin in ["BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ", "BEGIN READ ONLY"] {
        trace.ran();
        wire.rows(begin);
        wire.rows("SELECT 1 AS inside FROM t");
        wire.rows("SAVEPOINT inside");
        wire.rows("SELECT 2 AS inside FROM t");
        wire.rows("COMMIT /* inside */");
        let mut hosts = trace.hosts("inside");
        assert_eq!(hosts.len(), 4, "{begin}: {hosts:?}");
        hosts.dedup();
        assert_eq!(hosts.len(), 1, "{begin}: {hosts:?}");
    }
}

/// The same peer: each half of the transaction has a snapshot of its own.
#[test]
fn a_repeatable_read_sees_two_snapshots() {
    let database = Database::with(T);
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    for begin in ["BEGIN", "BEGIN READ ONLY"] {
        wire.rows(&format!("{begin}; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"));
        let before = wire.value("SELECT count(*) FROM t");
        database.run("INSERT INTO t VALUES (1)");
        database.cluster.catch_up().unwrap();
        assert_eq!(wire.value("SELECT count(*) FROM t"), before);
        wire.rows("COMMIT");
    }
}

/// Pgpool-II's `dml_adaptive` overlooks CREATE TABLE (its issue 157).
#[test]
fn a_table_that_was_created_in_the_transaction_is_not_there() {
    let database = Database::create();
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    wire.rows("BEGIN");
    wire.rows("CREATE TABLE made (id int)");
    assert_eq!(wire.value("SELECT count(*) FROM made"), "0");
    wire.rows("COMMIT");
}

/// PgDog begins it on a replica, because COPY TO and PREPARE are reads to it.
#[test]
fn a_transaction_that_begins_with_a_copy_or_a_prepare_cannot_write() {
    let database = Database::with(T);
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    for first in ["COPY t TO STDOUT", "PREPARE s AS SELECT 1", "EXPLAIN SELECT 1", "SELECT 1"] {
        wire.rows("BEGIN");
        wire.rows(first);
        wire.rows("INSERT INTO t VALUES (1)");
        wire.rows("COMMIT");
    }
    assert_eq!(database.run("SELECT count(*) FROM t"), "4");
}

/// PgDog begins it on a replica, and hot standby refuses SERIALIZABLE.
#[test]
fn a_serializable_transaction_that_only_reads_is_refused() {
    let database = Database::with(T);
    let mut trace = database.trace();
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    wire.rows("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY");
    assert_eq!(wire.value("SELECT count(*) FROM t"), "0");
    wire.rows("COMMIT");
    assert_eq!(trace.roles("count(*)"), ["primary"]);
}

/// PgDog answers the BEGIN, keeps the rest back, and drops it when the client goes (its issue 395).
#[test]
fn a_transaction_in_one_message_is_lost() {
    let database = Database::with(T);
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    let transaction = query("BEGIN; INSERT INTO t VALUES (1); COMMIT");
    wire.send([transaction.clone()]);
    wire.expect("C C C Z");
    assert_eq!(database.run("SELECT count(*) FROM t"), "1");
    wire.send([transaction, terminate()]);
    until("it is there", || database.run("SELECT count(*) FROM t") == "2");
}

/// The same with one that the message leaves open.
#[test]
fn a_transaction_that_begins_behind_a_read_is_left_on_a_standby() {
    let database = Database::with(T);
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    wire.send([query("SELECT 1; BEGIN; INSERT INTO t VALUES (1)")]);
    assert_eq!(wire.expect("T D C C C Z")[5].status(), 'T');
    assert_eq!(wire.value("SELECT count(*) FROM t"), "1");
    assert_eq!(pgweir.client(&database).value("SELECT count(*) FROM t"), "0");
    wire.rows("COMMIT");
    assert_eq!(database.run("SELECT count(*) FROM t"), "1");
}

/// Supavisor has given such a server to the next client (its issue 1172).
#[test]
fn a_server_comes_back_with_the_transaction_of_a_client_that_has_gone() {
    let database = Database::with(T);
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    wire.rows("BEGIN; INSERT INTO t VALUES (1)");
    wire.send([terminate()]);
    let mut next = pgweir.client(&database);
    next.rows("BEGIN; INSERT INTO t VALUES (2); ROLLBACK");
    assert_eq!(database.run("SELECT count(*) FROM t"), "0");
}

/// Pgpool-II and PgDog read from a standby what a cursor began on the primary, or the other way around.
#[test]
fn a_cursor_is_fetched_from_another_host() {
    let database = Database::with("CREATE TABLE t AS SELECT generate_series(1, 9) AS id");
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    for begin in ["BEGIN", "BEGIN READ ONLY"] {
        wire.rows(begin);
        wire.rows("DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id");
        assert_eq!(wire.rows("FETCH 2 FROM c").len(), 2);
        assert_eq!(wire.value("SELECT count(*) FROM t"), "9");
        assert_eq!(wire.value("FETCH FROM c"), "3");
        wire.rows("CLOSE c; COMMIT");
    }
}

/// A lock that a standby holds keeps nobody away: PgDog overlooks some, PgCat all of them.
#[test]
fn two_sessions_hold_one_advisory_lock() {
    let database = Database::create();
    let two = super::SPLIT.replace("default_pool_size = 1", "default_pool_size = 2");
    let pgweir = Pgweir::start(&format!("{two}{}", database.config()));
    let lock = "SELECT pg_advisory_xact_lock(7)";
    let (mut one, mut other) = (pgweir.client(&database), pgweir.client(&database));
    one.rows("BEGIN READ ONLY");
    one.rows(lock);
    other.send([query(lock)]);
    until("the other one waits", || database.running(lock) == 1);
    one.rows("COMMIT");
    other.expect("T D C Z");
}
