//! What a span says of its statement, whichever way the statement came.

use super::{Traced, comment};
use crate::support::frontend::{
    bind, close_statement, describe_statement, execute, parse, query, sync,
};
use crate::support::{Database, until};

const SILENT: &str = "sample = 0";
const ALL: &str = "sample = 1";

#[test]
fn a_query_belongs_to_the_trace_that_its_comment_names() {
    let database = Database::with("CREATE TABLE t (id int)");
    let traced = Traced::of(&database, "sample = 0\nservice_name = \"shop-pool\"");
    let mut wire = traced.pgweir.client(&database);
    wire.rows(&format!("SELECT * FROM t WHERE id = 4711 {}", comment(5)));
    let span = traced.collector.span("SELECT t");

    assert_eq!((span.trace(), span.parent(), span.span.kind), (7, 5, 3));
    assert_eq!((span.span.name.as_str(), span.service.as_str()), ("SELECT t", "shop-pool"));
    let expected = [
        ("db.system.name", "postgresql"),
        ("db.namespace", &database.name),
        ("db.operation.name", "SELECT"),
        ("db.collection.name", "t"),
        ("db.query.summary", "SELECT t"),
        ("db.query.text", "SELECT * FROM t WHERE id = $1"),
        ("server.address", "127.0.0.1"),
        ("network.peer.address", "127.0.0.1"),
        ("client.address", "127.0.0.1"),
        ("pgweir.user", &database.name),
        ("pgweir.role", "primary"),
        ("pgweir.reason", "only_primary"),
    ];
    for (key, value) in expected {
        assert_eq!(span.text(key), Some(value), "{key}");
    }
    let port = i64::from(database.cluster.primary().port());
    assert_eq!(
        (span.whole("server.port"), span.whole("network.peer.port")),
        (Some(port), Some(port))
    );
    assert_eq!(span.whole("db.response.returned_rows"), Some(0));
    assert!(span.span.status.is_none() && !span.has("error.type") && !span.has("pgweir.retried"));
}

#[test]
fn a_spans_time_is_the_statements() {
    let database = Database::create();
    let traced = Traced::of(&database, SILENT);
    let mut wire = traced.pgweir.client(&database);
    wire.rows(&format!("SELECT pg_sleep(0.2) {}", comment(5)));
    let span = traced.collector.span("pg_sleep");
    let took_ns = span.span.end_time_unix_nano - span.span.start_time_unix_nano;
    assert!((200_000_000..20_000_000_000).contains(&took_ns), "{took_ns}");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let age = now - std::time::Duration::from_nanos(span.span.end_time_unix_nano);
    assert!(age.as_secs() < 60, "{age:?}");
    let parts = ["pgweir.wait_ms", "pgweir.server_ms", "pgweir.write_ms"].map(|key| span.ms(key));
    assert!(parts[1] >= 200.0);
    let sum_ns = parts.iter().sum::<f64>() * 1e6;
    assert!((sum_ns - took_ns as f64).abs() < 1e4, "{parts:?} are not {took_ns} ns");
}

#[test]
fn statements_of_the_extended_protocol_belong_to_the_trace_of_their_parse() {
    let database = Database::with("CREATE TABLE t (id int)");
    let traced = Traced::of(&database, SILENT);
    let mut wire = traced.pgweir.client(&database);
    let insert = format!("INSERT INTO t VALUES ($1) {}", comment(5));
    wire.send([parse("", &insert), bind("", "", &[Some("1")]), execute(""), sync()]);
    wire.expect("1 2 C Z");
    // In a unit of its own, as drivers prepare; and executed twice.
    wire.send([
        parse("s1", &format!("SELECT id FROM t {}", comment(6))),
        describe_statement("s1"),
        sync(),
    ]);
    wire.expect("1 t T Z");
    for _ in 0..2 {
        wire.send([bind("", "s1", &[]), execute(""), sync()]);
        wire.expect("2 D C Z");
    }
    wire.rows(&format!("DELETE FROM t {}", comment(9)));
    traced.collector.span("DELETE t");

    let got = traced.collector.all();
    let seen: Vec<_> = got.iter().map(|got| (got.parent(), got.span.name.as_str())).collect();
    assert_eq!(seen, [(5, "INSERT t"), (6, "SELECT t"), (9, "DELETE t")], "one for each trace");
    assert_eq!(got[0].whole("pgweir.rows"), Some(1));
    assert_eq!(got[1].whole("db.response.returned_rows"), Some(1));
    assert!(!got[1].text("db.query.text").unwrap().contains("traceparent"));
}

