//! Bodies that only read, and bodies that may do more.

use super::*;
use crate::routing::catalog::tests::catalog;
use crate::routing::shape::Shape;

fn reason(body_text: &str) -> Reason {
    let tokens: Vec<_> = Shape::new(body_text.as_bytes()).collect();
    let catalog = catalog(
        "function | public | total | f | t | f | -
         function | public | writes | f | f | f | -
         relation | 1 | public | t | r | p
         relation | 2 | public | fast | r | u
         relation | 3 | public | numbers | S | p
         type | odd
         operator | <+> | -",
    );
    body(&tokens, &catalog).err().map_or(Reason::Read, |objection| objection.reason)
}

#[rustfmt::skip]
const READS: &[&str] = &[
    "BEGIN RETURN $1 + $2; END",
    "begin return (select max(a) from t where b = $1); end;",
    "DECLARE x int := total(1); y text NOT NULL DEFAULT 'a'; z numeric(10, 2);
     BEGIN SELECT count(*), max(a) INTO STRICT x, y FROM t; RETURN x; END",
    "BEGIN IF (a > b) THEN RETURN 1; ELSIF (a = b) THEN RETURN total(2); ELSE RETURN 3; END IF; END",
    "BEGIN RETURN CASE WHEN a > b THEN a ELSE b END; END",
    "BEGIN CASE a WHEN 1, 2 THEN x := 1; WHEN 3 THEN x = 2; ELSE NULL; END CASE; RETURN x; END",
    "BEGIN FOR i IN 1..10 LOOP s := s + i; CONTINUE WHEN i > total(1); END LOOP; RETURN s; END",
    "BEGIN FOR i IN REVERSE 10..1 BY 2 LOOP EXIT WHEN i < 3; END LOOP; END",
    "BEGIN FOR r IN SELECT a, b FROM t ORDER BY a LOOP RAISE NOTICE '%', r.a; RETURN NEXT r; END LOOP; END",
    "BEGIN FOR r IN (SELECT 1) LOOP NULL; END LOOP; FOR r IN VALUES (1), (2) LOOP NULL; END LOOP; END",
    "<<outer>> DECLARE i int; BEGIN <<inner>> LOOP i := i + 1; EXIT inner WHEN i > 3; END LOOP; END",
    "BEGIN FOREACH x SLICE 1 IN ARRAY $1 LOOP a[1] := x; r.b := 2; END LOOP; RETURN a; END",
    "BEGIN WHILE (i < 10) LOOP i := i + 1; END LOOP; RETURN i; END",
    "BEGIN RETURN QUERY SELECT a FROM t; RETURN QUERY WITH x AS (SELECT 1) TABLE x; RETURN; END",
    "DECLARE c CURSOR (k int) FOR SELECT a FROM t WHERE b = k;
     BEGIN FOR r IN c LOOP RETURN NEXT r.a; END LOOP; END",
    "BEGIN PERFORM total(a) FROM t; GET DIAGNOSTICS n = ROW_COUNT; RETURN n; END",
    "BEGIN RETURN 1 / $1; EXCEPTION WHEN division_by_zero THEN RAISE NOTICE 'no'; RETURN 0; END",
    "BEGIN ASSERT total(1) > 0, 'bad'; RAISE EXCEPTION 'no %', a USING HINT = upper('x'), ERRCODE = \
     '22012'; END",
    "BEGIN RETURN a FROM t WHERE b IN (1, 2); END",
    "BEGIN WITH x AS (SELECT 1) SELECT * INTO r FROM x; RETURN \"insert\"; END",
];

