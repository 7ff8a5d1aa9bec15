//! `/livez`: whether every worker turns. `/readyz`: whether clients should be sent here.

use super::source::Source;
use super::status::Phase;
use crate::config::ReadyRequires;
use crate::net::connect::connect;
use crate::net::{Address, Keepalive};
use crate::pooler::Mailbox;
use crate::pooler::registry::Databases;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{timeout, timeout_at};

/// How long a worker may take to answer a letter. Its tasks run for microseconds between two of them;
/// one that is silent for so long serves nobody, and probes give up after a few seconds.
const TICK_LIMIT: Duration = Duration::from_secs(2);

/// How long a host may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// How long it is remembered which hosts accept connections: whoever asks for `/readyz` in a loop
/// must not cost a host more than a connection a second.
const REMEMBERED: Duration = Duration::from_secs(1);

/// Connections that are tried at once.
const CONNECTS_MAX: usize = 32;

/// What was found out about hosts, and when.
type Found = Option<(Instant, Result<(), String>)>;

/// Answers both questions.
#[derive(Debug)]
pub struct Health {
    source: Arc<Source>,
    found: Mutex<Found>,
}

impl Health {
    /// Nothing has been asked.
    pub fn new(source: Arc<Source>) -> Self {
        Health { source, found: Mutex::new(None) }
    }

    /// Whether every worker answers. One that has ended is missed only while clients are served.
    ///
    /// # Errors
    /// The first worker that does not, in words.
    pub async fn live(&self) -> Result<(), String> {
        let may_end = self.source.status.phase() == Phase::Draining;
        all_tick(self.source.pooler.mailboxes(), TICK_LIMIT, may_end).await
    }

    /// Whether clients should be sent here.
    ///
    /// # Errors
    /// Why not, in words.
    pub async fn ready(&self) -> Result<(), String> {
        match self.source.status.phase() {
            Phase::Starting => return Err("starting".to_owned()),
            Phase::Draining => return Err("shutting down".to_owned()),
            Phase::Serving => {}
        }
        let requires = self.source.status.applied().requires;
        if requires == ReadyRequires::None {
            return Ok(());
        }
        let mut found = self.found.lock().await;
        if let Some((at, known)) = &*found
            && at.elapsed() < REMEMBERED
        {
            return known.clone();
        }
        let result = hosts_accept(&self.source.pooler.databases(), requires).await;
        *found = Some((Instant::now(), result.clone()));
        result
    }
}

async fn all_tick(workers: &[Mailbox], limit: Duration, may_end: bool) -> Result<(), String> {
    let until = tokio::time::Instant::now() + limit;
    // All are asked before the first is waited for.
    let asked: Vec<_> = workers.iter().map(Mailbox::tick).collect();
    for (number, tick) in asked.into_iter().enumerate() {
        match timeout_at(until, tick).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) if may_end => {}
            Ok(Err(_)) => return Err(format!("worker {number} has ended")),
            Err(_) => return Err(format!("worker {number} has not answered within {limit:?}")),
        }
    }
    Ok(())
}

async fn hosts_accept(databases: &Databases, requires: ReadyRequires) -> Result<(), String> {
    let wanted = |database: &crate::pooler::Database| {
        let primary = std::iter::once(database.primary.address.clone());
        let replicas = database.replicas.iter().map(|host| host.address.clone());
        let with_replicas = requires == ReadyRequires::Any;
        primary.chain(replicas.filter(move |_| with_replicas)).collect::<Vec<_>>()
    };
    let wanted: HashMap<&String, Vec<Address>> =
        databases.iter().map(|(name, database)| (name, wanted(database))).collect();
    let refused = that_refuse(wanted.values().flatten().cloned().collect()).await;
    let mut without: Vec<_> = wanted
        .iter()
        .filter(|(_, hosts)| hosts.iter().all(|host| refused.contains(host)))
        .collect();
    without.sort_by_key(|(name, _)| **name);
    match without.first() {
        None => Ok(()),
        Some((name, hosts)) => {
            let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
            let hosts = hosts.join(", ");
            Err(format!("database \"{name}\": no connection to {hosts} ([metrics] ready_requires)"))
        }
    }
}

/// Those that do not accept a connection in time. Nothing is said on it.
async fn that_refuse(hosts: HashSet<Address>) -> HashSet<Address> {
    let turns = Arc::new(Semaphore::new(CONNECTS_MAX));
    let mut tries = JoinSet::new();
    for host in hosts {
        let turns = turns.clone();
        tries.spawn(async move {
            let _turn = turns.acquire().await;
            let connected = timeout(CONNECT_LIMIT, connect(&host, Keepalive::default())).await;
            (host, matches!(connected, Ok(Ok(_))))
        });
    }
    let tried = tries.join_all().await;
    tried.into_iter().filter(|(_, accepts)| !accepts).map(|(host, _)| host).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(test: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(test)
    }

    #[test]
    fn a_worker_that_does_not_answer_is_named() {
        let (workers, letters): (Vec<_>, Vec<_>) = (0..2).map(|_| Mailbox::new()).unzip();
        let silent = run(async {
            let limit = Duration::from_millis(20);
            let ask = all_tick(&workers, limit, false);
            let answer = async { workers[0].pulse().answer(0) };
            tokio::join!(ask, answer).0
        });
        assert_eq!(silent, Err("worker 1 has not answered within 20ms".to_owned()));
        drop(letters);
        let ended = |may_end| run(all_tick(&workers, Duration::from_secs(5), may_end));
        assert_eq!(ended(false), Err("worker 0 has ended".to_owned()));
        assert_eq!(ended(true), Ok(()));
    }

    #[test]
    fn a_host_refuses_where_nobody_listens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let open = Address::Tcp("127.0.0.1".into(), listener.local_addr().unwrap().port());
        let gone = Address::Unix("/nowhere/.s.PGSQL.5432".into());
        let refused = run(that_refuse([open, gone.clone()].into()));
        assert_eq!(refused, [gone].into());
    }
}
