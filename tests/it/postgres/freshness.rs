//! Reads on replicas show what their session has seen, and are never staler than they may be.

use std::time::{Duration, Instant};

use pgweir::demo::Cluster;

use crate::support::frontend::query;
use crate::support::{Database, Pgweir, Wire, until};

/// A view whose one row is the name of the host that it is read on: to pgweir a read like any other.
const SCHEMA: &str = "CREATE FUNCTION host() RETURNS text STABLE LANGUAGE sql
        AS $$ SELECT current_setting('cluster_name') $$;
    CREATE VIEW place AS SELECT host() AS host;
    CREATE TABLE t (id int);";

const WHERE: &str = "SELECT host FROM place";
const COUNT: &str = "SELECT count(*) FROM t";

/// Rounds of the read that follows its write. `PGWEIR_CHECK_READS=10000` is the long run.
const ROUNDS: u32 = 1_000;

/// A cluster of the test's own, and pgweir in front of it.
struct Stage {
    cluster: Cluster,
    pgweir: Pgweir,
}

impl Stage {
    fn start(replicas: usize, routing: &str) -> Stage {
        let cluster = Cluster::start(replicas).unwrap();
        cluster.psql("postgres", SCHEMA).unwrap();
        cluster.catch_up().unwrap();
        let pgweir = Pgweir::start(&config(&cluster, routing));
        Stage { cluster, pgweir }
    }

    fn client(&self) -> Wire {
        self.pgweir.wire(self.cluster.superuser(), self.cluster.password(), "postgres")
    }

    fn on_replicas(&self, sql: &str) {
        for replica in self.cluster.replicas() {
            self.cluster.psql_on(replica, "postgres", sql).unwrap();
        }
    }
}

fn config(cluster: &Cluster, routing: &str) -> String {
    let (user, password) = (cluster.superuser(), cluster.password());
    let replicas: Vec<_> =
        cluster.replicas().iter().map(|host| format!("\"{}\"", host.address())).collect();
    format!(
        "[pooler]\nstats_users = [\"{user}\"]\n\n[routing]\n{routing}\n\n[databases.postgres]\nprimary = \"{}\"\nreplicas = [{}]\n\n\
         [users.{user}]\npassword = \"{password}\"\n",
        cluster.primary().address(),
        replicas.join(", "),
    )
}

fn is_on_replica(wire: &mut Wire) -> bool {
    wire.value(WHERE).starts_with("replica-")
}

#[test]
fn a_read_after_a_write_is_served_by_a_replica_and_sees_it() {
    let stage = Stage::start(2, "read_wait = \"100ms\"");
    let mut wire = stage.client();
    until("a replica serves a read", || is_on_replica(&mut wire));
    wire.rows("INSERT INTO t VALUES (0)");
    let rounds = std::env::var("PGWEIR_CHECK_READS").ok().and_then(|n| n.parse().ok());
    let rounds = rounds.unwrap_or(ROUNDS);
    let (mut on_replicas, mut times) = (0, Vec::new());
    for n in 1..=rounds {
        wire.rows(&format!("UPDATE t SET id = {n}"));
        let asked = Instant::now();
        let rows = wire.rows("SELECT host, id FROM place, t");
        times.push(asked.elapsed());
        assert_eq!(rows[0][1], Some(n.to_string()), "{rows:?}");
        on_replicas += u32::from(rows[0][0].as_deref() != Some("primary"));
    }
    times.sort();
    let median = times[times.len() / 2];
    println!("{on_replicas} of {rounds} reads on replicas, {median:?} at the median");
    assert!(on_replicas > rounds / 2, "{on_replicas} of {rounds}");
}

#[test]
fn replicas_that_stand_still_serve_nothing_until_they_go_on() {
    let stage = Stage::start(2, "max_replica_lag = \"300ms\"");
    let (mut writer, mut reader) = (stage.client(), stage.client());
    until("a replica serves a read", || is_on_replica(&mut reader));
    stage.on_replicas("SELECT pg_wal_replay_pause()");
    writer.rows("INSERT INTO t VALUES (1)");
    let written = Instant::now();
    assert_eq!(writer.value(COUNT), "1");
    // Until the lag is used up it may be the replica that answers, and then it shows the past.
    until("the reader sees the write", || {
        let (asked, count) = (Instant::now(), reader.value(COUNT));
        assert!(count == "1" || asked - written <= Duration::from_millis(300), "{count}");
        count == "1"
    });
    assert_eq!(reader.value(WHERE), "primary");
    stage.on_replicas("SELECT pg_wal_replay_resume()");
    until("a replica serves the reader again", || is_on_replica(&mut reader));
    assert_eq!(reader.value(COUNT), "1");
    until("a replica serves the writer again", || is_on_replica(&mut writer));
    assert_eq!(writer.value(COUNT), "1");
}

#[test]
fn with_database_every_session_sees_what_any_has_written() {
    let routing = "read_your_writes = \"database\"\nread_wait = \"100ms\"";
    let stage = Stage::start(2, routing);
    let (mut writer, mut reader) = (stage.client(), stage.client());
    until("a replica serves a read", || is_on_replica(&mut reader));
    for n in 1..=200 {
        writer.rows(&format!("INSERT INTO t VALUES ({n})"));
        assert_eq!(reader.value(COUNT), n.to_string());
    }
    until("a replica serves the reader still", || is_on_replica(&mut reader));
}

