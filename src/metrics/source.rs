//! Where a scrape looks: at the same counters that everything else reads.

use super::clients::Clients as AllClients;
use super::databases::Database;
use super::hosts::{Freshness, Host, Place};
use super::metric::Row;
use super::pools::{OfHost, Pair};
use super::process::Process;
use super::snapshot::{DATABASES_MAX, HOSTS_MAX, POOLS_MAX, Snapshot, TIMED_MAX};
use super::spans::Spans;
use super::status::Status;
use super::workers::Worker;
use crate::client::worker::Clients;
use crate::collector::Exporter;
use crate::net::Address;
use crate::pooler::database::ANY_DATABASE;
use crate::pooler::registry::{Databases, Listed};
use crate::pooler::{Gone, HostTarget, Mailbox, Pool, Pooler, Recovery, clock};
use crate::protocol::error_class::ErrorClass;
use crate::routing::freshness::{Moment, Proof};
use crate::routing::{Reason, Role};
use crate::server::OpenError;
use crate::session::PoolMode;
use crate::stats::{PoolTimes, PoolTotals};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Everything that a scrape reads.
#[derive(Debug)]
pub struct Source {
    /// Pools, hosts, workers.
    pub pooler: Arc<Pooler>,
    /// Clients.
    pub clients: Arc<Clients>,
    /// The process.
    pub status: Arc<Status>,
    /// Spans.
    pub exporter: Arc<Exporter>,
}

impl Source {
    /// All that can be seen now. It takes each pool's lock for a moment, one after the other.
    pub(super) fn look(&self, port_refused: u64) -> Snapshot {
        let (listed, databases) = (self.pooler.listed(), self.pooler.databases());
        let mut seen = Snapshot::default();
        seen.version.push(Row::new([env!("CARGO_PKG_VERSION")], ()));
        seen.port.push(Row::new([], port_refused));
        let process = Process::look(&self.status, self.pooler.generation());
        seen.process.push(Row::new([], process));
        for certificate in &self.status.applied().certificates {
            #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 have 33 bits")]
            let expires = certificate.expires as f64;
            seen.certificates.push(Row::new([certificate.setting], expires));
        }
        seen.spans.push(Row::new([], Spans::look(&self.pooler.spans, &self.exporter.counts)));
        self.workers(&mut seen);
        let mut summary = pools(&listed, &mut seen);
        add_owns(&self.pooler, &databases, &mut summary);
        databases_with_pools(&listed, &mut seen);
        times(&listed, &mut seen);
        self.clients(&listed, &databases, &summary, &mut seen);
        self.databases(&databases, &summary, &mut seen);
        self.hosts(&databases, &Recovery::of(&listed), &mut seen);
        seen
    }

    fn workers(&self, seen: &mut Snapshot) {
        for (number, mailbox) in self.pooler.mailboxes().iter().enumerate() {
            let pulse = mailbox.pulse();
            let (clients, ticks) = (mailbox.clients(), pulse.ticks());
            let worker = Worker { clients, ticks, held_bytes: pulse.held_bytes() };
            seen.workers.push(Row::new([&number.to_string()], worker));
        }
    }

    fn clients(
        &self,
        listed: &[Listed],
        databases: &Databases,
        summary: &Summary,
        seen: &mut Snapshot,
    ) {
        let connections: usize = self.pooler.mailboxes().iter().map(Mailbox::clients).sum();
        let on_console = self.clients.console.clients();
        let logged_in = self.clients.count.load(Ordering::Relaxed) + on_console;
        let users: HashSet<&str> = listed.iter().map(|pools| pools.user.as_str()).collect();
        let clients = AllClients {
            logged_in,
            in_login: connections.saturating_sub(logged_in),
            max: self.clients.policy.load().max_clients,
            logins: self.clients.logins.succeeded_total(),
            // The console is one, as in SHOW LISTS.
            databases: databases.len() + 1,
            users: users.len(),
            pools: listed.len(),
            servers: summary.servers.values().sum(),
        };
        seen.clients.push(Row::new([], clients));
        let refused = self.clients.logins.refused_totals();
        seen.refusals.extend(refused.map(|(reason, count)| Row::new([reason], count)));
    }

