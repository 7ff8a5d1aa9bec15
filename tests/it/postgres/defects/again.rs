//! Reads that a standby gave up before anything had reached the client: other routers show the error.

use super::stage::{Lag, Stage};
use crate::support::frontend::query;
use crate::support::{Pgweir, Trace, Wire, until};

/// A read that takes a while and sends nothing before its end, from a host that is held up on purpose.
const SLOW: &str = "SELECT count(*) || ' slowly' FROM wide, pg_sleep(2)";

struct Scene {
    stage: Stage,
    trace: Trace,
    _pgweir: Pgweir,
    wire: Wire,
}

/// One replica of two serves, and cancels at once whatever stands in the way of replay.
fn scene() -> Scene {
    let stage = Stage::set();
    let primary = |sql: &str| stage.cluster.psql("postgres", sql).unwrap();
    primary("CREATE TABLE wide AS SELECT id, repeat('x', 900) AS x FROM generate_series(1, 40) id");
    let replica = &stage.cluster.replicas()[0];
    for sql in ["ALTER SYSTEM SET max_standby_streaming_delay = 0", "SELECT pg_reload_conf()"] {
        stage.cluster.psql_on(replica, "postgres", sql).unwrap();
    }
    stage.cluster.catch_up().unwrap();
    stage.hold_up(1, Lag::WayCut);
    let trace = stage.trace();
    let pgweir = stage.pgweir("max_replica_lag = \"1h\"\nno_replica = \"wait\"");
    let wire = pgweir.wire(stage.cluster.superuser(), stage.cluster.password(), "postgres");
    Scene { stage, trace, _pgweir: pgweir, wire }
}

impl Scene {
    /// Sends the read and returns once it runs on the replica.
    fn begin(&mut self) {
        self.wire.send([query(SLOW)]);
        let (stage, replica) = (&self.stage, &self.stage.cluster.replicas()[0]);
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        until("it runs", || stage.cluster.psql_on(replica, "postgres", sql).unwrap() == "1");
    }

    fn must_have_run_again(&mut self, expected: &str) {
        assert_eq!(self.wire.expect("T D C Z")[1].row(), [Some(format!("{expected} slowly"))]);
        assert_eq!(self.trace.hosts(" slowly"), ["primary", "replica-1"]);
    }
}

/// Nobody hides it: graph-node 4327, sequelize 7179, cube 3904.
#[test]
fn a_recovery_conflict_reaches_the_client() {
    let mut scene = scene();
    scene.begin();
    scene.stage.cluster.psql("postgres", "DELETE FROM wide").unwrap();
    scene.stage.cluster.psql("postgres", "VACUUM wide").unwrap();
    scene.must_have_run_again("0");
}

/// The same with a server that goes away.
#[test]
fn a_standby_that_goes_away_takes_its_reads_along() {
    let mut scene = scene();
    scene.begin();
    scene.stage.hold_up(0, Lag::WayCut);
    scene.must_have_run_again("40");
}

/// Nobody hides it either, and PgDog and PgCat send them there: 25006.
#[test]
fn a_write_that_only_the_standby_finds_out_reaches_the_client_as_an_error() {
    let mut scene = scene();
    scene
        .stage
        .cluster
        .psql(
            "postgres",
            "CREATE FUNCTION add() RETURNS int LANGUAGE plpgsql STABLE AS
             $$ BEGIN PERFORM nextval('s'); RETURN 1; END $$; CREATE SEQUENCE s",
        )
        .unwrap();
    scene.stage.cluster.catch_up().unwrap();
    for _ in 0..3 {
        assert_eq!(scene.wire.value("SELECT add()"), "1");
    }
    // What was refused is remembered.
    let hosts = scene.trace.hosts("SELECT add()");
    assert_eq!(hosts.iter().filter(|host| *host == "primary").count(), 3, "{hosts:?}");
    assert!(hosts.len() <= 4, "{hosts:?}");
}