#[test]
fn with_off_a_session_may_miss_its_write_and_does_not_wait() {
    let routing = "read_your_writes = \"off\"\nmax_replica_lag = \"1h\"";
    let stage = Stage::start(1, routing);
    let mut wire = stage.client();
    until("a replica serves a read", || is_on_replica(&mut wire));
    stage.on_replicas("SELECT pg_wal_replay_pause()");
    wire.rows("INSERT INTO t VALUES (1)");
    assert_eq!(wire.value(COUNT), "0");
}

#[test]
fn without_a_fresh_replica_a_read_fails_or_waits_if_that_is_what_is_asked_for() {
    let stage = Stage::start(1, "no_replica = \"error\"\nmax_replica_lag = \"1h\"");
    let (mut failing, mut other) = (stage.client(), stage.client());
    until("a replica serves a read", || {
        failing.send([query(WHERE)]);
        failing.until_ready().len() > 2
    });
    stage.on_replicas("SELECT pg_wal_replay_pause()");
    failing.rows("INSERT INTO t VALUES (1)");
    let error = failing.error(COUNT);
    assert_eq!(error.code, "08006");
    assert!(error.detail.contains("not_fresh"), "{}", error.detail);
    assert_eq!(failing.value("INSERT INTO t VALUES (2) RETURNING id"), "2");
    assert_eq!(other.value(COUNT), "0");
    let config = config(&stage.cluster, "no_replica = \"wait\"\nmax_replica_lag = \"1h\"");
    stage.pgweir.reload(&config);
    stage.pgweir.wait_for_log("reloaded");
    failing.send([query(COUNT)]);
    stage.on_replicas("SELECT pg_wal_replay_resume()");
    assert_eq!(failing.expect("T D C Z")[1].row(), [Some("2".to_owned())]);
}

#[test]
fn a_replica_that_is_promoted_serves_nothing() {
    let stage = Stage::start(1, "max_replica_lag = \"1h\"");
    let mut wire = stage.client();
    until("a replica serves a read", || is_on_replica(&mut wire));
    stage.on_replicas("SELECT pg_promote()");
    until("the primary serves the reads", || wire.value(WHERE) == "primary");
    let line = stage.pgweir.wait_for_log("it is not in recovery, so it is not a replica");
    assert!(line.contains("a second host takes writes"), "{line}");
    assert_eq!(wire.value(WHERE), "primary");
    let (user, password) = (stage.cluster.superuser(), stage.cluster.password());
    let mut console = stage.pgweir.wire(user, password, "pgweir");
    let takes_writes = "SELECT role FROM hosts WHERE NOT in_recovery ORDER BY role";
    let both = [[Some("primary".to_owned())], [Some("replica".to_owned())]];
    assert_eq!(console.rows(takes_writes), both);
}

/// Nobody has to read for a second primary to be seen.
#[test]
fn a_replica_that_is_promoted_while_nobody_reads_is_seen() {
    let stage = Stage::start(1, "max_replica_lag = \"1h\"");
    let mut wire = stage.client();
    until("a replica serves a read", || is_on_replica(&mut wire));
    let replica = &stage.cluster.replicas()[0];
    let silent = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgweir' \
                  AND query LIKE 'EXECUTE%' AND now() - state_change > '3 seconds'";
    until("it is hardly asked any more", || {
        stage.cluster.psql_on(replica, "postgres", silent).unwrap() == "1"
    });
    stage.on_replicas("SELECT pg_promote()");
    let line = stage.pgweir.wait_for_log("a second host takes writes");
    assert!(line.contains(&replica.address().to_string()), "{line}");
}

/// Also that an ordinary user may ask, and that a reload does not begin anew.
#[test]
fn the_hosts_are_asked_on_a_connection_each_that_outlives_a_reload() {
    let database = Database::with(SCHEMA);
    let config = |lag| format!("[routing]\nmax_replica_lag = \"{lag}\"\n\n{}", database.config());
    let pgweir = Pgweir::start(&config("30s"));
    let (mut one, mut two) = (pgweir.client(&database), pgweir.client(&database));
    until("a replica serves a read", || is_on_replica(&mut one));
    let samplers = || {
        let hosts = std::iter::once(database.cluster.primary()).chain(database.cluster.replicas());
        let sql = format!(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgweir' AND usename = '{}'",
            database.name
        );
        let asked = hosts.map(|host| database.cluster.psql_on(host, "postgres", &sql).unwrap());
        asked.collect::<Vec<_>>()
    };
    let is_number = |pid: &String| pid.parse::<u32>().is_ok();
    until("each host has one sampler", || samplers().iter().all(is_number));
    let before = samplers();
    pgweir.reload(&config("20s"));
    pgweir.wait_for_log("reloaded");
    until("a replica serves the session again", || is_on_replica(&mut one));
    until("a replica serves another session", || is_on_replica(&mut two));
    assert_eq!(samplers(), before);
}

/// What a failed transaction has written is flushed with the next commit only, and a standby is sent
/// nothing that is not flushed: until then it cannot get to where the primary is.
#[test]
fn wal_that_nobody_flushes_does_not_keep_replicas_from_serving() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = Pgweir::start(&database.config());
    let mut wire = pgweir.client(&database);
    for _ in 0..3 {
        database.run("BEGIN; INSERT INTO t SELECT generate_series(1, 100); ROLLBACK");
        until("a replica serves a read", || {
            wire.rows("SELECT count(*) FROM t");
            wire.rows("SHOW pgweir.server")[0][1].as_deref() == Some("replica")
        });
    }
}
