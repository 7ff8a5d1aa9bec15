//! Catalogs made of rows, and what statements come to under them.

use super::super::classify::{Strings, examine};
use super::*;

/// Rows as [`load`] would bring them, one a line, columns divided by `|`; `-` is NULL.
pub(in super::super) fn catalog(rows: &str) -> Catalog {
    let row = |line: &str| -> Row {
        let columns = line.trim().split('|').map(str::trim);
        columns.map(|text| (text != "-").then(|| text.to_owned())).collect()
    };
    let rows = rows.lines().filter(|line| !line.trim().is_empty()).map(row).collect();
    Catalog::build(Answers::read(rows).unwrap(), 42, FIRST_GENERATION).unwrap()
}

impl Catalog {
    pub(in super::super) fn of_generation(self, generation: u64) -> Self {
        Self { generation, ..self }
    }
}

#[track_caller]
fn expect(catalog: &Catalog, reason: Reason, statements: &[&str]) {
    for sql in statements {
        assert_eq!(
            examine(sql.as_bytes(), Strings::Unknown, catalog).class.reason,
            reason,
            "{sql}"
        );
    }
}

#[track_caller]
fn expect_subject(catalog: &Catalog, sql: &str, reason: Reason, subject: &str) {
    let finding = examine(sql.as_bytes(), Strings::Unknown, catalog);
    assert_eq!((finding.class.reason, finding.subject.as_deref()), (reason, Some(subject)));
}

#[test]
fn a_users_function_is_as_safe_as_all_its_overloads() {
    let catalog = catalog(
        "function | public | total    | f | t | f | -
         function | public | refill   | f | f | f | -
         function | public | twofold  | f | t | f | -
         function | public | twofold  | f | f | f | -
         function | public | apart    | f | t | f | -
         function | shop   | apart    | f | f | f | -
         function | public | lower    | f | f | f | -
         function | public | upper    | f | t | f | -
         function | pg_catalog | upper    | t | t | f | -
         function | public | nextval  | f | t | f | -
         function | pg_catalog | nextval  | t | f | f | -
         function | public | pg_odd   | f | t | f | -
         function | pg_catalog | pg_odd   | t | t | f | -
         function | public | Quoted   | f | t | f | -",
    );
    expect(
        &catalog,
        Reason::Read,
        &[
            "SELECT total(1)",
            "SELECT public.total(1), TOTAL(2)",
            "SELECT * FROM total(1) x",
            "SELECT public.apart(1)",
            "SELECT upper('x')",
            "SELECT pg_catalog.lower('X')",
            "SELECT \"Quoted\"(1)",
        ],
    );
    expect(
        &catalog,
        Reason::VolatileFunction,
        &[
            "SELECT refill(1)",
            "SELECT * FROM public.refill(1)",
            "SELECT twofold(1)",
            "SELECT apart(1)",
            "SELECT shop.apart(1)",
            "SELECT lower('X')",
            "SELECT pg_odd()",
        ],
    );
    expect(&catalog, Reason::UnknownFunction, &["SELECT gone(1)", "SELECT shop.total(1)"]);
    expect(&catalog, Reason::PrimaryFunction, &["SELECT nextval('s')"]);
    expect_subject(&catalog, "SELECT Shop.Apart(1)", Reason::VolatileFunction, "shop.apart");
}

#[test]
fn defaults_of_arguments_are_part_of_a_function() {
    let catalog = catalog(
        "function | public | stamped  | f | t | f | now()
         function | public | numbered | f | t | f | nextval('public.s'::regclass)
         function | public | outer    | f | t | f | 1, public.inner()
         function | public | inner    | f | t | f | public.numbered()",
    );
    expect(&catalog, Reason::Read, &["SELECT stamped()"]);
    let unsafe_ones = ["SELECT numbered()", "SELECT public.inner()", "SELECT public.outer(1)"];
    expect(&catalog, Reason::VolatileFunction, &unsafe_ones);
}

