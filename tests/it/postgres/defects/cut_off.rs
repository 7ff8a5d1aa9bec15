//! Replicas of which nothing is known, or nothing new: other routers believe the best of them.

use std::time::{Duration, Instant};

use super::stage::{Lag, Stage};
use crate::support::{Database, FakeServer, Pgweir, TIMEOUT};

const MAX_LAG: Duration = Duration::from_millis(300);

/// Odyssey, Multigres and PgDog take a replica of which they know nothing for a good one.
#[test]
fn a_replica_that_never_answers_holds_up_the_reads() {
    let database = Database::with("CREATE TABLE t (id int)");
    let silent = FakeServer::script(|peer| {
        peer.opening();
        while peer.next().is_some() {}
    });
    let port = database.cluster.replicas()[1].port().to_string();
    let config = database.config().replace(&port, &silent.port().to_string());
    let pgweir = Pgweir::start(&config);
    let begun = Instant::now();
    for _ in 0..8 {
        assert_eq!(pgweir.client(&database).value("SELECT count(*) FROM t"), "0");
    }
    assert!(begun.elapsed() < TIMEOUT / 3, "{:?}", begun.elapsed());
}

/// Pgpool-II keeps the last lag that it has seen, often 0; the usual query says 0 when the receiver is gone.
#[test]
fn a_replica_that_is_cut_off_from_the_primary_serves_for_ever() {
    let stage = Stage::set();
    let pgweir = stage.pgweir(&format!("max_replica_lag = \"{}ms\"", MAX_LAG.as_millis()));
    let ways = [Lag::Paused, Lag::ReceiverStopped, Lag::StreamHeld, Lag::StreamCut];
    for (number, way) in ways.into_iter().enumerate() {
        (0..2).for_each(|replica| stage.hold_up(replica, way));
        stage.cluster.psql("postgres", "UPDATE register SET value = value + 1").unwrap();
        let due = Instant::now() + MAX_LAG;
        loop {
            let begun = Instant::now();
            let mut wire =
                pgweir.wire(stage.cluster.superuser(), stage.cluster.password(), "postgres");
            let value = wire.value("SELECT max(value) FROM register");
            if value == (number + 1).to_string() {
                break;
            }
            assert!(begun < due, "{way:?}: it is served later than max_replica_lag allows");
        }
        (0..2).for_each(|replica| stage.let_go(replica, way));
        stage.cluster.catch_up().unwrap();
    }
}
