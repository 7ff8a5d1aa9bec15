//! Reads go to replicas and everything else to the primary, and nobody reads the past by it.

use crate::support::frontend::{bind, execute, parse, query, sync};
use crate::support::{Database, Pgweir, Wire, until};

/// A view whose one row is the name of the host that it is read on. The function that says so is
/// called stable, so to pgweir it is a read like any other.
const PLACE: &str = "CREATE FUNCTION host() RETURNS text STABLE LANGUAGE sql
        AS $$ SELECT current_setting('cluster_name') $$;
    CREATE VIEW place AS SELECT host() AS host; CREATE TABLE t (id int)";

const WHERE: &str = "SELECT host FROM place";

/// pgweir, where replicas may lag: freshness has tests of its own.
fn start(database: &Database) -> Pgweir {
    Pgweir::start(&format!("[routing]\nmax_replica_lag = \"1h\"\n\n{}", database.config()))
}

/// As soon as they are known to be fresh, replicas serve a client.
fn until_on_replica(wire: &mut Wire) -> String {
    let mut host = String::new();
    until("a replica serves the client", || {
        host = wire.value(WHERE);
        host.starts_with("replica-")
    });
    host
}

#[test]
fn reads_go_to_replicas_and_writes_to_the_primary() {
    let database = Database::with(PLACE);
    let pgweir = start(&database);
    let mut wire = pgweir.client(&database);
    until_on_replica(&mut wire);
    wire.rows("INSERT INTO t VALUES (1)");
    assert_eq!(database.run("SELECT count(*) FROM t"), "1");
    for write in ["SELECT host FROM place FOR UPDATE", "BEGIN; SELECT host FROM place; COMMIT"] {
        assert_eq!(pgweir.client(&database).value(write), "primary", "{write}");
    }
}

#[test]
fn the_extended_protocol_is_routed_as_well() {
    let database = Database::with(PLACE);
    let pgweir = start(&database);
    let mut wire = pgweir.client(&database);
    until_on_replica(&mut wire);
    wire.send([parse("s", WHERE), bind("", "s", &[]), execute(""), sync()]);
    let host = wire.expect("1 2 D C Z")[2].row()[0].clone().unwrap();
    assert!(host.starts_with("replica-"), "{host}");
    wire.send([bind("", "s", &[]), execute(""), sync()]);
    assert_eq!(wire.expect("2 D C Z")[1].row(), [Some(host)]);
}

#[test]
fn a_backslash_at_the_end_of_a_string_is_no_doubt_where_strings_are_standard() {
    let database = Database::with(PLACE);
    let pgweir = start(&database);
    let mut wire = pgweir.client(&database);
    until_on_replica(&mut wire);
    let read = r"SELECT host FROM place WHERE 'a' NOT LIKE 'b' ESCAPE '\'";
    assert!(wire.value(read).starts_with("replica-"));
    wire.send([parse("s", read), bind("", "s", &[]), execute(""), sync()]);
    let host = wire.expect("1 2 D C Z")[2].row()[0].clone().unwrap();
    assert!(host.starts_with("replica-"), "{host}");
    wire.rows("SET escape_string_warning = off");
    wire.rows("SET standard_conforming_strings = off");
    assert_eq!(wire.value(r"SELECT host FROM place WHERE '\'' <> ''"), "primary");
}

#[test]
fn a_pipeline_of_reads_and_writes_keeps_its_order() {
    let database = Database::with(PLACE);
    let pgweir = Pgweir::start(&database.config()).with_catalog_of(&database);
    let mut wire = pgweir.client(&database);
    wire.send([
        query("SELECT 1 AS first"),
        query("INSERT INTO t VALUES (7)"),
        query("SELECT id FROM t"),
        query("SELECT nonsense"),
        query("SELECT 'last'"),
    ]);
    assert_eq!(first_row(&mut wire), "1");
    wire.expect("C Z");
    assert_eq!(first_row(&mut wire), "7");
    assert_eq!(wire.expect("E Z")[0].fields().code, "42703");
    assert_eq!(first_row(&mut wire), "last");
}