#[test]
fn a_volatile_function_is_safe_if_its_body_only_reads() {
    let function = |name| format!("function | public | {name} | f | f | f | -\n");
    let names =
        ["sum_up", "writes", "asks", "locks", "above", "around", "dynamic", "own", "atomic"];
    let catalog = catalog(&format!(
        "{}
         function | public | stamped | f | f | f | public.writes()
         function | public | twofold | f | f | f | -
         function | public | twofold | f | f | f | -
         function | public | unseen  | f | f | f | -
         relation | 10 | public | t | r | p
         relation | 11 | shop   | fast | r | u
         body | public | sum_up  | sql | SELECT sum(a) FROM t WHERE b > $1; | -
         body | public | writes  | sql | INSERT INTO t VALUES (1) | -
         body | public | asks    | sql | SELECT a FROM fast | -
         body | public | locks   | sql | SELECT pg_advisory_lock(1) | -
         body | public | above   | sql | SELECT sum_up(1) | -
         body | public | around  | sql | SELECT around(1) | -
         body | public | dynamic | plpgsql | BEGIN EXECUTE $1; END | -
         body | public | own     | plpgsql | BEGIN RETURN sum_up(1); END | 1, NULL::good
         body | public | atomic  | sql | BEGIN ATOMIC SELECT sum_up(1); RETURN; END | -
         body | public | stamped | sql | SELECT $1 | public.writes()
         body | public | twofold | sql | SELECT 1 | -",
        names.map(function).concat()
    ));
    expect(&catalog, Reason::Read, &["SELECT sum_up(1), public.above()", "SELECT own()"]);
    let unsafe_ones = [
        "SELECT writes()",
        "SELECT asks()",
        "SELECT locks()",
        "SELECT around()",
        "SELECT dynamic('SELECT 1')",
        "SELECT atomic()",
        "SELECT stamped()",
        "SELECT twofold()",
        "SELECT unseen()",
    ];
    expect(&catalog, Reason::VolatileFunction, &unsafe_ones);
}

#[test]
fn a_body_is_spelled_as_postgresql_does_if_it_is_no_string() {
    let catalog = catalog(
        "function | public | one | f | f | f | -
         function | public | two | f | f | f | -
         function | public | three | f | f | f | -
         body | public | one   | sql | RETURN upper($1) | -
         body | public | two   | sql | BEGIN ATOMIC SELECT one('a'::text); SELECT 2; END | -
         body | public | three | sql | RETURN nextval('s'::regclass) | -",
    );
    expect(&catalog, Reason::Read, &["SELECT one('a')", "SELECT two()"]);
    expect(&catalog, Reason::VolatileFunction, &["SELECT three()"]);
}

#[test]
fn what_a_safe_function_stands_behind_is_safe() {
    let rows = |body: &str| {
        format!(
            "function | public | f | f | f | t | -
             body     | public | f | plpgsql | BEGIN RETURN {body}; END | -
             function | public | total | f | f | f | -
             body     | public | total | sql | SELECT public.f() | -
             relation | 1 | public | v | v | p
             view     | 1 | SELECT public.f(t.a) AS a FROM public.t;
             relation | 2 | public | t | r | p
             operator | <+> | public.f()
             hidden   | public.f()"
        )
    };
    let all =
        ["SELECT f(1)", "SELECT total(a) FROM t", "TABLE v", "SELECT 1 <+> 2", "SELECT t.f FROM t"];
    expect(&catalog(&rows("$1 + 1")), Reason::Read, &all);
    // One that is not safe, and is called without being named, leaves nothing.
    let unsafe_one = catalog(&rows("setseed($1)"));
    for sql in all.iter().chain(&["SELECT 1"]) {
        let class = examine(sql.as_bytes(), Strings::Unknown, &unsafe_one).class;
        assert_eq!(class.access, Access::Write, "{sql}");
    }
}