#[test]
fn each_statement_of_a_pipeline_has_its_span_up_to_the_one_that_fails() {
    let database = Database::create();
    let traced = Traced::of(&database, SILENT);
    let mut wire = traced.pgweir.client(&database);
    let statement = |text: &str, span: u64| {
        [parse("", &format!("{text} {}", comment(span))), bind("", "", &[]), execute("")].concat()
    };
    wire.send([
        statement("SELECT 1 AS a", 1),
        statement("SELECT 1 / 0 AS b", 2),
        statement("SELECT 1 AS c", 3),
        sync(),
        query(&format!("SELECT 1 AS d {}", comment(4))),
    ]);
    wire.expect("1 2 D C 1 E Z T D C Z");
    traced.collector.span("AS d");
    let got = traced.collector.all();
    let seen: Vec<_> = got.iter().map(|got| (got.parent(), got.text("error.type"))).collect();
    assert_eq!(seen, [(1, None), (2, Some("22012")), (4, None)]);
    assert_eq!(got[1].text("db.response.status_code"), Some("22012"));
    let status = got[1].span.status.clone().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "22012"));
    // One after the other, as exactly as two clocks agree.
    let began: Vec<_> = got.iter().map(|got| got.span.start_time_unix_nano).collect();
    assert!(began.windows(2).all(|two| two[0] < two[1] + 1_000_000), "{began:?}");
}

#[test]
fn the_caller_decides_and_chance_for_those_without_one() {
    let database = Database::create();
    let traced = Traced::of(&database, ALL);
    let mut wire = traced.pgweir.client(&database);
    let unsampled = comment(5).replace("-01'", "-00'");
    wire.rows(&format!("SELECT 1 AS unsampled {unsampled}"));
    wire.rows("SELECT 1 AS rooted");
    wire.rows("SELECT 1 AS damaged /*traceparent='00-7-5-01'*/");
    let rooted = traced.collector.span("rooted");
    assert!(rooted.parent() == 0 && rooted.trace() != 0 && rooted.trace() != 7);
    assert_eq!(traced.collector.span("damaged").parent(), 0);
    assert!(traced.collector.all().iter().all(|got| !got.says("unsampled")));
}

#[test]
fn as_much_of_a_text_is_shown_as_the_setting_says() {
    let database = Database::with("CREATE TABLE t (id int)");
    for (shown, text) in [
        ("summary", None),
        ("normalized", Some("SELECT id FROM t WHERE id = $1")),
        ("full", Some("SELECT id FROM t WHERE id = 4711")),
    ] {
        let traced = Traced::of(&database, &format!("sample = 1\ninclude_statement = \"{shown}\""));
        traced.pgweir.client(&database).rows("SELECT id FROM t WHERE id = 4711");
        let span = traced.collector.span("SELECT t");
        assert_eq!(span.text("db.query.text"), text);
    }
}

/// With replicas, one of which has served.
fn with_replicas(setup: &str) -> (Database, Traced) {
    let database = Database::with(setup);
    // A read waits for a replica that has seen what its session has, however busy the machine is.
    let routing = "[routing]\nmax_replica_lag = \"1h\"\nno_replica = \"wait\"\n\n";
    let traced = Traced::start(&(routing.to_owned() + &database.config()), SILENT);
    let mut wire = traced.pgweir.client(&database);
    traced.pgweir.wait_for_log("catalog read");
    until("a replica serves", || {
        wire.rows("SELECT 1");
        wire.value("SHOW pgweir.route") == "read"
    });
    (database, traced)
}

#[test]
fn a_read_on_a_replica_says_so() {
    let (database, traced) = with_replicas("CREATE TABLE t (id int)");
    let mut wire = traced.pgweir.client(&database);
    wire.rows(&format!("SELECT * FROM t {}", comment(5)));
    let span = traced.collector.span("SELECT t");
    assert_eq!(span.text("pgweir.role"), Some("replica"));
    assert_eq!(span.text("pgweir.reason"), Some("read"));
    let ports = database.cluster.replicas().iter().map(|host| i64::from(host.port()));
    assert!(ports.collect::<Vec<_>>().contains(&span.whole("server.port").unwrap()));
}