/// The packets are sent one by one, so that a unit arrives while the one before it runs.
#[test]
fn a_write_behind_a_read_that_still_runs_goes_to_the_primary() {
    let database = Database::with(PLACE);
    let pgweir = Pgweir::start(&database.config()).with_catalog_of(&database);
    let mut wire = pgweir.client(&database);
    for n in 1..=20 {
        wire.send([query(WHERE)]);
        wire.send([query(&format!("INSERT INTO t VALUES ({n})"))]);
        wire.send([query("SELECT count(*) FROM t")]);
        wire.expect("T D C Z C Z");
        assert_eq!(first_row(&mut wire), n.to_string());
    }
}

/// A Parse that a server has accepted before is answered without one: what follows it is not.
#[test]
fn a_write_that_was_prepared_before_goes_to_the_primary_behind_a_read() {
    let database = Database::with(PLACE);
    let pgweir = Pgweir::start(&database.config()).with_catalog_of(&database);
    let insert = [parse("w", "INSERT INTO t VALUES (1)"), bind("", "w", &[]), execute(""), sync()];
    let mut first = pgweir.client(&database);
    first.send(insert.clone());
    first.expect("1 2 C Z");
    let mut second = pgweir.client(&database);
    second.send([vec![query(WHERE)], insert.to_vec()].concat());
    second.expect("T D C Z 1 2 C Z");
    assert_eq!(database.run("SELECT count(*) FROM t"), "2");
}

/// Half a message behind a BEGIN must not keep the rest of it from being read.
#[test]
fn a_transaction_may_begin_in_the_middle_of_a_packet() {
    let database = Database::with(PLACE);
    let pgweir = Pgweir::start(&database.config()).with_catalog_of(&database);
    let mut wire = pgweir.client(&database);
    let insert = query("INSERT INTO t VALUES (1)");
    let (front, back) = insert.split_at(9);
    wire.send([query("BEGIN"), front.to_vec()]);
    wire.expect("C Z");
    wire.send([back.to_vec(), query("COMMIT")]);
    wire.expect("C Z C Z");
    assert_eq!(database.run("SELECT count(*) FROM t"), "1");
}

#[test]
fn clients_are_spread_over_the_replicas_and_stay_with_theirs() {
    let database = Database::with(PLACE);
    let pgweir = start(&database);
    until("both replicas serve clients", || {
        let mut hosts: Vec<_> = (0..8).map(|_| pgweir.client(&database).value(WHERE)).collect();
        hosts.sort();
        hosts.dedup();
        hosts == ["replica-1", "replica-2"]
    });
    let mut wires: Vec<_> = (0..8).map(|_| pgweir.client(&database)).collect();
    let hosts: Vec<_> = wires.iter_mut().map(until_on_replica).collect();
    for (wire, host) in wires.iter_mut().zip(&hosts) {
        assert_eq!(wire.value(WHERE), *host);
    }
}

#[test]
fn a_read_write_split_that_is_off_leaves_all_to_the_primary() {
    let database = Database::with(PLACE);
    let config = format!("[routing]\nread_write_split = false\n\n{}", database.config());
    let pgweir = Pgweir::start(&config);
    assert_eq!(pgweir.client(&database).value(WHERE), "primary");
}

#[test]
fn a_replica_that_cannot_be_reached_serves_nothing_and_nobody_notices() {
    let database = Database::with(PLACE);
    let replicas = database.cluster.replicas();
    let gone = crate::support::free_port();
    let port = replicas[1].port().to_string();
    let config = database.config().replace(&port, &gone.to_string());
    let pgweir = Pgweir::start(&config).with_catalog_of(&database);
    for _ in 0..6 {
        let mut wire = pgweir.client(&database);
        let host = wire.value(WHERE);
        assert!(["primary", "replica-1"].contains(&host.as_str()), "{host}");
    }
}

fn first_row(wire: &mut Wire) -> String {
    wire.expect("T D C Z")[1].row()[0].clone().unwrap()
}