#[test]
fn a_name_in_a_body_may_mean_any_relation_of_that_name() {
    let rows = |kind: &str| {
        format!(
            "function | public | f | f | f | f | -
             body     | public | f | sql | SELECT a FROM v | -
             function | public | g | f | f | f | -
             body     | public | g | plpgsql | BEGIN PERFORM * FROM v; END | -
             relation | 1 | public | v | v | p
             view     | 1 | SELECT t.a FROM public.t;
             relation | 2 | public | t | r | p
             relation | 3 | shop   | v | r | {kind}"
        )
    };
    expect(&catalog(&rows("p")), Reason::Read, &["SELECT f()", "SELECT g()"]);
    expect(&catalog(&rows("u")), Reason::VolatileFunction, &["SELECT f()", "SELECT g()"]);
}

const RELATIONS: &str = "relation | 10 | public | t | r | p
     relation | 11 | shop      | t        | r | p
     relation | 12 | public    | fast     | r | u
     relation | 13 | public    | far      | f | p
     relation | 14 | public    | numbers  | S | p
     relation | 15 | pg_temp_3 | shadowed | r | t
     relation | 16 | public    | shadowed | r | p
     relation | 17 | public    | parent   | p | p
     relation | 18 | public    | child    | p | p
     relation | 19 | public    | part     | r | u
     relation | 20 | public    | calm     | m | p
     relation | 21 | pg_catalog | pg_class | r | p
     inherits | 17 | 18
     inherits | 18 | 19";

#[test]
fn a_relation_is_read_where_it_means_the_same() {
    let catalog = catalog(RELATIONS);
    let read = [
        "SELECT * FROM t",
        "TABLE shop.t",
        "SELECT * FROM public.shadowed",
        "SELECT * FROM mine.public.t",
        "SELECT * FROM ONLY t, ONLY (shop.t)",
        "SELECT * FROM calm JOIN pg_class ON true",
        "SELECT * FROM information_schema.tables",
        "COPY public.t TO STDOUT",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "WITH x AS (SELECT 1) SELECT * FROM (SELECT * FROM x) y",
        "WITH shadowed AS (SELECT 1) SELECT * FROM public.shadowed",
    ];
    expect(&catalog, Reason::Read, &read);
    expect(&catalog, Reason::Unlogged, &["SELECT 1 FROM ONLY fast", "SELECT 1 FROM ONLY (fast)"]);
    expect(&catalog, Reason::Unlogged, &["TABLE fast", "SELECT 1 FROM parent", "TABLE child"]);
    expect(&catalog, Reason::Foreign, &["SELECT * FROM t, public.far", "COPY far TO STDOUT"]);
    expect(&catalog, Reason::Sequence, &["SELECT last_value FROM numbers"]);
    expect(&catalog, Reason::Temporary, &["TABLE shadowed", "TABLE pg_temp_3.shadowed"]);
    let unknown =
        ["TABLE new", "TABLE shop.fast", "SELECT (SELECT 1 FROM shop.new)", "TABLE \"T\""];
    expect(&catalog, Reason::UnknownRelation, &unknown);
    expect_subject(&catalog, "SELECT 1 FROM t, Fast", Reason::Unlogged, "fast");
}

#[test]
fn a_with_query_may_be_meant_by_a_name_and_hides_nothing() {
    let catalog = catalog(RELATIONS);
    expect(&catalog, Reason::Unlogged, &["WITH fast AS (SELECT 1) SELECT * FROM fast"]);
    let unknown = ["WITH x AS (SELECT 1) SELECT * FROM public.x", "SELECT * FROM x"];
    expect(&catalog, Reason::UnknownRelation, &unknown);
}

