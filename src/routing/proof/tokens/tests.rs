//! What the tokens alone tell, whatever the parser makes of the text.

use proptest::prelude::*;

use super::*;
use crate::routing::shape::Shape;

fn read_text(sql: &str) -> Result<(), Objection> {
    let tokens: Vec<_> = Shape::new(sql.as_bytes()).collect();
    super::super::suspect::look_over(&tokens).and_then(|()| read(&tokens, &Catalog::none()))
}

fn reason(sql: &str) -> Reason {
    read_text(sql).err().map_or(Reason::Read, |objection| objection.reason)
}

#[rustfmt::skip]
const READS: &[&str] = &[
    // What PostgreSQL's grammar has and the parser lacks.
    "SELECT concat(VARIADIC ARRAY[1, 2])",
    "SELECT name 'a' = name 'b'",
    "SELECT trim(BOTH FROM ' a '), substring('a' SIMILAR 'b' ESCAPE '#')",
    "SELECT U&'d!0061' UESCAPE '!'",
    "SELECT @@ a, @-@ b, ?| c, !!d FROM t* x WHERE a BETWEEN SYMMETRIC 1 AND 2",
    "SELECT a FROM t ORDER BY a USING >, b",
    "SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(a)) WITH ORDINALITY AS z(a, b, c)",
    "SELECT * FROM ROWS FROM (json_to_record(a) AS (b int, c numeric(4, 1)))",
    "SELECT a FROM t FETCH FIRST (1 + 2) ROWS WITH TIES",
    "SELECT collation FOR (a || 'x')",
    "SELECT x.* FROM t JOIN u USING (i) AS x",
    "SELECT * FROM a JOIN b JOIN (SELECT 1) c(d) ON true ON true LEFT JOIN (d CROSS JOIN e) ON a",
    "WITH RECURSIVE t(a) AS (VALUES (1)), u(b, c) AS NOT MATERIALIZED (SELECT 1, 2) SEARCH DEPTH \
     FIRST BY a SET b SELECT * FROM t",
    "WITH x AS (SELECT 1), y(a) AS (WITH z AS (SELECT 1) TABLE z) CYCLE a SET b USING p SELECT 1",
    "SELECT xmlelement(NAME a, xmlattributes(1 AS b), 'c'), xmlpi(NAME \"a\", 'b')",
    "SELECT xmlserialize(CONTENT a AS varchar(20) INDENT), a IS DOCUMENT FROM t",
    "SELECT * FROM d, LATERAL XMLTABLE('/a' PASSING data COLUMNS id int PATH '@id' NOT NULL)",
    "SELECT * FROM XMLTABLE('/a' PASSING BY REF data COLUMNS (id int))",
    "SELECT * FROM JSON_TABLE(a, '$' PASSING b AS c COLUMNS (id FOR ORDINALITY, a numeric(4, 1) \
     PATH '$', NESTED PATH '$[*]' COLUMNS (d text)) EMPTY ON ERROR) jt",
    "SELECT JSON_VALUE(a, '$' RETURNING char(2) DEFAULT abs(1) ON EMPTY)",
    "SELECT count(*) FILTER (WHERE a) OVER (w ROWS UNBOUNDED PRECEDING EXCLUDE TIES) FROM t \
     WINDOW w AS (PARTITION BY (a) ORDER BY (b))",
    "SELECT a OPERATOR(pg_catalog.+) 1, OPERATOR(-) 2 FROM t GROUP BY (a), GROUPING SETS ((a), ())",
    "SELECT a LIKE ('x'), a NOT ILIKE ('x') ESCAPE ('#'), a::geometry(1), a::s.geometry(1, 2)",
    "SELECT now() AT TIME ZONE ('UTC'), left('a', 1), \"left\"('a', 1)",
    "SELECT * FROM t TABLESAMPLE system (1) REPEATABLE (2)",
    "SELECT a FROM \"t\" x(a), (VALUES (1)) v(b), lower('x') AS l(c)",
    "SELECT a INTERVAL, b UPDATE, c.delete FROM t WHERE insert = 1",
    "(((SELECT 1)) UNION (TABLE t))",
    // What is no SQL: a replica says so in the same words.
    "SELECT", "SELECT 1 FROM", "SELECT 1 SELECT 2",
];

