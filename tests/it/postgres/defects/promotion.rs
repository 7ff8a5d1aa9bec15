//! Replicas that have become primaries, and writes that they never got: other routers believe two primaries, or
//! take what is lost for what is late.

use super::stage::{Lag, Stage};
use crate::support::{Pgweir, Wire};

/// Nothing but the host itself keeps a read from a replica, and a read waits for one that may serve it.
const TRUSTING: &str =
    "max_replica_lag = \"2s\"\nread_your_writes = \"off\"\nno_replica = \"wait\"";

/// What says that a host is not what the configuration calls it.
const NOT_A_STANDBY: &str = "a second host takes writes";

fn client(stage: &Stage, pgweir: &Pgweir) -> Wire {
    pgweir.wire(stage.cluster.superuser(), stage.cluster.password(), "postgres")
}

/// Reads in sessions of their own until the log says this: hosts are asked only while somebody reads.
fn read_until_log(stage: &Stage, pgweir: &Pgweir, text: &str) {
    crate::support::until(text, || {
        client(stage, pgweir).value("SELECT max(value) FROM register");
        pgweir.log().contains(text)
    });
}

/// Pgpool-II 64 and 82, PostDock 21, bitnami/charts 2610.
#[test]
fn of_two_primaries_each_is_believed() {
    let stage = Stage::set();
    let mut trace = stage.trace();
    let pgweir = stage.pgweir(TRUSTING);
    stage.promote(0);
    read_until_log(&stage, &pgweir, NOT_A_STANDBY);
    stage.on(0, "UPDATE register SET value = -1");
    for _ in 0..20 {
        let mut wire = client(&stage, &pgweir);
        assert_eq!(wire.value("SELECT min(value) FROM register"), "0");
    }
    assert_eq!(trace.hosts("SELECT min(value)"), ["replica-2"; 20]);
}

/// A router that keeps positions without timelines waits for ever for what is lost, or takes another
/// history's position for it.
#[test]
fn a_write_that_a_promotion_lost_is_waited_for() {
    let stage = Stage::set();
    let mut trace = stage.trace();
    let pgweir = stage.pgweir("");
    let mut wire = client(&stage, &pgweir);
    (0..2).for_each(|replica| stage.hold_up(replica, Lag::StreamHeld));
    wire.rows("UPDATE register SET value = 5");
    let token = wire.value("SHOW pgweir.token");
    stage.promote(0);
    // The old primary is still there, and is now called a replica.
    let old = stage.cluster.primary().address();
    pgweir.reload(&stage.config("", stage.way(0), &[old]));
    pgweir.wait_for_log("reloaded");
    // What the new primary has is what there is, for the session that wrote as for any other.
    assert_eq!(wire.value("SELECT max(value) FROM register"), "0");
    let error = wire.error(&format!("SET pgweir.read_after = '{token}'"));
    assert!(error.message.contains("another timeline"), "{error}");
    wire.rows("UPDATE register SET value = 7");
    assert_eq!(wire.value("SELECT max(value) FROM register"), "7");
    let new = wire.value("SHOW pgweir.token");
    let mut other = client(&stage, &pgweir);
    other.rows(&format!("SET pgweir.read_after = '{new}'"));
    assert_eq!(other.value("SELECT max(value) FROM register"), "7");
    read_until_log(&stage, &pgweir, NOT_A_STANDBY);
    assert!(trace.hosts("FROM register").iter().all(|host| host == "replica-1"));
}

/// odyssey 44, pgdog 844: a primary that comes back is taken for what it was, with what nobody else has.
#[test]
fn an_old_primary_that_returns_is_read() {
    let stage = Stage::set();
    let old = stage.cluster.primary().address();
    (0..2).for_each(|replica| stage.hold_up(replica, Lag::StreamHeld));
    stage.cluster.psql("postgres", "UPDATE register SET value = 5").unwrap();
    stage.promote(0);
    // In front of the new primary from the start, with the old one as its only replica.
    let trusting = TRUSTING.replace("wait", "primary");
    let pgweir = Pgweir::start(&stage.config(&trusting, stage.way(0), &[old]));
    read_until_log(&stage, &pgweir, NOT_A_STANDBY);
    for _ in 0..10 {
        assert_eq!(client(&stage, &pgweir).value("SELECT max(value) FROM register"), "0");
    }
}
