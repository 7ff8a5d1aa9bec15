//! From what was written to what the program uses: types, defaults, and databases put together.

use std::collections::BTreeMap;

use super::mistake::Findings;
use super::section::Section;
use super::section::database::{PoolSettings, Target};
use super::section::listen::Listen;
use super::section::login::Login;
use super::section::metrics::Metrics;
use super::section::pools::Pools;
use super::section::process::Process;
use super::section::routing::Routing;
use super::section::statements::Statements;
use super::section::timeouts::Timeouts;
use super::section::tls::Tls;
use super::section::tracing::Tracing;
use super::section::user::User;
use super::settings::{ANY_DATABASE, Database, Pooler, Settings};
use super::source::outside::Outside;
use super::source::written::{Reading, TableId, Written};
use super::url::ServerUrl;

/// Gives every value its type; what is wrong is noted and left at its default.
pub(crate) fn resolve(
    written: &Written,
    outside: Outside<'_>,
    findings: &mut Findings,
) -> Settings {
    let mut resolver = Resolver { written, outside, findings };
    let pooler = resolver.pooler();
    let routing = Routing::default().read(&mut resolver.reading(Section::Routing.into()));
    let metrics = Metrics::default().read(&mut resolver.reading(Section::Metrics.into()));
    let tracing = Tracing::default().read(&mut resolver.reading(Section::Tracing.into()));
    let databases = resolver.databases(&pooler, &routing);
    let users = resolver.users();
    Settings { pooler, routing, databases, users, metrics, tracing }
}

struct Resolver<'a> {
    written: &'a Written,
    outside: Outside<'a>,
    findings: &'a mut Findings,
}

impl Resolver<'_> {
    fn reading(&mut self, id: TableId) -> Reading<'_> {
        let Self { written, outside, findings } = self;
        Reading { id, written, outside: *outside, findings }
    }

    fn pooler(&mut self) -> Pooler {
        let mut reading = self.reading(Section::Pooler.into());
        Pooler {
            listen: Listen::default().read(&mut reading),
            process: Process::default().read(&mut reading),
            pools: Pools::default().read(&mut reading),
            timeouts: Timeouts::default().read(&mut reading),
            statements: Statements::default().read(&mut reading),
            login: Login::default().read(&mut reading),
            tls: Tls::default().read(&mut reading),
        }
    }

    fn users(&mut self) -> BTreeMap<String, User> {
        let mut users = BTreeMap::new();
        for name in self.written.names(Section::Users) {
            let mut reading = self.reading(TableId::named(Section::Users, name));
            users.insert(name.to_owned(), User::default().read(&mut reading));
        }
        users
    }

    fn databases(&mut self, pooler: &Pooler, routing: &Routing) -> BTreeMap<String, Database> {
        let mut databases = BTreeMap::new();
        for name in self.written.names(Section::Databases) {
            let mut reading = self.reading(TableId::named(Section::Databases, name));
            let target = Target::default().read(&mut reading);
            let pool = PoolSettings::inheriting(pooler).read(&mut reading);
            let routing = routing.clone().read(&mut reading);
            let mut assembly = Assembly { reading, pooler, pool };
            if let Some(database) = assembly.database(target, routing) {
                databases.insert(name.to_owned(), database);
            }
        }
        databases
    }
}

impl PoolSettings {
    /// What holds for a database that says nothing itself.
    fn inheriting(pooler: &Pooler) -> Self {
        Self {
            pool_mode: pooler.pools.pool_mode,
            pool_size: pooler.pools.default_pool_size,
            min_pool_size: pooler.pools.min_pool_size,
            reserve_pool_size: pooler.pools.reserve_pool_size,
            query_wait_timeout: pooler.timeouts.query_wait_timeout,
            server_lifetime: pooler.timeouts.server_lifetime,
            server_idle_timeout: pooler.timeouts.server_idle_timeout,
            log_min_duration: pooler.statements.log_min_duration,
            server_tls_sslmode: pooler.tls.server_tls_sslmode,
            server_require_auth: pooler.tls.server_require_auth,
        }
    }
}

