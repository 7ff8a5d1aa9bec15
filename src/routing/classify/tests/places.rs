//! Every place where a call may hide.

use super::class;
use crate::routing::{Access, Class, Reason};

/// Places that the parser reads: with a harmless call they are reads.
#[rustfmt::skip]
const PLACES: &[&str] = &[
    "SELECT {}", "SELECT a.b, {} AS c", "SELECT -{}", "SELECT NOT {}", "SELECT ({})",
    "SELECT {}::text", "SELECT CAST({} AS int)", "SELECT 1 + {}", "SELECT {} || 'x'",
    "SELECT {} COLLATE \"C\"", "SELECT {} AT TIME ZONE {}", "SELECT {} IS NULL",
    "SELECT a IS DISTINCT FROM {}", "SELECT a BETWEEN {} AND 2", "SELECT a BETWEEN 1 AND {}",
    "SELECT a IN ({})", "SELECT {} IN (1)", "SELECT a LIKE {}", "SELECT a LIKE 'x' ESCAPE {}",
    "SELECT a SIMILAR TO {}", "SELECT a = ANY({})", "SELECT a = ALL(ARRAY[{}])", "SELECT a[{}]",
    "SELECT a[{}:2]", "SELECT a[1:{}]", "SELECT ({}).c", "SELECT CASE WHEN {} THEN 1 END",
    "SELECT CASE WHEN a THEN {} END", "SELECT CASE {} WHEN 1 THEN 1 END",
    "SELECT CASE WHEN a THEN 1 ELSE {} END", "SELECT ROW({}, 1)", "SELECT (1, {})",
    "SELECT ARRAY(SELECT {})", "SELECT (SELECT {})", "SELECT EXISTS (SELECT {})",
    "SELECT a IN (SELECT {})", "SELECT ({}, 1) = (2, 1)", "SELECT extract(day FROM {})",
    "SELECT trim(both 'x' from {})", "SELECT trim({})", "SELECT position({} in 'x')",
    "SELECT substring({} from 1 for 2)", "SELECT substring('x' from {})",
    "SELECT overlay({} placing 'x' from 1)", "SELECT coalesce(1, {})", "SELECT nullif({}, 1)",
    "SELECT greatest({}, 1)", "SELECT lower({})", "SELECT lower(lower({}))",
    "SELECT make_date(year => {}, month => 1, day => 1)", "SELECT sum({})",
    "SELECT sum(DISTINCT {})", "SELECT string_agg(a, ',' ORDER BY {})",
    "SELECT count(*) FILTER (WHERE {})", "SELECT rank() OVER (ORDER BY {})",
    "SELECT rank() OVER (PARTITION BY {})", "SELECT sum(a) OVER (ORDER BY b ROWS {} PRECEDING)",
    "SELECT rank() OVER w FROM t WINDOW w AS (ORDER BY {})",
    "SELECT percentile_cont({}) WITHIN GROUP (ORDER BY a)",
    "SELECT percentile_cont(1) WITHIN GROUP (ORDER BY {})", "SELECT DISTINCT ON ({}) a FROM t",
    "SELECT * FROM {}", "SELECT * FROM {} AS x(a)", "SELECT * FROM t, {}",
    "SELECT * FROM t, LATERAL {} x", "SELECT * FROM t JOIN {} ON true",
    "SELECT * FROM t JOIN u ON {}", "SELECT * FROM t LEFT JOIN LATERAL (SELECT {}) x ON true",
    "SELECT * FROM (SELECT {}) x", "SELECT * FROM (t JOIN u ON {}) x", "SELECT * FROM unnest({})",
    "SELECT * FROM generate_series(1, {})", "SELECT * FROM t TABLESAMPLE BERNOULLI ({})",
    "SELECT * FROM t WHERE {}", "SELECT 1 FROM t GROUP BY {}",
    "SELECT 1 FROM t GROUP BY GROUPING SETS (({}))", "SELECT 1 FROM t GROUP BY ROLLUP ({})",
    "SELECT 1 FROM t GROUP BY a HAVING {}", "SELECT 1 ORDER BY {}", "SELECT 1 LIMIT {}",
    "SELECT 1 OFFSET {}", "SELECT 1 UNION SELECT {}", "(SELECT {}) EXCEPT SELECT 1",
    "VALUES (1), ({})", "WITH x AS (SELECT {}) SELECT 1",
    "WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT {} FROM x) TABLE x",
    "SELECT json_object('a': {})", "SELECT json_object({}: 1)", "SELECT xmlconcat({})",
    "SELECT xmlforest({} AS a)", "EXPLAIN SELECT {}", "EXPLAIN (ANALYZE) SELECT {}",
    "COPY (SELECT {}) TO STDOUT", "SELECT 1; SELECT {}", "SELECT interval '1 day' * {}",
    "SELECT {} OPERATOR(pg_catalog.+) 1", "SELECT a -> {}", "SELECT a @> {}",
];

