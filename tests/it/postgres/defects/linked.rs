//! Transactions on a replica that would never be answered, come back to life, or lose what they hold.
//!
//! Each script runs in a READ ONLY transaction under the default settings, and in a plain one under
//! `transactions = "optimistic"`. The pools have one server for each host, and reads wait for a replica:
//! a transaction that is left on the replica is found by the next read.

use super::SPLIT;
use crate::support::frontend::{
    bind, close_portal, close_statement, describe_portal, describe_statement, execute,
    execute_some, flush, parse, query, sync, terminate,
};
use crate::support::{Database, Pgweir, Wire};

const SETUP: &str = "CREATE TABLE t (id int);
    CREATE TABLE three AS SELECT generate_series(1, 3) AS id;
    CREATE SEQUENCE s;
    CREATE FUNCTION hidden() RETURNS bigint STABLE LANGUAGE sql AS $$ SELECT nextval('s') $$";
const READ: &str = "SELECT count(*) FROM t";
const THREE: &str = "SELECT id FROM three ORDER BY id";

/// A database behind its own pgweir.
struct Stage {
    database: Database,
    pgweir: Pgweir,
}

impl Stage {
    fn with(transactions: &str) -> Stage {
        let database = Database::with(SETUP);
        let setting = format!("{}\ntransactions = \"{transactions}\"\n\n", SPLIT.trim_end());
        let pgweir = Pgweir::start(&(setting + &database.config())).with_catalog_of(&database);
        Stage { database, pgweir }
    }

    fn client(&self) -> Wire {
        self.pgweir.client(&self.database)
    }

    /// Somebody else reads on the replica's only server.
    fn has_its_replica(&self) {
        self.client().rows(READ);
    }
}

/// Runs a script in a transaction that has read on a replica, in both ways to have one. The statement `read`
/// has been prepared, and so have `commit` and `rollback`.
fn in_both(script: impl Fn(&mut Wire)) {
    for (transactions, begin) in [("read_only", "BEGIN READ ONLY"), ("optimistic", "BEGIN")] {
        println!("{transactions}");
        let stage = Stage::with(transactions);
        let mut wire = stage.client();
        for (name, sql) in [("read", READ), ("commit", "COMMIT"), ("rollback", "ROLLBACK")] {
            wire.send([parse(name, sql), sync()]);
            wire.expect("1 Z");
        }
        wire.send([bind("", "read", &[]), execute(""), sync()]);
        wire.expect("2 D C Z");
        wire.rows(begin);
        wire.rows(READ);
        script(&mut wire);
        assert_eq!(wire.value("SELECT 7"), "7");
        drop(wire);
        stage.has_its_replica();
    }
}

fn status(wire: &mut Wire, tags: &str) -> char {
    wire.expect(tags).last().map(crate::support::Message::status).unwrap_or_default()
}

fn long(sql: &str) -> String {
    format!("{sql} /* {} */", "x".repeat(20_000))
}

#[test]
fn a_unit_that_fails_before_its_begin_does_not_stop_the_worker() {
    for transactions in ["read_only", "optimistic"] {
        let stage = Stage::with(transactions);
        let mut wire = stage.client();
        let unknown = [execute(""), describe_statement("nothing"), bind("", "nothing", &[])];
        for first in unknown {
            wire.send([first.clone(), parse("", "BEGIN"), sync()]);
            assert_eq!(status(&mut wire, "E Z"), 'I');
            wire.rows("BEGIN");
            wire.send([first, parse("", "COMMIT"), sync()]);
            assert_eq!(status(&mut wire, "E Z"), 'E');
            wire.rows("ROLLBACK");
        }
        stage.has_its_replica();
    }
}

#[test]
fn a_commit_that_is_prepared_has_not_ended_the_transaction() {
    in_both(|wire| {
        wire.send([parse("end", "COMMIT"), sync()]);
        assert_eq!(status(wire, "1 Z"), 'T');
        wire.send([bind("", "end", &[]), describe_portal(""), execute(""), sync()]);
        assert_eq!(status(wire, "2 n C Z"), 'I');
    });
    in_both(|wire| {
        wire.send([parse("end", "COMMIT"), describe_statement("end"), sync()]);
        assert_eq!(status(wire, "1 t n Z"), 'T');
        wire.rows(READ);
        wire.rows("ROLLBACK");
    });
}

