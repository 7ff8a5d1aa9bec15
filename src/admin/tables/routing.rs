//! What PgBouncer does not have: hosts, and where statements went and why.

use super::pools::place;
use super::{Table, columns};
use crate::admin::access::Right;
use crate::admin::facts::Facts;
use crate::admin::value::{Row, Value};
use crate::net::Address;
use crate::pool::Counts;
use crate::pooler::registry::Listed;
use crate::pooler::{Gone, Host, HostTarget, Pool, clock};
use crate::routing::freshness::Moment;
use crate::routing::{Reason, Role};
use crate::stats::PoolTotals;
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
            "Whether logins succeed, as far as is known; null before a client needed it.";
        + retry_in_ms: Int8,
            "After a failed login: how long until the next may be tried. It is shared by all pools \
             on the host.";
        + last_error: Text, "Why the last login failed, until one succeeds.";
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

pub(super) static PINS: Table = Table {
    name: "pins",
    about: "Clients that keep their server although their transaction is over. Always empty: in \
            this version nothing pins a client but `pool_mode = \"session\"`.",
    right: Right::Look,
    columns: columns! {
        + client: Int4, "The client's `id`.";
        + user: Text, "The user who has logged in.";
        + database: Text, "The database, as clients ask for it.";
        + reason: Text, "What pins it.";
    },
    sources: &[],
    rows: |_| Vec::new(),
};

pub(super) static QUERIES: Table = Table {
    name: "queries",
    about: "Statistics of statements. Always empty: this version keeps none.",
    right: Right::Look,
    columns: columns! {
        + database: Text, "The database, as clients ask for it.";
        + user: Text, "The user who is logged in to the hosts.";
        + role: Text, "`primary` or `replica`.";
        + query: Text, "The statement, without its literals.";
        + calls: Int8, "How often it ran.";
        + total_time_us: Int8, "Its time on servers, microseconds.";
    },
    sources: &[],
    rows: |_| Vec::new(),
};

fn role(role: Role) -> Value {
    Value::from(match role {
        Role::Primary => "primary",
        Role::Replica => "replica",
    })
}

fn hosts(facts: &Facts) -> Vec<Row> {
    let mut databases: Vec<_> = facts.databases.values().collect();
    databases.sort_by_key(|database| database.name.as_str());
    let mut rows = Vec::new();
    for database in databases {
        let replicas = database.replicas.iter().map(|target| (Role::Replica, target));
        for (role, target) in [(Role::Primary, &database.primary)].into_iter().chain(replicas) {
            rows.push(host(facts, &database.name, role, target));
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

fn host(facts: &Facts, database: &str, of: Role, target: &HostTarget) -> Row {
    let (address, port) = place(&target.address);
    let known: Option<&Arc<Host>> = facts.hosts.iter().find(|h| h.address == target.address);
    let retry = known.and_then(|host| host.retry_at());
    let retry_in = retry.map(|at| at.saturating_duration_since(facts.now).as_millis());
    let pools: Vec<&Arc<Pool>> = pools_on(facts, database, (of, &target.address)).collect();
    let each: Vec<Counts> = pools.iter().map(|pool| pool.counts()).collect();
    let mut totals = PoolTotals::default();
    pools.iter().for_each(|pool| totals += pool.stats.totals());
    let lag = (of == Role::Replica).then(|| lag_ms(facts, database, &target.address));
    let error = pools.iter().find_map(|pool| pool.last_error());
    let sum = |of: fn(&Counts) -> usize| Value::from(each.iter().map(of).sum::<usize>());
    let longest = each.iter().map(|counts| counts.maxwait).max().unwrap_or_default();
    vec![
        Value::text(database),
        role(of),
        address,
        port,
        Value::from(known.map(|host| host.is_usable())),
        Value::from(retry_in.map(|ms| u64::try_from(ms).unwrap_or(u64::MAX))),
        Value::from(error.map(|error| error.to_string())),
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
