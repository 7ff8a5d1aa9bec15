//! Limits end in an error that names the setting, and in nothing else.

use super::{config, one_server, with_settings};
use crate::support::frontend::{bind, execute, parse, query, sync};
use crate::support::{Database, Pgweir, Wire, until};
use std::time::{Duration, Instant};

#[test]
fn waiting_too_long_for_a_server_is_an_error_and_the_session_lives_on() {
    let database = Database::create();
    let settings = "default_pool_size = 1\nquery_wait_timeout = \"500ms\"";
    let pgweir = with_settings(&database, settings);
    let (mut holder, mut waiter) = (pgweir.client(&database), pgweir.client(&database));
    holder.rows("BEGIN");
    waiter.send([query("SELECT 1")]);
    let replies = waiter.expect("E Z");
    let fields = replies[0].fields();
    assert_eq!((fields.severity.as_str(), fields.code.as_str()), ("ERROR", "53300"));
    assert!(fields.hint.contains("pool_size"), "{}", fields.hint);
    assert!(fields.hint.contains("query_wait_timeout"), "{}", fields.hint);
    assert_eq!(replies[1].status(), 'I');
    waiter.send([parse("s", "SELECT $1::text"), bind("", "s", &[Some("x")]), execute(""), sync()]);
    assert_eq!(waiter.expect("E Z")[0].fields().code, "53300");
    holder.rows("COMMIT");
    assert_eq!(waiter.value("SELECT 1"), "1");
}

#[test]
fn everyone_who_waits_is_served() {
    let database = Database::with("CREATE TABLE t (at serial, id int)");
    let pgweir = with_settings(&database, "default_pool_size = 1\nworkers = 1");
    let mut holder = pgweir.client(&database);
    holder.rows("BEGIN");
    let mut waiters: Vec<_> = (0..20).map(|_| pgweir.client(&database)).collect();
    for waiter in &mut waiters {
        waiter.send([query("INSERT INTO t (id) VALUES (1)")]);
    }
    holder.rows("COMMIT");
    for waiter in &mut waiters {
        waiter.expect("C Z");
    }
    assert_eq!(holder.value("SELECT count(*) FROM t"), "20");
}

#[test]
fn one_client_too_many_is_refused_and_the_others_do_not_notice() {
    let database = Database::create();
    let pgweir = with_settings(&database, "max_client_conn = 2");
    let (mut one, other) = (pgweir.client(&database), pgweir.client(&database));
    let mut third = Wire::connect(pgweir.port());
    let fields = log_in(&mut third, &database).unwrap_err();
    assert_eq!((fields.severity.as_str(), fields.code.as_str()), ("FATAL", "53300"));
    assert!(fields.hint.contains("max_client_conn"), "{}", fields.hint);
    third.expect_end();
    assert_eq!(one.value("SELECT 1"), "1");
    drop(other);
    until("the place is free", || log_in(&mut Wire::connect(pgweir.port()), &database).is_ok());
}

#[test]
fn a_pool_never_holds_more_servers_than_its_size() {
    let database = Database::create();
    let pgweir = with_settings(&database, "default_pool_size = 3");
    let mut wires: Vec<_> = (0..30).map(|_| pgweir.client(&database)).collect();
    for wire in &mut wires {
        wire.send([query("SELECT pg_backend_pid(), pg_sleep(0.01)")]);
    }
    let mut servers: Vec<_> =
        wires.iter_mut().map(|wire| wire.expect("T D C Z")[1].row()[0].clone()).collect();
    servers.sort();
    servers.dedup();
    assert!((1..=3).contains(&servers.len()), "{servers:?}");
}

#[test]
fn a_transaction_that_is_idle_for_too_long_is_rolled_back() {
    let database = Database::with("CREATE TABLE t (id int)");
    let settings = "default_pool_size = 1\nidle_transaction_timeout = \"1s\"";
    let pgweir = with_settings(&database, settings);
    let (mut idle, mut other) = (pgweir.client(&database), pgweir.client(&database));
    idle.rows("BEGIN; INSERT INTO t VALUES (1)");
    assert_eq!(other.value("SELECT count(*) FROM t"), "0");
    let fields = idle.expect("E")[0].fields();
    assert_eq!((fields.severity.as_str(), fields.code.as_str()), ("FATAL", "25P03"));
    assert!(fields.message.contains("idle_transaction_timeout"), "{fields}");
    idle.expect_end();
}

