//! Writes that other routers do not notice, so that a read behind them shows the past. Both replicas of these
//! tests stand still: whatever is read there is old for certain.

use super::stage::{Lag, Stage};
use crate::support::frontend::{bind, copy_data, copy_done, execute, parse, query, sync};
use crate::support::{Pgweir, Wire, until};

const TABLES: &str = "CREATE TABLE t (id int PRIMARY KEY);
    CREATE TABLE child (id int REFERENCES t ON DELETE CASCADE);
    CREATE TABLE log (line text);
    CREATE FUNCTION host() RETURNS text STABLE LANGUAGE sql
        AS $$ SELECT current_setting('cluster_name') $$;
    CREATE VIEW place AS SELECT host() AS host;
    CREATE VIEW v AS SELECT id FROM t;
    CREATE RULE redirect AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (new.id);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO log VALUES (tg_op); RETURN NULL; END $$;
    CREATE TRIGGER note AFTER INSERT OR DELETE ON t EXECUTE FUNCTION note();
    CREATE FUNCTION add(n int) RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (n) RETURNING id';
    CREATE PROCEDURE remove(n int) LANGUAGE sql AS 'DELETE FROM t WHERE id = n'";

/// The replicas hold what is there before this returns, and nothing that comes after it.
fn standing_still(routing: &str) -> (Stage, Pgweir) {
    let stage = Stage::set();
    stage.cluster.psql("postgres", TABLES).unwrap();
    stage.cluster.catch_up().unwrap();
    let pgweir = stage.pgweir(&format!("max_replica_lag = \"1h\"\n{routing}"));
    let mut wire = client(&stage, &pgweir);
    until("a replica is known to be fresh", || {
        wire.value("SELECT host FROM place").starts_with("replica-")
    });
    (0..2).for_each(|replica| stage.hold_up(replica, Lag::Paused));
    (stage, pgweir)
}

fn client(stage: &Stage, pgweir: &Pgweir) -> Wire {
    pgweir.wire(stage.cluster.superuser(), stage.cluster.password(), "postgres")
}

/// Pgpool-II's default forgets a write that no explicit transaction was around; its `dml_adaptive_global`
/// misses the rest of these, and PgCat's cache of mutations nearly all.
#[test]
fn a_write_in_another_form_than_insert_is_not_noticed() {
    let (stage, pgweir) = standing_still("");
    let all = "SELECT array_agg(id ORDER BY id) FROM t";
    let cases = [
        ("INSERT INTO t VALUES (1), (2), (3)", all, "{1,2,3}"),
        ("WITH x AS (INSERT INTO t VALUES (4) RETURNING 1) SELECT 1 FROM x", all, "{1,2,3,4}"),
        ("PREPARE p AS INSERT INTO t VALUES (5); EXECUTE p", all, "{1,2,3,4,5}"),
        ("SELECT add(6)", all, "{1,2,3,4,5,6}"),
        ("INSERT INTO v VALUES (7)", all, "{1,2,3,4,5,6,7}"),
        ("CALL remove(7)", all, "{1,2,3,4,5,6}"),
        ("DO $$ BEGIN DELETE FROM t WHERE id = 6; END $$", all, "{1,2,3,4,5}"),
        (
            "MERGE INTO t USING (VALUES (5)) w (id) ON t.id = w.id WHEN MATCHED THEN DELETE",
            all,
            "{1,2,3,4}",
        ),
        ("INSERT INTO child VALUES (4); DELETE FROM t WHERE id = 4", all, "{1,2,3}"),
        ("UPDATE t SET id = 9 WHERE id = 3", "SELECT count(*) FROM v WHERE id = 9", "1"),
        ("EXPLAIN ANALYZE DELETE FROM t WHERE id = 9", all, "{1,2}"),
        ("BEGIN; DELETE FROM t WHERE id = 2; COMMIT", all, "{1}"),
        ("TRUNCATE t CASCADE", "SELECT count(*) FROM t", "0"),
    ];
    for (write, read, expected) in cases {
        // A session of its own for each, which nothing but this write keeps from the replicas.
        let mut wire = client(&stage, &pgweir);
        wire.rows(write);
        assert_eq!(wire.value(read), expected, "{write}");
    }
    let mut wire = client(&stage, &pgweir);
    assert_eq!(wire.value("SELECT count(*) FROM log"), "0");
    wire.rows("INSERT INTO t VALUES (1)");
    assert_ne!(wire.value("SELECT count(*) FROM log"), "0");
}

