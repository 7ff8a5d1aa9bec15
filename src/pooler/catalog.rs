//! What is known of a database's catalog now: read by a keeper, asked by all workers.
//!
//! A catalog counts only as long as nothing is known to have changed: the sessions count every
//! definition (CREATE, ALTER ...) that they see done, and a catalog that was read before the last
//! one of them is unknown until it has been read again. What is changed behind pgweir's back is
//! found by asking again every `catalog_refresh`. Whatever goes wrong makes a catalog unknown, and
//! then reads go to the primary.

mod equal;
mod keeper;
mod reading;
mod spelling;

use super::database::Database;
use super::pool::Pool;
use crate::net::Address;
use crate::routing::{Catalog, Classifier};
use crate::session::Definitions;
use arc_swap::ArcSwap;
use equal::Equal;
pub use keeper::run;
use parking_lot::Mutex;
pub use reading::{ReadError, read};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};

/// Logins that are known for one database: each user with pools in it is one. If one is refused
/// the next is tried; more than a few would only be tried for long.
const LOGINS_MAX: usize = 8;

/// Catalogs of one primary that are read at once, each on a connection of its own. Many databases
/// are due together after a restart, and their clients need the host's connections more.
const READERS_MAX: usize = 4;

/// Stands for every catalog that is not known now.
static UNKNOWN: Catalog = Catalog::unknown();

/// The catalog of one database on its primary, as it is known now.
#[derive(Debug)]
pub struct Current {
    /// For the log.
    name: String,
    known: ArcSwap<Known>,
    definitions: Definitions,
    /// Some session has asked since the keeper last looked.
    used: AtomicBool,
    /// A [`Call`] that the keeper has not answered yet.
    called: AtomicU8,
    bell: Arc<Notify>,
    /// Its primary's, which all catalogs there share.
    readers: Arc<Semaphore>,
    /// It has a keeper.
    kept: AtomicBool,
    refresh_ms: AtomicU64,
    logins: Mutex<Vec<Weak<Pool>>>,
}

/// A catalog, and how many definitions were counted when it was read.
#[derive(Debug)]
struct Known {
    catalog: Option<Arc<Catalog>>,
    definitions: u64,
}

/// Why the keeper is called; of several, the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Call {
    /// Nobody has called.
    Nobody,
    /// A text names a relation that the catalog does not have.
    Missed,
    /// The catalog is not known.
    Unknown,
}

impl Current {
    fn new(name: String, readers: Arc<Semaphore>) -> Current {
        Current {
            name,
            readers,
            known: ArcSwap::from_pointee(Known { catalog: None, definitions: 0 }),
            definitions: Definitions::default(),
            used: AtomicBool::new(false),
            called: AtomicU8::new(Call::Nobody as u8),
            bell: Arc::default(),
            kept: AtomicBool::new(false),
            refresh_ms: AtomicU64::new(0),
            logins: Mutex::default(),
        }
    }

    /// What sessions count in it.
    pub(super) fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// Asks the catalog, which may be unknown: its keeper is called then.
    pub fn ask<T>(&self, question: impl FnOnce(&Catalog) -> T) -> T {
        // Stored once in a while, so that workers do not take a cache line from each other.
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        let known = self.known.load();
        match &known.catalog {
            Some(catalog) if known.definitions == self.definitions.count() => question(catalog),
            _ => {
                self.call(Call::Unknown);
                question(&UNKNOWN)
            }
        }
    }

    /// A text names a relation that the catalog does not have: if it was made behind pgweir's back,
    /// it is found soon.
    pub fn missed(&self) {
        self.call(Call::Missed);
    }

    fn call(&self, call: Call) {
        let call = call as u8;
        if self.called.load(Ordering::Relaxed) < call
            && self.called.fetch_max(call, Ordering::AcqRel) < call
        {
            self.bell.notify_one();
        }
    }

    fn called(&self) -> Call {
        let called = self.called.load(Ordering::Acquire);
        let calls = [Call::Missed, Call::Unknown];
        calls.into_iter().find(|call| *call as u8 == called).unwrap_or(Call::Nobody)
    }

    /// The keeper is here, and has been told of everything up to now.
    fn answer_call(&self) -> u64 {
        self.called.store(Call::Nobody as u8, Ordering::Release);
        self.definitions.count()
    }

