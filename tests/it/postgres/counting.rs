//! What pgweir counts is what pgbench has done, and slow statements are told of without their values.

use super::with_settings;
use crate::support::frontend::{bind, execute, parse, query, sync};
use crate::support::pgbench::Pgbench;
use crate::support::{Database, Pgweir, until};

/// Clients at a time, on five servers.
const CLIENTS: u64 = 100;

/// A number in a line of the log, which is JSON.
fn number(line: &str, key: &str) -> u64 {
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    line[key].as_u64().unwrap_or_else(|| panic!("no {key} in {line}"))
}

/// Runs pgbench through pgweir, so many transactions for each client, and says how many it counts.
fn pgbench(pgweir: &Pgweir, database: &Database, transactions: u64, options: &[&str]) -> u64 {
    let run = Pgbench::start(pgweir, database, (CLIENTS, transactions), options);
    let counted = run.report().transactions;
    // One more looks at the tables first. Who is still there when pgweir ends gets an error for it.
    let left = || pgweir.log().matches("logout").count() as u64;
    until("all clients have left", || left() > CLIENTS);
    counted
}

/// Ends pgweir and returns the line in which it sums up.
fn summed_up(pgweir: Pgweir) -> String {
    let (_, log) = pgweir.stop();
    let line = log.lines().find(|line| line.contains("\"served\""));
    line.unwrap_or_else(|| panic!("it did not sum up:\n{log}")).to_owned()
}

fn within_a_hundredth(counted: u64, done: u64, what: &str) {
    assert!(counted.abs_diff(done) * 100 <= done, "{what}: {counted} counted, {done} done");
}

#[test]
fn pgbench_and_pgweir_count_the_same() {
    let database = Pgbench::tables();
    for (options, queries_each) in [(&["-S", "-M", "simple"][..], 1), (&["-M", "simple"][..], 7)] {
        let pgweir = with_settings(
            &database,
            "default_pool_size = 5\nlog_connections = false\nquery_statistics = 1000",
        );
        let done = pgbench(&pgweir, &database, 40, options);
        assert_eq!(done, CLIENTS * 40);
        let line = summed_up(pgweir);
        within_a_hundredth(number(&line, "transactions"), done, "transactions");
        within_a_hundredth(number(&line, "queries"), done * queries_each, "queries");
        within_a_hundredth(number(&line, "calls"), done * queries_each, "calls of statements");
        assert_eq!(number(&line, "errors"), 0);
    }
}

#[test]
fn executions_of_prepared_statements_are_counted_as_calls() {
    let database = Pgbench::tables();
    for mode in ["extended", "prepared"] {
        let pgweir = with_settings(
            &database,
            "default_pool_size = 5\nlog_connections = false\nquery_statistics = 1000",
        );
        let done = pgbench(&pgweir, &database, 40, &["-S", "-M", mode]);
        let line = summed_up(pgweir);
        within_a_hundredth(number(&line, "calls"), done, "calls of statements");
        within_a_hundredth(number(&line, "rows"), done, "rows");
    }
}

#[test]
fn a_slow_statement_is_told_of_without_its_values() {
    let database = Database::with("CREATE TABLE t (a int, b text)");
    let pgweir = with_settings(&database, "default_pool_size = 1\nlog_min_duration = \"0\"");
    let mut wire = pgweir.client(&database);
    wire.rows("INSERT INTO t VALUES (1, 'secret'), (2, 'secret')");
    let line = pgweir.wait_for_log("INSERT INTO t");
    assert!(line.contains("slow statement") && !line.contains("secret"), "{line}");
    assert!(line.contains("VALUES ($1, $2), ($3, $4)"), "{line}");
    assert_eq!(number(&line, "rows"), 2);
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&line["database"], &line["role"]),
        (&database.name.clone().into(), &"primary".into())
    );
    let [total, wait, server, write] =
        ["duration_ms", "wait_ms", "server_ms", "write_ms"].map(|key| line[key].as_f64().unwrap());
    assert!(server > 0.0 && (wait + server + write - total).abs() < 0.01, "{line}");

    wire.send([parse("s", "SELECT $1::int / 0"), bind("", "s", &[Some("7")]), execute(""), sync()]);
    wire.expect("1 E Z");
    let line = pgweir.wait_for_log("::int / $");
    assert!(line.contains("\"sqlstate\":\"22012\""), "{line}");
}

#[test]
fn only_what_takes_long_enough_is_told_of_and_each_database_may_say_how_long() {
    let database = Database::create();
    let config = database.primary_config().replace(
        &format!("[databases.{}]", database.name),
        &format!(
            "[pooler]\nlog_min_duration = \"0\"\n\n[databases.{}]\nlog_min_duration = \"250ms\"",
            database.name
        ),
    );
    let pgweir = Pgweir::start(&config);
    let mut wire = pgweir.client(&database);
    wire.rows("SELECT 1 AS quick");
    wire.send([query("SELECT pg_sleep(0.3)")]);
    wire.expect("T D C Z");
    let line = pgweir.wait_for_log("slow statement");
    assert!(line.contains("pg_sleep($1)"), "{line}");
}
