//! All databases and all their pools.

use super::catalog::Catalogs;
use super::clock::Latest;
use super::database::Database;
use super::host::Host;
use super::mailbox::{Letter, Mailbox};
use super::pool::{Common, Pool};
use super::pools::{Gone, Pools};
use super::shortage::Surveyed;
use super::standing::Standing;
use super::vacancy::{Guests, Vacancy};
use super::watch::Watch;
use crate::auth::Credential;
use crate::net::Address;
use crate::routing::{Catalog, Classifier, Reason, Role};
use crate::session::{Shared, StatementIds};
use crate::spans::Spans;
use crate::stats::{Queries, Routes};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;
use tokio::sync::Notify;

/// Pools that may exist: one for each database, user and host in use. Only a configuration that
/// lets clients name databases and users freely comes near it.
const POOLS_MAX: usize = 100_000;

/// The databases, by the name that clients ask for; `*` answers for the rest.
pub type Databases = HashMap<String, Arc<Database>>;

/// What all workers share.
#[derive(Debug)]
pub struct Pooler {
    /// Says what a statement does.
    pub classifier: Classifier,
    pub(super) catalogs: Catalogs,
    /// What statements cost.
    pub queries: Queries,
    /// What is told of single statements.
    pub spans: Spans,
    /// Wakes who sends spans, when many wait.
    pub spans_alarm: Notify,
    pub(super) common: Common,
    mailboxes: Vec<Mailbox>,
    databases: ArcSwap<Databases>,
    hosts: Mutex<HashMap<Address, Arc<Host>>>,
    pub(super) pools: Mutex<HashMap<Key, Arc<Pools>>>,
    /// Of each database, by the name that is asked for: a reload does not forget it.
    pub(super) last_writes: Mutex<HashMap<String, Arc<Latest>>>,
    /// By their hosts: the users and databases of one cluster share one.
    watches: Mutex<HashMap<Vec<Address>, Weak<Watch>>>,
    /// Those that have no samplers yet.
    new_watches: Mutex<Vec<Arc<Watch>>>,
    watch_alarm: Notify,
    generation: AtomicU64,
    pub(super) standing: Mutex<Standing>,
    /// When it was last looked for pools that nobody uses.
    pub(super) vacated: Mutex<Option<Instant>>,
    /// What workers last said of their clients to whoever had waited in vain.
    pub(super) surveyed: tokio::sync::Mutex<Surveyed>,
}

/// The pools of one database and user, and what they are found by.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The database, as clients ask for it.
    pub database: String,
    /// The user who is logged in to the hosts.
    pub user: String,
    /// The pools.
    pub pools: Arc<Pools>,
}

/// What a client's pools are found by: the database that it asks for and the user who logs in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    database: String,
    user: String,
}

/// There are too many pools already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {POOLS_MAX} pools")]
pub struct TooManyPools;

impl Pooler {
    /// A pooler without pools.
    pub fn new(databases: Databases, mailboxes: Vec<Mailbox>, classifier: Classifier) -> Pooler {
        let alarm = Arc::new(Notify::new());
        let common = Common {
            ids: Arc::default(),
            statements: StatementIds::default(),
            vacancy: Arc::new(Vacancy::new(alarm.clone())),
            alarm,
            workers: mailboxes.len(),
            places: Arc::default(),
        };
        Pooler {
            classifier,
            catalogs: Catalogs::default(),
            queries: Queries::new(mailboxes.len(), 0),
            spans: Spans::new(mailboxes.len()),
            spans_alarm: Notify::new(),
            common,
            mailboxes,
            databases: ArcSwap::from_pointee(databases),
            hosts: Mutex::default(),
            pools: Mutex::default(),
            last_writes: Mutex::default(),
            watches: Mutex::default(),
            new_watches: Mutex::default(),
            watch_alarm: Notify::new(),
            generation: AtomicU64::new(0),
            standing: Mutex::default(),
            vacated: Mutex::new(None),
            surveyed: tokio::sync::Mutex::default(),
        }
    }

    /// The workers' mailboxes, by their numbers.
    pub fn mailboxes(&self) -> &[Mailbox] {
        &self.mailboxes
    }

    /// Counts reloads: a client whose pools are of an older generation looks them up again.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// What the configuration says of the database that a client asks for.
    pub fn database(&self, name: &str) -> Option<Arc<Database>> {
        let databases = self.databases.load();
        databases.get(name).or_else(|| databases.get("*")).cloned()
    }