    /// What was read; the sessions that ask from now on see it.
    fn learn(&self, catalog: Option<Arc<Catalog>>, definitions: u64, classifier: &Classifier) {
        let known = self.known.load();
        let generation =
            |catalog: &Option<Arc<Catalog>>| catalog.as_deref().map(Catalog::generation);
        if known.definitions == definitions && generation(&known.catalog) == generation(&catalog) {
            return;
        }
        self.known.store(Arc::new(Known { catalog, definitions }));
        classifier.changed();
    }

    fn take_use(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    fn refresh(&self) -> Duration {
        Duration::from_millis(self.refresh_ms.load(Ordering::Relaxed))
    }

    pub(super) fn set_refresh(&self, refresh: Duration) {
        let refresh_ms = u64::try_from(refresh.as_millis()).unwrap_or(u64::MAX);
        self.refresh_ms.store(refresh_ms, Ordering::Relaxed);
    }

    /// The database can be logged in to as this pool does; the newest login is tried first.
    fn add_login(&self, primary: &Arc<Pool>) {
        let mut logins = self.logins.lock();
        logins.retain(|login| login.strong_count() > 0);
        logins.insert(0, Arc::downgrade(primary));
        logins.truncate(LOGINS_MAX);
    }

    fn login(&self, attempt: usize) -> Option<Arc<Pool>> {
        let logins: Vec<_> = self.logins.lock().iter().filter_map(Weak::upgrade).collect();
        logins.get(attempt % logins.len().max(1)).cloned()
    }
}

impl Drop for Current {
    /// The keeper goes when it finds that nobody needs it.
    fn drop(&mut self) {
        self.bell.notify_one();
    }
}

/// The catalogs of all databases in which there is a choice of hosts.
#[derive(Debug, Default)]
pub struct Catalogs {
    known: Mutex<Listing>,
    /// Those that have no keeper yet.
    new: Mutex<Vec<Arc<Current>>>,
    equal: Equal,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Listing {
    /// By the primary and the database's name there: users and aliases of one share one.
    catalogs: HashMap<(Address, String), Weak<Current>>,
    readers: HashMap<Address, Weak<Semaphore>>,
}

impl Listing {
    /// Forgets what nobody uses any more, instead of growing: not at each new one, so that a hundred
    /// thousand of them are not looked through each time.
    fn sweep(&mut self) {
        if self.catalogs.len() == self.catalogs.capacity() {
            self.catalogs.retain(|_, current| current.strong_count() > 0);
            self.readers.retain(|_, readers| readers.strong_count() > 0);
        }
    }

    fn readers(&mut self, primary: &Address) -> Arc<Semaphore> {
        let known = self.readers.get(primary).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let readers = Arc::new(Semaphore::new(READERS_MAX));
            self.readers.insert(primary.clone(), Arc::downgrade(&readers));
            readers
        })
    }
}

impl Catalogs {
    /// The catalog of the database that is called `dbname` on its primary.
    pub(super) fn current(&self, database: &Database, dbname: &str) -> Arc<Current> {
        let address = &database.primary.address;
        let key = (address.clone(), dbname.to_owned());
        let mut listed = self.known.lock();
        let current = match listed.catalogs.get(&key).and_then(Weak::upgrade) {
            Some(current) => current,
            None => {
                listed.sweep();
                let readers = listed.readers(address);
                let current = Arc::new(Current::new(format!("{dbname}@{address}"), readers));
                listed.catalogs.insert(key, Arc::downgrade(&current));
                current
            }
        };
        current.set_refresh(database.catalog_refresh);
        current
    }

    /// The database can be logged in to as this pool does: now it can be kept.
    pub(super) fn add_login(&self, current: &Arc<Current>, primary: &Arc<Pool>) {
        current.add_login(primary);
        if !current.kept.swap(true, Ordering::Relaxed) {
            self.new.lock().push(current.clone());
            self.bell.notify_one();
        }
    }

    /// Those that need a keeper; each is said once.
    async fn new_ones(&self) -> Vec<Arc<Current>> {
        loop {
            let new = std::mem::take(&mut *self.new.lock());
            if !new.is_empty() {
                return new;
            }
            self.bell.notified().await;
        }
    }
}

#[cfg(test)]
mod tests;
