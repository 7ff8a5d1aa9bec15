//! A throwaway PostgreSQL cluster: one primary and its streaming replicas.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::error::ClusterError;
use super::host::{Host, POLL_EVERY};
use super::programs::{Programs, random_word};

/// How many replicas a cluster may have: each takes one of the primary's 20 walsenders, and the rest is for
/// what is done with the cluster.
pub const MAX_REPLICAS: usize = 8;

/// The name of the superuser that `initdb` makes.
const SUPERUSER: &str = "postgres";

/// Replicas stream within tens of milliseconds of being ready.
const STREAM_TIMEOUT: Duration = Duration::from_secs(60);

/// Fast, small and forgetful: nothing here has to survive a power cut. WAL is kept so that a replica that a
/// test has stopped for a while can go on.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 200
max_wal_senders = 20
max_prepared_transactions = 20
shared_buffers = '64MB'
wal_level = replica
hot_standby = on
wal_keep_size = '256MB'
wal_retrieve_retry_interval = '100ms'
wal_receiver_status_interval = '1s'
fsync = off
full_page_writes = off
wal_init_zero = off
checkpoint_timeout = '30min'
jit = off
logging_collector = off
log_destination = stderr
log_line_prefix = '%m [%p] %q%u@%d '
";

/// A PostgreSQL primary and its streaming replicas, in one scratch folder, on free loopback ports.
///
/// Everything stops and the folder goes when this is dropped, and also when the process dies without
/// dropping it. Login is by SCRAM-SHA-256, on TCP and on the unix socket, with a password made anew.
pub struct Cluster {
    // Dropped first: its keeper stops the hosts, which are then only reaped.
    programs: Programs,
    primary: Host,
    replicas: Vec<Host>,
    password: String,
}

impl Cluster {
    /// Starts a primary and this many replicas, and returns when all of them stream: 2 to 3 seconds.
    ///
    /// # Errors
    /// Any [`ClusterError`]; whatever had been started is stopped and deleted.
    pub fn start(replicas: usize) -> Result<Cluster, ClusterError> {
        if replicas > MAX_REPLICAS {
            return Err(ClusterError::TooManyReplicas { asked: replicas });
        }
        let programs = Programs::prepare()?;
        let password = random_word(24);
        init(&programs, &password)?;
        let primary = Host::start(&programs, "primary")?;
        let mut cluster = Cluster { programs, primary, replicas: Vec::new(), password };
        for number in 1..=replicas {
            cluster.add_replica(&format!("replica-{number}"))?;
        }
        cluster.wait_until_streaming()?;
        Ok(cluster)
    }

    /// The primary.
    #[must_use]
    pub fn primary(&self) -> &Host {
        &self.primary
    }

    /// The replicas.
    #[must_use]
    pub fn replicas(&self) -> &[Host] {
        &self.replicas
    }

    /// The scratch folder; each host's unix socket is in it, and its log (`primary.log`).
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.programs.folder()
    }

    /// The superuser's name.
    #[must_use]
    pub fn superuser(&self) -> &str {
        SUPERUSER
    }

    /// The superuser's password; letters and digits only.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The full path of one of PostgreSQL's programs, of the version that runs here.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.binaries().program(name)
    }

    /// A URL that leads the superuser to `database` on `host`.
    #[must_use]
    pub fn url(&self, host: &Host, database: &str) -> String {
        format!("postgres://{SUPERUSER}:{}@{}/{database}", self.password, host.address())
    }

    /// Runs statements as the superuser on the primary; see [`psql_on`](Cluster::psql_on).
    ///
    /// # Errors
    /// As there.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String, ClusterError> {
        self.psql_on(&self.primary, database, sql)
    }

    /// Runs statements as the superuser on `host`, directly, and returns the rows: one a line, columns
    /// separated by `|`.
    ///
    /// # Errors
    /// [`ClusterError::Program`] with PostgreSQL's message; the statements after the failed one do not run.
    pub fn psql_on(&self, host: &Host, database: &str, sql: &str) -> Result<String, ClusterError> {
        let mut psql = self.programs.command("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database]);
        self.lead_to(host, &mut psql);
        Ok(self.programs.feed(psql, sql)?.trim_end().to_owned())
    }

    /// Waits until every replica shows what the primary has committed so far.
    ///
    /// # Errors
    /// [`ClusterError::Late`] where one does not stream, or is held back.
    pub fn catch_up(&self) -> Result<(), ClusterError> {
        // Not the insert position: that may point past a page header, where no record ends.
        let position = self.psql("postgres", "SELECT pg_current_wal_flush_lsn()")?;
        self.wait_for_replicas("replayed by every replica", &format!("replay_lsn >= '{position}'"))
    }

    fn add_replica(&mut self, name: &str) -> Result<(), ClusterError> {
        let mut copy = self.programs.command("pg_basebackup");
        // Fetching the WAL at the end takes a third of the time of streaming it, and the primary keeps it.
        copy.args(["-R", "-X", "fetch", "-c", "fast", "--no-sync", "-D"]);
        copy.arg(self.folder().join(name));
        self.lead_to(&self.primary, &mut copy);
        self.programs.run(copy)?;
        self.replicas.push(Host::start(&self.programs, name)?);
        Ok(())
    }

    /// Through the environment, which other users cannot read, unlike a command line.
    fn lead_to(&self, host: &Host, command: &mut Command) {
        command.env("PGHOST", "127.0.0.1").env("PGPORT", host.port().to_string());
        command.env("PGUSER", SUPERUSER).env("PGPASSWORD", &self.password);
    }

    fn wait_until_streaming(&self) -> Result<(), ClusterError> {
        self.wait_for_replicas("streaming to every replica", "state = 'streaming'")
    }

    fn wait_for_replicas(&self, state: &'static str, condition: &str) -> Result<(), ClusterError> {
        let wanted = self.replicas.len().to_string();
        let sql = format!("SELECT count(*) FROM pg_stat_replication WHERE {condition}");
        let give_up = Instant::now() + STREAM_TIMEOUT;
        while Instant::now() < give_up {
            if self.psql("postgres", &sql)? == wanted {
                return Ok(());
            }
            thread::sleep(POLL_EVERY);
        }
        Err(self.primary.late(state, STREAM_TIMEOUT))
    }
}

/// Without the password.
impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("folder", &self.folder())
            .field("primary", &self.primary.port())
            .field("replicas", &self.replicas.iter().map(Host::port).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Makes the primary's data folder.
fn init(programs: &Programs, password: &str) -> Result<(), ClusterError> {
    let (data, secret) = (programs.folder().join("primary"), programs.folder().join("password"));
    programs.write(&secret, password)?;
    let mut initdb = programs.command("initdb");
    initdb.args(["-U", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale"]);
    initdb.arg("--no-sync").arg("--pwfile").arg(&secret).arg("-D").arg(&data);
    programs.run(initdb)?;
    let _ = fs::remove_file(&secret);
    let conf = data.join("postgresql.conf");
    let given = fs::read_to_string(&conf).map_err(ClusterError::io("read postgresql.conf"))?;
    programs.write(&conf, &(given + SETTINGS))
}
