//! Reads that other routers keep from replicas, or do not let through at all.

use super::{all_run_on, split};
use crate::support::Database;

const T: &str = "CREATE TABLE t (id int, name text)";

/// Pgpool-II documents it and has no branch for it; PgCat sends it to the primary.
#[test]
fn an_explain_of_a_read_is_kept_on_the_primary() {
    let statements = [
        "EXPLAIN SELECT * FROM t",
        "EXPLAIN ANALYZE SELECT * FROM t",
        "EXPLAIN (ANALYZE, COSTS OFF) SELECT * FROM t",
    ];
    all_run_on("replica", T, &statements);
}

/// Pgpool-II balances none of them by default.
#[test]
fn comments_values_and_several_reads_in_one_message_are_kept_on_the_primary() {
    let statements = [
        "/*marginalia: app=shop*/ SELECT id FROM t",
        "SELECT name FROM t /* trace 00-1 */",
        "-- why\nSELECT count(*) FROM t",
        "VALUES (1), (2)",
        "TABLE t",
        "(SELECT id FROM t) UNION (VALUES (1))",
        "SELECT 1 AS one; SELECT 2 AS two",
    ];
    all_run_on("replica", T, &statements);
}

/// PgCat sends every COPY to the primary.
#[test]
fn a_copy_to_the_client_is_kept_on_the_primary() {
    let statements = ["COPY t TO STDOUT", "COPY (SELECT id FROM t) TO STDOUT (FORMAT csv)"];
    all_run_on("replica", T, &statements);
}

/// PgDog answers with a syntax error of its own where its parser does not know what PostgreSQL does.
#[test]
fn syntax_that_the_router_does_not_know_is_refused_by_the_router() {
    let database = Database::with(T);
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    let sum =
        "SELECT sum(a + b) FROM ROWS FROM (generate_series(1, 2), generate_series(5, 6)) s (a, b)";
    assert_eq!(wire.value(sum), "14");
    let depth = "WITH RECURSIVE w (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM w WHERE n < 3) \
                 SEARCH DEPTH FIRST BY n SET path SELECT max(n) FROM w";
    assert_eq!(wire.value(depth), "3");
    for nonsense in ["SELEKT 1", "SELECT 1 FROM WHERE", "SELECT 'open"] {
        let error = wire.error(nonsense);
        assert_eq!(error.code, "42601");
        assert_eq!(error.message, database.direct().error(nonsense).message);
    }
}

/// PgCat asserts that its syntax tree has what it expects, which ends the client's task.
#[test]
fn a_statement_of_an_odd_form_ends_the_session() {
    let database = Database::with(T);
    let mut pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    let odd = [
        "",
        ";;",
        "SELECT",
        "SELECT FROM t",
        "INSERT INTO t DEFAULT VALUES",
        "UPDATE t SET (id, name) = (SELECT 1, 'x')",
        "DELETE FROM ONLY t USING t AS u, (SELECT 1 AS id) AS v WHERE t.id = v.id",
        "TRUNCATE t, ONLY t",
        "MERGE INTO t USING (VALUES (1)) AS v (id) ON t.id = v.id \
         WHEN NOT MATCHED THEN INSERT VALUES (v.id, NULL)",
    ];
    for statement in odd {
        wire.rows(statement);
    }
    assert_eq!(database.run("SELECT count(*) FROM t"), "1");
    pgweir.must_live();
}
