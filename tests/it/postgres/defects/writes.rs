//! Writes, and reads that a standby must not serve, which other routers send to one.

use super::{all_go_to, all_run_on, split};
use crate::support::{Database, until};

const T: &str = "CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'one'), (2, 'two');
    CREATE SEQUENCE s;
    CREATE FUNCTION note() RETURNS int LANGUAGE sql AS
        'INSERT INTO t VALUES (3, ''three'') RETURNING id';
    CREATE PROCEDURE tidy() LANGUAGE sql AS 'DELETE FROM t WHERE id = 3'";

/// PgDog and PgCat never look at the INTO.
#[test]
fn select_into_goes_to_a_standby() {
    all_run_on("primary", T, &["SELECT * INTO made FROM t", "SELECT 1 AS a INTO TEMP made_too"]);
}

/// PgCat looks at the body only (its issue 829).
#[test]
fn a_with_query_that_writes_goes_to_a_standby() {
    let statements = [
        "WITH x AS (INSERT INTO t VALUES (7, 'seven') RETURNING id) SELECT id FROM x",
        "WITH x AS (DELETE FROM t WHERE id = 7 RETURNING id) SELECT id FROM x",
        "WITH w AS (SELECT 1), x AS (UPDATE t SET id = 1 WHERE id = 1 RETURNING id) TABLE x",
    ];
    all_run_on("primary", T, &statements);
}

/// PgCat's parser does not know NO KEY (issues 884 and 887) and then keeps the decision before.
#[test]
fn a_locking_read_goes_to_a_standby() {
    let statements = [
        "SELECT * FROM t FOR UPDATE",
        "SELECT * FROM t FOR NO KEY UPDATE",
        "SELECT * FROM t FOR KEY SHARE SKIP LOCKED",
        "SELECT * FROM (SELECT id FROM t FOR SHARE) AS locked",
        "WITH l AS MATERIALIZED (SELECT id FROM t FOR UPDATE OF t) SELECT 1 FROM l",
        "(SELECT id FROM t ORDER BY id LIMIT 1 FOR UPDATE)",
    ];
    all_run_on("primary", T, &statements);
}

/// PgCat judges the last of them alone, PgDog the first.
#[test]
fn one_read_of_a_message_takes_its_writes_to_a_standby() {
    let statements = [
        "SELECT 1; DELETE FROM t WHERE id = 8",
        "SELECT 2; SELECT id FROM t FOR UPDATE; SELECT 3",
        "DELETE FROM t WHERE id = 9; SELECT 4",
        "SELECT 5; ; /* ; */ TRUNCATE t; SELECT ';'",
    ];
    all_run_on("primary", T, &statements);
}

/// PgDog knows two names, PgCat none (its issue 489).
#[test]
fn a_function_that_writes_goes_to_a_standby() {
    let statements = [
        "SELECT nextval('s')",
        "SELECT currval('s'), lastval()",
        "SELECT setval('s', 10)",
        "SELECT note()",
        "SELECT id FROM t WHERE id = note()",
        "SELECT pg_notify('news', 'x')",
        "SELECT lo_create(0)",
        "SELECT pg_logical_emit_message(false, 'a', 'b')",
        "SELECT txid_current()",
        "SELECT pg_current_xact_id()",
        "SELECT pg_export_snapshot()",
    ];
    all_run_on("primary", T, &statements);
}

/// PgDog sends them to a replica, where they fail, or mean another host.
#[test]
fn a_function_that_asks_about_its_host_goes_to_a_standby() {
    let statements = [
        "SELECT pg_current_wal_lsn()",
        "SELECT pg_is_in_recovery()",
        "SELECT inet_server_port()",
        "SELECT pg_backend_pid()",
    ];
    all_run_on("primary", T, &statements);
}

/// The same with what this user may not do, or this database does not have.
#[test]
fn a_function_that_is_refused_is_refused_by_a_standby() {
    let statements = [
        "SELECT pg_switch_wal()",
        "SELECT pg_create_physical_replication_slot('x')",
        "SELECT pg_promote()",
        "SELECT pg_wal_replay_pause()",
        "SELECT dblink_exec('x', 'y')",
    ];
    all_go_to("primary", T, &statements);
}

/// PgDog does not look into a function's arguments, nor PgCat at functions.
#[test]
fn a_lock_inside_of_another_call_is_taken_on_a_standby() {
    let database = Database::create();
    let mut trace = database.trace();
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    let mut owner = database.direct();
    owner.rows("SELECT pg_advisory_lock(1)");
    let free = "SELECT md5(pg_try_advisory_xact_lock(1)::text) = md5('true')";
    assert_eq!(wire.value(free), "f");
    owner.rows("SELECT pg_advisory_unlock(1)");
    assert_eq!(wire.value(free), "t");
    assert_eq!(trace.roles("md5"), ["primary"; 2]);
}

/// PgDog takes every COPY TO for a read.
#[test]
fn a_copy_of_a_query_that_writes_goes_to_a_standby() {
    let statements = [
        "COPY (DELETE FROM t WHERE id = 2 RETURNING id) TO STDOUT",
        "COPY (SELECT nextval('s')) TO STDOUT",
        "COPY (WITH x AS (INSERT INTO t VALUES (2) RETURNING id) TABLE x) TO STDOUT",
    ];
    all_run_on("primary", T, &statements);
}

/// The matrix of the peers' bugs: what it explains happens, too.
#[test]
fn an_explain_analyze_of_a_write_goes_to_a_standby() {
    let statements = [
        "EXPLAIN ANALYZE DELETE FROM t WHERE id = 2",
        "EXPLAIN (ANALYZE) INSERT INTO t VALUES (2)",
        "EXPLAIN ANALYZE SELECT note()",
        "EXPLAIN ANALYZE SELECT * INTO made FROM t",
    ];
    all_run_on("primary", T, &statements);
}

/// PgCat's parser fails on them, and the decision before holds on (its issues 865 and 884).
#[test]
fn what_cannot_be_parsed_goes_where_the_statement_before_it_went() {
    let database = Database::with(T);
    let mut trace = database.trace();
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    let statements = [
        "DO $$ BEGIN DELETE FROM t WHERE id = 4; END $$",
        "CALL tidy()",
        "ALTER TABLE t ALTER COLUMN name SET STORAGE EXTERNAL",
        "CREATE STATISTICS pair ON id, name FROM t",
        "REINDEX TABLE t",
        "COMMENT ON TABLE t IS 'x'",
        "INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (4)",
    ];
    for statement in statements {
        // What defines something leaves the catalog unknown for a moment.
        until("a read goes to a replica", || {
            wire.rows("SELECT 'read' FROM t");
            trace.roles("'read'") == ["replica"]
        });
        wire.rows(statement);
        assert_eq!(trace.roles(statement), ["primary"], "{statement}");
    }
}