    fn databases(&self, databases: &Databases, summary: &Summary, seen: &mut Snapshot) {
        for (name, database) in sorted(databases).take(DATABASES_MAX) {
            let (host, port) = match &database.primary.address {
                Address::Tcp(host, port) => (host.clone(), port.to_string()),
                Address::Unix(path) => (path.display().to_string(), String::new()),
            };
            let mode = match database.mode {
                PoolMode::Session => "session",
                PoolMode::Transaction => "transaction",
                PoolMode::Statement => "statement",
            };
            let (dbname, user) = (database.dbname.as_deref(), database.user.as_deref());
            let limits = &database.limits;
            let numbers = Database {
                pool_size: limits.pool_size(),
                reserve: limits.most() - limits.pool_size(),
                servers: summary.servers.get(name).copied().unwrap_or(0),
                is_paused: self.pooler.is_paused(name),
                is_disabled: self.pooler.is_disabled(name),
            };
            let labels =
                [name, &host, &port, dbname.unwrap_or_default(), user.unwrap_or_default(), mode];
            seen.databases.push(Row::new(labels, numbers));
        }
        seen.leave_out("databases", databases.len(), DATABASES_MAX);
    }

    fn hosts(&self, databases: &Databases, recovery: &Recovery, seen: &mut Snapshot) {
        let hosts = self.pooler.all_hosts();
        let now = Instant::now();
        for host in hosts.iter().take(HOSTS_MAX) {
            let address = host.address.to_string();
            let pause = host.setback.pause(now);
            let retry_in = pause.map_or_else(Default::default, |pause| pause.until - now);
            let logins = host.logins.succeeded();
            let took = host.logins.took();
            seen.hosts.push(Row::new([&address], Host { retry_in, logins, took }));
            let failed = host.logins.failed();
            seen.failures.extend(failed.map(|(state, n)| Row::new([&address, state], n)));
            let last = host.logins.last_failure();
            let classes = OpenError::CLASSES.iter();
            let class = |class: &&str| Row::new([&address, class], last == Some(*class));
            seen.last_failures.extend(classes.map(class));
        }
        seen.leave_out("hosts", hosts.len(), HOSTS_MAX);
        let known: HashMap<&Address, bool> =
            hosts.iter().map(|host| (&host.address, !host.setback.lasts())).collect();
        for (name, database) in sorted(databases).take(DATABASES_MAX) {
            for (role, target) in roles(database) {
                let usable = known.get(&target.address).is_none_or(|usable| *usable);
                let in_recovery = recovery.is_standby(&target.address);
                let labels = [name, &target.address.to_string(), role.as_str()];
                seen.places.push(Row::new(labels, Place { usable, in_recovery }));
            }
        }
    }
}

/// What pools say together.
#[derive(Default)]
struct Summary {
    /// The servers of each database of the configuration.
    servers: HashMap<String, usize>,
}

fn pools(listed: &[Listed], seen: &mut Snapshot) -> Summary {
    let (mut summary, mut all) = (Summary::default(), 0);
    for Listed { database, user, pools } in listed {
        let is_shown = all < POOLS_MAX;
        let mut pair = Pair::of(pools.guests());
        for pool in pools.iter() {
            all += 1;
            let of_host = OfHost::look(pool, pools.database.limits);
            pair.add(&of_host.counts);
            *summary.servers.entry(pools.database.name.clone()).or_default() += of_host.servers();
            if is_shown {
                pool_rows(database, user, pool, of_host, seen);
            }
        }
        if is_shown {
            seen.pairs.push(Row::new([database, user], pair));
        }
    }
    seen.leave_out("pools", all, seen.pools.len());
    summary
}

/// Connections of pgweir's own are servers of their databases, too.
fn add_owns(pooler: &Pooler, databases: &Databases, summary: &mut Summary) {
    for own in pooler.all_hosts().iter().flat_map(|host| host.owns.all()) {
        let known = databases.contains_key(&own.database);
        let name = if known { own.database.clone() } else { ANY_DATABASE.to_owned() };
        *summary.servers.entry(name).or_default() += 1;
    }
}

