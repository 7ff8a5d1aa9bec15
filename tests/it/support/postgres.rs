//! The PostgreSQL cluster that all tests share.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use pgweir::demo::Cluster;

use super::trace::Trace;
use super::wire::Wire;

/// A primary and two replicas, started by the first test that asks. Nobody drops it: its keeper
/// cleans up when this process ends.
///
/// A test that stops, kills or slows a host must start a [`Cluster`] of its own.
pub fn postgres() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(2).unwrap_or_else(|error| panic!("{error}")))
}

/// A database of the test's own, owned by a role of the same name and password, known to every
/// replica. It stays until the cluster goes.
pub struct Database {
    pub cluster: &'static Cluster,
    pub name: String,
}

impl Database {
    /// Makes an empty one.
    pub fn create() -> Database {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let cluster = postgres();
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        cluster.psql("postgres", &format!("CREATE ROLE {name} LOGIN PASSWORD '{name}'")).unwrap();
        cluster.psql("postgres", &format!("CREATE DATABASE {name} OWNER {name}")).unwrap();
        cluster.catch_up().unwrap();
        Database { cluster, name }
    }

    /// Makes one and runs `sql` in it, as its owner.
    pub fn with(sql: &str) -> Database {
        let database = Database::create();
        database.run(&format!("SET ROLE {}; {sql}", database.name));
        database.cluster.catch_up().unwrap();
        database
    }

    /// Runs statements in it as the superuser, on the primary and not through pgweir.
    pub fn run(&self, sql: &str) -> String {
        self.cluster.psql(&self.name, sql).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`config`](Database::config), without the replicas: everything goes to the primary.
    pub fn primary_config(&self) -> String {
        let config = self.config();
        config.lines().filter(|line| !line.starts_with("replicas")).collect::<Vec<_>>().join("\n")
    }

    /// How many of its sessions on the primary run a statement that begins like this.
    pub fn running(&self, start: &str) -> usize {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
             AND state = 'active' AND query LIKE '{start}%'"
        );
        self.run(&sql).parse().unwrap()
    }

    /// Where its owner's statements run from here on; it comes before the pgweir that it is for.
    pub fn trace(&self) -> Trace {
        Trace::start(self.cluster, &self.name, &self.name)
    }

    /// A session of its owner on the primary, not through pgweir.
    pub fn direct(&self) -> Wire {
        Wire::login(self.cluster.primary().port(), &self.name, &self.name, &self.name)
    }

    /// The same, with these startup parameters too.
    pub fn direct_with(&self, parameters: &[(&str, &str)]) -> Wire {
        let mut wire = Wire::connect(self.port());
        let own = [("user", self.name.as_str()), ("database", self.name.as_str())];
        wire.log_in(&self.name, &self.name, &[&own, parameters].concat());
        wire
    }

    /// Where its primary listens.
    pub fn port(&self) -> u16 {
        self.cluster.primary().port()
    }

    /// The `[databases.NAME]` and `[users.NAME]` tables that lead pgweir to it.
    pub fn config(&self) -> String {
        let (name, primary) = (&self.name, self.cluster.primary().address());
        let replicas: Vec<_> =
            self.cluster.replicas().iter().map(|host| format!("\"{}\"", host.address())).collect();
        let replicas = replicas.join(", ");
        format!(
            "[databases.{name}]\nprimary = \"{primary}\"\nreplicas = [{replicas}]\n\
             user = \"{name}\"\npassword = \"{name}\"\n\n[users.{name}]\npassword = \"{name}\"\n"
        )
    }
}