#[test]
fn nobody_is_cut_off_before_the_limit() {
    let database = Database::create();
    let limit = Duration::from_millis(900);
    let settings = "idle_transaction_timeout = \"900ms\"\nclient_idle_timeout = \"900ms\"";
    let pgweir = Pgweir::start(&format!("[pooler]\n{settings}\n\n{}", database.config()));
    let mut pauses = database.direct();
    let ways = [("", "57P05"), ("BEGIN", "25P03"), ("BEGIN; SELECT 1", "25P03")];
    // They fall silent over a second, a tenth after each other.
    let silent: Vec<_> = ways
        .iter()
        .cycle()
        .take(9)
        .map(|(said, code)| {
            pauses.rows("SELECT pg_sleep(0.1)");
            let since = Instant::now();
            let mut wire = pgweir.client(&database);
            if !said.is_empty() {
                wire.rows(said);
            }
            (wire, since, code)
        })
        .collect();
    for (mut wire, since, code) in silent {
        assert_eq!(wire.expect("E")[0].fields().code, *code);
        assert!(since.elapsed() >= limit, "{code}: after {:?}", since.elapsed());
    }
}

#[test]
fn a_database_that_is_not_configured_does_not_exist() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = Wire::connect(pgweir.port());
    let name = database.name.as_str();
    let fields = wire.try_log_in(name, name, &[("user", name), ("database", "nowhere")]);
    let fields = fields.unwrap_err();
    assert_eq!((fields.severity.as_str(), fields.code.as_str()), ("FATAL", "3D000"));
    wire.expect_end();
}

#[test]
fn a_database_that_postgres_does_not_have_does_not_exist_either() {
    let database = Database::create();
    let config = database.primary_config().replace("user =", "dbname = \"nowhere\"\nuser =");
    let pgweir = Pgweir::start(&config);
    let fields = log_in(&mut Wire::connect(pgweir.port()), &database).unwrap_err();
    assert_eq!((fields.severity.as_str(), fields.code.as_str()), ("FATAL", "3D000"));
}

fn log_in(wire: &mut Wire, database: &Database) -> Result<(), crate::support::Fields> {
    let name = database.name.as_str();
    wire.try_log_in(name, name, &[("user", name), ("database", name)])
}

#[test]
fn whoever_waits_in_vain_is_told_that_servers_are_held_in_silence() {
    let database = Database::create();
    let settings = "default_pool_size = 1\nquery_wait_timeout = \"500ms\"";
    let pgweir = with_settings(&database, settings);
    let (mut holder, mut waiter) = (pgweir.client(&database), pgweir.client(&database));
    holder.rows("BEGIN");
    let fields = waiter.error("SELECT 1");
    assert_eq!(fields.code, "53300");
    assert!(fields.detail.contains("1 are held by clients that are"), "{fields:?}");
    assert!(fields.hint.contains("idle_transaction_timeout"), "{fields:?}");
    let line = pgweir.wait_for_log("clients wait for servers that others hold");
    assert!(line.contains(&database.name), "{line}");
    holder.rows("COMMIT");
}

#[test]
fn a_client_that_waits_follows_a_lowered_query_wait_timeout() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let (mut holder, mut waiter) = (pgweir.client(&database), pgweir.client(&database));
    holder.rows("BEGIN");
    waiter.send([query("SELECT 1")]);
    pgweir.reload(&config(&database, "default_pool_size = 1\nquery_wait_timeout = \"100ms\""));
    assert_eq!(waiter.expect("E Z")[0].fields().code, "53300");
    holder.rows("COMMIT");
    assert_eq!(waiter.value("SELECT 1"), "1");
}