#[test]
fn a_read_that_a_replica_refuses_is_one_span_on_the_primary() {
    // It says that it only reads, and does not.
    let setup = "CREATE SEQUENCE s; CREATE FUNCTION liar() RETURNS bigint STABLE LANGUAGE plpgsql
        AS $$ BEGIN RETURN nextval('s'); END $$";
    let (database, traced) = with_replicas(setup);
    let mut wire = traced.pgweir.client(&database);
    wire.rows(&format!("SELECT liar() AS simple {}", comment(5)));
    // The context came in a unit that the replica has answered.
    wire.send([parse("s1", &format!("SELECT liar() AS prepared {}", comment(6))), sync()]);
    wire.expect("1 Z");
    wire.send([bind("", "s1", &[]), execute(""), sync()]);
    wire.expect("2 D C Z");
    for span in [5, 6] {
        let span = traced.collector.wait_for("the read", |got| got.parent() == span);
        assert_eq!(span.text("pgweir.role"), Some("primary"));
        assert_eq!(span.text("pgweir.reason"), Some("refused"));
        assert!(span.has("pgweir.retried") && !span.has("error.type"));
    }
    // The next one does not go there first.
    wire.rows(&format!("SELECT liar() AS simple {}", comment(7)));
    let span = traced.collector.wait_for("the last", |got| got.parent() == 7);
    assert!(!span.has("pgweir.retried"));
    assert_eq!(traced.collector.all().len(), 3);
}

#[test]
fn traces_keep_no_statements_apart() {
    let database = Database::create();
    let config = format!(
        "[pooler]\nadmin_users = [\"{}\"]\nquery_statistics = 100\n\n{}",
        database.name,
        database.primary_config()
    );
    let traced = Traced::start(&config, SILENT);
    let mut wire = traced.pgweir.client(&database);
    for n in 1..=50_u64 {
        let name = format!("s{n}");
        wire.send([parse(&name, &format!("SELECT 7 AS one {}", comment(n))), sync()]);
        wire.expect("1 Z");
        wire.send([bind("", &name, &[]), execute(""), close_statement(&name), sync()]);
        wire.expect("2 D C 3 Z");
        wire.rows(&format!("SELECT 8 AS other {}", comment(100 + n)));
    }
    let prepared = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'pgweir%'";
    assert_eq!(wire.value(prepared), "1");
    let mut console = traced.pgweir.wire(&database.name, &database.name, "pgweir");
    let queries = console.rows("SHOW QUERIES");
    let lines = |part: &str| {
        let has =
            |row: &&Vec<Option<String>>| row.iter().flatten().any(|value| value.contains(part));
        queries.iter().filter(has).count()
    };
    assert_eq!((lines("AS one"), lines("AS other")), (1, 1), "{queries:?}");
    traced.collector.wait_for("the last", |got| got.parent() == 150);
    assert_eq!(traced.collector.all().len(), 100);
}

#[test]
fn a_statement_without_a_server_has_a_span_that_says_why() {
    let database = Database::create();
    let config = format!(
        "[pooler]\ndefault_pool_size = 1\nquery_wait_timeout = \"100ms\"\n\n{}",
        database.primary_config()
    );
    let traced = Traced::start(&config, SILENT);
    let mut holder = traced.pgweir.client(&database);
    holder.rows("BEGIN");
    holder.rows("SELECT 1");
    let mut wire = traced.pgweir.client(&database);
    let fields = wire.error(&format!("SELECT 1 AS waits {}", comment(5)));
    let span = traced.collector.span("waits");
    assert_eq!(span.parent(), 5);
    assert_eq!(span.text("db.response.status_code"), Some(fields.code.as_str()));
    assert!(span.ms("pgweir.wait_ms") >= 100.0);
    assert!(!span.has("db.response.returned_rows"));
}

#[test]
fn a_statement_whose_client_or_server_goes_has_a_span_that_says_so() {
    let database = Database::create();
    let traced = Traced::of(&database, SILENT);
    let mut wire = traced.pgweir.client(&database);
    wire.send([query(&format!("SELECT pg_sleep(600) AS left {}", comment(5)))]);
    until("it runs", || database.running("SELECT pg_sleep(600) AS left") == 1);
    drop(wire);
    let span = traced.collector.wait_for("the first", |got| got.parent() == 5);
    assert_eq!(span.text("error.type"), Some("client_left"));

    let mut wire = traced.pgweir.client(&database);
    wire.send([query(&format!("SELECT pg_sleep(600) AS lost {}", comment(6)))]);
    until("it runs", || database.running("SELECT pg_sleep(600) AS lost") == 1);
    database.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE query LIKE '%AS lost%' AND pid <> pg_backend_pid()",
    );
    let span = traced.collector.wait_for("the second", |got| got.parent() == 6);
    assert_eq!(span.text("error.type"), Some("57P01"));
}