#[rustfmt::skip]
const OBJECTIONS: &[(Reason, &[&str])] = &[
    (Reason::UnknownFunction, &[
        "SELECT f(1)", "SELECT f /* ( */ (1)", "SELECT \"lower \"(1)", "SELECT \"Lower\"('A')",
        "SELECT s.lower('A')", "SELECT d.pg_catalog.lower('A')", "SELECT s . f (1)",
        "SELECT * FROM ROWS FROM (generate_series(1, 2), f())", "SELECT * FROM t, f(1) AS (a int)",
        "SELECT * FROM t, f(1) AS (values int)", "WITH x AS (SELECT 1), y AS (SELECT f()) SELECT 1",
        "SELECT DISTINCT ON (a) f(b) FROM t", "SELECT DISTINCT ON (a) over(b) FROM t",
        "SELECT OPERATOR(pg_catalog.-) f(1)", "SELECT operator(a + 1)", "SELECT operator(f.a)",
        "SELECT treat('s' AS nextval)", "SELECT filter(a)", "SELECT over()",
        "SELECT by(a)", "SELECT columns(a, b)",
        "SELECT columns(a AND b)", "SELECT columns(a AT TIME ZONE 'x')",
        "SELECT columns(double precision '1')", "SELECT ilike('a', 'b')", "SELECT NOT ilike('a')",
        "SELECT materialized(1)", "SELECT join(1)", "SELECT first(1)", "SELECT zone(1)",
        "SELECT rollup(a)", "SELECT a AT TIME ZONE f(1)", "SELECT a LIKE f(1)",
        "SELECT sum(a) OVER (ROWS f(1) PRECEDING)", "SELECT * FROM t FETCH FIRST f(1) ROWS ONLY",
        "SELECT json_object('a' VALUE f(1))", "SELECT json_object('a' : f(1))",
        "SELECT xmlelement(NAME a, f(1))", "SELECT * FROM XMLTABLE('/a' PASSING f(1) COLUMNS a int)",
        "SELECT * FROM XMLTABLE('/a' PASSING a COLUMNS a int DEFAULT f(1))",
        "SELECT * FROM t TABLESAMPLE f(1)", "SELECT * FROM t TABLESAMPLE lower(1)",
        "SELECT * FROM t TABLESAMPLE pg_catalog.lower(1)",
        "SELECT * FROM t TABLESAMPLE SYSTEM (f(1))", "SELECT system(1)", "SELECT a::numeric(f(1))",
        "SELECT * FROM x AS y(f(1))", "SELECT \"coalesce\"(1)", "SELECT s.coalesce(1)",
        "VALUES (1), (f(1))", "SELECT CASE WHEN a THEN 1 ELSE f(1) END", "SELECT (a).b, - f(1)",
    ]),
    (Reason::PrimaryFunction, &[
        "SELECT concat(VARIADIC ARRAY[nextval('s')])", "SELECT pg_catalog.nextval('s')",
        "SELECT name 'a', setval('s', 1)",
    ]),
    (Reason::Unparsed, &[
        "SELECT (a).f(1)", "SELECT a[1].f(1)", "SELECT (1",
        "SELECT 1)", "SELECT (a]", "SELECT a[1)", "(EXECUTE s)", "()", "",
    ]),
    (Reason::Write, &[
        "WITH x AS (SELECT 1) SEARCH DEPTH FIRST BY a SET b DELETE FROM t",
        "WITH x AS (SELECT 1) CYCLE a SET b USING p UPDATE t SET a = 1",
        "WITH x AS (SELECT 1) INSERT INTO t VALUES (1)", "WITH x AS (SELECT 1) UPDATE ONLY t SET a = 1",
        "WITH x AS (WITH y AS (SELECT 1) DELETE FROM \"t\" RETURNING 1) SELECT 1",
    ]),
    (Reason::WritingCte, &[
        "WITH x AS (DELETE FROM t RETURNING 1) SEARCH DEPTH FIRST BY a SET b SELECT 1",
        "WITH x AS MATERIALIZED (MERGE INTO t USING u ON a WHEN MATCHED THEN DELETE) SELECT 1",
    ]),
    (Reason::SelectInto, &["SELECT name 'a' INTO t"]),
    (Reason::Locking, &[
        "SELECT name 'a' FROM t FOR UPDATE", "SELECT name 'a' FROM t FOR\tNO -- \n KEY UPDATE",
        "SELECT 1 FROM (SELECT name 'a' FROM t FOR KEY SHARE OF t) x",
    ]),
    (Reason::PrimaryRelation, &[
        "SELECT name 'a' FROM pg_locks", "SELECT * FROM t*, ONLY (pg_catalog.pg_settings)",
        "SELECT name 'a' FROM \"pg_stat_activity\" a",
    ]),
    (Reason::Temporary, &["SELECT name 'a' FROM pg_temp.t", "SELECT * FROM pg_temp_3.t*"]),
];