/// Joins what a database's URLs say with what its keys say.
struct Assembly<'a> {
    reading: Reading<'a>,
    pooler: &'a Pooler,
    pool: PoolSettings,
}

impl Assembly<'_> {
    fn database(&mut self, target: Target, routing: Routing) -> Option<Database> {
        let name = self.reading.id.name.clone().unwrap_or_default();
        let Some(url) = target.primary else {
            self.needs_primary();
            return None;
        };
        let user = self.agreed("user", target.user, url.user.clone());
        let password = self.agreed("password", target.password, url.password.clone());
        let dbname = self.agreed("dbname", target.dbname, url.dbname.clone());
        self.take_tls(&url);
        if url.weight.is_some() {
            self.mistake("primary", "only a replica has a weight");
        }
        let replicas = target.replicas.unwrap_or_default();
        for replica in &replicas {
            self.check_replica(&url, replica);
        }
        Some(Database {
            primary: url.address,
            replica_weights: replicas.iter().map(|replica| replica.weight.unwrap_or(1)).collect(),
            replicas: replicas.into_iter().map(|replica| replica.address).collect(),
            dbname: dbname.or_else(|| Some(name).filter(|name| name != ANY_DATABASE)),
            user,
            password,
            pool: self.pool.clone(),
            routing,
        })
    }

    fn needs_primary(&mut self) {
        let written = self.reading.written.entry(&self.reading.id, "primary").is_some();
        let roles = self.reading.written.entry(&self.reading.id, "hosts").is_some();
        if !written && !roles && self.reading.written.is_whole {
            self.mistake("primary", "a database needs it");
        }
    }

    /// The one of two values that was written; both may be if they are the same.
    fn agreed<T: PartialEq>(&mut self, key: &str, own: Option<T>, url: Option<T>) -> Option<T> {
        if own.is_some() && url.is_some() && own != url {
            self.mistake(key, "it differs from what the URL of primary says, write it once");
        }
        own.or(url)
    }

    fn take_tls(&mut self, url: &ServerUrl) {
        let key = "server_tls_sslmode";
        let own = self.reading.written.entry(&self.reading.id, key).is_some();
        let own = own.then_some(self.pool.server_tls_sslmode);
        if let Some(mode) = self.agreed(key, own, url.sslmode) {
            self.pool.server_tls_sslmode = mode;
        }
        self.check_root("primary", url);
    }

    /// A replica's URL may repeat the primary's login, and nothing else: a pool's servers are
    /// alike whichever host they are on.
    fn check_replica(&mut self, primary: &ServerUrl, replica: &ServerUrl) {
        let differs = differs(&replica.user, &primary.user)
            || differs(&replica.password, &primary.password)
            || differs(&replica.dbname, &primary.dbname)
            || replica.sslmode.is_some_and(|mode| mode != self.pool.server_tls_sslmode);
        if differs {
            let wrong = format!(
                "the URL of {} has another user, password, dbname or sslmode than the primary's",
                replica.address
            );
            self.mistake("replicas", &wrong);
        }
        self.check_root("replicas", replica);
    }

    fn check_root(&mut self, key: &str, url: &ServerUrl) {
        if differs(&url.sslrootcert, &self.pooler.tls.server_tls_ca_file) {
            let wrong =
                "sslrootcert holds for every database: write server_tls_ca_file in [pooler]";
            self.mistake(key, wrong);
        }
    }

    fn mistake(&mut self, key: &str, wrong: &str) {
        let place = self.reading.written.place(&self.reading.id, key);
        self.reading.findings.mistake(place, self.reading.id.key(key), wrong);
    }
}

/// Whether a value is written and is not the other one.
fn differs<T: PartialEq>(written: &Option<T>, other: &Option<T>) -> bool {
    written.is_some() && written != other
}
