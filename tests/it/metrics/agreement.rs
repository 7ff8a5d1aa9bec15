//! pgbench, the console and a scrape say the same of the same work.

use super::Watched;
use super::scrape::Scrape;
use crate::support::frontend::query;
use crate::support::pgbench::{Pgbench, Report};
use crate::support::{Database, Wire, until};

/// Clients at a time, and servers for them.
const CLIENTS: u64 = 100;
const SERVERS: u64 = 5;

/// In front of the primary alone; `watcher` may look at the console.
fn watched(database: &Database) -> Watched {
    Watched::start(&format!(
        "[pooler]\ndefault_pool_size = {SERVERS}\nlog_connections = false\n\
         log_disconnections = false\nquery_statistics = 1000\nstats_users = [\"watcher\"]\n\n{}\n\
         [users.watcher]\npassword = \"watcher\"\n",
        database.primary_config()
    ))
}

fn console(watched: &Watched) -> Wire {
    watched.pgweir.wire("watcher", "watcher", "pgweir")
}

/// The only row that SQL finds on the console: numbers.
fn numbers<const N: usize>(console: &mut Wire, sql: &str) -> [f64; N] {
    let rows = console.rows(sql);
    let [row] = &rows[..] else { panic!("{sql}: {rows:?}") };
    let number = |text: &Option<String>| text.as_deref().unwrap_or("0").parse().unwrap();
    row.iter().map(number).collect::<Vec<f64>>().try_into().unwrap()
}

fn within_a_hundredth(found: f64, expected: f64, what: &str) {
    let off = (found - expected).abs();
    assert!(off * 100.0 <= expected, "{what}: {found}, and not {expected}");
}

#[test]
fn pgbench_the_console_and_a_scrape_count_the_same() {
    let database = Pgbench::tables();
    // Queries in a transaction, and those that a client prepares before it first uses them; what it
    // prepares outside of a transaction is a BEGIN, which costs no server.
    let modes = [("simple", 7.0, 0.0), ("prepared", 7.0, 6.0)];
    for (mode, queries, prepared) in modes {
        let watched = watched(&database);
        let mut console = console(&watched);
        let run = Pgbench::start(&watched.pgweir, &database, (CLIENTS, 20), &["-M", mode]);
        let report = run.report();
        assert_eq!(report.transactions, CLIENTS * 20);
        let done = report.transactions as f64;
        until("only the console's client is left", || {
            watched.scrape().value("pgbouncer_used_clients") == 1.0
        });
        let scrape = watched.scrape();
        let [transactions, answered] =
            numbers(&mut console, "SELECT sum(xact_count), sum(query_count) FROM stats_totals");
        within_a_hundredth(transactions, done, "transactions");
        let prepares = CLIENTS as f64 * prepared;
        within_a_hundredth(answered, done * queries + prepares, "queries");
        stats_are_the_same(&mut console, &scrape, &database);
        histograms_have_the_same_sums(&scrape, &database);
        statements_add_up(&mut console, &scrape, done * queries);
        if prepared == 0.0 {
            bytes_and_times_add_up(&mut console);
        }
        clients_have_seen_that_time(&mut console, report);
    }
}

/// Nothing moves any more, so they are equal.
fn stats_are_the_same(console: &mut Wire, scrape: &Scrape, database: &Database) {
    let columns = [
        ("xact_count", "sql_transactions_pooled_total", 1.0),
        ("query_count", "queries_pooled_total", 1.0),
        ("server_assignment_count", "server_assignments_total", 1.0),
        ("bytes_received", "received_bytes_total", 1.0),
        ("bytes_sent", "sent_bytes_total", 1.0),
        ("xact_time", "server_in_transaction_seconds_total", 1e6),
        ("query_time", "queries_duration_seconds_total", 1e6),
        ("wait_time", "client_wait_seconds_total", 1e6),
        ("client_parse_count", "client_parses_total", 1.0),
        ("server_parse_count", "server_parses_total", 1.0),
        ("bind_count", "binds_total", 1.0),
    ];
    let name = &database.name;
    for (column, metric, unit) in columns {
        let sql = format!("SELECT {column} FROM stats_totals WHERE database = '{name}'");
        let [shown] = numbers(console, &sql);
        let sample = format!("pgbouncer_stats_totals_{metric}{{database=\"{name}\"}}");
        let scraped = scrape.value(&sample) * unit;
        assert!((shown - scraped).abs() < 0.5, "{column}: {shown} shown, {scraped} scraped");
    }
}

