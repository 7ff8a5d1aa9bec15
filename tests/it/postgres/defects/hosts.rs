//! Hosts that are lost, full or held up, and routers that make it worse.

use std::thread;

use rustix::process::Signal;

use super::split;
use super::stage::{Lag, Stage};
use crate::support::backend::error_response;
use crate::support::frontend::{bind, execute, parse, query, sync};
use crate::support::{Database, FakeServer, Pgweir, Wire, until};

const T: &str = "CREATE TABLE t (id int)";
const READ: &str = "SELECT count(*) FROM t";

/// Pgpool-II takes a server that was ended by `pg_terminate_backend($1)` for a host that has failed.
#[test]
fn a_server_that_a_client_ends_takes_its_host_with_it() {
    let database = Database::with(T);
    let pgweir = split(&database);
    let (mut wire, mut direct) = (pgweir.client(&database), database.direct());
    let victim = direct.server_pid();
    let end = "SELECT pg_terminate_backend($1::int)";
    wire.send([parse("", end), bind("", "", &[Some(&victim)]), execute(""), sync()]);
    assert_eq!(wire.expect("1 2 D C Z")[2].row(), [Some("t".to_owned())]);
    assert_eq!(direct.until_error().code, "57P01");
    for _ in 0..5 {
        wire.rows("INSERT INTO t VALUES (1)");
        wire.rows(READ);
        pgweir.client(&database).rows(READ);
    }
}

/// Pgpool-II, Odyssey and PgDog keep a replica that does not let anybody in; some ban it for minutes.
#[test]
fn a_replica_that_is_starting_up_fails_the_reads() {
    let database = Database::with(T);
    let starting = FakeServer::script(|peer| {
        peer.opening();
        peer.send([error_response("FATAL", "57P03", "the database system is starting up")]);
    });
    let port = database.cluster.replicas()[1].port().to_string();
    let config = database.config().replace(&port, &starting.port().to_string());
    let pgweir = Pgweir::start(&config);
    for _ in 0..8 {
        assert_eq!(pgweir.client(&database).value(READ), "0");
    }
}

/// Pgpool-II leaves every client of a full host to fail by itself.
#[test]
fn a_host_that_is_full_fails_clients_while_servers_are_there() {
    let database = Database::with(T);
    database.run(&format!("ALTER ROLE {} CONNECTION LIMIT 2", database.name));
    let pgweir = super::super::with_settings(&database, "default_pool_size = 10");
    let clients: Vec<_> = (0..20).map(|_| pgweir.client(&database)).collect();
    let ten = |mut wire: Wire| {
        (0..10).for_each(|_| drop(wire.rows("INSERT INTO t SELECT 1 FROM pg_sleep(0.001)")));
    };
    let threads: Vec<_> =
        clients.into_iter().map(|wire| thread::spawn(move || ten(wire))).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(database.run(READ), "200");
}

/// Nobody else runs a statement again. Whoever does must not when rows have gone to the client, or it gets
/// them twice: here a vacuum on the primary removes what the statement still reads.
#[test]
fn a_read_that_was_stopped_in_its_rows_runs_again() {
    let stage = Stage::set();
    let primary = |sql: &str| stage.cluster.psql("postgres", sql).unwrap();
    primary(
        "CREATE TABLE wide AS SELECT id, repeat('x', 9000) AS x FROM generate_series(1, 40) id",
    );
    let replica = &stage.cluster.replicas()[0];
    for sql in ["ALTER SYSTEM SET max_standby_streaming_delay = 0", "SELECT pg_reload_conf()"] {
        stage.cluster.psql_on(replica, "postgres", sql).unwrap();
    }
    stage.cluster.catch_up().unwrap();
    // The other one is out of the way, so that the read runs on this one.
    stage.hold_up(1, Lag::WayCut);
    let mut trace = stage.trace();
    let pgweir = stage.pgweir("no_replica = \"wait\"\nmax_replica_lag = \"1h\"");
    let mut wire = pgweir.wire(stage.cluster.superuser(), stage.cluster.password(), "postgres");
    wire.send([query("SELECT id, x, pg_sleep(0.2) AS slowly FROM wide")]);
    wire.expect("T D");
    primary("DELETE FROM wide");
    primary("VACUUM wide");
    let mut rows = 1;
    let error = loop {
        let message = wire.next();
        match message.tag {
            'D' => rows += 1,
            'E' => break message.fields(),
            other => panic!("{other}, and no error, after {rows} rows"),
        }
    };
    assert_eq!(error.code, "40001", "{error}");
    wire.expect("Z");
    assert!(rows < 40, "{rows}");
    assert_eq!(trace.hosts("slowly"), ["replica-1"]);
}