#[test]
fn a_commit_that_cannot_be_bound_has_not_ended_the_transaction() {
    in_both(|wire| {
        wire.send([bind("", "commit", &[Some("1")]), execute(""), sync()]);
        assert_eq!(status(wire, "E Z"), 'E');
        wire.rows("ROLLBACK");
    });
    in_both(|wire| {
        wire.send([describe_statement("rollback"), sync()]);
        assert_eq!(status(wire, "t n Z"), 'T');
        wire.send([bind("", "rollback", &[]), sync()]);
        assert_eq!(status(wire, "2 Z"), 'T');
        wire.rows(READ);
        wire.rows("ROLLBACK");
    });
}

#[test]
fn what_is_answered_without_a_server_is_answered_in_a_transaction_too() {
    in_both(|wire| {
        wire.send([sync()]);
        assert_eq!(status(wire, "Z"), 'T');
        wire.send([flush(), sync()]);
        assert_eq!(status(wire, "Z"), 'T');
        wire.send([parse("known", READ), sync()]);
        assert_eq!(status(wire, "1 Z"), 'T');
        wire.send([close_statement("known"), sync()]);
        assert_eq!(status(wire, "3 Z"), 'T');
        wire.send([query("DEALLOCATE read")]);
        assert_eq!(status(wire, "C Z"), 'T');
        wire.rows("SHOW pgweir.server");
        wire.rows(READ);
        wire.rows("COMMIT");
    });
}

#[test]
fn what_is_answered_without_a_server_may_be_sent_ahead() {
    in_both(|wire| {
        wire.send([
            query(READ),
            sync(),
            query("SHOW pgweir.role"),
            close_statement("read"),
            sync(),
        ]);
        assert_eq!(status(wire, "T D C Z Z T D C Z 3 Z"), 'T');
        wire.send([query("ROLLBACK"), query("SELECT 1"), sync()]);
        assert_eq!(status(wire, "C Z T D C Z Z"), 'I');
    });
}

#[test]
fn a_transaction_may_be_sent_ahead() {
    for (transactions, begin) in [("read_only", "BEGIN READ ONLY"), ("optimistic", "BEGIN")] {
        let stage = Stage::with(transactions);
        let mut wire = stage.client();
        wire.rows(begin);
        wire.send([query("SELECT 2"), query("SELECT 3"), query("COMMIT"), query("SELECT 4")]);
        assert_eq!(status(&mut wire, "T D C Z T D C Z C Z T D C Z"), 'I');
        let unit = |sql| [parse("", sql), bind("", "", &[]), execute(""), sync()].concat();
        wire.send([begin, "SELECT 1", "COMMIT"].map(unit));
        assert_eq!(status(&mut wire, "1 2 C Z 1 2 D C Z 1 2 C Z"), 'I');
        stage.has_its_replica();
    }
}

#[test]
fn a_statement_may_be_prepared_with_a_flush_and_no_sync() {
    in_both(|wire| {
        wire.send([parse("known", READ), describe_statement("known"), flush()]);
        wire.expect("1 t T");
        wire.send([bind("", "known", &[]), execute(""), sync()]);
        assert_eq!(status(wire, "2 D C Z"), 'T');
        wire.send([parse("new", THREE), describe_statement("new"), flush()]);
        wire.expect("1 t T");
        wire.send([bind("", "new", &[]), execute(""), sync()]);
        assert_eq!(status(wire, "2 D D D C Z"), 'T');
        wire.send([parse("", "SELECT 5"), describe_statement(""), flush()]);
        wire.expect("1 t T");
        wire.send([sync()]);
        assert_eq!(status(wire, "Z"), 'T');
        wire.send([query("COMMIT")]);
        assert_eq!(status(wire, "C Z"), 'I');
    });
}

#[test]
fn a_failed_transaction_does_not_come_back_to_life() {
    let insert = long("INSERT INTO t VALUES (1)");
    in_both(|wire| {
        assert_eq!(wire.error("SELECT 1/0").code, "22012");
        assert_eq!(wire.error(&insert).code, "25P02");
        wire.send([query("COMMIT")]);
        assert_eq!(wire.expect("C Z")[0].text(), "ROLLBACK");
        assert_eq!(wire.value(READ), "0");
    });
    in_both(|wire| {
        wire.send([query("SELECT 1/0"), query("INSERT INTO t VALUES (1)"), query("COMMIT")]);
        let replies = wire.expect("E Z E Z C Z");
        assert_eq!(replies[2].fields().code, "25P02");
        assert_eq!(replies[4].text(), "ROLLBACK");
        assert_eq!(wire.value(READ), "0");
    });
}

