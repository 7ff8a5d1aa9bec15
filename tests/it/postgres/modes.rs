//! The pool modes: how long a client keeps its server.

use super::with_settings;
use crate::support::frontend::{query, terminate};
use crate::support::{Database, until};

#[test]
fn in_session_mode_the_server_is_the_client_s_until_it_leaves() {
    let database = Database::create();
    let settings = "pool_mode = \"session\"\ndefault_pool_size = 1\nquery_wait_timeout = \"500ms\"";
    let pgweir = with_settings(&database, settings);
    let mut first = pgweir.client(&database);
    first.rows("CREATE TEMP TABLE mine AS SELECT 7 AS seven; SET work_mem = '1234kB'");
    let mut second = pgweir.client(&database);
    assert_eq!(second.error("SELECT 1").code, "53300");
    assert_eq!(first.value("SELECT seven FROM mine"), "7");
    assert_eq!(first.value("SHOW work_mem"), "1234kB");
}

#[test]
fn in_session_mode_the_next_client_finds_a_server_that_was_reset() {
    let database = Database::create();
    let pgweir = with_settings(&database, "pool_mode = \"session\"\ndefault_pool_size = 1");
    let mut first = pgweir.client(&database);
    let server = first.server_pid();
    first.rows("CREATE TEMP TABLE mine AS SELECT 7 AS seven; SET work_mem = '1234kB'");
    first.rows("SET TimeZone = 'Asia/Tokyo'; PREPARE s AS SELECT 1; LISTEN news");
    first.send([terminate()]);
    let mut second = pgweir.client(&database);
    assert_eq!(second.server_pid(), server);
    assert_eq!(second.error("SELECT seven FROM mine").code, "42P01");
    let mut direct = database.direct();
    for show in ["SHOW work_mem", "SHOW timezone"] {
        assert_eq!(second.value(show), direct.value(show));
    }
    assert_eq!(second.value("SELECT count(*) FROM pg_prepared_statements"), "0");
    assert_eq!(second.value("SELECT count(*) FROM pg_listening_channels()"), "0");
}

#[test]
fn in_session_mode_a_server_is_not_reset_where_nothing_is_to_be_run() {
    let database = Database::create();
    let settings = "pool_mode = \"session\"\ndefault_pool_size = 1\nserver_reset_query = \"\"";
    let pgweir = with_settings(&database, settings);
    let mut first = pgweir.client(&database);
    first.rows("SET work_mem = '1234kB'");
    first.send([terminate()]);
    assert_eq!(pgweir.client(&database).value("SHOW work_mem"), "1234kB");
}

#[test]
fn in_transaction_mode_the_server_is_the_client_s_until_the_end_of_its_transaction() {
    let database = Database::create();
    let settings = "default_pool_size = 1\nquery_wait_timeout = \"500ms\"";
    let pgweir = with_settings(&database, settings);
    let (mut one, mut other) = (pgweir.client(&database), pgweir.client(&database));
    one.rows("BEGIN; CREATE TEMP TABLE mine ON COMMIT DROP AS SELECT 7 AS seven");
    assert_eq!(other.error("SELECT 1").code, "53300");
    assert_eq!(one.value("SELECT seven FROM mine"), "7");
    one.rows("COMMIT");
    assert_eq!(other.value("SELECT 1"), "1");
}

#[test]
fn statement_mode_refuses_a_transaction_block() {
    let database = Database::with("CREATE TABLE t (id int)");
    let settings = "pool_mode = \"statement\"\ndefault_pool_size = 1";
    let pgweir = with_settings(&database, settings);
    let mut wire = pgweir.client(&database);
    assert_eq!(wire.value("SELECT 1"), "1");
    wire.send([query("BEGIN; INSERT INTO t VALUES (1)")]);
    let error = loop {
        let message = wire.next();
        if message.tag == 'E' {
            break message.fields();
        }
    };
    assert_eq!((error.severity.as_str(), error.code.as_str()), ("FATAL", "08P01"));
    wire.expect_end();
    until("it is rolled back", || database.running("BEGIN") == 0);
    assert_eq!(pgweir.client(&database).value("SELECT count(*) FROM t"), "0");
}

#[test]
fn a_database_has_a_mode_of_its_own() {
    let database = Database::create();
    let config = super::config(&database, "default_pool_size = 1")
        .replace("user =", "pool_mode = \"session\"\nuser =");
    let pgweir = crate::support::Pgweir::start(&config);
    let mut first = pgweir.client(&database);
    first.rows("CREATE TEMP TABLE mine AS SELECT 7 AS seven");
    assert_eq!(first.value("SELECT seven FROM mine"), "7");
}
