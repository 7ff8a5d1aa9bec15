//! What texts are classed as, and that nothing in a text can upset it.

use proptest::prelude::*;

use super::*;
use crate::routing::{Access, Explainer, MAX_DEPTH, Role};

mod places;
mod soup;
mod table;

static NONE: Catalog = Catalog::none();

fn classifier() -> Classifier {
    Classifier::new([7, 11])
}

fn class(sql: &str) -> Class {
    classifier().classify(sql.as_bytes(), &NONE)
}

#[test]
fn a_known_shape_is_answered_from_the_cache_with_the_same_class() {
    let classifier = classifier();
    for sql in ["SELECT 1", "DELETE FROM t WHERE a = 1", "SELECT 2 -- two", "BEGIN", "begin"] {
        let first = classifier.classify(sql.as_bytes(), &NONE);
        assert_eq!(classifier.classify(sql.as_bytes(), &NONE), first);
        assert_eq!(examine(sql.as_bytes(), Strings::Unknown, &NONE).class, first);
    }
    assert_eq!(classifier.cache.shapes(), 3);
}

#[test]
fn a_session_that_tells_where_strings_end_takes_the_doubt() {
    let classifier = classifier();
    for (sql, standard) in [
        ("SELECT a LIKE b ESCAPE '\\'", Class::READ),
        ("SELECT E'\u{8868}\\\\'", Class::READ),
        ("SELECT '\\'; DELETE FROM t; --'", Class::write(Reason::Write)),
        ("SELECT nextval('\\')", Class::write(Reason::PrimaryFunction)),
        ("SELECT '\\", Class::write(Reason::Unparsed)),
    ] {
        // The second time both come from the cache.
        for _ in 0..2 {
            assert_eq!(classifier.classify_standard(sql.as_bytes(), &NONE), standard, "{sql}");
            assert_ne!(classifier.classify(sql.as_bytes(), &NONE), Class::READ, "{sql}");
        }
    }
}

#[test]
fn what_is_too_long_is_not_examined() {
    let list = format!("SELECT a FROM t WHERE b IN ({}1)", "1,".repeat(50_000));
    assert_eq!(class(&list), Class::READ);
    let megabytes = format!("SELECT a FROM t WHERE b IN ({}1)", "1,".repeat(5_000_000));
    assert_eq!(class(&megabytes), Class::write(Reason::TooLong));
    let statements = "SELECT 1;".repeat(20_000);
    assert_eq!(class(&statements), Class::write(Reason::TooLong));
    let insert = format!("INSERT INTO t VALUES {}(1)", "(1),".repeat(20_000));
    assert_eq!(class(&insert), Class::write(Reason::Write));
}

#[test]
fn what_is_too_deep_is_not_parsed() {
    let nested = |depth, open: &str, close: &str| {
        class(&format!("SELECT {}1{}", open.repeat(depth), close.repeat(depth)))
    };
    for (open, close) in
        [("(", ")"), ("abs(", ")"), ("(SELECT ", ")"), ("CASE WHEN ", " THEN 1 END")]
    {
        assert_eq!(nested(MAX_DEPTH, open, close), Class::READ, "{open}");
        assert_eq!(nested(MAX_DEPTH + 1, open, close), Class::write(Reason::TooDeep), "{open}");
        assert_eq!(nested(20_000, open, close).access, Access::Write, "{open}");
    }
    assert_eq!(nested(1000, "- ", ""), Class::write(Reason::TooDeep));
    assert_eq!(nested(MAX_DEPTH, "position(", ")"), Class::write(Reason::TooDeep));
}

