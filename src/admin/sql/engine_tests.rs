//! Questions to the database in memory, without a process around it.

use super::*;
use crate::admin::facts::Facts;
use proptest::prelude::*;

fn ask(sql: &str) -> Result<Found, ErrorReport> {
    ask_with(sql, &[])
}

fn ask_with(sql: &str, parameters: &[Value]) -> Result<Found, ErrorReport> {
    let question = Question::read(sql)?;
    let (engine, asked) = Engine::prepare(&question, "me", Stop::after(TIME_LIMIT))?;
    let facts = Facts::sample();
    engine.fill(&asked, |table| (table.rows)(&facts))?;
    engine.run(&question, &asked, parameters, None)
}

/// Rows as text, fields by commas.
fn rows(sql: &str) -> Vec<String> {
    let (fields, rows) = ask(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let words = |row: &Row| {
        let words = row
            .iter()
            .zip(fields.iter())
            .map(|(value, field)| value.words(field.kind).into_owned());
        words.collect::<Vec<_>>().join(",")
    };
    rows.iter().map(words).collect()
}

fn state(sql: &str) -> &'static str {
    ask(sql).map(|_| "none").unwrap_or_else(|error| error.sqlstate.0)
}

#[test]
fn rows_are_filtered_joined_grouped_and_ordered() {
    assert_eq!(rows("SELECT key FROM state WHERE value = 'yes'"), ["active"]);
    assert_eq!(
        rows("SELECT list FROM lists WHERE items >= 1 ORDER BY list LIMIT 1"),
        ["databases"]
    );
    let joined = "SELECT d.name, count(*) FROM databases d LEFT JOIN pools p ON p.database = d.name \
                  GROUP BY d.name ORDER BY 1";
    assert_eq!(rows(joined), ["app,1", "pgweir,1"]);
}

#[test]
fn columns_have_their_types() {
    let (fields, _) =
        ask("SELECT name, port, paused, read_write_split AS split, port * 1.5, count(*), 'x' \
                           FROM databases GROUP BY 1")
        .unwrap();
    let types: Vec<_> = fields.iter().map(|field| (field.name.as_str(), field.kind)).collect();
    assert_eq!(
        types,
        [
            ("name", Kind::Text),
            ("port", Kind::Int4),
            ("paused", Kind::Int4),
            ("split", Kind::Text),
            ("?column?", Kind::Float8),
            ("count", Kind::Int8),
            ("?column?", Kind::Text),
        ]
    );
}

#[test]
fn flags_and_floats_have_their_types_too() {
    let (fields, _) = ask("SELECT usable, lag_ms, avg(port) FROM hosts WHERE 1 = 0").unwrap();
    let kinds: Vec<_> = fields.iter().map(|field| field.kind).collect();
    assert_eq!(kinds, [Kind::Bool, Kind::Float8, Kind::Float8]);
}

#[test]
fn parameters_are_found_by_their_number() {
    let sql = "SELECT key FROM state WHERE value = $2 AND $1 = 7";
    let (_, found) = ask_with(sql, &[Value::Int(7), Value::from("yes")]).unwrap();
    assert_eq!(found, [[Value::from("active")]]);
    assert_eq!(ask(sql).unwrap().1.len(), 0, "those that are missing are null");
}

#[test]
fn only_what_is_named_is_filled() {
    let named = |sql| {
        let stop = Stop::after(TIME_LIMIT);
        let (_, asked) = Engine::prepare(&Question::read(sql).unwrap(), "me", stop).unwrap();
        let tables: Vec<_> = asked.tables.iter().map(|table| table.name).collect();
        (tables, asked.catalog)
    };
    assert_eq!(named("SELECT 1"), (vec![], false));
    assert_eq!(
        named("SELECT count(*) FROM pools, (SELECT 1 FROM config)"),
        (vec!["config", "pools"], false)
    );
    assert_eq!(named("SELECT relname FROM pg_catalog.pg_class"), (vec![], true));
}

#[test]
fn nothing_can_be_changed() {
    for sql in [
        "WITH x AS (SELECT 1) INSERT INTO pools SELECT * FROM pools",
        "WITH x AS (SELECT 1) DELETE FROM pools",
        "WITH x AS (SELECT 1) UPDATE pools SET user = ''",
    ] {
        assert_eq!(state(sql), "25006", "{sql}");
    }
    for sql in
        ["SELECT load_extension('x')", "SELECT writefile('/tmp/x', 'y')", "SELECT 1; SELECT 2"]
    {
        assert_ne!(state(sql), "none", "{sql}");
    }
}

