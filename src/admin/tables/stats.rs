//! What was counted, for each database: since the start, and in the last period.

use super::{Table, columns};
use crate::admin::access::Right;
use crate::admin::facts::Facts;
use crate::admin::rates::Averages;
use crate::admin::value::{Row, Value};
use crate::stats::PoolTotals;

pub(super) static STATS: Table = Table {
    name: "stats",
    about: "What was counted for each database: `total_` since its pools were made, `avg_` in the \
            last `stats_period`. Times are microseconds. `SHOW TOTALS` adds the databases up.",
    right: Right::Look,
    columns: columns! {
        database: Text, "The database, as clients ask for it.";
        total_server_assignment_count: Numeric, "How often a client got a server.";
        total_xact_count: Numeric, "Transactions.";
        total_query_count: Numeric, "Statements.";
        total_received: Numeric, "Bytes from clients.";
        total_sent: Numeric, "Bytes to clients.";
        total_xact_time: Numeric, "Time within transactions.";
        total_query_time: Numeric, "Time within statements.";
        total_wait_time: Numeric, "Time that clients waited for a server.";
        total_client_parse_count: Numeric, "Prepared statements that clients made.";
        total_server_parse_count: Numeric, "Prepared statements that servers were told of.";
        total_bind_count: Numeric, "Executions of prepared statements.";
        total_client_login_count: Numeric, "Logins of clients.";
        avg_server_assignment_count: Numeric, "How often a client got a server, per second.";
        avg_xact_count: Numeric, "Transactions per second.";
        avg_query_count: Numeric, "Statements per second.";
        avg_recv: Numeric, "Bytes from clients per second.";
        avg_sent: Numeric, "Bytes to clients per second.";
        avg_xact_time: Numeric, "Time of a transaction.";
        avg_query_time: Numeric, "Time of a statement.";
        avg_wait_time: Numeric, "Time that clients waited for a server, per second.";
        avg_client_parse_count: Numeric, "Prepared statements that clients made, per second.";
        avg_server_parse_count: Numeric,
            "Prepared statements that servers were told of, per second.";
        avg_bind_count: Numeric, "Executions of prepared statements per second.";
        avg_client_login_count: Numeric, "Logins of clients per second.";
    },
    sources: &[],
    rows: |facts| each(facts, |totals, averages| [list(totals), list(&averages.0)].concat()),
};

pub(super) static STATS_TOTALS: Table = Table {
    name: "stats_totals",
    about: "The totals of `stats` alone.",
    right: Right::Look,
    columns: columns! {
        database: Text, "The database, as clients ask for it.";
        server_assignment_count: Numeric, "How often a client got a server.";
        xact_count: Numeric, "Transactions.";
        query_count: Numeric, "Statements.";
        bytes_received: Numeric, "Bytes from clients.";
        bytes_sent: Numeric, "Bytes to clients.";
        xact_time: Numeric, "Time within transactions.";
        query_time: Numeric, "Time within statements.";
        wait_time: Numeric, "Time that clients waited for a server.";
        client_parse_count: Numeric, "Prepared statements that clients made.";
        server_parse_count: Numeric, "Prepared statements that servers were told of.";
        bind_count: Numeric, "Executions of prepared statements.";
        client_login_count: Numeric, "Logins of clients.";
    },
    sources: &[],
    rows: |facts| each(facts, |totals, _| list(totals)),
};

pub(super) static STATS_AVERAGES: Table = Table {
    name: "stats_averages",
    about: "The averages of `stats` alone, under PgBouncer's names.",
    right: Right::Look,
    columns: columns! {
        database: Text, "The database, as clients ask for it.";
        server_assignment_count: Numeric, "How often a client got a server, per second.";
        xact_count: Numeric, "Transactions per second.";
        query_count: Numeric, "Statements per second.";
        bytes_received: Numeric, "Bytes from clients per second.";
        bytes_sent: Numeric, "Bytes to clients per second.";
        xact_time: Numeric, "Time of a transaction.";
        query_time: Numeric, "Time of a statement.";
        wait_time: Numeric, "Time that clients waited for a server, per second.";
        avg_client_parse_count: Numeric, "Prepared statements that clients made, per second.";
        avg_server_parse_count: Numeric,
            "Prepared statements that servers were told of, per second.";
        avg_bind_count: Numeric, "Executions of prepared statements per second.";
        avg_client_login_count: Numeric, "Logins of clients per second.";
    },
    sources: &[],
    rows: |facts| each(facts, |_, averages| list(&averages.0)),
};

pub(super) static TOTALS: Table = Table {
    name: "totals",
    about: "What `stats` has, all databases together.",
    right: Right::Look,
    columns: columns! {
        name: Text, "What was counted, with `total_` or `avg_` in front.";
        value: Numeric, "How much it is.";
    },
    sources: &[],
    rows: totals,
};

/// PgBouncer's names in this table, in the order of [`list`].
const TOTALS_NAMES: [&str; 12] = [
    "server_assignment_count",
    "xact_count",
    "query_count",
    "client_bytes",
    "server_bytes",
    "xact_time",
    "query_time",
    "wait_time",
    "ps_client_parse_count",
    "ps_server_parse_count",
    "ps_bind_count",
    "client_login_count",
];

fn list(totals: &PoolTotals) -> Row {
    let numbers = [
        totals.server_assignment_count,
        totals.xact_count,
        totals.query_count,
        totals.received,
        totals.sent,
        totals.xact_time,
        totals.query_time,
        totals.wait_time,
        totals.client_parse_count,
        totals.server_parse_count,
        totals.bind_count,
        totals.client_login_count,
    ];
    numbers.into_iter().map(Value::from).collect()
}

fn each(facts: &Facts, values: fn(&PoolTotals, &Averages) -> Row) -> Vec<Row> {
    let databases = facts.totals.iter();
    databases
        .map(|(name, totals)| {
            let averages = facts.averages.get(name).copied().unwrap_or_default();
            [vec![Value::text(name)], values(totals, &averages)].concat()
        })
        .collect()
}

fn totals(facts: &Facts) -> Vec<Row> {
    let mut sum = PoolTotals::default();
    facts.totals.values().for_each(|totals| sum += *totals);
    let averages = facts.averages_of_all;
    let named = |prefix: &'static str, values: Row| {
        let names = TOTALS_NAMES.iter().map(move |name| Value::from(format!("{prefix}{name}")));
        names.zip(values).map(|(name, value)| vec![name, value])
    };
    named("total_", list(&sum)).chain(named("avg_", list(&averages.0))).collect()
}
