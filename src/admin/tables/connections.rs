//! Every connection: clients, servers, and both in one table.

use super::calendar::utc;
use super::{Column, Table, columns};
use crate::admin::access::Right;
use crate::admin::facts::{Facts, Source};
use crate::admin::value::{Kind, Row, Value};
use crate::pool::ServerState;
use crate::pooler::registry::Listed;
use crate::pooler::{ClientSeen, Doing, OwnSeen, ServerSeen};
use std::net::SocketAddr;

/// The columns of `clients` and `servers`.
macro_rules! connection {
    ($($more:tt)*) => {
        columns! {
            type: Text, "`C` for a client, `S` for a server.";
            user: Text, "The user who is logged in.";
            database: Text, "The database, as clients ask for it.";
            replication: Text, "Always `none`: replication is not pooled.";
            state: Text,
                "Of a client `active` (it has a server), `idle in transaction` (it has one and is silent, \
                 while others may wait for it), `waiting` or `idle`; of a server `active`, `idle`, `new` \
                 (it logs in), `being_canceled`, or `own` (pgweir itself asks the host on it).";
            addr: Text, "The other end's address; `unix` for a Unix socket.";
            port: Int4, "The other end's port.";
            local_addr: Text, "Our own address.";
            local_port: Int4, "Our own port.";
            connect_time: Text, "When it had logged in.";
            request_time: Text, "When it last asked for a server, or last served such a client.";
            wait: Int4, "How long it has waited for a server, seconds; 0 if it does not wait.";
            wait_us: Int4, "The same, the microseconds beyond the seconds.";
            close_needed: Int4, "1 for a server that is closed once its client is done with it.";
            ptr: Text, "A name for it: `c` or `s` and its `id`.";
            link: Text, "The `ptr` of the other side, while a client has a server.";
            remote_pid: Int4, "The number of the host's process; 0 for a client.";
            tls: Text, "Version and cipher of TLS; empty without.";
            application_name: Text, "What the client calls itself: at its login, or by SET since.";
            prepared_statements: Int4,
                "Prepared statements that the client has made; of a server, those that are prepared on it.";
            id: Int4, "Its number; of a client, what `KILL_CLIENT` takes.";
            $($more)*
        }
    };
}

const SOCKET_COLUMNS: &[Column] = connection! {
    recv_pos: Int4, "Always 0: buffers belong to workers here, not to connections.";
    pkt_pos: Int4, "Always 0.";
    pkt_remain: Int4, "Always 0.";
    send_pos: Int4, "Always 0.";
    send_remain: Int4, "Always 0.";
    pkt_avail: Int4, "Always 0.";
    send_avail: Int4, "Always 0.";
};

pub(super) static CLIENTS: Table = Table {
    name: "clients",
    about: "Every client that has logged in, console clients among them.",
    right: Right::Look,
    columns: connection! {},
    sources: &[Source::Clients],
    rows: |facts| facts.clients.iter().map(|seen| client(facts, seen)).collect(),
};

pub(super) static SERVERS: Table = Table {
    name: "servers",
    about: "Every connection to a host.",
    right: Right::Look,
    columns: connection! {},
    sources: &[Source::Clients],
    rows: |facts| {
        let servers = facts.servers().map(|(listed, seen, by)| server(facts, listed, &seen, by));
        let owns = facts.owns().into_iter().map(|seen| own(facts, &seen));
        servers.chain(owns).collect()
    },
};

pub(super) static PINS: Table = Table {
    name: "pins",
    about: "Clients that keep their server although their transaction is over: in transaction mode \
            only because of what they have left unfinished.",
    right: Right::Look,
    columns: columns! {
        + client: Int4, "The client's `id`.";
        + user: Text, "The user who has logged in.";
        + database: Text, "The database, as clients ask for it.";
        + reason: Text, "What pins it: `session_mode`, `half_message` or `no_sync`.";
        + server: Int4, "The server's `id`.";
        + explanation: Text, "The reason in a sentence.";
    },
    sources: &[Source::Clients],
    rows: |facts| facts.clients.iter().filter_map(pin).collect(),
};

pub(super) static SOCKETS: Table = Table {
    name: "sockets",
    about: "`clients` and `servers` in one table.",
    right: Right::Look,
    columns: SOCKET_COLUMNS,
    sources: &[Source::Clients],
    rows: |facts| sockets(facts, |_| true),
};

pub(super) static ACTIVE_SOCKETS: Table = Table {
    name: "active_sockets",
    about: "Those of `sockets` whose state is `active` or `idle in transaction`.",
    right: Right::Look,
    columns: SOCKET_COLUMNS,
    sources: &[Source::Clients],
    rows: |facts| {
        sockets(facts, |state| {
            [Value::from("active"), Value::from(IDLE_IN_TRANSACTION)].contains(state)
        })
    },
};

pub(super) static FDS: Table = Table {
    name: "fds",
    about: "Always empty: PgBouncer hands its sockets over to a new process with it, and secrets \
            with them.",
    right: Right::Steer,
    columns: columns! {
        fd: Int4, "The number of a socket.";
        task: Text, "What it is for.";
        user: Text, "The user who is logged in.";
        database: Text, "The database.";
        addr: Text, "The other end's address.";
        port: Int4, "The other end's port.";
        cancel: Int8, "The cancel key.";
        link: Int4, "The socket that it is linked with.";
        client_encoding: Text, "The setting of that name.";
        std_strings: Text, "`standard_conforming_strings`.";
        datestyle: Text, "The setting of that name.";
        timezone: Text, "The setting of that name.";
        password: Text, "A password.";
        scram_client_key: Text, "A key of SCRAM.";
        scram_server_key: Text, "A key of SCRAM.";
    },
    sources: &[],
    rows: |_| Vec::new(),
};