/// The same with COPY FROM, and with statements that were prepared before.
#[test]
fn a_copy_or_a_prepared_write_is_not_noticed() {
    let (stage, pgweir) = standing_still("");
    let count = "SELECT count(*) FROM t";
    let mut wire = client(&stage, &pgweir);
    wire.send([query("COPY t FROM STDIN")]);
    wire.expect("G");
    wire.send([copy_data(b"1\n2\n"), copy_done()]);
    wire.expect("C Z");
    assert_eq!(wire.value(count), "2");
    let mut wire = client(&stage, &pgweir);
    wire.send([parse("w", "INSERT INTO t VALUES ($1::int)"), parse("r", count), sync()]);
    wire.expect("1 1 Z");
    wire.send([bind("", "w", &[Some("3")]), execute(""), sync()]);
    wire.expect("2 C Z");
    wire.send([bind("", "r", &[]), execute(""), sync()]);
    assert_eq!(wire.expect("2 D C Z")[1].row(), [Some("3".to_owned())]);
}

/// Pgpool-II and MaxScale's `fast` modes: what a session has seen on the primary is gone again.
#[test]
fn a_session_that_has_seen_the_primary_goes_back_in_time() {
    let (stage, pgweir) = standing_still("");
    stage.cluster.psql("postgres", "INSERT INTO t VALUES (1)").unwrap();
    let mut wire = client(&stage, &pgweir);
    assert_eq!(wire.value("SELECT id FROM t FOR UPDATE"), "1");
    assert_eq!(wire.value("SELECT id FROM t"), "1");
}

/// PgDog's and PgCat's way to note a write is per process and per table: another session's is not noticed.
#[test]
fn with_database_another_session_s_write_is_not_noticed() {
    let (stage, pgweir) = standing_still("read_your_writes = \"database\"");
    let (mut writer, mut reader) = (client(&stage, &pgweir), client(&stage, &pgweir));
    for number in 1..=3 {
        writer.rows(&format!("INSERT INTO t VALUES ({number})"));
        assert_eq!(reader.value("SELECT count(*) FROM t"), number.to_string());
    }
}

/// GitLab's balancer lets a session go once one replica has its write, and asks another one (its issue 413203).
#[test]
fn a_write_that_one_replica_has_is_read_from_another() {
    let stage = Stage::set();
    stage.cluster.psql("postgres", TABLES).unwrap();
    stage.cluster.catch_up().unwrap();
    let pgweir = stage.pgweir("max_replica_lag = \"1h\"");
    stage.hold_up(1, Lag::Paused);
    for number in 1..=40 {
        let mut wire = client(&stage, &pgweir);
        wire.rows("SELECT 1 FROM t");
        wire.rows(&format!("INSERT INTO t VALUES ({number})"));
        for _ in 0..5 {
            assert_eq!(wire.value("SELECT count(*) FROM t"), number.to_string());
        }
    }
}

/// The matrix of the peers' bugs: WAL that is not flushed is not sent, and only the insert position has it.
#[test]
fn a_write_that_is_not_flushed_is_not_noticed() {
    let stage = Stage::set();
    let pgweir = stage.pgweir("max_replica_lag = \"1h\"");
    let mut wire = client(&stage, &pgweir);
    for number in 1..=20 {
        wire.rows(
            "BEGIN; SET LOCAL synchronous_commit = off; UPDATE register SET value = value + 1; COMMIT",
        );
        assert_eq!(wire.value("SELECT max(value) FROM register"), number.to_string());
    }
}