/// PgBouncer's, PgCat's and PgDog's users report statements that fail, or a process that never ends, when a
/// busy pooler is told to stop.
#[test]
fn a_busy_process_that_is_told_to_end_fails_statements_or_stays() {
    let database = Database::with(T);
    let pgweir = split(&database);
    let clients: Vec<_> = (0..8).map(|_| pgweir.client(&database)).collect();
    let threads: Vec<_> =
        clients.into_iter().map(|wire| thread::spawn(move || insert_until_told(wire))).collect();
    let enough = || database.run(READ).parse::<usize>().unwrap() > 100;
    until("all are busy", enough);
    pgweir.signal(Signal::TERM);
    let answered: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    let (status, log) = pgweir.stop_after_signal();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(database.run(READ), answered.to_string());
}

/// How many inserts were answered before the session was told that the process ends.
fn insert_until_told(mut wire: Wire) -> usize {
    for answered in 0.. {
        wire.send([query("INSERT INTO t VALUES (1)")]);
        let message = wire.next();
        if message.tag == 'E' {
            assert_eq!(message.fields().code, "57P01");
            return answered;
        }
        assert_eq!(message.tag, 'C');
        wire.expect("Z");
    }
    unreachable!("it ends by an error")
}

/// Pgpool-II compares microseconds with its limit in bytes; a limit in bytes shuts a good replica out, or
/// lets a bad one in.
#[test]
fn a_burst_of_wal_is_taken_for_a_long_time() {
    let stage = Stage::set();
    let pgweir = stage.pgweir("no_replica = \"error\"\nmax_replica_lag = \"1h\"");
    let mut wire = pgweir.wire(stage.cluster.superuser(), stage.cluster.password(), "postgres");
    until("a replica serves", || {
        wire.send([query("SELECT count(*) FROM register")]);
        !wire.until_ready().iter().any(|reply| reply.tag == 'E')
    });
    (0..2).for_each(|replica| stage.hold_up(replica, Lag::Paused));
    let burst = "CREATE TABLE wal AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 20000)";
    stage.cluster.psql("postgres", burst).unwrap();
    for _ in 0..20 {
        wire.rows("SELECT count(*) FROM register");
    }
}

/// PgDog bans, and ProxySQL's and PgDog's measure jumps by minutes, when a primary that nobody writes to
/// makes WAL of its own, or is written to again.
#[test]
fn an_idle_primary_looks_like_a_replica_that_lags() {
    let stage = Stage::set();
    let pgweir = stage.pgweir("no_replica = \"error\"\nmax_replica_lag = \"5s\"");
    let mut wire = pgweir.wire(stage.cluster.superuser(), stage.cluster.password(), "postgres");
    let read = "SELECT count(*) FROM register";
    until("a replica serves", || {
        wire.send([query(read)]);
        !wire.until_ready().iter().any(|reply| reply.tag == 'E')
    });
    let events = ["CHECKPOINT", "SELECT pg_switch_wal()", "SELECT pg_current_xact_id()"];
    for event in events.iter().cycle().take(12) {
        stage.cluster.psql("postgres", event).unwrap();
        for _ in 0..10 {
            assert_eq!(wire.value(read), "8");
        }
    }
}

/// Each of Pgpool-II's processes asks the primary's catalog about each table, for each of its clients.
#[test]
fn each_client_has_the_catalog_asked_anew() {
    let database = Database::with(T);
    let mut trace = database.trace();
    let pgweir = split(&database);
    pgweir.client(&database).rows(READ);
    trace.ran();
    for _ in 0..30 {
        pgweir.client(&database).rows(READ);
    }
    let ran = trace.ran();
    let names = ["pg_class", "pg_proc", "pg_catalog"];
    let catalog = ran.iter().filter(|ran| names.iter().any(|name| ran.line.contains(name)));
    // One refresh may fall into this time, and may take several statements; thirty clients are more.
    assert!(catalog.count() < 15, "{ran:#?}");
    let reads = ran.iter().filter(|ran| ran.line.contains("FROM t")).count();
    assert_eq!(reads, 30);
}
