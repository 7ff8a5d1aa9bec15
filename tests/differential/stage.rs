//! Where scripts are played: two databases that are the same, one of them behind pgweir.

use std::fs;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::support::{Database, Pgweir, Wire, postgres, until};

/// What both databases have. Sessions write rows of their own keys only, and everybody reads `fixed`: so the
/// answers do not depend on who comes first.
const TABLES: &str = "CREATE TABLE t (k bigint PRIMARY KEY, v text);
    CREATE TABLE deferred (k bigint UNIQUE DEFERRABLE INITIALLY DEFERRED);
    CREATE TABLE fixed AS SELECT k, 'v' || k AS v FROM generate_series(1, 20) AS k";

/// Keys of a session.
pub const KEYS: u64 = 10;

/// How soon everything must have come to rest when all clients have gone.
const REST: Duration = Duration::from_secs(20);

/// What is asked of both databases when a script has ended.
const ROWS: &str = "SELECT k, md5(v) FROM t WHERE k >= @ AND k < @ + 10 UNION ALL \
    SELECT k, 'deferred' FROM deferred WHERE k >= @ AND k < @ + 10 ORDER BY 1, 2";

/// How pgweir is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    pub name: &'static str,
    pub replica: bool,
    pub transactions: &'static str,
    pub workers: usize,
}

/// Both databases, of one cluster and one owner.
pub struct Stage {
    database: Database,
    through: String,
    setup: Setup,
    direct: Wire,
    behind: Wire,
    on_replica: Wire,
}

/// A pgweir, and its console.
pub struct Pooler {
    pub pgweir: Pgweir,
    console: Wire,
}

impl Stage {
    pub fn set(setup: Setup) -> Stage {
        trust();
        let database = Database::create();
        let (name, cluster) = (database.name.clone(), database.cluster);
        let through = format!("{name}_through");
        cluster.psql("postgres", &format!("CREATE DATABASE {through} OWNER {name}")).unwrap();
        for one in [&name, &through] {
            cluster.psql(one, &format!("SET ROLE {name}; {TABLES}")).unwrap();
        }
        cluster.catch_up().unwrap();
        let (user, password) = (cluster.superuser(), cluster.password());
        let primary = cluster.primary().port();
        let direct = Wire::login(primary, user, password, &name);
        let behind = Wire::login(primary, user, password, &through);
        let replica = cluster.replicas()[0].port();
        let on_replica = Wire::login(replica, user, password, &through);
        Stage { database, through, setup, direct, behind, on_replica }
    }

    pub fn pooler(&self) -> Pooler {
        let pgweir = Pgweir::start(&self.config());
        let console = Wire::login(pgweir.port(), "admin", "", "pgweir");
        let mut client = Wire::login(pgweir.port(), self.user(), "", &self.through);
        if self.setup.replica {
            pgweir.wait_for_log("catalog read");
            until("a replica serves", || {
                client.rows("SELECT count(*) FROM fixed");
                let server = client.rows("SHOW pgweir.server");
                format!("{server:?}").contains("replica")
            });
        }
        Pooler { pgweir, console }
    }

    pub fn user(&self) -> &str {
        &self.database.name
    }

    pub fn database(&self, through: bool) -> &str {
        if through { &self.through } else { &self.database.name }
    }

    /// What PostgreSQL has to say about the end of one of its processes.
    pub fn crashed(&self) -> Option<String> {
        let log = self.database.cluster.primary().log();
        let lines: Vec<_> = log.lines().collect();
        let at = lines.iter().position(|line| line.contains("was terminated by signal"))?;
        Some(lines[at..lines.len().min(at + 3)].join("\n"))
    }

    pub fn direct_port(&self) -> u16 {
        self.database.cluster.primary().port()
    }

    /// The rows of a session, directly and through pgweir, where they differ.
    pub fn rows_differ(&mut self, key: u64) -> Option<String> {
        let rows = ROWS.replace('@', &key.to_string());
        let (direct, behind) = (self.direct.rows(&rows), self.behind.rows(&rows));
        (direct != behind).then(|| format!("stored {behind:?}, and directly {direct:?}"))
    }

    /// What is left on the hosts of clients that have gone.
    pub fn left_on_hosts(&mut self) -> Option<String> {
        let sql = format!(
            "SELECT state, query, count(*) FROM pg_stat_activity WHERE datname = '{}' \
             AND pid <> pg_backend_pid() AND backend_type = 'client backend' \
             AND usename = '{}' AND query NOT LIKE '%pgweir_%' GROUP BY 1, 2",
            self.through, self.database.name
        );
        let idle = Some("idle".to_owned());
        let give_up = Instant::now() + REST;
        loop {
            let mut rows = self.behind.rows(&sql);
            rows.extend(self.on_replica.rows(&sql));
            let busy: Vec<_> = rows.iter().filter(|row| row[0] != idle).collect();
            if busy.is_empty() {
                return None;
            }
            if Instant::now() > give_up {
                return Some(format!("left on hosts: {busy:?}"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn config(&self) -> String {
        let Setup { replica, transactions, workers, .. } = self.setup;
        let cluster = self.database.cluster;
        let replicas = match replica {
            true => format!("replicas = [\"{}\"]\n", cluster.replicas()[0].address()),
            false => String::new(),
        };
        format!(
            "[pooler]\nworkers = {workers}\ndefault_pool_size = 2\nauth_type = \"trust\"\n\
             admin_users = [\"admin\"]\n\n[routing]\nmax_replica_lag = \"20s\"\n\
             transactions = \"{transactions}\"\n\n[databases.{}]\nprimary = \"{}\"\n{replicas}\n\
             [users.{}]\n[users.admin]\n",
            self.through,
            cluster.primary().address(),
            self.database.name,
        )
    }
}

impl Pooler {
    /// What is left in pgweir of clients that have gone.
    pub fn left(&mut self) -> Option<String> {
        let sql = "SELECT state, link, database, application_name, remote_pid FROM servers \
            WHERE state NOT IN ('idle', 'own') OR link <> ''";
        let give_up = Instant::now() + REST;
        loop {
            let left = self.console.rows(sql);
            if left.is_empty() {
                return None;
            }
            if Instant::now() > give_up {
                return Some(format!("servers left: {left:?}"));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Clients for every worker, at once: each must be let in and answered.
    pub fn workers_answer(&self, stage: &Stage) -> Option<String> {
        let parameters = [("user", stage.user()), ("database", stage.database(true))];
        let deadline = Instant::now() + REST;
        let login = |_| Connection::login(self.pgweir.port(), &parameters, deadline);
        let clients: Vec<_> = (0..stage.setup.workers).map(login).collect();
        clients.into_iter().find_map(Result::err)
    }
}

/// The first key of a session that nobody has had before.
pub fn fresh_key() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1_000_000);
    NEXT.fetch_add(KEYS, Ordering::Relaxed)
}

/// Nobody is asked for a password: what is compared here begins behind the login.
fn trust() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let cluster = postgres();
        for host in std::iter::once(cluster.primary()).chain(cluster.replicas()) {
            let file = cluster.folder().join(host.name()).join("pg_hba.conf");
            let rules = fs::read_to_string(&file).unwrap();
            fs::write(&file, format!("host all all 127.0.0.1/32 trust\n{rules}")).unwrap();
            cluster.psql_on(host, "postgres", "SELECT pg_reload_conf()").unwrap();
        }
    });
}
