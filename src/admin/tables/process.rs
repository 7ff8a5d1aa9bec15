//! The process itself: settings, version, state, counts, memory, and what can be said.

use super::{Table, columns};
use crate::admin::access::Right;
use crate::admin::commands;
use crate::admin::facts::{Facts, Source};
use crate::admin::value::{Row, Value};
use std::collections::HashSet;

pub(super) static CONFIG: Table = Table {
    name: "config",
    about: "The settings of `[pooler]`, and those of `[routing]` and `[metrics]` with the section's \
            name in front.",
    right: Right::Look,
    columns: columns! {
        key: Text, "The setting.";
        value: Text, "What holds now.";
        default: Text, "What holds where nothing is written.";
        changeable: Text, "`yes` if SET and RELOAD can change it, `no` if it needs a restart.";
    },
    sources: &[Source::House],
    rows: |facts| {
        let settings = facts.house.settings.iter();
        let word = |changeable| if changeable { "yes" } else { "no" };
        let row = |setting: &crate::admin::SettingSeen| {
            vec![
                Value::text(&setting.key),
                Value::text(&setting.value),
                Value::text(&setting.default),
                Value::from(word(setting.changeable)),
            ]
        };
        settings.map(row).collect()
    },
};

pub(super) static VERSION: Table = Table {
    name: "version",
    about: "The version of pgweir.",
    right: Right::Look,
    columns: columns! {
        version: Text, "The name and the version.";
    },
    sources: &[],
    rows: |_| vec![vec![Value::from(crate::admin::console::VERSION)]],
};

pub(super) static STATE: Table = Table {
    name: "state",
    about: "Whether all databases are paused.",
    right: Right::Look,
    columns: columns! {
        key: Text, "`active` or `paused`.";
        value: Text, "`yes` or `no`.";
    },
    sources: &[],
    rows: |facts| {
        let word = |flag| Value::from(if flag { "yes" } else { "no" });
        vec![
            vec![Value::from("active"), word(!facts.all_paused)],
            vec![Value::from("paused"), word(facts.all_paused)],
        ]
    },
};

pub(super) static LISTS: Table = Table {
    name: "lists",
    about: "How many there are of everything.",
    right: Right::Look,
    columns: columns! {
        list: Text,
            "`databases`, with the console's own, `users`, `pools`; `used_clients` have logged in, \
             `login_clients` have not yet; `used_servers` are all servers, idle ones too. `peers`, \
             `peer_pools`, `free_clients`, `free_servers` and the four of DNS are always 0.";
        items: Int4, "How many.";
    },
    sources: &[Source::Clients, Source::House],
    rows: lists,
};

pub(super) static MEM: Table = Table {
    name: "mem",
    about: "The memory of the process. There are no caches as PgBouncer has them.",
    right: Right::Look,
    columns: columns! {
        name: Text, "`resident`: what the process holds.";
        size: Int4, "The size of a page, bytes.";
        used: Int4, "Pages that it holds.";
        free: Int4, "Always 0.";
        memtotal: Int4, "Bytes; at most what fits, `bytes` has all of it.";
        + bytes: Int8, "Bytes.";
    },
    sources: &[],
    rows: |_| memory().into_iter().collect(),
};

pub(super) static HELP: Table = Table {
    name: "help",
    about: "Everything that can be said on the console. `SHOW HELP` says it in a notice, \
            as PgBouncer does; `SELECT * FROM help` has it in rows.",
    right: Right::Look,
    columns: columns! {
        + command: Text, "What can be said.";
        + about: Text, "What it does.";
        + needs: Text, "The setting that must name the user.";
    },
    sources: &[],
    rows: |_| help(),
};

fn lists(facts: &Facts) -> Vec<Row> {
    let pools = facts.listed.iter().flat_map(|listed| listed.pools.iter());
    let servers: usize = pools.map(|pool| pool.servers().len()).sum();
    let servers = servers + facts.owns().len();
    let users = facts.house.users.iter().map(String::as_str);
    let users: HashSet<&str> =
        users.chain(facts.listed.iter().map(|listed| listed.user.as_str())).collect();
    let items = [
        ("databases", facts.databases.len() + 1),
        ("users", users.len()),
        ("peers", 0),
        ("pools", facts.listed.len()),
        ("peer_pools", 0),
        ("free_clients", 0),
        ("used_clients", facts.clients.len()),
        ("login_clients", facts.connections.saturating_sub(facts.clients.len())),
        ("free_servers", 0),
        ("used_servers", servers),
        ("dns_names", 0),
        ("dns_zones", 0),
        ("dns_queries", 0),
        ("dns_pending", 0),
    ];
    items.into_iter().map(|(list, items)| vec![Value::from(list), Value::from(items)]).collect()
}

/// The second number of `/proc/self/statm` is pages that are resident (proc_pid_statm(5)).
fn memory() -> Option<Row> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    let page = rustix::param::page_size();
    let bytes = Value::from(pages.saturating_mul(u64::try_from(page).ok()?));
    let size = Value::from(page);
    Some(vec![
        Value::from("resident"),
        size,
        Value::from(pages),
        Value::from(0u32),
        bytes.clone(),
        bytes,
    ])
}

fn help() -> Vec<Row> {
    let row = |command: String, about: &'static str, right: Right| {
        vec![Value::from(command), Value::from(about), Value::from(right.setting())]
    };
    let shows = super::ALL.iter();
    let shows = shows.map(|t| row(format!("SHOW {}", t.name.to_uppercase()), t.about, t.right));
    let commands = commands::ALL.iter().map(|c| row(c.usage(), c.about, c.right));
    let select = row("SELECT ... FROM ...".to_owned(), "SQL over the same tables.", Right::Look);
    shows.chain([select]).chain(commands).collect()
}