#[test]
fn a_savepoint_brings_it_back_on_its_replica() {
    in_both(|wire| {
        wire.rows("SAVEPOINT a");
        wire.send([parse("", "SAVEPOINT b"), sync()]);
        wire.expect("1 Z");
        assert_eq!(wire.error("SELECT 1/0").code, "22012");
        wire.rows("ROLLBACK TO a");
        wire.rows(READ);
        wire.rows("COMMIT");
    });
}

#[test]
fn a_statement_that_was_only_prepared_is_not_said_again_on_the_primary() {
    let stage = Stage::with("optimistic");
    let mut wire = stage.client();
    wire.rows("BEGIN");
    wire.rows(READ);
    wire.send([parse("set", "SET LOCAL app.name = 'set'"), sync()]);
    wire.expect("1 Z");
    wire.rows("INSERT INTO t VALUES (1)");
    assert_eq!(wire.value("SELECT coalesce(current_setting('app.name', true), '')"), "");
    wire.rows("ROLLBACK");
}

#[test]
fn a_snapshot_or_a_cursor_is_not_lost_to_a_long_text() {
    let stage = Stage::with("read_only");
    let mut wire = stage.client();
    wire.rows("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    assert_eq!(wire.value(READ), "0");
    stage.database.run("INSERT INTO t VALUES (1)");
    stage.database.cluster.catch_up().unwrap();
    assert_eq!(wire.value(&long(READ)), "0");
    wire.rows("COMMIT");
    wire.rows("BEGIN READ ONLY");
    wire.rows(&format!("DECLARE c CURSOR FOR {THREE}"));
    assert_eq!(wire.value(&long(READ)), "1");
    assert_eq!(wire.value("FETCH c"), "1");
    wire.rows("COMMIT");
    stage.has_its_replica();
}

#[test]
fn a_portal_in_a_transaction_for_the_primary_is_opened_there() {
    let stage = Stage::with("read_only");
    let mut wire = stage.client();
    wire.send([parse("three", THREE), sync()]);
    wire.expect("1 Z");
    for begin in ["BEGIN", "BEGIN READ WRITE", "BEGIN ISOLATION LEVEL SERIALIZABLE"] {
        wire.rows(begin);
        wire.send([parse("", THREE), bind("p1", "", &[]), execute_some("p1", 2), sync()]);
        assert_eq!(status(&mut wire, "1 2 D D s Z"), 'T', "{begin}");
        wire.send([bind("c", "three", &[]), sync()]);
        assert_eq!(status(&mut wire, "2 Z"), 'T');
        wire.rows("UPDATE t SET id = 1");
        wire.send([execute("p1"), execute_some("c", 1), sync()]);
        assert_eq!(status(&mut wire, "D C D s Z"), 'T');
        wire.rows("COMMIT");
        wire.rows(begin);
        wire.send([bind("c", "three", &[]), sync()]);
        assert_eq!(status(&mut wire, "2 Z"), 'T', "{begin}");
        wire.send([execute("c"), sync()]);
        assert_eq!(status(&mut wire, "D D D C Z"), 'T');
        wire.rows("INSERT INTO t VALUES (1)");
        wire.rows("ROLLBACK");
    }
}

#[test]
fn a_transaction_that_says_that_it_writes_runs_on_the_primary() {
    let stage = Stage::with("optimistic");
    let mut wire = stage.client();
    for begin in [&["BEGIN READ WRITE"][..], &["BEGIN", "SET TRANSACTION READ WRITE"]] {
        begin.iter().for_each(|text| drop(wire.rows(text)));
        wire.rows(READ);
        wire.rows("INSERT INTO t VALUES (1)");
        wire.rows("COMMIT");
    }
    assert_eq!(stage.database.run(READ), "2");
}

#[test]
fn a_long_query_may_be_sent_ahead() {
    for transactions in ["read_only", "optimistic"] {
        let stage = Stage::with(transactions);
        let mut wire = stage.client();
        wire.rows(READ);
        for first in ["SELECT pg_sleep(0.1)", "SELECT pg_sleep(0.1) FROM t FOR UPDATE"] {
            wire.send([query(first)]);
            wire.send([query(&long("SELECT 1"))]);
            wire.until_ready();
            assert_eq!(status(&mut wire, "T D C Z"), 'I');
        }
    }
}

#[test]
fn a_read_that_is_refused_runs_again_whatever_was_sent_behind_it() {
    let stage = Stage::with("read_only");
    let mut wire = stage.client();
    wire.rows(READ);
    let filled = |sql: &str, len| format!("{sql} /* {} */", "x".repeat(len));
    let hidden = filled("SELECT hidden()", 6_000);
    wire.send([
        query(&hidden),
        query(&filled("SELECT 1", 12_000)),
        query(&filled("SELECT 2", 9_000)),
    ]);
    assert_eq!(status(&mut wire, "T D C Z T D C Z T D C Z"), 'I');
}

#[test]
fn an_unnamed_portal_lasts_to_the_end_of_its_transaction() {
    in_both(|wire| {
        wire.send([parse("", THREE), bind("", "", &[]), sync()]);
        assert_eq!(status(wire, "1 2 Z"), 'T');
        wire.send([execute_some("", 1), sync()]);
        assert_eq!(status(wire, "D s Z"), 'T');
        wire.send([execute(""), sync()]);
        assert_eq!(status(wire, "D D C Z"), 'T');
        wire.rows("COMMIT");
    });
}

#[test]
fn a_portal_is_closed_where_it_is() {
    in_both(|wire| {
        wire.send([parse("", THREE), bind("p", "", &[]), execute_some("p", 1), sync()]);
        assert_eq!(status(wire, "1 2 D s Z"), 'T');
        wire.send([close_portal("p"), sync()]);
        assert_eq!(status(wire, "3 Z"), 'T');
        wire.send([execute("p"), sync()]);
        assert_eq!(wire.expect("E Z")[0].fields().code, "34000");
        wire.rows("ROLLBACK");
    });
}

#[test]
fn a_transaction_is_shaped_only_before_its_first_query() {
    in_both(|wire| {
        let late = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
        assert_eq!(wire.error(late).code, "25001");
        wire.rows("ROLLBACK");
    });
    let stage = Stage::with("optimistic");
    let mut wire = stage.client();
    wire.rows("BEGIN");
    wire.rows(READ);
    wire.rows("SET TRANSACTION READ WRITE");
    wire.rows("INSERT INTO t VALUES (1)");
    wire.rows("ROLLBACK");
    wire.rows("BEGIN");
    wire.rows(READ);
    wire.rows("SET TRANSACTION READ ONLY");
    let refused = wire.error("INSERT INTO t VALUES (1)");
    assert_eq!(refused.message, "cannot execute INSERT in a read-only transaction");
    wire.rows("ROLLBACK");
}

#[test]
fn an_empty_text_is_no_query() {
    for (transactions, begin) in [("read_only", "BEGIN READ ONLY"), ("optimistic", "BEGIN")] {
        let stage = Stage::with(transactions);
        let mut wire = stage.client();
        for first in [";", "SET LOCAL app.a = '1'"] {
            wire.rows(begin);
            wire.rows(first);
            wire.rows("SET TRANSACTION READ WRITE");
            wire.rows("INSERT INTO t VALUES (1)");
            wire.rows("COMMIT");
        }
        assert_eq!(stage.database.run(READ), "2");
    }
}

#[test]
fn a_copy_into_a_read_only_transaction_is_refused_as_on_the_primary() {
    let stage = Stage::with("read_only");
    let mut wire = stage.client();
    wire.rows("BEGIN READ ONLY");
    wire.rows(READ);
    let refused = wire.error("COPY t FROM STDIN");
    assert_eq!(refused.message, "cannot execute COPY FROM in a read-only transaction");
    wire.rows("ROLLBACK");
}

#[test]
fn a_text_that_ends_the_transaction_and_goes_on_is_not_refused() {
    let stage = Stage::with("read_only");
    let mut wire = stage.client();
    wire.rows("BEGIN READ ONLY");
    wire.rows(READ);
    wire.rows("COMMIT; INSERT INTO t VALUES (1)");
    assert_eq!(stage.database.run(READ), "1");
}

#[test]
fn who_says_goodbye_hears_the_answers_to_what_was_asked_before() {
    for transactions in ["read_only", "optimistic"] {
        let stage = Stage::with(transactions);
        for begin in [None, Some("BEGIN READ ONLY"), Some("BEGIN")] {
            let mut wire = stage.client();
            begin.into_iter().for_each(|begin| drop(wire.rows(begin)));
            wire.send([query("SELECT pg_sleep(0.1)"), query("INSERT INTO t VALUES (1)")]);
            wire.send([terminate()]);
            wire.expect("T D C Z");
            wire.until_ready();
            wire.expect_end();
        }
        stage.has_its_replica();
    }
}

#[test]
fn a_snapshot_that_is_lost_between_two_statements_ends_the_transaction_and_not_the_session() {
    let stage = Stage::with("read_only");
    let mut wire = stage.client();
    wire.rows("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    wire.rows(READ);
    let ends = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction'";
    for replica in stage.database.cluster.replicas() {
        stage.database.cluster.psql_on(replica, &stage.database.name, ends).unwrap();
    }
    stage.pgweir.wait_for_log("server lost while a client used it");
    assert_eq!(wire.error(READ).code, "40001");
    assert_eq!(wire.error(READ).code, "25P02");
    wire.rows("ROLLBACK");
    wire.rows(READ);
}

#[test]
fn what_we_answer_ourselves_is_bound_and_executed_as_by_postgresql() {
    let stage = Stage::with("read_only");
    let mut wire = stage.client();
    let code = |wire: &mut Wire| {
        let replies = wire.until_ready();
        let error = replies.iter().find(|reply| reply.tag == 'E');
        error.map(|reply| reply.fields().code).unwrap_or_default()
    };
    wire.send([parse("", "BEGIN"), bind("", "", &[]), execute(""), execute(""), sync()]);
    assert_eq!(code(&mut wire), "55000");
    wire.rows("ROLLBACK");
    wire.send([parse("b", "BEGIN"), bind("", "b", &[Some("1")]), execute(""), sync()]);
    assert_eq!(code(&mut wire), "08P01");
    wire.rows("BEGIN");
    wire.send([parse("", "ROLLBACK"), bind("p", "", &[]), sync()]);
    assert_eq!(status(&mut wire, "1 2 Z"), 'T');
    wire.send([bind("p", "", &[]), sync()]);
    assert_eq!(code(&mut wire), "42P03");
    wire.rows("ROLLBACK");
    wire.rows("BEGIN");
    wire.send([parse("", "ROLLBACK"), bind("p", "", &[]), sync()]);
    assert_eq!(status(&mut wire, "1 2 Z"), 'T');
    wire.send([execute("p"), sync()]);
    assert_eq!(status(&mut wire, "C Z"), 'I');
}

#[test]
fn a_portal_of_ours_gives_way_to_one_of_the_servers() {
    let stage = Stage::with("read_only");
    let mut wire = stage.client();
    wire.rows("BEGIN");
    wire.rows("INSERT INTO t VALUES (1)");
    wire.send([parse("", "SHOW pgweir.role"), bind("", "", &[]), execute(""), sync()]);
    assert_eq!(status(&mut wire, "1 2 D C Z"), 'T');
    wire.send([parse("", THREE), bind("", "", &[]), execute(""), sync()]);
    assert_eq!(status(&mut wire, "1 2 D D D C Z"), 'T');
    wire.rows("COMMIT");
}

#[test]
fn an_error_of_ours_fails_the_transaction() {
    in_both(|wire| {
        assert_eq!(wire.error("SHOW pgweir.nonsense").code, "42704");
        assert_eq!(wire.error(READ).code, "25P02");
        wire.rows("ROLLBACK");
        wire.send([parse("b", "BEGIN"), bind("", "b", &[]), execute(""), sync()]);
        assert_eq!(status(wire, "1 2 C Z"), 'T');
        wire.send([parse("b", "ABORT"), sync()]);
        assert_eq!(status(wire, "E Z"), 'E');
        wire.rows("ROLLBACK");
    });
}

#[test]
fn a_question_to_us_that_fails_in_a_transaction_takes_nothing_with_it() {
    for transactions in ["read_only", "optimistic"] {
        let stage = Stage::with(transactions);
        let mut wire = stage.client();
        for first in ["INSERT INTO t VALUES (1)", READ] {
            wire.rows("BEGIN");
            wire.rows(first);
            wire.send([parse("", "SHOW pgweir.nonsense"), bind("", "", &[]), execute(""), sync()]);
            wire.until_ready();
            wire.rows("ROLLBACK");
            assert_eq!(wire.value("SELECT 1"), "1");
        }
    }
}