#[test]
fn what_cannot_write_is_a_read() {
    for sql in READS {
        assert_eq!(reason(sql), Reason::Read, "{sql}: {:?}", read_text(sql));
    }
}

#[test]
fn what_may_write_is_found() {
    for (expected, statements) in OBJECTIONS {
        for sql in *statements {
            assert_eq!(reason(sql), *expected, "{sql}");
        }
    }
}

/// What may stand around a call, words that the grammar gives a meaning among them.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "SELECT", "FROM", "WITH", "RECURSIVE", "AS", "(", ")", "[", "]", ",", ".", "::", "ON",
    "DISTINCT ON (a)", "OPERATOR(+)", "OPERATOR", "FILTER", "OVER", "BY", "GROUP BY", "COLUMNS",
    "COLUMNS (a int", "PASSING", "DEFAULT", "PATH '$'", "NOT", "LIKE", "JOIN", "LEFT JOIN", "LATERAL",
    "ROWS FROM (", "ROWS", "FETCH FIRST", "AT TIME ZONE", "MATERIALIZED", "VALUES", "1", "'x'", "$1",
    "a", "\"b\"", "t x(a)", "abs(1)", "lower(", "+", "*", "=>", ":", "AND", "CASE WHEN", "THEN",
    "END", "TABLESAMPLE", "VARIADIC", "ARRAY[", "ROW(", "XMLELEMENT(NAME a", "JSON_TABLE(", "VALUE",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..12).prop_map(|pieces| pieces.join(" "))
}

/// Where a new operand must begin, whatever came before.
const OPERAND_STARTS: &[&str] = &[
    "SELECT",
    "SELECT a,",
    "+",
    "WHERE",
    "AND",
    "NOT",
    "CASE WHEN",
    "ELSE",
    "DISTINCT",
    "ARRAY[",
    "=>",
    "LIMIT",
    "DISTINCT ON (a)",
    "OPERATOR(+)",
    "VARIADIC",
    "FROM",
    "LATERAL",
    "DEFAULT",
];

/// What PostgreSQL's grammar lets stand in front of a statement that changes something, and how
/// such a statement begins.
const CHANGE_FOLLOWS: &[&str] = &["SELECT 1)", "SET b", "USING p", "AS (", "AS MATERIALIZED ("];
const BEGINNINGS: &[&str] = &["INSERT INTO t", "UPDATE t SET", "DELETE FROM t", "MERGE INTO t"];

proptest! {
    #[test]
    fn a_call_is_found_where_an_operand_begins(
        before in pieces(), start in prop::sample::select(OPERAND_STARTS), after in pieces()
    ) {
        let sql = format!("SELECT {before} {start} f(1) {after}");
        prop_assert_ne!(reason(&sql), Reason::Read, "{}", sql);
    }

    #[test]
    fn a_change_is_found_wherever_a_statement_may_begin(
        before in pieces(), after in pieces(),
        end in prop::sample::select(CHANGE_FOLLOWS), change in prop::sample::select(BEGINNINGS)
    ) {
        let sql = format!("WITH x AS (SELECT 1) {before} {end} {change} {after}");
        prop_assert_ne!(reason(&sql), Reason::Read, "{}", sql);
    }

    #[test]
    fn any_tokens_have_an_answer(sql in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = read_text(&String::from_utf8_lossy(&sql));
    }
}