/// Each thing that is counted has been timed, and buckets hold all of it.
fn histograms_have_the_same_sums(scrape: &Scrape, database: &Database) {
    let pair = format!("database=\"{0}\",user=\"{0}\",role=\"primary\"", database.name);
    let stats = |metric: &str| {
        let labels = format!("{{database=\"{}\"}}", database.name);
        scrape.value(&format!("pgbouncer_stats_totals_{metric}{labels}"))
    };
    for (histogram, count, sum) in [
        ("client_wait", "server_assignments_total", "client_wait_seconds_total"),
        ("query", "queries_pooled_total", "queries_duration_seconds_total"),
        ("transaction", "sql_transactions_pooled_total", "server_in_transaction_seconds_total"),
    ] {
        let of = |part: &str| format!("pgweir_{histogram}_seconds_{part}");
        let value = |part: &str| scrape.value(&format!("{}{{{pair}}}", of(part)));
        assert_eq!(value("count"), stats(count), "{histogram}");
        within_a_hundredth(value("sum"), stats(sum), histogram);
        let all = scrape.value(&format!("{}{{{pair},le=\"+Inf\"}}", of("bucket")));
        assert_eq!(all, value("count"), "{histogram}");
        let below = |le: &str| scrape.value(&format!("{}{{{pair},le=\"{le}\"}}", of("bucket")));
        let buckets = ["0.0000152587890625", "0.0009765625", "1", "128"].map(below);
        assert!(buckets.is_sorted() && buckets[3] == all, "{histogram}: {buckets:?}");
    }
}

/// What single statements cost is what all of them cost together.
fn statements_add_up(console: &mut Wire, scrape: &Scrape, executed: f64) {
    let sql = "SELECT sum(calls), sum(rows), sum(errors) FROM queries";
    let [calls, rows, errors] = numbers(console, sql);
    within_a_hundredth(calls, executed, "calls");
    assert_eq!((errors, scrape.sum("pgweir_errors_total", &[])), (0.0, 0.0));
    assert_eq!(rows, scrape.sum("pgweir_rows_total", &[]));
    let [routed] = numbers(console, "SELECT sum(count) FROM routes");
    assert_eq!(routed, scrape.sum("pgweir_statements_total", &[]));
}

/// What is prepared without being executed is no call's, so this is for simple queries.
fn bytes_and_times_add_up(console: &mut Wire) {
    let sql = "SELECT sum(server_time_us), sum(wait_time_us) FROM queries";
    let [server_us, wait_us] = numbers(console, sql);
    let sql = "SELECT sum(query_time), sum(wait_time) FROM stats_totals";
    let [all_server_us, all_wait_us] = numbers(console, sql);
    within_a_hundredth(server_us, all_server_us, "time on servers");
    within_a_hundredth(wait_us, all_wait_us, "time of waiting");
    let [received, sent] = numbers(console, "SELECT sum(received), sum(sent) FROM queries");
    let sql = "SELECT sum(bytes_received), sum(bytes_sent) FROM stats_totals";
    let [all_received, all_sent] = numbers(console, sql);
    within_a_hundredth(received, all_received, "bytes from clients");
    within_a_hundredth(sent, all_sent, "bytes to clients");
}

/// A client cannot have waited and worked for longer than it was there.
fn clients_have_seen_that_time(console: &mut Wire, report: Report) {
    let sql = "SELECT sum(xact_time), sum(wait_time) FROM stats_totals";
    let [in_transactions, waiting]: [f64; 2] = numbers(console, sql);
    let counted_ms = (in_transactions + waiting) / 1e3;
    let seen_ms = report.latency_ms * report.transactions as f64;
    assert!(counted_ms <= seen_ms * 1.01, "{counted_ms} ms counted, {seen_ms} ms seen");
    assert!(counted_ms * 4.0 >= seen_ms, "{counted_ms} ms counted, {seen_ms} ms seen");
}