/// PostgreSQL's own words for it (`pg_stat_activity`).
const IDLE_IN_TRANSACTION: &str = "idle in transaction";

/// Where `state` and what follows stand in a row.
const STATE: usize = 4;

fn sockets(facts: &Facts, is_wanted: fn(&Value) -> bool) -> Vec<Row> {
    let all = (CLIENTS.rows)(facts).into_iter().chain((SERVERS.rows)(facts));
    let wanted = all.filter(|row| is_wanted(&row[STATE]));
    let buffers = SOCKET_COLUMNS.len() - CLIENTS.columns.len();
    wanted.map(|row| [row, vec![Value::Int(0); buffers]].concat()).collect()
}

fn end(address: Option<SocketAddr>) -> (Value, Value) {
    match address {
        Some(address) => (Value::from(address.ip().to_string()), Value::from(address.port())),
        None => (Value::from("unix"), Value::from(0u32)),
    }
}

fn client(facts: &Facts, seen: &ClientSeen) -> Row {
    let who = &seen.who;
    let ((addr, port), (local_addr, local_port)) = (end(who.peer), end(who.local));
    let is_waiting = seen.doing == Doing::Waiting;
    let since = seen.asked.filter(|_| is_waiting);
    let wait = since.map_or_else(Default::default, |at| facts.now.saturating_duration_since(at));
    vec![
        Value::from("C"),
        Value::text(&who.user),
        Value::text(&who.database),
        Value::from("none"),
        Value::from(match seen.doing {
            Doing::Idle => "idle",
            Doing::Active => "active",
            Doing::IdleInTransaction => IDLE_IN_TRANSACTION,
            Doing::Waiting => "waiting",
        }),
        addr,
        port,
        local_addr,
        local_port,
        Value::from(utc(who.since)),
        Value::from(utc(seen.asked.map_or(who.since, |at| facts.clock_at(at)))),
        Value::from(wait.as_secs()),
        Value::from(wait.subsec_micros()),
        Value::from(0u32),
        Value::from(format!("c{}", seen.id)),
        Value::from(seen.server.map_or_else(String::new, |server| format!("s{server}"))),
        Value::from(0u32),
        Value::from(who.tls.clone().unwrap_or_default()),
        Value::from(who.application_name.get()),
        Value::from(seen.prepared),
        Value::from(seen.id),
    ]
}

fn server(facts: &Facts, listed: &Listed, seen: &ServerSeen, by: Option<&ClientSeen>) -> Row {
    let passport = seen.passport.as_deref();
    let (addr, port) = end(passport.and_then(|passport| passport.peer));
    let (local_addr, local_port) = end(passport.and_then(|passport| passport.local));
    let since = passport.map_or(facts.clock, |passport| passport.since);
    let asked = by.and_then(|client| client.asked).map_or(since, |at| facts.clock_at(at));
    vec![
        Value::from("S"),
        Value::text(&listed.user),
        Value::text(&listed.database),
        Value::from("none"),
        Value::from(match seen.state {
            ServerState::Login => "new",
            ServerState::Idle => "idle",
            ServerState::Active => "active",
            ServerState::BeingCanceled => "being_canceled",
        }),
        addr,
        port,
        local_addr,
        local_port,
        Value::from(utc(since)),
        Value::from(utc(asked)),
        Value::from(0u32),
        Value::from(0u32),
        Value::from(u32::from(seen.close_needed)),
        Value::from(format!("s{}", seen.id)),
        Value::from(by.map_or_else(String::new, |client| format!("c{}", client.id))),
        Value::from(passport.and_then(|passport| passport.process_id).unwrap_or(0)),
        Value::from(passport.and_then(|passport| passport.tls.clone()).unwrap_or_default()),
        Value::from(by.map_or_else(String::new, |client| client.who.application_name.get())),
        Value::from(by.map_or(seen.prepared, |client| client.server_prepared)),
        Value::from(seen.id.0),
    ]
}

/// A connection of pgweir's own.
fn own(facts: &Facts, seen: &OwnSeen) -> Row {
    let passport = &seen.passport;
    let ((addr, port), (local_addr, local_port)) = (end(passport.peer), end(passport.local));
    vec![
        Value::from("S"),
        Value::text(&seen.user),
        Value::text(&seen.database),
        Value::from("none"),
        Value::from("own"),
        addr,
        port,
        local_addr,
        local_port,
        Value::from(utc(passport.since)),
        Value::from(utc(facts.clock)),
        Value::from(0u32),
        Value::from(0u32),
        Value::from(u32::from(seen.is_told())),
        Value::from(format!("s{}", seen.id)),
        Value::from(""),
        Value::from(passport.process_id.unwrap_or(0)),
        Value::from(passport.tls.clone().unwrap_or_default()),
        Value::from("pgweir"),
        Value::from(1u32),
        Value::from(seen.id.0),
    ]
}

fn pin(seen: &ClientSeen) -> Option<Row> {
    let pin = seen.pin?;
    Some(vec![
        Value::from(seen.id),
        Value::text(&seen.who.user),
        Value::text(&seen.who.database),
        Value::from(pin.as_str()),
        Value::from(seen.server.map(|server| server.0)),
        Value::from(pin.explanation()),
    ])
}

const _: () = assert!(matches!(CLIENTS.columns[STATE].kind, Kind::Text));
