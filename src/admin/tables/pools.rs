//! Pools, and what they belong to: databases and users.

use super::{Table, columns};
use crate::admin::access::Right;
use crate::admin::console::{CLIENTS_MAX, NAMES, is_console};
use crate::admin::facts::{Facts, Source};
use crate::admin::value::{Row, Value};
use crate::net::Address;
use crate::pool::Counts;
use crate::pooler::registry::Listed;
use crate::pooler::{ClientSeen, Database, Doing, OwnSeen};
use crate::routing::Split;
use crate::session::PoolMode;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) static POOLS: Table = Table {
    name: "pools",
    about: "A row for each database and user: the pools on its primary and on its replicas \
            together. `hosts` has them apart.",
    right: Right::Look,
    columns: columns! {
        database: Text, "The database, as clients ask for it.";
        user: Text, "The user who is logged in to the hosts.";
        cl_active: Int4, "Clients that have a server, or want none now.";
        cl_waiting: Int4, "Clients that wait for a server.";
        cl_active_cancel_req: Int4, "Always 0: cancel requests are no clients here.";
        cl_waiting_cancel_req: Int4, "Always 0: cancel requests do not wait here.";
        sv_active: Int4, "Servers that a client has.";
        sv_active_cancel: Int4, "Always 0: a cancel request has a connection of its own.";
        sv_being_canceled: Int4,
            "Servers that wait for the end of a cancel request that is on its way to them.";
        sv_idle: Int4, "Servers that a client can have at once.";
        sv_used: Int4, "Always 0: a server needs no check before it is used again.";
        sv_tested: Int4, "Always 0: servers are not tested.";
        sv_login: Int4, "Servers that are logging in, or wait to try it again.";
        maxwait: Int4, "How long the oldest client in the queue has waited, seconds.";
        maxwait_us: Int4, "The same, the microseconds beyond the seconds.";
        pool_mode: Text, "How long a client keeps a server.";
        load_balance_hosts: Text, "Always null: see `hosts` for what is balanced.";
        + replicas: Int4, "How many replicas it has.";
        + sv_replica: Int4, "How many of the servers, in any state, are on replicas.";
    },
    sources: &[Source::Clients],
    rows: pools,
};

pub(super) static DATABASES: Table = Table {
    name: "databases",
    about: "A row for each `[databases]` table of the configuration, and one for the console.",
    right: Right::Look,
    columns: columns! {
        name: Text, "What clients ask for; `*` answers for every other name.";
        host: Text, "The primary's host; null for the console.";
        port: Int4, "The primary's port.";
        database: Text, "The database on the hosts; null for `*`, where it is what the client asks for.";
        force_user: Text, "Who logs in to the hosts; null where it is the client's own user.";
        pool_size: Int4, "How many servers each pool may hold.";
        min_pool_size: Int4, "How many each keeps open.";
        reserve_pool_size: Int4, "How many each may hold beyond its size.";
        server_lifetime: Int4, "How long a server is used, seconds.";
        pool_mode: Text, "How long a client keeps a server.";
        load_balance_hosts: Text, "Always null: see `replicas`.";
        max_connections: Int4, "Always 0: only pools have a limit.";
        current_connections: Int4, "Its servers, in any state, and pgweir's own connections to it.";
        max_client_connections: Int4, "Always 0: only the process has a limit, `max_client_conn`.";
        current_client_connections: Int4, "Its clients.";
        paused: Int4, "1 while it is paused.";
        disabled: Int4, "1 while it is disabled.";
        + replicas: Text, "The replicas, with their ports.";
        + read_write_split: Text, "Whether reads go to replicas: `true`, `false` or `shadow`.";
    },
    sources: &[Source::Clients],
    rows: databases,
};

pub(super) static USERS: Table = Table {
    name: "users",
    about: "A row for each user who is known from `[users]` or `auth_file`, or has logged in.",
    right: Right::Look,
    columns: columns! {
        name: Text, "The user.";
        pool_size: Text, "Always empty: the database's limits hold.";
        reserve_pool_size: Text, "Always empty: the database's limits hold.";
        pool_mode: Text, "Always null: the database's mode holds.";
        max_user_connections: Int4, "Always 0: users have no limit of their own.";
        current_connections: Int4,
            "Servers that are logged in as this user, and pgweir's own connections.";
        max_user_client_connections: Int4, "Always 0: users have no limit of their own.";
        current_client_connections: Int4, "Clients that have logged in as this user.";
    },
    sources: &[Source::Clients, Source::House],
    rows: users,
};

fn mode(mode: PoolMode) -> Value {
    Value::from(match mode {
        PoolMode::Session => "session",
        PoolMode::Transaction => "transaction",
        PoolMode::Statement => "statement",
    })
}

fn servers(counts: &Counts) -> usize {
    counts.sv_active + counts.sv_idle + counts.sv_login + counts.sv_being_canceled
}

fn pools(facts: &Facts) -> Vec<Row> {
    let mut clients: HashMap<(&str, &str), usize> = HashMap::new();
    for client in facts.clients.iter().filter(|client| client.doing != Doing::Waiting) {
        *clients.entry((&client.who.database, facts.server_user(client))).or_default() += 1;
    }
    let row = |listed: &Listed| {
        let key = (listed.database.as_str(), listed.user.as_str());
        pool_row(listed, clients.get(&key).copied().unwrap_or(0))
    };
    facts.listed.iter().map(row).collect()
}

