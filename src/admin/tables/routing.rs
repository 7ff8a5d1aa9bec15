//! What PgBouncer does not have: hosts, and where statements went and why.

use super::pools::place;
use super::{Table, columns};
use crate::admin::access::Right;
use crate::admin::facts::{Facts, Source};
use crate::admin::value::{Row, Value};
use crate::net::Address;
use crate::pool::Counts;
use crate::pooler::registry::Listed;
use crate::pooler::{Gone, Host, HostTarget, Pool, Recovery, clock};
use crate::routing::freshness::Moment;
use crate::routing::{Reason, Role};
use crate::stats::PoolTotals;
use crate::stats::queries::Query;
use std::sync::Arc;

pub(super) static HOSTS: Table = Table {
    name: "hosts",
    about: "A row for each host of each database of the configuration.",
    right: Right::Look,
    columns: columns! {
        + database: Text, "The database, as the configuration names it.";
        + role: Text, "`primary` or `replica`, for this database.";
        + host: Text, "Where the host is.";
        + port: Int4, "Its port.";
        + usable: Bool,
            "Whether it answers and lets one of the database's users in, as far as is known; null \
             before a client needed it.";
        + retry_in_ms: Int8,
            "After a failed login: how long until the next may be tried. All pools on the host share \
             it while that does not answer; while it refuses one login, only that waits.";
        + last_error: Text,
            "Why the last login failed, until one succeeds; also why the host cannot be asked how \
             fresh it is.";
        + in_recovery: Bool,
            "Whether the host calls itself a standby; false where it takes writes, null before it has \
             said. Two of one database that are false are two primaries.";
        + lag_ms: Float8,
            "How far a replica is behind, as far as is proven: the time since a moment whose \
             writes it shows, milliseconds. Null while nothing is proven, and for a primary.";
        + sv_active: Int8, "Servers that a client has.";
        + sv_idle: Int8, "Servers that a client can have at once.";
        + sv_login: Int8, "Servers that are logging in, or wait to try it again.";
        + cl_waiting: Int8, "Clients that wait for a server on it.";
        + maxwait_us: Int8, "How long the oldest of them has waited, microseconds.";
        + reads: Int8, "Units of work that went there because they only read.";
        + others: Int8, "All other units of work that went there.";
        + refused: Int8, "Reads that it refused, and that the primary ran unseen.";
    },
    sources: &[],
    rows: hosts,
};

pub(super) static ROUTES: Table = Table {
    name: "routes",
    about: "Where statements went and why, for each database and user, since its pools were made. \
            docs/routing.md has the reasons.",
    right: Right::Look,
    columns: columns! {
        + database: Text, "The database, as clients ask for it.";
        + user: Text, "The user who is logged in to the hosts.";
        + role: Text,
            "`primary` or `replica`; `shadow` went to the primary, and would have gone to a replica \
             if `read_write_split` were true.";
        + reason: Text, "Why, in a word.";
        + count: Int8, "How many.";
        + explanation: Text, "The reason in a sentence.";
    },
    sources: &[],
    rows: |facts| facts.listed.iter().flat_map(routes).collect(),
};

pub(super) static QUERIES: Table = Table {
    name: "queries",
    about: "Statistics of statements, those that took most time first: as many as \
            `query_statistics` says. Statements are told apart by their text without literals.",
    right: Right::Look,
    columns: columns! {
        + database: Text, "The database, as clients ask for it.";
        + user: Text, "The user who is logged in to the hosts.";
        + role: Text, "`primary` or `replica`: where it ran.";
        + query: Text, "The statement, with a parameter in the place of each literal.";
        + calls: Int8, "How often it ran.";
        + rows: Int8, "Rows that it returned or changed.";
        + errors: Int8, "How often it failed.";
        + error_codes: Text, "With which SQLSTATEs, and how often each.";
        + received: Int8, "Bytes from clients.";
        + sent: Int8, "Bytes to clients.";
        + total_time_us: Int8, "All of its time: the next three together, microseconds.";
        + wait_time_us: Int8, "How long it waited for a server, microseconds.";
        + server_time_us: Int8, "How long servers worked at it, microseconds.";
        + write_time_us: Int8, "How long its answers waited for their clients, microseconds.";
        + p50_us: Int8, "Half of its calls took no longer, microseconds.";
        + p95_us: Int8, "95 of 100 calls took no longer, microseconds.";
        + p99_us: Int8, "99 of 100 calls took no longer, microseconds.";
        + reasons: Text, "Why it went there, and how often for each reason.";
    },
    sources: &[Source::Statements],
    rows: |facts| facts.queries.iter().map(query).collect(),
};

fn query(query: &Query) -> Row {
    let percentile = |share| number(query.times.percentile_us(share));
    let codes = query
        .errors
        .known()
        .iter()
        .map(|(code, count)| (String::from_utf8_lossy(code).into_owned(), *count));
    let reasons = query.reasons.known().iter().filter_map(|(reason, count)| {
        Some((Reason::ALL.get(usize::from(*reason))?.as_str().to_owned(), *count))
    });
    vec![
        Value::text(&query.place.database),
        Value::text(&query.place.user),
        Value::from(query.place.role),
        Value::text(&query.text),
        number(query.calls),
        number(query.rows),
        number(query.errors.total()),
        counted(codes, query.errors.others()),
        number(query.received),
        number(query.sent),
        number(query.times.sum_us()),
        number(query.wait_us),
        number(query.server_us),
        number(query.write_us),
        percentile(0.50),
        percentile(0.95),
        percentile(0.99),
        counted(reasons, query.reasons.others()),
    ]
}

