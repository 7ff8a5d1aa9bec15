//! What a reload changes, and what of it has to wait for a restart.

use std::collections::{BTreeMap, BTreeSet};

use super::address::HostAddress;
use super::section::Section;
use super::section::user::User;
use super::setting::Applies;
use super::settings::{Database, Pooler, Settings};
use super::source::written::TableId;

/// The difference between two settings, as keys like `pooler.listen_port`.
///
/// A database or user that came or went is the name of its table, `databases.app`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What keeps its old value until the process starts anew.
    pub restart_needed: Vec<String>,
    /// What the new settings change at once, or for connections opened from now on.
    pub changed: Vec<String>,
}

impl Change {
    /// Whether both are the same.
    pub fn is_empty(&self) -> bool {
        self.restart_needed.is_empty() && self.changed.is_empty()
    }

    fn add(&mut self, id: &TableId, keys: impl IntoIterator<Item = &'static str>) {
        for key in keys {
            let applies = id.section.setting(key).map(|setting| setting.applies);
            let list = match applies {
                Some(Applies::AtRestart) => &mut self.restart_needed,
                _ => &mut self.changed,
            };
            list.push(id.key(key));
        }
    }
}

/// What is different in `new`.
pub fn compare(old: &Settings, new: &Settings) -> Change {
    let mut change = Change::default();
    change.add(&Section::Pooler.into(), pooler(&old.pooler, &new.pooler));
    change.add(&Section::Routing.into(), old.routing.differences(&new.routing));
    change.add(&Section::Metrics.into(), old.metrics.differences(&new.metrics));
    change.add(&Section::Tracing.into(), old.tracing.differences(&new.tracing));
    tables(Section::Databases, &old.databases, &new.databases, database, &mut change);
    tables(Section::Users, &old.users, &new.users, User::differences, &mut change);
    change
}

/// What is different in `new` for a process that was started with other settings than the last ones: what
/// needs a restart is told for as long as it has not had one.
pub fn compare_running(started: &Settings, old: &Settings, new: &Settings) -> Change {
    let Change { changed, .. } = compare(old, new);
    Change { changed, restart_needed: compare(started, new).restart_needed }
}

fn pooler(old: &Pooler, new: &Pooler) -> Vec<&'static str> {
    [
        old.listen.differences(&new.listen),
        old.process.differences(&new.process),
        old.pools.differences(&new.pools),
        old.timeouts.differences(&new.timeouts),
        old.statements.differences(&new.statements),
        old.login.differences(&new.login),
        old.tls.differences(&new.tls),
    ]
    .concat()
}

fn database(old: &Database, new: &Database) -> Vec<&'static str> {
    let own = [
        ("primary", old.primary != new.primary),
        ("replicas", !hosts(old).eq(hosts(new))),
        ("dbname", old.dbname != new.dbname),
        ("user", old.user != new.user),
        ("password", old.password != new.password),
    ];
    let own = own.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key);
    let pool = old.pool.differences(&new.pool);
    own.chain(pool).chain(old.routing.differences(&new.routing)).collect()
}

/// Where the replicas are, and the share of each.
fn hosts(database: &Database) -> impl Iterator<Item = (&HostAddress, &u16)> {
    database.replicas.iter().zip(&database.replica_weights)
}

fn tables<T>(
    section: Section,
    old: &BTreeMap<String, T>,
    new: &BTreeMap<String, T>,
    differences: fn(&T, &T) -> Vec<&'static str>,
    change: &mut Change,
) {
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for name in names {
        let id = TableId::named(section, name);
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => change.add(&id, differences(old, new)),
            _ => change.changed.push(id.to_string()),
        }
    }
}