fn pool_row(listed: &Listed, active: usize) -> Row {
    let each: Vec<Counts> = listed.pools.iter().map(|pool| pool.counts()).collect();
    let sum = |of: fn(&Counts) -> usize| Value::from(each.iter().map(of).sum::<usize>());
    let longest = each.iter().map(|counts| counts.maxwait).max().unwrap_or_default();
    let none = || Value::from(0u32);
    vec![
        Value::text(&listed.database),
        Value::text(&listed.user),
        Value::from(active),
        sum(|counts| counts.cl_waiting),
        none(),
        none(),
        sum(|counts| counts.sv_active),
        none(),
        sum(|counts| counts.sv_being_canceled),
        sum(|counts| counts.sv_idle),
        none(),
        none(),
        sum(|counts| counts.sv_login),
        Value::from(longest.as_secs()),
        Value::from(longest.subsec_micros()),
        mode(listed.pools.database.mode),
        Value::Null,
        Value::from(listed.pools.replicas.len()),
        Value::from(each.iter().skip(1).map(servers).sum::<usize>()),
    ]
}

/// Where a host is, as PgBouncer has it: for a Unix socket its folder, and the port of its name.
pub(super) fn place(address: &Address) -> (Value, Value) {
    match address {
        Address::Tcp(host, port) => (Value::text(host), Value::from(*port)),
        Address::Unix(path) => {
            let folder = path.parent().map(|folder| folder.display().to_string());
            let port = path.extension().and_then(|port| port.to_str()?.parse::<u16>().ok());
            (Value::from(folder), Value::from(port))
        }
    }
}

fn databases(facts: &Facts) -> Vec<Row> {
    let mut clients: HashMap<&str, usize> = HashMap::new();
    for ClientSeen { who, .. } in &facts.clients {
        if is_console(&who.database) {
            continue;
        }
        let known = facts.databases.contains_key(&who.database);
        *clients.entry(if known { &who.database } else { "*" }).or_default() += 1;
    }
    let mut names: Vec<_> = facts.databases.iter().collect();
    names.sort_by_key(|(name, _)| name.as_str());
    let row = |(name, database): (&String, &Arc<Database>)| {
        let clients = clients.get(name.as_str()).copied().unwrap_or(0);
        database_row(facts, name, database, clients)
    };
    let visitors = facts.clients.iter().filter(|client| is_console(&client.who.database));
    let console = console_row(visitors.count());
    names.into_iter().map(row).chain([console]).collect()
}

fn database_row(facts: &Facts, name: &str, database: &Database, clients: usize) -> Row {
    let (host, port) = place(&database.primary.address);
    let limits = &database.limits;
    let listed = facts.listed.iter().filter(|listed| listed.pools.database.name == name);
    let pools = listed.flat_map(|listed| listed.pools.iter().cloned().collect::<Vec<_>>());
    let connections: usize = pools.map(|pool| servers(&pool.counts())).sum();
    let is_own = |own: &&Arc<OwnSeen>| match facts.databases.contains_key(&own.database) {
        true => own.database == name,
        false => name == "*",
    };
    let connections = connections + facts.owns().iter().filter(is_own).count();
    let replicas: Vec<_> = database.replicas.iter().map(|host| host.address.to_string()).collect();
    let is_in = |names: &[String]| Value::from(u32::from(names.iter().any(|own| own == name)));
    vec![
        Value::text(name),
        host,
        port,
        Value::from(database.dbname.clone().or_else(|| (name != "*").then(|| name.to_owned()))),
        Value::from(database.user.clone()),
        Value::from(limits.pool_size()),
        Value::from(limits.min_pool_size()),
        Value::from(limits.most() - limits.pool_size()),
        Value::from(limits.server_lifetime().map_or(0, |lifetime| lifetime.as_secs())),
        mode(database.mode),
        Value::Null,
        Value::from(0u32),
        Value::from(connections),
        Value::from(0u32),
        Value::from(clients),
        is_in(&facts.paused),
        is_in(&facts.disabled),
        Value::from(replicas.join(", ")),
        Value::from(match database.policy.split {
            Split::On => "true",
            Split::Off => "false",
            Split::Shadow => "shadow",
        }),
    ]
}

fn console_row(clients: usize) -> Row {
    let none = || Value::from(0u32);
    vec![
        Value::from(NAMES[0]),
        Value::Null,
        Value::Null,
        Value::from(NAMES[0]),
        Value::Null,
        none(),
        none(),
        none(),
        none(),
        Value::from("statement"),
        Value::Null,
        none(),
        none(),
        Value::from(CLIENTS_MAX),
        Value::from(clients),
        none(),
        none(),
        Value::from(""),
        Value::from("false"),
    ]
}

fn users(facts: &Facts) -> Vec<Row> {
    let mut servers_of: HashMap<&str, usize> = HashMap::new();
    for listed in &facts.listed {
        let count: usize = listed.pools.iter().map(|pool| servers(&pool.counts())).sum();
        *servers_of.entry(&listed.user).or_default() += count;
    }
    let owns = facts.owns();
    owns.iter().for_each(|own| *servers_of.entry(&own.user).or_default() += 1);
    let mut clients_of: HashMap<&str, usize> = HashMap::new();
    facts.clients.iter().for_each(|client| *clients_of.entry(&client.who.user).or_default() += 1);
    let mut names: Vec<&str> = facts.house.users.iter().map(String::as_str).collect();
    names.extend(servers_of.keys().chain(clients_of.keys()));
    names.sort_unstable();
    names.dedup();
    let count =
        |of: &HashMap<&str, usize>, name: &str| Value::from(of.get(name).copied().unwrap_or(0));
    let row = |name: &str| {
        vec![
            Value::text(name),
            Value::from(""),
            Value::from(""),
            Value::Null,
            Value::from(0u32),
            count(&servers_of, name),
            Value::from(0u32),
            count(&clients_of, name),
        ]
    };
    names.into_iter().map(row).collect()
}