    /// The pools of `database` for a client that logs in as `user` and has proven it with what can
    /// prove it to the hosts too: from now on that is what their logins show.
    ///
    /// # Errors
    /// When there are too many pools.
    pub fn pools_at_login(
        &self,
        asked: &str,
        database: &Arc<Database>,
        user: &str,
        proven: &Credential,
    ) -> Result<Arc<Pools>, TooManyPools> {
        let found = self.pools(asked, database, user, proven)?;
        if database.credential.is_none() {
            let fresh = Arc::new(proven.clone());
            found.iter().for_each(|pool| pool.credential.store(fresh.clone()));
        }
        Ok(found)
    }

    /// The same pools for a client that had logged in before the configuration changed. It may have
    /// proven itself with a password that is no longer the user's: only pools that there are not
    /// yet take that.
    ///
    /// # Errors
    /// When there are too many pools.
    pub fn pools(
        &self,
        asked: &str,
        database: &Arc<Database>,
        user: &str,
        proven: &Credential,
    ) -> Result<Arc<Pools>, TooManyPools> {
        let user = database.user.as_deref().unwrap_or(user);
        let key = Key { database: asked.to_owned(), user: user.to_owned() };
        let credential = database.credential.as_ref().unwrap_or(proven);
        let mut pools = self.pools.lock();
        let found = match pools.get(&key) {
            Some(found) => found.clone(),
            None if pools.len() >= POOLS_MAX => return Err(TooManyPools),
            None => {
                let made = Arc::new(self.make(&key, database, credential));
                if self.standing.lock().is_paused(asked) {
                    made.iter().for_each(Pool::pause);
                }
                pools.insert(key, made.clone());
                self.common.alarm.notify_one();
                made
            }
        };
        Ok(found)
    }

    fn make(&self, key: &Key, database: &Arc<Database>, credential: &Credential) -> Pools {
        let dbname = database.dbname.as_deref().unwrap_or(&key.database);
        let has_choice = !database.replicas.is_empty();
        let catalog = has_choice.then(|| self.catalogs.current(database, dbname));
        let definitions = catalog.as_ref().map(|catalog| catalog.definitions().clone());
        let shared = Shared::new(self.common.statements.clone(), crate::routing::ask::columns);
        let shared = Arc::new(shared.counting(definitions.unwrap_or_default()));
        let make = |role, host| {
            let target = database.target(host, &key.user, &key.database);
            let host = self.host(&host.address);
            let credential = credential.clone();
            let (common, asked) = (&self.common, (&**database, key.database.as_str()));
            let new = Pool::new(asked, role, host, target, credential, &shared, common);
            Arc::new(new)
        };
        let pools = Pools {
            primary: make(Role::Primary, &database.primary),
            replicas: database.replicas.iter().map(|host| make(Role::Replica, host)).collect(),
            catalog,
            watch: self.watch(database),
            tokens: Arc::default(),
            routes: Arc::new(Routes::new(self.common.workers, Gone::ALL.len(), Reason::ALL.len())),
            last_write: self.last_writes.lock().entry(key.database.clone()).or_default().clone(),
            startups: Arc::default(),
            guests: Arc::new(Guests::new(self.common.vacancy_of(&database.name))),
            database: database.clone(),
            shared: shared.clone(),
        };
        if let Some(catalog) = &pools.catalog {
            self.catalogs.add_login(catalog, &pools.primary);
        }
        if let Some(watch) = &pools.watch {
            watch.add_logins(pools.iter().cloned().collect());
            watch.tell_lag(database.policy.max_replica_lag);
            self.watch_alarm.notify_one();
        }
        pools
    }

    /// What is known of the freshness of the database's hosts.
    fn watch(&self, database: &Database) -> Option<Arc<Watch>> {
        (!database.replicas.is_empty()).then(|| self.watch_hosts(database))
    }

    /// What asks the database's hosts where they are: one for each list of hosts.
    pub(super) fn watch_hosts(&self, database: &Database) -> Arc<Watch> {
        let hosts = std::iter::once(&database.primary).chain(&database.replicas);
        let addresses: Vec<Address> = hosts.map(|host| host.address.clone()).collect();
        let mut watches = self.watches.lock();
        if let Some(known) = watches.get(&addresses).and_then(Weak::upgrade) {
            return known;
        }
        watches.retain(|_, watch| watch.strong_count() > 0);
        let made = Arc::new(Watch::new(addresses.clone()));
        watches.insert(addresses, Arc::downgrade(&made));
        self.new_watches.lock().push(made.clone());
        made
    }

    /// Those that need samplers; each is said once.
    pub(super) fn new_watches(&self) -> Vec<Arc<Watch>> {
        std::mem::take(&mut *self.new_watches.lock())
    }

