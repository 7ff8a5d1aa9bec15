//! The table of statements: what each is, and why. Every hole that the peers are known for is here.

use super::{Access, Reason, class};
use crate::routing::Class;
use Access::{Read, Session, Transaction, Write};

#[rustfmt::skip]
const TABLE: &[(Access, Reason, &[&str])] = &[
    // Plain reads, in the shapes that applications send.
    (Read, Reason::Read, &[
        "SELECT 1",
        "select * from t where id = $1",
        "SELECT abalance FROM pgbench_accounts WHERE aid = 42;",
        "/* route */ SELECT 1 -- end",
        "/*marginalia:1*/select 1/*x*/;;",
        "(SELECT 1) UNION (SELECT 2) ORDER BY 1 LIMIT 3 OFFSET 1",
        "((SELECT 1))",
        "VALUES (1, 'a'), (2, 'b')",
        "TABLE t",
        "TABLE s.t",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "WITH RECURSIVE x(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM x WHERE n < 9) SELECT \
         sum(n) FROM x",
        "WITH x AS MATERIALIZED (SELECT 1), y AS NOT MATERIALIZED (SELECT 2) SELECT * FROM x, y",
        "SELECT a.b, \"C\".\"d\" FROM a JOIN \"C\" ON a.id = \"C\".id LEFT JOIN LATERAL (SELECT 1) \
         l ON true",
        "SELECT a FROM t CROSS JOIN u NATURAL JOIN v FULL JOIN w USING (id)",
        "SELECT count(*), count(DISTINCT a), sum(b) FILTER (WHERE b > 0), string_agg(c, ',' ORDER \
         BY c) FROM t GROUP BY d HAVING max(e) > 1",
        "SELECT row_number() OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT \
         ROW) FROM t",
        "SELECT rank() OVER w FROM t WINDOW w AS (ORDER BY a DESC NULLS LAST)",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t",
        "SELECT a, b FROM t GROUP BY ROLLUP (a, b)",
        "SELECT a, b FROM t GROUP BY GROUPING SETS ((a), (b), ())",
        "SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b DESC FETCH FIRST 5 ROWS ONLY",
        "SELECT CASE WHEN a THEN 1 WHEN b THEN 2 ELSE 3 END, CASE a WHEN 1 THEN 2 END FROM t",
        "SELECT coalesce(a, 0), nullif(a, ''), greatest(1, 2), least(1, 2) FROM t",
        "SELECT current_user, session_user, current_date, current_timestamp, localtime",
        "SELECT now(), clock_timestamp(), random(), gen_random_uuid(), uuidv7()",
        "SELECT inet('::1'), regproc('now'), pg_catalog.tsquery('a')",
        "SELECT ts_rewrite(a::tsquery, 'b'::tsquery, (SELECT c FROM t LIMIT 1))",
        "SELECT lo_get(a), lo_get(a, 0, 10) FROM t",
        "SELECT extract(year FROM a), date_trunc('day', a), a AT TIME ZONE 'UTC' FROM t",
        "SELECT substring(a FROM 1 FOR 2), trim(both 'x' from a), position('a' in b), overlay(a \
         placing 'b' from 1) FROM t",
        "SELECT interval '1 day', date '2020-01-01', timestamp with time zone '2020-01-01'",
        "SELECT a::text, CAST(b AS numeric(10,2)), c::varchar(5)[], 'x'::regclass FROM t",
        "SELECT a->'b'->>'c', a @> '{}', a #>> '{a,b}', a ? 'k', a || b, a ~* 'x', a && b, a <-> b \
         FROM t",
        "SELECT a[1], a[1:2], (c).f, ARRAY[1,2], ARRAY(SELECT 1), ROW(1,2), (1,2) = (3,4) FROM t",
        "SELECT * FROM t WHERE a IN (1,2) AND b NOT IN (SELECT c FROM u) AND d = ANY($1) AND e \
         BETWEEN 1 AND 2 OR f IS NOT DISTINCT FROM g",
        "SELECT * FROM t WHERE a LIKE 'x%' AND b ILIKE '%y' ESCAPE '!' AND c SIMILAR TO 'z' AND \
         NOT d",
        "SELECT * FROM generate_series(1, 10) AS g(n), unnest(ARRAY[1,2]) WITH ORDINALITY u(a, i)",
        "SELECT * FROM jsonb_to_recordset($1) AS x(a int, b text)",
        "SELECT * FROM t TABLESAMPLE SYSTEM (10)",
        "SELECT EXISTS (SELECT 1 FROM t WHERE a = $1)",
        "SELECT pg_catalog.lower('A'), \"lower\"('A'), PG_CATALOG.upper('b')",
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_namespace n ON n.oid = \
         c.relnamespace WHERE pg_table_is_visible(c.oid)",
        "SELECT * FROM pg_stats",
        "SELECT e'it\\'s', $$;DELETE$$, U&'\\0041', 'it''s; DELETE FROM t'",
        "SELECT 'a'\n'b'",
        "SELECT 1 /* /* ; DELETE FROM t; */ */",
        "SELECT insert, update, delete FROM t",
        "SELECT 1; SELECT 2",
        "SELECT pg_sleep(1)",
        "SELECT version()",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE VERBOSE SELECT * FROM t",
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM t",
        "EXPLAIN (SELECT 1)",
        "COPY t TO STDOUT",
        "COPY s.t (a, b) TO STDOUT WITH (FORMAT csv, HEADER)",
        "COPY (SELECT * FROM t) TO STDOUT",
        "COPY (VALUES (1)) TO STDOUT (FORMAT binary)",
    ]),
    // Reads that the parser does not know, and texts that mean nothing and therefore write nothing.
    (Read, Reason::Read, &[
        "SELECT concat(VARIADIC ARRAY[1, 2])",
        "SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(a)) AS z(a, b)",
        "EXPLAIN ANALYZE SELECT trim(BOTH FROM a) FROM t* x",
        "SELECT substring(a FROM 1 FOR share), overlay(a PLACING 'x' FROM 1 FOR (no)) FROM t",
        "COPY (SELECT xmlpi(NAME a)) TO STDOUT",
        "SELECT",
        "SELECT 1 FROM",
        "SELECT 1 SELECT 2",
    ]),
    // Statements that change something.
    (Write, Reason::Write, &[
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1",
        "DELETE FROM t",
        "MERGE INTO t USING u ON a = b WHEN MATCHED THEN DELETE",
        "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x",
        "WITH x AS (SELECT 1) DELETE FROM t",
        "CREATE TABLE t AS SELECT 1",
        "CREATE TEMP TABLE t (a int)",
        "TRUNCATE t",
        "CALL p()",
        "DO $$ BEGIN DELETE FROM t; END $$",
        "VACUUM t",
        "NOTIFY c, 'it''s'",
        "LOCK TABLE t IN SHARE MODE",
        "EXECUTE s(1)",
        "DECLARE c CURSOR WITH HOLD FOR SELECT f()",
        "REFRESH MATERIALIZED VIEW v",
        "COPY t FROM STDIN",
        "COPY (DELETE FROM t RETURNING *) TO STDOUT",
    ]),
    (Write, Reason::ServerFile, &[
        "COPY t TO '/tmp/x'",
        "COPY (SELECT 1) TO PROGRAM 'cat'",
    ]),
    (Write, Reason::Write, &[
        "EXPLAIN ANALYZE DELETE FROM t",
        "EXPLAIN (ANALYZE 1) INSERT INTO t VALUES (1)",
        "EXPLAIN ANALYZE EXECUTE s",
        "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1",
    ]),
    // Queries that write.
    (Write, Reason::SelectInto, &[
        "SELECT * INTO t2 FROM t",
        "SELECT 1 INTO TEMP x",
    ]),
    (Write, Reason::WritingCte, &[
        "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
        "WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM x",
        "WITH x AS (UPDATE t SET a = 1 RETURNING *) SELECT 1",
        "WITH x AS (MERGE INTO t USING u ON a = b WHEN MATCHED THEN DELETE RETURNING *) SELECT 1",
        "SELECT * FROM (WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x) y",
        "EXPLAIN WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
    ]),
    (Write, Reason::Locking, &[
        "SELECT * FROM t FOR UPDATE",
        "SELECT * FROM t FOR SHARE SKIP LOCKED",
        "SELECT * FROM t FOR NO KEY UPDATE",
        "SELECT * FROM t FOR KEY SHARE OF t NOWAIT",
        "SELECT * FROM (SELECT * FROM t FOR UPDATE) x",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM t FOR UPDATE)",
        "COPY (SELECT * FROM t FOR UPDATE) TO STDOUT",
        "SELECT substring((SELECT a FROM t FOR SHARE) FROM 1 FOR 2)",
        "SELECT substring(a FROM 1 FOR share) FROM t FOR SHARE",
        "SELECT \"substring\"(a) FROM t FOR KEY SHARE",
    ]),
    // Functions that write, fail or lie on a standby.
    (Write, Reason::PrimaryFunction, &[
        "SELECT nextval('s')",
        "SELECT setval('s', 1)",
        "SELECT currval('s'), lastval()",
        "SELECT pg_catalog.nextval('s')",
        "SELECT \"nextval\"('s')",
        "SELECT NextVal ('s')",
        "SELECT nextval/**/('s')",
        "SELECT a FROM t ORDER BY nextval('s')",
        "SELECT a FROM t LIMIT (SELECT nextval('s'))",
        "SELECT CASE WHEN true THEN 1 ELSE nextval('s') END",
        "SELECT count(*) FILTER (WHERE nextval('s') > 0) FROM t",
        "SELECT sum(a) OVER (ORDER BY nextval('s')) FROM t",
        "SELECT sum(a) OVER w FROM t WINDOW w AS (PARTITION BY nextval('s'))",
        "SELECT * FROM t JOIN u ON nextval('s') = 1",
        "SELECT * FROM nextval('s')",
        "SELECT * FROM t, LATERAL nextval('s')",
        "SELECT a[nextval('s')] FROM t",
        "SELECT ARRAY[1, nextval('s')], (SELECT nextval('s'))",
        "SELECT a IN (1, nextval('s'), 2) FROM t",
        "SELECT extract(day FROM set_config('a', 'b', false)::date)",
        "VALUES (1), (nextval('s'))",
        "COPY (SELECT nextval('s')) TO STDOUT",
        "EXPLAIN ANALYZE SELECT nextval('s')",
        "SELECT md5(pg_try_advisory_lock(1)::text)",
        "SELECT pg_advisory_xact_lock(1)",
        "SELECT set_config('a', $1, false)",
        "SELECT set_config('a', 'b', true), set_config('c', 'd', true)",
        "SELECT pg_notify('c', 'x')",
        "SELECT lo_create(0), lo_unlink(1), lo_put(1, 0, '')",
        "SELECT dblink_exec('x', 'y')",
        "SELECT pg_logical_emit_message(true, 'a', 'b')",
        "SELECT pg_create_logical_replication_slot('a', 'b')",
        "SELECT txid_current(), pg_current_xact_id()",
        "SELECT pg_export_snapshot()",
        "SELECT pg_current_wal_lsn()",
        "SELECT pg_switch_wal()",
        "SELECT pg_is_in_recovery()",
        "SELECT inet_server_addr(), inet_server_port(), pg_backend_pid()",
        "SELECT pg_cancel_backend(1), pg_terminate_backend($1)",
        "SELECT pg_promote()",
        "SELECT setseed(0.5)",
        "SELECT current_setting('transaction_read_only')",
        "SELECT query_to_xml('DELETE FROM t', true, true, '')",
        "SELECT ts_rewrite(q, 'SELECT a, b FROM t')",
        "SELECT ts_rewrite('a', 'b', 'c')",
        "SELECT ts_rewrite(q, (SELECT a FROM t WHERE a IN (b, c) LIMIT 1))",
        "SELECT ts_rewrite(q, ARRAY[a, b, c]), 1, 2",
    ]),
    // Functions that nobody here knows.
    (Write, Reason::UnknownFunction, &[
        "SELECT my_volatile_fn()",
        "SELECT app.lower('A')",
        "SELECT app.nextval('A')",
        "SELECT \"Lower\"('A')",
        "SELECT \"coalesce\"(1)",
        "SELECT lower(f(1))",
        "SELECT * FROM f(1)",
        "SELECT * FROM t WHERE a = (SELECT f(b) FROM u)",
        "SELECT db.pg_catalog.lower('A')",
        "SELECT pg_temp.f()",
        "SELECT treat('s' AS nextval)",
    ]),
    // Relations that are not the same on a standby.
    (Write, Reason::PrimaryRelation, &[
        "SELECT * FROM pg_stat_activity",
        "SELECT * FROM ONLY pg_locks",
        "SELECT * FROM ONLY (pg_locks) l",
        "SELECT * FROM pg_catalog.pg_locks",
        "SELECT * FROM PG_SETTINGS",
        "SELECT * FROM t, pg_stat_replication",
        "SELECT (SELECT count(*) FROM pg_prepared_statements)",
        "TABLE pg_cursors",
        "COPY pg_stat_user_tables TO STDOUT",
    ]),
    (Write, Reason::Temporary, &[
        "SELECT * FROM pg_temp.t",
        "SELECT * FROM pg_temp_3.t",
        "TABLE pg_temp.t",
        "COPY pg_temp.t TO STDOUT",
    ]),
    // The session's own.
    (Session, Reason::Empty, &[
        "",
        " ; ;",
        "-- nothing",
    ]),
    (Session, Reason::Show, &[
        "SHOW transaction_read_only",
        "SHOW ALL",
    ]),
    (Session, Reason::Session, &[
        "SET search_path = a, b",
        "SET LOCAL statement_timeout = '1s'",
        "SET ROLE x",
        "SET SESSION AUTHORIZATION x",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "RESET ALL",
        "LISTEN c",
        "UNLISTEN *",
        "PREPARE s AS SELECT 1",
        "DEALLOCATE ALL",
        "DISCARD ALL",
        "LOAD 'x'",
        "FETCH 1 FROM c",
        "MOVE c",
        "CLOSE c",
    ]),
    // Transactions.
    (Transaction, Reason::Transaction, &[
        "BEGIN",
        "BEGIN READ ONLY",
        "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
        "START TRANSACTION",
        "COMMIT",
        "END",
        "ROLLBACK TO SAVEPOINT a",
        "ABORT",
        "SAVEPOINT a",
        "RELEASE a",
        "SET TRANSACTION READ ONLY",
        "SET LOCAL TRANSACTION READ ONLY",
        "PREPARE TRANSACTION 'x'",
        "COMMIT PREPARED 'x'",
    ]),
    // Several statements in one text.
    (Write, Reason::Write, &[
        "SELECT 1; DELETE FROM t",
    ]),
    (Write, Reason::Locking, &[
        "SELECT 1; SELECT * FROM t FOR UPDATE; SELECT 2",
    ]),
    (Session, Reason::Session, &[
        "SELECT 1; SET a = 1",
    ]),
    (Transaction, Reason::Transaction, &[
        "BEGIN; INSERT INTO t VALUES (1); COMMIT",
        "SELECT 1; BEGIN",
    ]),
    (Write, Reason::UnknownFunction, &[
        "SET a = 1; SELECT f()",
    ]),
    // Texts that hide a write from who reads them differently than PostgreSQL.
    (Write, Reason::Write, &[
        "SELECT 1 -- x\r; DELETE FROM t",
    ]),
    (Read, Reason::Read, &[
        "SELECT 1 /* /* */ ; DELETE FROM t -- */",
        "SELECT 'a\\b', '\\xff\\\\', 'a''\\b', '; DELETE FROM t; --'",
    ]),
    (Write, Reason::Backslash, &[
        "SELECT '\\'; DELETE FROM t; --'",
        "SELECT E'\u{8868}\\'; DELETE FROM t; --'",
    ]),
    (Write, Reason::Write, &[
        "SELECT $a$ $b$; DELETE FROM t; $a$; DELETE FROM t",
    ]),
    (Write, Reason::Unparsed, &[
        "SELECT U&\"\\006eextval\"('s')",
    ]),
    (Write, Reason::Write, &[
        "SELECT 'a' /* */ 'b'; DELETE FROM t",
    ]),
    // Texts that cannot be understood.
    (Write, Reason::Unparsed, &[
        "SELEC 1",
        "SELECT 'unfinished",
        "SELECT (1",
        "SELECT 1)",
        "EXPLAIN",
        "EXPLAIN EXPLAIN SELECT 1",
        "EXPLAIN SHOW a",
        "COPY t",
        "\"SELECT\" 1",
        "42",
        "SELECT \u{0} 1",
    ]),
];

#[test]
fn every_statement_is_what_the_table_says() {
    let wrong: Vec<String> = statements()
        .filter(|(sql, expected)| class(sql) != *expected)
        .map(|(sql, expected)| format!("{sql}: {expected:?}, but is {:?}", class(sql)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every statement with its class.
pub(super) fn statements() -> impl Iterator<Item = (&'static str, Class)> {
    TABLE.iter().flat_map(|(access, reason, statements)| {
        let class = Class { access: *access, reason: *reason };
        statements.iter().map(move |sql| (*sql, class))
    })
}
