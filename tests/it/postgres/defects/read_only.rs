//! Transactions that only read, in every spelling: other routers keep them on the primary.

use super::{SPLIT, split};
use crate::support::{Database, Pgweir, Trace, Wire};

const T: &str = "CREATE TABLE t (id int)";

/// PgCat sends every BEGIN to the primary; PgDog knows one spelling.
#[test]
fn a_transaction_that_says_it_only_reads_is_kept_on_the_primary() {
    let database = Database::with(T);
    let mut trace = database.trace();
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    let spellings = [
        &["BEGIN READ ONLY"][..],
        &["BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"],
        &["START TRANSACTION READ ONLY"],
        &["BEGIN", "SET TRANSACTION READ ONLY"],
        &["BEGIN", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SET TRANSACTION READ ONLY"],
        &["BEGIN", "SET transaction_read_only = on"],
    ];
    for spelling in spellings {
        println!("{spelling:?}");
        must_be_offloaded(&mut wire, &mut trace, spelling);
    }
}

/// psycopg's `read_only`, JDBC's `readOnly` and `default_transaction_read_only` never reach PgDog's replicas.
#[test]
fn a_session_that_says_it_only_reads_is_kept_on_the_primary() {
    let database = Database::with(T);
    let mut trace = database.trace();
    let pgweir = split(&database);
    let options = ("options", "-c default_transaction_read_only=on");
    let mut wire = pgweir.client_with(&database, &[options]);
    must_be_offloaded(&mut wire, &mut trace, &["BEGIN"]);
    for set in [
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SET default_transaction_read_only = on",
    ] {
        let mut wire = pgweir.client(&database);
        wire.rows(set);
        println!("{set}");
        must_be_offloaded(&mut wire, &mut trace, &["BEGIN"]);
        wire.rows("BEGIN READ WRITE; INSERT INTO t VALUES (1); COMMIT");
    }
}

/// Pgpool-II and PgDog leave a transaction on the primary because it might write; most never do.
#[test]
fn a_transaction_that_only_its_author_knows_not_to_write_is_kept_on_the_primary() {
    let database = Database::with(T);
    let mut trace = database.trace();
    let split = SPLIT.replace("[routing]\n", "[routing]\ntransactions = \"optimistic\"\n");
    let pgweir = Pgweir::start(&format!("{split}{}", database.config())).with_catalog_of(&database);
    let mut wire = pgweir.client(&database);
    must_be_offloaded(&mut wire, &mut trace, &["BEGIN"]);
    wire.rows("BEGIN");
    wire.rows("SET LOCAL TimeZone = 'Asia/Tokyo'");
    wire.rows("SELECT 'first' FROM t");
    wire.rows("SAVEPOINT s");
    wire.rows("INSERT INTO t VALUES (1)");
    assert_eq!(wire.value("SELECT timestamptz '2024-06-01 00:00+00'"), "2024-06-01 09:00:00+09");
    assert_eq!(wire.value("SELECT count(*) FROM t"), "1");
    wire.rows("ROLLBACK TO s");
    assert_eq!(wire.value("SELECT count(*) FROM t"), "0");
    wire.rows("COMMIT");
    assert_eq!(trace.roles("'first'"), ["replica"]);
}

/// Begins a transaction in this way, reads twice in it, and ends it: all of that on one replica.
fn must_be_offloaded(wire: &mut Wire, trace: &mut Trace, begin: &[&str]) {
    trace.ran();
    begin.iter().for_each(|statement| drop(wire.rows(statement)));
    wire.rows("SELECT 'inside' FROM t");
    wire.rows("SELECT 'inside' AS again FROM t");
    wire.rows("COMMIT");
    let hosts = trace.hosts("'inside'");
    assert_eq!(hosts.len(), 2, "{hosts:?}");
    assert!(hosts[0] == hosts[1] && hosts[0].starts_with("replica"), "{hosts:?}");
}