    pub(super) fn watch_alarm(&self) -> &Notify {
        &self.watch_alarm
    }

    fn host(&self, address: &Address) -> Arc<Host> {
        let mut hosts = self.hosts.lock();
        let made = || Arc::new(Host::new(address.clone()));
        hosts.entry(address.clone()).or_insert_with(made).clone()
    }

    /// The databases of the configuration.
    pub fn databases(&self) -> Arc<Databases> {
        self.databases.load_full()
    }

    /// Every pool that exists, with what it is found by; in the order of names.
    pub fn listed(&self) -> Vec<Listed> {
        let pools = self.pools.lock();
        let listed = |(key, pools): (&Key, &Arc<Pools>)| Listed {
            database: key.database.clone(),
            user: key.user.clone(),
            pools: pools.clone(),
        };
        let mut all: Vec<Listed> = pools.iter().map(listed).collect();
        drop(pools);
        all.sort_by(|a, b| (&a.database, &a.user).cmp(&(&b.database, &b.user)));
        all
    }

    /// Every host that a pool has been made for, in the order of addresses.
    pub fn all_hosts(&self) -> Vec<Arc<Host>> {
        let mut hosts: Vec<_> = self.hosts.lock().values().cloned().collect();
        hosts.sort_by_key(|host| host.address.to_string());
        hosts
    }

    /// Every pool that exists.
    pub fn all_pools(&self) -> Vec<Arc<Pool>> {
        let pools = self.pools.lock();
        pools.values().flat_map(|pools| pools.iter().cloned()).collect()
    }

    /// Applies a new configuration: pools whose connections are still of use keep them under
    /// their new limits; the others are retired, and made anew when a client needs them.
    pub fn reload(&self, databases: Databases) {
        let mut pools = self.pools.lock();
        pools
            .values()
            .filter_map(|pools| pools.watch.as_ref())
            .for_each(|watch| watch.forget_lag());
        let fallback = databases.get("*");
        pools.retain(|key, pools| {
            let database = databases.get(&key.database).or(fallback);
            match database.filter(|new| new.identity == pools.database.identity) {
                Some(new) => {
                    *pools = Arc::new(self.adapted(key, pools, new));
                    true
                }
                None => {
                    pools.retire();
                    false
                }
            }
        });
        drop(pools);
        // Somebody has changed something: what was refused may be let in now.
        self.hosts.lock().values().for_each(|host| host.forget_setbacks());
        self.forget_old_writes();
        self.databases.store(Arc::new(databases));
        // A statement that a client has prepared may be another database's from now on.
        self.classifier.changed();
        self.generation.fetch_add(1, Ordering::Release);
        self.common.alarm.notify_one();
        self.mailboxes.iter().for_each(|mailbox| mailbox.send(Letter::Reloaded));
    }

    fn adapted(&self, key: &Key, old: &Pools, database: &Arc<Database>) -> Pools {
        let hosts = std::iter::once(&database.primary).chain(&database.replicas);
        for (pool, host) in old.iter().zip(hosts) {
            pool.set_target(database.target(host, &key.user, &key.database));
            pool.forget_setbacks();
            for open in pool.set_limits(&database.limits) {
                self.post(pool, open);
            }
        }
        if let Some(catalog) = &old.catalog {
            catalog.set_refresh(database.catalog_refresh);
        }
        if let Some(watch) = &old.watch {
            watch.tell_lag(database.policy.max_replica_lag);
        }
        Pools {
            database: database.clone(),
            primary: old.primary.clone(),
            replicas: old.replicas.clone(),
            catalog: old.catalog.clone(),
            watch: old.watch.clone(),
            tokens: old.tokens.clone(),
            routes: old.routes.clone(),
            last_write: old.last_write.clone(),
            startups: old.startups.clone(),
            guests: old.guests.clone(),
            shared: old.shared.clone(),
        }
    }

    /// A standby has refused `sql` although it was taken for a read: see
    /// [`Classifier::refused`].
    pub fn refused(&self, sql: &[u8], catalog: &Catalog) {
        self.classifier.refused(sql, catalog, Instant::now());
        self.common.alarm.notify_one();
    }

    /// Has some worker start a login.
    pub(super) fn post(&self, pool: &Arc<Pool>, open: crate::pool::Open) {
        if let Some((_, mailbox)) = super::mailbox::least_busy(&self.mailboxes) {
            mailbox.send(Letter::Open(pool.clone(), open));
        }
    }

    pub(super) fn alarm(&self) -> &Notify {
        &self.common.alarm
    }
}