#[test]
fn a_view_is_what_its_text_is_whatever_the_order() {
    let catalog = catalog(&format!(
        "{RELATIONS}
         function | public | refill | f | f | f | -
         relation | 30 | public | plain  | v | p
         relation | 31 | public | hiding | v | p
         relation | 32 | public | above  | v | p
         relation | 33 | public | below  | v | p
         relation | 34 | public | lying  | v | p
         relation | 35 | public | gone   | v | p
         relation | 36 | public | locked | v | p
         relation | 37 | public | tenant | v | p
         view | 30 | SELECT t.a FROM public.t;
         view | 31 | SELECT public.refill(t.a) AS a FROM public.t;
         view | 32 | SELECT below.a FROM public.below;
         view | 33 | SELECT plain.a FROM public.plain WHERE (plain.a > 1);
         view | 34 | SELECT current_setting('in_hot_standby'::text) AS a;
         view | 35 | -
         view | 36 | SELECT hiding.a FROM public.hiding;
         view | 37 | SELECT t.a FROM public.t WHERE (t.b = current_setting('app.tenant'::text, true));"
    ));
    expect(&catalog, Reason::Read, &["TABLE plain", "TABLE above", "TABLE below", "TABLE tenant"]);
    let unsafe_ones = ["TABLE hiding", "TABLE lying", "TABLE public.gone", "TABLE locked"];
    expect(&catalog, Reason::UnsafeView, &unsafe_ones);
}

#[test]
fn row_security_policies_are_examined() {
    let catalog = catalog(
        "function | public | audit | f | f | f | -
         relation | 40 | public | open   | r | p
         relation | 41 | public | closed | r | p
         policy | 40 | (tenant = (current_setting('app.tenant'::text))::integer)
         policy | 40 | (owner = CURRENT_USER)
         policy | 41 | (owner = CURRENT_USER)
         policy | 41 | public.audit(id)",
    );
    expect(&catalog, Reason::Read, &["SELECT * FROM open"]);
    expect(&catalog, Reason::UnsafePolicy, &["SELECT * FROM closed"]);
}

#[test]
fn operators_types_and_fields_are_found_by_their_words() {
    let catalog = catalog(
        "function | public | audit | f | f | t | -
         relation | 50 | public | t | r | p
         relation | 51 | public | u | r | p
         operator | <+> | public.audit()
         type     | odd
         typed    | 51
         domain   | even   | ((VALUE % 2) = 0)
         domain   | logged | public.audit(VALUE)
         domain   | deeper | NULL::logged",
    );
    expect(&catalog, Reason::Read, &["SELECT a + b, c::even FROM t", "SELECT audit FROM t"]);
    expect(
        &catalog,
        Reason::UnsafeOperator,
        &["SELECT a <+> b FROM t", "SELECT 1 WHERE (a <+> b) > 2"],
    );
    let typed =
        ["SELECT 'x'::odd", "SELECT CAST(a AS logged) FROM t", "SELECT deeper '1'", "TABLE u"];
    expect(&catalog, Reason::UnsafeType, &typed);
    let fields = ["SELECT t.audit FROM t", "SELECT (t).\"audit\" FROM t"];
    expect(&catalog, Reason::VolatileFunction, &fields);
    expect_subject(&catalog, "SELECT a <+> b FROM t", Reason::UnsafeOperator, "<+>");
}

#[test]
fn names_of_one_letter_and_different_lengths_are_different() {
    let catalog = catalog(
        "relation | 1 | public | a   | r | u
         relation | 2 | public | aaa | r | p
         operator | <<< | -",
    );
    expect(&catalog, Reason::Unlogged, &["TABLE a", "TABLE public.a"]);
    expect(&catalog, Reason::Read, &["TABLE aaa", "SELECT 1 < 2 FROM public.aaa"]);
}

#[test]
fn what_needs_no_word_of_its_own_makes_all_unsafe() {
    for row in ["operator | = | public.f()", "operator | ~~ | -", "hidden | public.f()"] {
        expect(&catalog(row), Reason::UnsafeOperator, &["SELECT 1", "SELECT a BETWEEN 1 AND 2"]);
    }
}