/// Places that the parser may not read.
#[rustfmt::skip]
const UNREAD_PLACES: &[&str] = &[
    "SELECT 1 FETCH FIRST ({}) ROWS ONLY", "SELECT * FROM ROWS FROM ({})",
    "SELECT * FROM ROWS FROM ({}, lower('x')) WITH ORDINALITY", "SELECT xmlelement(name a, {})",
    "SELECT xmlparse(document {})", "SELECT xmlserialize(content {} AS text)",
    "SELECT lower(VARIADIC {})", "SELECT a FROM t TABLESAMPLE SYSTEM (1) REPEATABLE ({})",
    "SELECT * FROM JSON_TABLE({}, '$' COLUMNS (a int PATH '$'))",
    "SELECT json_exists(a, '$' PASSING {} AS x)",
    "SELECT * FROM JSON_TABLE(a, '$' PASSING {} AS x COLUMNS (a int PATH '$'))",
    "SELECT * FROM JSON_TABLE(a, '$' COLUMNS (a int PATH '$' DEFAULT {} ON EMPTY))",
    "SELECT * FROM XMLTABLE('/a' PASSING {} COLUMNS b int PATH 'b' DEFAULT 1)",
    "SELECT * FROM XMLTABLE('/a' PASSING a COLUMNS b int PATH 'b' DEFAULT {})",
    "SELECT a FROM t ORDER BY {} USING <", "SELECT {} NOTNULL", "SELECT {} IS OF (int)",
    "SELECT treat({} AS int)",
    "SELECT sum(a) OVER (RANGE BETWEEN {} PRECEDING AND {} FOLLOWING EXCLUDE TIES)", "SELECT a.{}",
    "SELECT (a).{}", "WITH x AS (SELECT 1) SEARCH DEPTH FIRST BY a SET {} SELECT 1",
    "SELECT {} OVERLAPS (a, b)", "SELECT ROW({}).*", "SELECT * FROM t AS x({})",
    "SELECT {} 'literal'", "SELECT a::{}", "SELECT CAST(a AS {})", "SELECT a b {}",
    "SELECT * FROM t x {}", "SELECT json_value({}, '$')", "SELECT * FROM t FOR {}",
    "SELECT extract({} FROM a)", "SELECT * FROM {} WITH ORDINALITY", "SELECT DISTINCT {}",
    "SELECT ALL {}", "TABLE {}", "SHOW {}", "EXPLAIN {}",
];

#[test]
fn a_users_function_is_found_wherever_a_call_may_stand() {
    for place in PLACES {
        let (harmless, users) = (place.replace("{}", "abs(1)"), place.replace("{}", "f(1)"));
        assert_eq!(class(&harmless), Class::READ, "{harmless}");
        assert_eq!(class(&users), Class::write(Reason::UnknownFunction), "{users}");
        let temporary = place.replace("{}", "abs((SELECT 1 FROM pg_temp.t))");
        assert_eq!(class(&temporary), Class::write(Reason::Temporary), "{temporary}");
    }
}

#[test]
fn where_the_parser_does_not_look_nothing_is_a_read() {
    for place in UNREAD_PLACES {
        let users = place.replace("{}", "f(nextval('s'))");
        assert_ne!(class(&users).access, Access::Read, "{users}");
        let users = place.replace("{}", "f((SELECT g()))");
        assert_ne!(class(&users).access, Access::Read, "{users}");
    }
}
