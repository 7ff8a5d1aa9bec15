//! What all console clients share.

use super::access::Right;
use super::house::House;
use super::rates::Rates;
use super::session;
use crate::pooler::{Pooler, Who};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::io::DuplexStream;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

/// The names of the virtual database; `config` lets no other have them.
pub const NAMES: [&str; 2] = ["pgweir", "pgbouncer"];

/// Whether a client that asks for this database gets the console.
pub fn is_console(database: &str) -> bool {
    NAMES.contains(&database)
}

/// What SHOW VERSION says.
pub const VERSION: &str = concat!("pgweir ", env!("CARGO_PKG_VERSION"));

/// What `server_version` is: psql and drivers choose their catalog queries by the number in front.
pub const SERVER_VERSION: &str = concat!("16.0 (pgweir ", env!("CARGO_PKG_VERSION"), ")");

/// Clients of the console. They do not count against `max_client_conn`, so that an administrator
/// gets in when that is reached; a handful of people and exporters need far less.
pub const CLIENTS_MAX: usize = 100;

/// Results over [`LARGE_ROWS`](super::running::LARGE_ROWS) that may be held at once, by all console
/// clients together: with 100,000 clients one of them takes some 80 MB.
pub(super) const LARGE_RESULTS_MAX: usize = 4;

/// Bytes that wait between a session and its client's connection, in each direction.
pub(super) const PIPE_LEN: usize = 64 * 1024;

/// The virtual database.
#[derive(Debug)]
pub struct Console {
    pooler: Arc<Pooler>,
    house: House,
    rates: Arc<Rates>,
    clients: AtomicUsize,
    large: Arc<Semaphore>,
    runtime: OnceLock<Handle>,
}

/// One of [`CLIENTS_MAX`].
#[derive(Debug)]
pub struct Entry(Arc<Console>);

impl Drop for Entry {
    fn drop(&mut self) {
        self.0.clients.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A session that ends when this is dropped.
#[derive(Debug)]
pub struct Open {
    /// Where its client's bytes go in, and its own come out.
    pub pipe: DuplexStream,
    /// Cancels what it runs.
    pub cancel: Arc<Notify>,
    session: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.session.abort();
    }
}

impl Console {
    /// Over these pools, with orders going to `house`.
    pub fn new(pooler: Arc<Pooler>, house: House) -> Console {
        Console {
            pooler,
            house,
            rates: Arc::default(),
            clients: AtomicUsize::new(0),
            large: Arc::new(Semaphore::new(LARGE_RESULTS_MAX)),
            runtime: OnceLock::new(),
        }
    }

    /// Sessions run here from now on, not on the workers' threads.
    pub fn run_on(&self, runtime: Handle) {
        let _ = self.runtime.set(runtime);
    }

    /// A place for one more client, if there is one.
    pub fn enter(self: &Arc<Self>) -> Option<Entry> {
        let taken = self.clients.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            (count < CLIENTS_MAX).then_some(count + 1)
        });
        taken.ok().map(|_| Entry(self.clone()))
    }

    /// How many clients it has.
    pub fn clients(&self) -> usize {
        self.clients.load(Ordering::Relaxed)
    }

    /// A session for a client who has logged in.
    pub fn open(self: &Arc<Self>, who: Arc<Who>, right: Right) -> Option<Open> {
        let (pipe, theirs) = tokio::io::duplex(PIPE_LEN);
        let cancel = Arc::new(Notify::new());
        let session = session::serve(theirs, self.clone(), who, right, cancel.clone());
        let session = self.runtime.get()?.spawn(session);
        Some(Open { pipe, cancel, session })
    }

    /// All pools.
    pub fn pooler(&self) -> &Arc<Pooler> {
        &self.pooler
    }

    /// The averages of SHOW STATS.
    pub fn rates(&self) -> &Arc<Rates> {
        &self.rates
    }

    pub(super) fn house(&self) -> &House {
        &self.house
    }

    pub(super) fn large(&self) -> &Arc<Semaphore> {
        &self.large
    }
}