#[test]
fn mistakes_have_postgresqls_codes() {
    for (sql, code) in [
        ("SELECT * FROM nix", "42P01"),
        ("SELECT nix FROM pools", "42703"),
        ("SELECT nix(1)", "42883"),
        ("SELECT FROM WHERE", "42601"),
        ("SELECT \"nix\"", "42703"),
    ] {
        assert_eq!(state(sql), code, "{sql}");
    }
}

#[test]
fn what_takes_too_much_is_ended() {
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n";
    assert_eq!(state(endless), "54000");
    assert_eq!(state("SELECT n FROM generate_series(1, 100000000000) AS s(n)"), "54000");
    let wide = "SELECT * FROM config a, config b, config c, config d";
    assert_eq!(state(wide), "none", "one setting in the sample: a small cross join is answered");
    let long = "WITH RECURSIVE n(x) AS (SELECT 'a' UNION ALL SELECT x || x FROM n)";
    assert_eq!(state(&format!("{long} SELECT length(x) FROM n")), "54000");
}

/// Each call takes some milliseconds, and there are a thousand steps between two looks of the engine's.
#[test]
fn functions_ask_whether_to_stop() {
    let text = "(SELECT string_agg('aaaaaaaaaaaaaaaa', '') FROM generate_series(1, 30000))";
    let pattern = "'%' || (SELECT string_agg('a', '') FROM generate_series(1, 15)) || 'b%'";
    for compared in ["LIKE", "ILIKE"] {
        let sql = format!(
            "SELECT count(*) FROM (SELECT {text} AS t, {pattern} AS p), generate_series(1, 100000) s(n) \
             WHERE t || n {compared} p"
        );
        let question = Question::read(&sql).unwrap();
        let stop = Stop::after(TIME_LIMIT);
        let (engine, asked) = Engine::prepare(&question, "me", stop.clone()).unwrap();
        stop.begin(Duration::from_millis(100));
        let since = std::time::Instant::now();
        let ended = engine.run(&question, &asked, &[], None).unwrap_err();
        assert_eq!(ended.sqlstate.0, "57014");
        assert!(since.elapsed() < Duration::from_secs(5), "{compared}: {:?}", since.elapsed());
    }
}

#[test]
fn a_question_may_do_what_is_listed_and_nothing_else() {
    for sql in [
        "SELECT 'a' GLOB 'a*'",
        "SELECT printf('%1000000d', 1)",
        "SELECT hex(zeroblob(10))",
        "SELECT sqlite_version()",
        "SELECT load_extension('x')",
        "SELECT json_group_array(1)",
    ] {
        assert_eq!(state(sql), "42883", "{sql}");
    }
    for sql in [
        "SELECT name FROM sqlite_master",
        "SELECT name FROM pg_catalog.sqlite_master",
        "SELECT key FROM json_tree('[1]')",
        "SELECT count(*) FROM sqlite_master",
        "SELECT name FROM pragma_database_list",
    ] {
        assert!(["42P01", "25006"].contains(&state(sql)), "{sql}: {}", state(sql));
    }
    assert_ne!(state("SELECT count(*) FROM pragma_hard_heap_limit(0)"), "none");
    for sql in ["PRAGMA hard_heap_limit = 0", "ATTACH '/tmp/x' AS x", "CREATE TABLE x (y int)"] {
        assert_ne!(state(sql), "none", "{sql}");
    }
    assert_eq!(rows("SELECT 'a%' LIKE 'a!%' ESCAPE '!', 'ab' LIKE 'a!%' ESCAPE '!'"), ["t,f"]);
}

#[test]
fn a_question_that_nobody_waits_for_ends() {
    let endless = Question::read(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
    )
    .unwrap();
    let stop = Stop::after(TIME_LIMIT);
    let (engine, asked) = Engine::prepare(&endless, "me", stop.clone()).unwrap();
    drop(stop.when_dropped());
    let ended = engine.run(&endless, &asked, &[], None).unwrap_err();
    assert_eq!(ended.sqlstate.0, "57014");
}