#[test]
fn without_a_catalog_only_what_needs_none_is_decided() {
    let none = Catalog::none();
    expect(&none, Reason::Read, &["SELECT * FROM whatever"]);
    expect(&none, Reason::UnknownFunction, &["SELECT f(1)"]);
    let unknown = Catalog::unknown();
    expect(&unknown, Reason::CatalogUnknown, &["SELECT 1", "SELECT * FROM t", "SELECT f(1)"]);
    expect(&unknown, Reason::CatalogUnknown, &["DECLARE c CURSOR FOR SELECT 1"]);
    expect(&unknown, Reason::Write, &["DELETE FROM t"]);
    expect(&unknown, Reason::Session, &["SET a = 1"]);
    expect(&unknown, Reason::PrimaryFunction, &["SELECT nextval('s')"]);
}

#[test]
fn more_than_is_kept_is_no_catalog() {
    let row = |n: u32| -> Row {
        let n = n.to_string();
        ["function", "public", &n, "f", "t", "f", ""].map(|text| Some(text.to_owned())).into()
    };
    let answers = Answers::read((0..100_001).map(row).collect()).unwrap();
    assert_eq!(Catalog::build(answers, 1, 2).unwrap_err(), TooLarge);
}

#[test]
fn every_question_is_of_a_source_that_the_probe_watches() {
    let probe = probe();
    let load = load();
    let tables = load.split("pg_catalog.").filter(|rest| {
        let word = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
        word.is_some_and(|word| word.starts_with("pg_") && !word.starts_with("pg_get_"))
    });
    // Attributes change with their relation's row, aggregates with their function's; operator
    // families, access methods and languages do not change.
    let derived = ["pg_attribute", "pg_aggregate", "pg_opfamily", "pg_am", "pg_language"];
    for rest in tables {
        let table: String =
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        assert!(
            derived.contains(&table.as_str()) || probe.contains(&format!("pg_catalog.{table})")),
            "{table}"
        );
    }
}

mod remembering {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::routing::{Classifier, REFUSED_FOR};

    const READ: &[u8] = b"SELECT total(1)";

    #[test]
    fn a_class_is_remembered_for_one_state_of_one_catalog() {
        let classifier = Classifier::new([1, 2]);
        let known = catalog("function | public | total | f | t | f | -");
        assert_eq!(classifier.classify(READ, &known), Class::READ);
        let none = Catalog::none();
        let expected = Class::write(Reason::UnknownFunction);
        assert_eq!(classifier.classify(READ, &none), expected);
        let expected = Class::write(Reason::CatalogUnknown);
        assert_eq!(classifier.classify(READ, &Catalog::unknown()), expected);
        assert_eq!(classifier.classify(READ, &known), Class::READ);
        assert_ne!(classifier.next_generation(), classifier.next_generation());
    }

    #[test]
    fn a_refused_shape_is_a_write_for_its_time_and_in_its_database() {
        let (classifier, start) = (Classifier::new([1, 2]), Instant::now());
        let (here, there) = (Catalog::none(), catalog("relation | 1 | public | t | r | p"));
        let read = |id: u8| format!("SELECT a FROM t WHERE id = {id}").into_bytes();
        assert_eq!(classifier.classify(&read(1), &here), Class::READ);
        let epoch = classifier.epoch();
        classifier.refused(&read(2), &here, start);
        assert_ne!(classifier.epoch(), epoch);
        assert_eq!(classifier.classify(&read(3), &here), Class::write(Reason::Refused));
        assert_eq!(classifier.classify(&read(3), &there), Class::READ);
        assert_eq!(classifier.refusals(), 1);
        let almost = start + REFUSED_FOR - Duration::from_millis(1);
        assert_eq!(classifier.expire(almost), Some(start + REFUSED_FOR));
        assert_eq!(classifier.classify(&read(4), &here), Class::write(Reason::Refused));
        let epoch = classifier.epoch();
        assert_eq!(classifier.expire(start + REFUSED_FOR), None);
        assert_ne!(classifier.epoch(), epoch);
        assert_eq!(classifier.classify(&read(4), &here), Class::READ);
    }
}