/// A tree grows deep without parentheses, too; it is walked and dropped on a worker's stack.
#[test]
fn the_longest_chains_fit_a_small_stack() {
    let chains = [
        "1 + ",
        "a OR ",
        "1 - - ",
        "1 UNION SELECT ",
        "a::int::",
        "a IS NULL IS ",
        "NOT a AND ",
        "- ",
        "* FROM a JOIN ",
        "* FROM a, ",
        "a COLLATE ",
        "a[1]",
        "a.",
        "CASE ",
        "interval ",
        "a -> ",
    ];
    let test = move || {
        for link in chains {
            for length in [50, MAX_TOKENS / 6, MAX_TOKENS / 4, MAX_TOKENS / 2 - 2, MAX_TOKENS] {
                let _ = class(&format!("SELECT {}b", link.repeat(length)));
                let _ = class(&format!("SELECT {}", link.repeat(length)));
            }
        }
        assert_eq!(class(&format!("SELECT {}1", "a + ".repeat(2000))), Class::READ);
        let joins = "JOIN b ON c ".repeat(800);
        assert_eq!(class(&format!("SELECT * FROM a {joins}")), Class::READ);
        let joins = "JOIN b ".repeat(1300);
        assert_eq!(class(&format!("SELECT * FROM a {joins}")), Class::READ);
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(test).unwrap().join().unwrap();
}

/// A parser that tries alternatives at each level would take longer than a lifetime over one of
/// these; `position(` was one.
#[test]
fn nesting_as_deep_as_allowed_takes_no_exponential_time() {
    for open in OPENINGS {
        for middle in ["1", "a JOIN b ON c", "SELECT 1", ""] {
            for close in ["", ")", "]", " END", ") x"] {
                let (open, close) = (open.repeat(MAX_DEPTH), close.repeat(MAX_DEPTH));
                let _ = class(&format!("SELECT {open}{middle}{close}"));
                let _ = class(&format!("SELECT * FROM {open}{middle}{close}"));
            }
        }
    }
}

const OPENINGS: &[&str] = &[
    "(",
    "[",
    "f(",
    "abs(",
    "ARRAY[",
    "CASE ",
    "CASE WHEN ",
    "CAST(",
    "EXISTS(",
    "INTERVAL(",
    "SELECT (",
    "SELECT * FROM (",
    "SELECT * FROM ((",
    "SELECT * FROM LATERAL (",
    "a IN (",
    "if(",
    "position(",
    "trim(",
    "substring(",
    "extract(a FROM ",
    "json_object(",
    "xmlelement(",
    "date(",
    "numeric(",
    "a(b, (",
    "row(",
    "WITH a AS (",
    "a.b(",
    "(a, (",
    "-(",
    "NOT (",
    "{",
    "a[",
    "VALUES (",
    "current_time(",
    "case - ",
    "struct<",
    "map(",
    "coalesce((",
    "grouping sets(",
    "(a JOIN (",
    "interval - ",
    "not exists(",
];

#[test]
fn the_explanation_is_the_classification() {
    let explainer = Explainer::new(classifier(), true);
    for (sql, expected) in table::statements() {
        let explanation = explainer.explain(sql);
        assert_eq!(explanation.access, expected.access, "{sql}");
        assert_eq!(explanation.reason, expected.reason, "{sql}");
        assert_eq!(explanation.role == Role::Replica, expected.access == Access::Read, "{sql}");
    }
}

proptest! {
    #[test]
    fn any_bytes_have_a_class(sql in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = classifier().classify(&sql, &NONE);
    }

    #[test]
    fn any_soup_of_sql_has_a_class(sql in soup::soup()) {
        let _ = class(&sql);
    }

    #[test]
    fn a_mutated_statement_has_a_class(
        (sql, at, piece) in (soup::statement(), any::<prop::sample::Index>(), soup::word())
    ) {
        let mut words: Vec<&str> = sql.split(' ').collect();
        words.insert(at.index(words.len() + 1), piece);
        let _ = class(&words.join(" "));
    }

    #[test]
    fn where_nothing_is_unclear_strings_end_alike_in_all_sessions(sql in soup::soup()) {
        let class = class(&sql);
        let standard = classifier().classify_standard(sql.as_bytes(), &NONE);
        prop_assert!(class == standard || class.reason == Reason::Backslash, "{}", sql);
    }

    /// The promise the cache stands on.
    #[test]
    fn one_fingerprint_is_one_class(
        sql in prop_oneof![soup::statement(), soup::soup()],
        values in soup::values(),
    ) {
        let other = soup::with_values(&sql, &values);
        let classifier = classifier();
        let fingerprint = |sql: &str| classifier.fingerprint(sql.as_bytes());
        prop_assert_eq!(fingerprint(&sql), fingerprint(&other), "{} / {}", sql, other);
        for strings in [Strings::Unknown, Strings::Standard] {
            let [one, two] = [&sql, &other].map(|text| examine(text.as_bytes(), strings, &NONE));
            prop_assert_eq!(one, two, "{} / {}", sql, other);
        }
    }

    /// Whatever a soup is put around or behind, a call of the primary's is found.
    #[test]
    fn no_read_contains_a_call_of_the_primarys(
        before in soup::soup(), after in soup::soup()
    ) {
        let sql = format!("{before} nextval('s') {after}");
        let called = Shape::new(sql.as_bytes())
            .collect::<Vec<_>>()
            .windows(2)
            .any(|pair| pair[0].is_word("nextval") && pair[1].is_mark("("));
        prop_assert!(!called || class(&sql).access != Access::Read, "{}", sql);
    }
}