#[test]
fn a_question_that_takes_too_long_ends() {
    let wide = ["help"; 8].iter().enumerate().map(|(at, table)| format!("{table} t{at}"));
    let wide = format!("SELECT count(*) FROM {}", wide.collect::<Vec<_>>().join(", "));
    let question = Question::read(&wide).unwrap();
    let stop = Stop::after(TIME_LIMIT);
    let (engine, asked) = Engine::prepare(&question, "me", stop.clone()).unwrap();
    let facts = Facts::sample();
    engine.fill(&asked, |table| (table.rows)(&facts)).unwrap();
    stop.begin(Duration::from_millis(20));
    let ended = engine.run(&question, &asked, &[], None).unwrap_err();
    assert_eq!(ended.sqlstate.0, "57014");
    assert!(ended.hint.is_some_and(|hint| hint.contains("limit")));
}

#[test]
fn the_catalog_tells_what_there_is() {
    let tables = rows("SELECT relname FROM pg_class WHERE relkind = 'v' ORDER BY oid");
    assert_eq!(tables.len(), tables::ALL.len());
    let described = "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) \
                     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
                     WHERE c.relname OPERATOR(pg_catalog.~) '^(state)$' COLLATE pg_catalog.default \
                     ORDER BY a.attnum";
    assert_eq!(rows(described), ["key,text", "value,text"]);
    let columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'version'";
    assert_eq!(rows(columns), ["version"]);
}

#[test]
fn what_was_told_of_the_columns_is_kept() {
    let question = Question::read("SELECT NULL").unwrap();
    let stop = Stop::after(TIME_LIMIT);
    let (engine, asked) = Engine::prepare(&question, "me", stop).unwrap();
    let told: Fields = Arc::new([Field { name: "n".into(), kind: Kind::Int8 }]);
    let (fields, _) = engine.run(&question, &asked, &[], Some(&told)).unwrap();
    assert_eq!(fields, told);
}

#[test]
fn questions_are_answered_as_postgresql_answers_them() {
    for (sql, expected) in [
        ("SELECT '5'::int4 + 1, 2.5::int4, true, 'x' = 'X'", "6,2,t,f"),
        ("SELECT name FROM databases WHERE name LIKE 'AP%' OR name ILIKE 'AP%'", "app"),
        ("SELECT name FROM databases WHERE name = ANY('{x,app}')", "app"),
        ("SELECT name FROM databases WHERE port = ANY(ARRAY[1, 5432])", "app"),
        ("SELECT name FROM databases WHERE name <> ALL('{pgweir}')", "app"),
        ("SELECT (current_schemas(true))[1]", "pg_catalog"),
        ("SELECT extract(epoch from '1970-01-01 01:00:00 UTC'::timestamptz)", "3600"),
        ("SELECT now() - interval '1 hour' < now()", "t"),
        ("SELECT count(*) FROM clients WHERE connect_time > '2020-01-01T00:00:00Z'", "1"),
        ("SELECT sum(n) FROM generate_series(1, 4) AS s(n)", "10"),
        ("SELECT count(*) FROM generate_series(2, 1)", "0"),
        ("SELECT trim(both 'x' from 'xax'), substring('abc' from 2 for 1)", "a,b"),
        ("SELECT greatest(1, 3), coalesce(NULL, 7), split_part('a:b', ':', 2)", "3,7,b"),
        (
            "SELECT 'pg_class'::regclass, relname FROM pg_class WHERE oid = 'pools'::regclass",
            "1259,pools",
        ),
        (
            "SELECT trim(s[i]), user \
             FROM generate_series(1, array_upper(string_to_array('a, b', ','), 1)) AS i, \
             string_to_array('a, b', ',') s WHERE i = 2",
            "b,me",
        ),
        ("SELECT (parse_ident('public.pools'))[2], quote_literal('it''s')", "pools,'it''s'"),
        ("SELECT setting FROM pg_settings WHERE name = 'max_index_keys'", "32"),
        ("SELECT typlen FROM pg_type WHERE typname = 'name'", "64"),
    ] {
        assert_eq!(rows(sql), [expected], "{sql}");
    }
}

#[test]
fn values_that_are_none_of_their_type_are_told() {
    for (sql, code) in [
        ("SELECT 'x'::int4", "22P02"),
        ("SELECT 'x'::timestamptz", "22P02"),
        ("SELECT name FROM databases LIMIT 'x'", "22023"),
    ] {
        assert_eq!(state(sql), code, "{sql}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered_or_refused(text in ".{0,60}") {
        let _ = ask(&format!("SELECT {text}"));
    }
}