/// What the pools of a database have in common, whoever their user is. They stand side by side.
fn databases_with_pools(listed: &[Listed], seen: &mut Snapshot) {
    let by_database = listed.chunk_by(|one, other| one.database == other.database);
    for users in by_database.take(DATABASES_MAX) {
        let Some(Listed { database, pools, .. }) = users.first() else { continue };
        route_rows(database, users, seen);
        let mut totals = PoolTotals::default();
        let all = users.iter().flat_map(|listed| listed.pools.iter());
        all.for_each(|pool| totals += pool.stats.totals());
        seen.stats.push(Row::new([database], totals));
        error_rows(database, users, seen);
        let Some(watch) = &pools.watch else { continue };
        let now = clock::now();
        for (index, replica) in pools.replicas.iter().enumerate() {
            let Proof { fresh_as_of, behind, .. } = watch.proof(index);
            let staleness = (fresh_as_of != Moment::NEVER).then(|| now.since(fresh_as_of));
            let host = replica.host.address.to_string();
            let labels = [database.as_str(), &host];
            seen.freshness.push(Row::new(labels, Freshness { staleness, behind }));
        }
    }
}

/// How long things took: the roles of each database and user in which something was timed.
fn times(listed: &[Listed], seen: &mut Snapshot) {
    let mut timed = 0;
    for Listed { database, user, pools } in listed {
        for role in [Role::Primary, Role::Replica] {
            let mut times = PoolTimes::default();
            let of_role = pools.iter().filter(|pool| pool.role == role);
            of_role.for_each(|pool| times.merge(&pool.stats.times()));
            if times == PoolTimes::default() {
                continue;
            }
            timed += 1;
            if timed <= TIMED_MAX {
                seen.times.push(Row::new([database, user, role.as_str()], times));
            }
        }
    }
    seen.leave_out("histograms", timed, TIMED_MAX);
}

/// Every class, so that the first error of one is an increase.
fn error_rows(database: &str, users: &[Listed], seen: &mut Snapshot) {
    let mut sums = [0; ErrorClass::COUNT];
    for pool in users.iter().flat_map(|listed| listed.pools.iter()) {
        sums.iter_mut().zip(pool.stats.errors()).for_each(|(sum, errors)| *sum += errors);
    }
    let rows = ErrorClass::all().zip(sums);
    seen.errors.extend(rows.map(|(class, sum)| Row::new([database, class.code()], sum)));
}

/// Only what has happened: most reasons are another database's.
fn route_rows(database: &str, users: &[Listed], seen: &mut Snapshot) {
    for gone in Gone::ALL {
        for reason in Reason::ALL {
            let total =
                |listed: &Listed| listed.pools.routes.total(gone as usize, *reason as usize);
            let count: u64 = users.iter().map(total).sum();
            if count > 0 {
                let labels = [database, gone.as_str(), reason.as_str()];
                seen.routes.push(Row::new(labels, count));
            }
        }
    }
}

fn pool_rows(database: &str, user: &str, pool: &Pool, of_host: OfHost, seen: &mut Snapshot) {
    let (host, role) = (pool.host.address.to_string(), pool.role.as_str());
    for (state, count) in of_host.states() {
        seen.servers.push(Row::new([database, user, &host, role, state], count));
    }
    let totals = pool.stats.totals();
    for (access, count) in [("read", totals.reads), ("write", totals.others)] {
        seen.units.push(Row::new([database, user, &host, role, access], count));
    }
    seen.pools.push(Row::new([database, user, &host, role], of_host));
}

/// In the order of names: what is left out is the same at each scrape.
fn sorted(databases: &Databases) -> impl Iterator<Item = (&str, &crate::pooler::Database)> {
    let mut names: Vec<_> = databases.iter().collect();
    names.sort_by_key(|(name, _)| *name);
    names.into_iter().map(|(name, database)| (name.as_str(), &**database))
}

fn roles(database: &crate::pooler::Database) -> impl Iterator<Item = (Role, &HostTarget)> {
    let replicas = database.replicas.iter().map(|host| (Role::Replica, host));
    std::iter::once((Role::Primary, &database.primary)).chain(replicas)
}