/// While a lock holds everybody, who waits is the same wherever one looks.
#[test]
fn who_waits_is_the_same_in_pools_clients_and_a_scrape() {
    let database = Pgbench::tables();
    let watched = watched(&database);
    let (mut console, mut lock) = (console(&watched), database.direct());
    lock.rows("BEGIN");
    lock.rows("LOCK TABLE pgbench_accounts");
    let run = Pgbench::start(&watched.pgweir, &database, (CLIENTS, 10), &["-S", "-M", "simple"]);
    let expected = [SERVERS, CLIENTS - SERVERS, SERVERS, 0].map(|count| count as f64);
    let sql = "SELECT cl_active, cl_waiting, sv_active, sv_idle FROM pools";
    until("all but five wait", || {
        let pools = console.rows("SHOW POOLS");
        pools.len() == 1 && numbers(&mut console, sql) == expected
    });
    let scrape = watched.scrape();
    let pair = format!("{{database=\"{0}\",user=\"{0}\"}}", database.name);
    let pools = |metric: &str| scrape.value(&format!("pgbouncer_pools_{metric}{pair}"));
    let scraped = [
        "client_active_connections",
        "client_waiting_connections",
        "server_active_connections",
        "server_idle_connections",
    ];
    assert_eq!(scraped.map(pools), expected);
    assert!(pools("client_maxwait_seconds") > 0.0);
    // The console's client is one too.
    assert_eq!(scrape.value("pgbouncer_used_clients"), CLIENTS as f64 + 1.0);
    let lists = "SELECT items FROM lists WHERE list = ";
    assert_eq!(numbers(&mut console, &format!("{lists}'used_clients'")), [CLIENTS as f64 + 1.0]);
    assert_eq!(numbers(&mut console, &format!("{lists}'used_servers'")), [SERVERS as f64]);
    let waiting = "SELECT count(*) FROM clients WHERE state = 'waiting'";
    assert_eq!(numbers(&mut console, waiting), [(CLIENTS - SERVERS) as f64]);
    lock.rows("COMMIT");
    assert_eq!(run.report().transactions, CLIENTS * 10);
}

#[test]
fn errors_are_the_same_by_class_and_by_statement() {
    let database = Database::with("CREATE TABLE t (id int PRIMARY KEY)");
    let watched = watched(&database);
    let (mut client, mut console) = (watched.pgweir.client(&database), console(&watched));
    client.rows("INSERT INTO t VALUES (1)");
    for _ in 0..3 {
        assert_eq!(client.error("INSERT INTO t VALUES (1)").code, "23505");
    }
    assert_eq!(client.error("SELECT id / 0 FROM t").code, "22012");
    assert_eq!(client.error("SET statement_timeout = 'nonsense'").code, "22023");
    client.send([query("DO $$ BEGIN RAISE SQLSTATE 'AB123'; END $$")]);
    client.expect("E Z");
    let scrape = watched.scrape();
    let of_class = |class: &str| {
        let labels = format!("{{database=\"{}\",class=\"{class}\"}}", database.name);
        scrape.value(&format!("pgweir_errors_total{labels}"))
    };
    let counted = ["22", "23", "other", "08", "57014"].map(of_class);
    assert_eq!(counted, [2.0, 3.0, 1.0, 0.0, 0.0]);
    let sql = "SELECT calls, errors, error_codes, p50_us > 0 AND p95_us >= p50_us AND \
               p99_us >= p95_us FROM queries WHERE query LIKE 'INSERT INTO t %'";
    let row = console.rows(sql).remove(0);
    let row: Vec<_> = row.iter().map(|value| value.as_deref().unwrap_or("")).collect();
    assert_eq!(row[..3], ["4", "3", "23505 3"]);
    assert!(["t", "1"].contains(&row[3]), "{row:?}");
    assert_eq!(numbers(&mut console, "SELECT sum(errors) FROM queries"), [6.0]);
}
