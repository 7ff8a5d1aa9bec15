//! A cluster of its own whose replicas can be held up in every way that is known, with pgweir in front.

use std::net::SocketAddr;
use std::time::Duration;

use pgweir::demo::{Cluster, Host};
use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::Config;

use crate::support::{Link, Pgweir, Trace, until};

/// What sessions read and write: few, so that they meet.
pub const REGISTERS: usize = 8;

/// The table of the registers, all of them at 0.
const TABLE: &str = "CREATE TABLE register (id int PRIMARY KEY, value bigint NOT NULL);
    INSERT INTO register SELECT id, 0 FROM generate_series(0, 7) id";

/// A primary and two replicas. The replicas' way to the primary and pgweir's way to the replicas lead
/// over links that can be cut.
pub struct Stage {
    pub cluster: Cluster,
    /// From each replica to the primary.
    streams: Vec<Link>,
    /// From pgweir to each replica.
    ways: Vec<Link>,
}

/// What holds a replica up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lag {
    None,
    /// `recovery_min_apply_delay`: commits are replayed this much later.
    Delay(Duration),
    /// `pg_wal_replay_pause()`.
    Paused,
    /// SIGSTOP of the process that receives the WAL.
    ReceiverStopped,
    /// The network between the replica and the primary loses everything.
    StreamHeld,
    /// The replica's connection to the primary ends, and so does each new one.
    StreamCut,
    /// The network between pgweir and the replica loses everything.
    WayHeld,
    /// The connections between pgweir and the replica end, and so does each new one.
    WayCut,
}

impl Stage {
    /// Starts the cluster, with the registers in its database `postgres`.
    pub fn set() -> Stage {
        let cluster = Cluster::start(2).unwrap();
        cluster.psql("postgres", TABLE).unwrap();
        let to_primary = |_: &Host| Link::to(cluster.primary().address());
        let streams: Vec<_> = cluster.replicas().iter().map(to_primary).collect();
        let ways = cluster.replicas().iter().map(|host| Link::to(host.address())).collect();
        let stage = Stage { cluster, streams, ways };
        stage.lead_streams_over_links();
        stage
    }

    /// A pgweir with these lines in `[routing]`, which knows the catalog.
    pub fn pgweir(&self, routing: &str) -> Pgweir {
        let cluster = &self.cluster;
        let ways: Vec<_> = self.ways.iter().map(Link::address).collect();
        let pgweir = Pgweir::start(&self.config(routing, cluster.primary().address(), &ways));
        drop(pgweir.wire(cluster.superuser(), cluster.password(), "postgres"));
        pgweir.wait_for_log("catalog read");
        pgweir
    }

    /// A configuration with these lines in `[routing]`, and these hosts.
    pub fn config(&self, routing: &str, primary: SocketAddr, replicas: &[SocketAddr]) -> String {
        let replicas: Vec<_> = replicas.iter().map(|host| format!("\"{host}\"")).collect();
        format!(
            "[routing]\n{routing}\n\n[databases.postgres]\nprimary = \"{primary}\"\nreplicas = [{}]\n\n\
             [users.{}]\npassword = \"{}\"\n",
            replicas.join(", "),
            self.cluster.superuser(),
            self.cluster.password(),
        )
    }

    /// Where pgweir reaches a replica.
    pub fn way(&self, replica: usize) -> SocketAddr {
        self.ways[replica].address()
    }

    /// Makes a replica a primary of its own, whatever it has got of the WAL by now.
    pub fn promote(&self, replica: usize) {
        assert_eq!(self.on(replica, "SELECT pg_promote()"), "t");
    }

    /// What a replica says.
    pub fn on(&self, replica: usize, sql: &str) -> String {
        let host = &self.cluster.replicas()[replica];
        self.cluster.psql_on(host, "postgres", sql).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Where pgweir's statements run.
    pub fn trace(&self) -> Trace {
        Trace::start(&self.cluster, self.cluster.superuser(), "postgres")
    }

    /// How a driver connects to this pgweir.
    pub fn driver(&self, pgweir: &Pgweir) -> Config {
        let mut config = Config::new();
        config.host("127.0.0.1").port(pgweir.port()).dbname("postgres");
        config.user(self.cluster.superuser()).password(self.cluster.password());
        config
    }

    /// Holds a replica up from here on.
    pub fn hold_up(&self, replica: usize, lag: Lag) {
        match lag {
            Lag::None => {}
            Lag::Delay(delay) => self.delay(replica, delay),
            Lag::Paused => drop(self.on(replica, "SELECT pg_wal_replay_pause()")),
            Lag::ReceiverStopped => self.signal_receiver(replica, Signal::STOP),
            Lag::StreamHeld => self.streams[replica].hold(),
            Lag::StreamCut => self.streams[replica].cut(),
            Lag::WayHeld => self.ways[replica].hold(),
            Lag::WayCut => self.ways[replica].cut(),
        }
    }

    /// Lets it go on.
    pub fn let_go(&self, replica: usize, lag: Lag) {
        match lag {
            Lag::None => {}
            Lag::Delay(_) => self.delay(replica, Duration::ZERO),
            Lag::Paused => drop(self.on(replica, "SELECT pg_wal_replay_resume()")),
            Lag::ReceiverStopped => self.signal_receiver(replica, Signal::CONT),
            Lag::StreamHeld | Lag::StreamCut => self.streams[replica].mend(),
            Lag::WayHeld | Lag::WayCut => self.ways[replica].mend(),
        }
    }

    fn delay(&self, replica: usize, delay: Duration) {
        let sql = format!("ALTER SYSTEM SET recovery_min_apply_delay = '{}ms'", delay.as_millis());
        self.on(replica, &sql);
        self.on(replica, "SELECT pg_reload_conf()");
    }

    fn signal_receiver(&self, replica: usize, signal: Signal) {
        let pid = self.on(replica, "SELECT pid FROM pg_stat_wal_receiver").parse().unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// `primary_conninfo` is obeyed at a reload, by a receiver that starts anew.
    fn lead_streams_over_links(&self) {
        let old = format!("port={}", self.cluster.primary().port());
        for (replica, stream) in self.streams.iter().enumerate() {
            let port = stream.address().port();
            let given = self.on(replica, "SHOW primary_conninfo").replace('\'', "''");
            let given = given.replace(&old, &format!("port={port}"));
            self.on(replica, &format!("ALTER SYSTEM SET primary_conninfo = '{given}'"));
            self.on(replica, "SELECT pg_reload_conf()");
            let through = "SELECT status || ' ' || sender_port FROM pg_stat_wal_receiver";
            let wanted = format!("streaming {port}");
            until("the replica streams over its link", || self.on(replica, through) == wanted);
        }
    }
}