/// `read 12, hint 3`.
fn counted(known: impl Iterator<Item = (String, u64)>, others: u64) -> Value {
    let others = (others > 0).then(|| ("others".to_owned(), others));
    let all: Vec<_> = known.chain(others).map(|(name, count)| format!("{name} {count}")).collect();
    Value::from(all.join(", "))
}

fn number(count: u64) -> Value {
    Value::from(count)
}

fn role(role: Role) -> Value {
    Value::from(match role {
        Role::Primary => "primary",
        Role::Replica => "replica",
    })
}

fn hosts(facts: &Facts) -> Vec<Row> {
    let mut databases: Vec<_> = facts.databases.values().collect();
    databases.sort_by_key(|database| database.name.as_str());
    let (mut rows, recovery) = (Vec::new(), Recovery::of(&facts.listed));
    for database in databases {
        let replicas = database.replicas.iter().map(|target| (Role::Replica, target));
        for (role, target) in [(Role::Primary, &database.primary)].into_iter().chain(replicas) {
            rows.push(host(facts, &database.name, role, target, &recovery));
        }
    }
    rows
}

/// The pools of a database on one of its hosts.
fn pools_on<'f>(
    facts: &'f Facts,
    name: &'f str,
    at: (Role, &'f Address),
) -> impl Iterator<Item = &'f Arc<Pool>> {
    let of_database = facts.listed.iter().filter(move |l| l.pools.database.name == name);
    let all = of_database.flat_map(|listed| listed.pools.iter());
    all.filter(move |pool| pool.role == at.0 && pool.host.address == *at.1)
}

fn host(facts: &Facts, database: &str, of: Role, target: &HostTarget, recovery: &Recovery) -> Row {
    let (address, port) = place(&target.address);
    let known: Option<&Arc<Host>> = facts.hosts.iter().find(|h| h.address == target.address);
    let pools: Vec<&Arc<Pool>> = pools_on(facts, database, (of, &target.address)).collect();
    let pauses = pools.iter().filter_map(|pool| pool.login_pause(facts.now));
    let pause = pauses.min_by_key(|pause| pause.until);
    let pause = known.and_then(|host| host.setback.pause(facts.now)).or(pause);
    let retry_in = pause.map(|pause| pause.until.saturating_duration_since(facts.now).as_millis());
    let lets_in = pools.is_empty() || pools.iter().any(|pool| pool.is_usable());
    let each: Vec<Counts> = pools.iter().map(|pool| pool.counts()).collect();
    let mut totals = PoolTotals::default();
    pools.iter().for_each(|pool| totals += pool.stats.totals());
    let lag = (of == Role::Replica).then(|| lag_ms(facts, database, &target.address));
    let error = pools.iter().find_map(|pool| pool.last_error()).map(|error| error.to_string());
    let not_answered = || known?.setback.why().map(|error| error.to_string());
    let error = error.or_else(not_answered).or_else(|| known?.not_asked());
    let sum = |of: fn(&Counts) -> usize| Value::from(each.iter().map(of).sum::<usize>());
    let longest = each.iter().map(|counts| counts.maxwait).max().unwrap_or_default();
    vec![
        Value::text(database),
        role(of),
        address,
        port,
        Value::from(known.map(|host| host.is_usable() && lets_in)),
        Value::from(retry_in.map(|ms| u64::try_from(ms).unwrap_or(u64::MAX))),
        Value::from(error),
        Value::from(recovery.is_standby(&target.address)),
        Value::from(lag.flatten()),
        sum(|counts| counts.sv_active),
        sum(|counts| counts.sv_idle),
        sum(|counts| counts.sv_login),
        sum(|counts| counts.cl_waiting),
        Value::from(u64::try_from(longest.as_micros()).unwrap_or(u64::MAX)),
        Value::from(totals.reads),
        Value::from(totals.others),
        Value::from(totals.refused),
    ]
}

fn routes(listed: &Listed) -> Vec<Row> {
    let all =
        Gone::ALL.into_iter().flat_map(|gone| Reason::ALL.iter().map(move |why| (gone, *why)));
    let counted = |(gone, why): (Gone, Reason)| {
        let count = listed.pools.routes.total(gone as usize, why as usize);
        (count > 0).then(|| {
            vec![
                Value::text(&listed.database),
                Value::text(&listed.user),
                Value::from(gone.as_str()),
                Value::from(why.as_str()),
                Value::from(count),
                Value::from(why.explanation()),
            ]
        })
    };
    all.filter_map(counted).collect()
}

/// How long ago the moment was whose writes a replica is proven to show.
fn lag_ms(facts: &Facts, database: &str, replica: &Address) -> Option<f64> {
    let mut listed = facts.listed.iter().filter(|l| l.pools.database.name == database);
    let proof = listed.find_map(|listed| {
        let pools = &listed.pools;
        let index = pools.replicas.iter().position(|pool| pool.host.address == *replica)?;
        Some(pools.watch.as_ref()?.proof(index))
    })?;
    let known = proof.fresh_as_of != Moment::NEVER;
    known.then(|| clock::now().since(proof.fresh_as_of).as_secs_f64() * 1_000.0)
}