#[rustfmt::skip]
const OBJECTIONS: &[(Reason, &[&str])] = &[
    (Reason::VolatileFunction, &[
        "BEGIN PERFORM writes(1); END", "BEGIN x := writes(1); END",
        "BEGIN IF writes(1) THEN NULL; END IF; END",
        "BEGIN RETURN writes(1); END", "BEGIN RETURN QUERY SELECT writes(1); END",
        "BEGIN FOR r IN SELECT writes(1) LOOP NULL; END LOOP; END", "BEGIN ASSERT writes(1); END",
        "BEGIN FOR i IN 1..writes(1) LOOP NULL; END LOOP; END",
        "BEGIN FOR i IN REVERSE writes(1)..1 LOOP NULL; END LOOP; END",
        "BEGIN WHILE writes(1) LOOP NULL; END LOOP; END", "BEGIN EXIT WHEN writes(1); END",
        "BEGIN NULL; ELSIF writes(1) THEN NULL; END", "DECLARE x int := writes(1); BEGIN NULL; END",
        "DECLARE x int DEFAULT writes(1); BEGIN NULL; END", "BEGIN RAISE NOTICE '%', writes(1); END",
        "BEGIN RAISE EXCEPTION USING DETAIL = writes(1); END",
        "BEGIN FOREACH x IN ARRAY writes(1) LOOP NULL; END LOOP; END",
        "DECLARE c CURSOR FOR SELECT writes(1); BEGIN NULL; END", "BEGIN RETURN NEXT writes(1); END",
        "BEGIN a[writes(1)] := 1; END", "BEGIN CASE writes(1) WHEN 2 THEN NULL; END CASE; END",
        "BEGIN EXCEPTION WHEN OTHERS THEN PERFORM writes(1); END", "BEGIN RETURN public . writes (1); END",
    ]),
    (Reason::UnknownFunction, &["BEGIN RETURN gone(1); END", "BEGIN RETURN shop.total(1); END"]),
    (Reason::PrimaryFunction, &[
        "BEGIN PERFORM pg_advisory_lock(1); END", "BEGIN RETURN nextval('s'); END",
        "BEGIN RETURN current_setting('in_hot_standby'); END", "BEGIN RETURN pg_is_in_recovery(); END",
        "BEGIN PERFORM set_config('a', 'b', false); END", "BEGIN RETURN pg_backend_pid(); END",
    ]),
    (Reason::Unlogged, &["BEGIN RETURN a FROM fast; END"]),
    (Reason::Sequence, &["BEGIN SELECT last_value INTO x FROM numbers; END"]),
    (Reason::PrimaryRelation, &["BEGIN PERFORM 1 FROM pg_stat_activity; END"]),
    (Reason::UnsafeType, &[
        "DECLARE x odd; BEGIN NULL; END", "BEGIN RETURN a::odd; END",
        "DECLARE x t.a%TYPE; BEGIN NULL; END", "DECLARE x t%ROWTYPE; BEGIN NULL; END",
    ]),
    (Reason::UnsafeOperator, &["BEGIN RETURN a <+> b; END"]),
    // Commands, wherever one may stand, and whether they are known or not.
    (Reason::Unparsed, &[
        "BEGIN INSERT INTO t VALUES (1); END", "BEGIN IF a THEN DELETE FROM t; END IF; END",
        "BEGIN FOR r IN UPDATE t SET a = 1 RETURNING a LOOP NULL; END LOOP; END",
        "BEGIN WITH x AS (DELETE FROM t RETURNING a) SELECT a INTO r FROM x; END",
        "BEGIN EXECUTE a; END", "BEGIN RETURN QUERY EXECUTE a; END",
        "BEGIN FOR r IN EXECUTE a LOOP NULL; END LOOP; END",
        "BEGIN OPEN c FOR SELECT 1; RETURN c; END", "BEGIN SET a = 1; END", "BEGIN COMMIT; END",
        "BEGIN NOTIFY a; END",
        "BEGIN LOCK t; END", "BEGIN SELECT a INTO x FROM t FOR UPDATE; END", "BEGIN CALL p(); END",
        "BEGIN FROBNICATE t; END", "BEGIN IF a THEN FROBNICATE t; END IF; END",
        "BEGIN LOOP FROBNICATE t; END LOOP; END",
        "BEGIN FOR r IN FROBNICATE t LOOP NULL; END LOOP; END", "BEGIN RETURN QUERY FROBNICATE t; END",
        "BEGIN CASE a WHEN 1 THEN NULL; ELSE FROBNICATE t; END CASE; END", "BEGIN <<a>> FROBNICATE t; END",
        "BEGIN SELECT declare FROM t; FROBNICATE t; BEGIN NULL; END; END",
        "BEGIN NULL; EXCEPTION WHEN OTHERS THEN FROBNICATE t; END",
        "FROBNICATE t", "(SELECT 1)", "BEGIN RETURN (1; END", "BEGIN RETURN 'a; END",
    ]),
    (Reason::Locking, &["BEGIN SELECT a INTO x FROM t FOR SHARE; END"]),
];

#[test]
fn bodies_that_only_read_are_proven() {
    for text in READS {
        assert_eq!(reason(text), Reason::Read, "{text}");
    }
}

#[test]
fn what_may_do_more_is_objected_to() {
    for (expected, texts) in OBJECTIONS {
        for text in *texts {
            assert_eq!(reason(text), *expected, "{text}");
        }
    }
}

#[test]
fn a_function_that_is_called_like_a_word_of_the_language_is_seen() {
    let tokens: Vec<_> = Shape::new(b"BEGIN RETURN if(1); END").collect();
    let rows = "function | public | if | f | f | f | -";
    let objection = body(&tokens, &catalog(rows)).unwrap_err();
    assert_eq!(objection, Objection::to(Reason::VolatileFunction, "if"));
}

#[test]
fn a_type_may_be_a_columns_where_all_types_are_safe() {
    let tokens: Vec<_> = Shape::new(b"DECLARE x t.a%TYPE; BEGIN RETURN x; END").collect();
    assert_eq!(body(&tokens, &catalog("relation | 1 | public | t | r | p")), Ok(()));
}

#[test]
fn nothing_is_proven_of_a_long_body() {
    let text = format!("BEGIN RETURN {} 1; END", "a + ".repeat(syntax::MAX_TOKENS));
    assert_eq!(reason(&text), Reason::TooLong);
}
