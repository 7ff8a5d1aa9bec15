//! The extended protocol: what is decided too early, for the wrong statement, or not answered.

use super::split;
use crate::support::Database;
use crate::support::frontend::{
    bind, copy_data, copy_done, execute, flush, parse, query, sync, typed,
};

const T: &str = "CREATE TABLE t (id int)";
const READ: &str = "SELECT count(*) FROM t";
const WRITE: &str = "INSERT INTO t VALUES (1)";

/// PgDog decides by the first of them, PgCat by the last.
#[test]
fn the_writes_of_a_pipeline_go_where_its_reads_go() {
    let database = Database::with(T);
    let mut trace = database.trace();
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    let unnamed = |sql| [parse("", sql), bind("", "", &[]), execute("")].concat();
    let orders = [[READ, READ, WRITE], [READ, WRITE, READ], [WRITE, READ, READ]];
    for (number, order) in orders.into_iter().enumerate() {
        wire.send([order.map(unnamed).concat(), sync()]);
        let replies = wire.until_ready();
        assert!(!replies.iter().any(|reply| reply.tag == 'E'), "{order:?}: {replies:?}");
        assert_eq!(trace.roles(" t"), ["primary"; 3], "{order:?}");
        assert_eq!(database.run(READ), (number + 1).to_string());
    }
}

/// PgCat decides at Parse, for whatever is bound next.
#[test]
fn an_old_statement_goes_where_the_newest_one_was_parsed_for() {
    let database = Database::with(T);
    let mut trace = database.trace();
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    wire.send([parse("write", WRITE), sync()]);
    wire.expect("1 Z");
    wire.send([parse("read", READ), sync()]);
    wire.expect("1 Z");
    for number in 1..=3 {
        wire.send([bind("", "write", &[]), execute(""), sync()]);
        wire.expect("2 C Z");
        assert_eq!(trace.roles(" t"), ["primary"], "write {number}");
        wire.send([bind("", "read", &[]), execute(""), sync()]);
        wire.expect("2 D C Z");
        assert_eq!(trace.roles(" t"), ["replica"], "read {number}");
    }
}

/// The matrix of the peers' bugs: it was decided when the session had not written yet.
#[test]
fn a_statement_that_was_parsed_on_a_standby_is_bound_there_in_a_transaction_that_wrote() {
    let database = Database::with(T);
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    wire.send([parse("read", READ), bind("", "read", &[]), execute(""), sync()]);
    wire.expect("1 2 D C Z");
    wire.rows("BEGIN");
    wire.rows(WRITE);
    wire.send([bind("", "read", &[]), execute(""), sync()]);
    assert_eq!(wire.expect("2 D C Z")[1].row(), [Some("1".to_owned())]);
    wire.rows("COMMIT");
}

/// PgCat drops Flush and FunctionCall, and the client waits for ever.
#[test]
fn a_flush_or_a_function_call_is_dropped() {
    let database = Database::with(T);
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    wire.send([parse("", READ), bind("", "", &[]), execute(""), flush()]);
    wire.expect("1 2 D C");
    wire.send([sync()]);
    wire.expect("Z");
    // int4abs(-5): 1397 in pg_proc.dat; the argument and the result as text.
    let call = [&1397_u32.to_be_bytes()[..], &[0, 0, 0, 1, 0, 0, 0, 2], b"-5", &[0, 0]].concat();
    wire.send([typed('F', &call)]);
    assert_eq!(wire.expect("V Z")[0].body, [&[0, 0, 0, 1][..], b"5"].concat());
}

/// PgDog answers without ParseComplete and BindComplete, and with a ReadyForQuery too many.
#[test]
fn what_the_router_answers_itself_breaks_the_extended_protocol() {
    let database = Database::with(T);
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    for sql in
        ["NOTIFY news, 'x'", "DISCARD PLANS", "SET extra_float_digits = 1", "BEGIN", "COMMIT"]
    {
        println!("{sql}");
        wire.send([parse("", sql), bind("", "", &[]), execute(""), sync()]);
        wire.expect("1 2 C Z");
    }
}

/// Pgpool-II: its state machine waits for an answer that has come already (its issue 136).
#[test]
fn a_pipeline_of_many_statements_hangs_the_session() {
    let database = Database::with(T);
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    let one = |name: &str, sql| [parse(name, sql), bind("", name, &[]), execute("")].concat();
    let many: Vec<_> =
        (0..200).map(|n| one(&format!("s{n}"), if n % 7 == 0 { WRITE } else { READ })).collect();
    wire.send([many.concat(), sync()]);
    let replies = wire.until_ready();
    assert_eq!(replies.iter().filter(|reply| reply.tag == 'C').count(), 200);
    wire.send([one("wrong", "SELECT nonsense"), one("skipped", READ), sync()]);
    wire.expect("E Z");
    assert_eq!(wire.value(READ), "29");
}

/// The same peer: COPY FROM STDIN by the extended protocol.
#[test]
fn a_copy_in_by_the_extended_protocol_hangs_the_session() {
    let database = Database::with(T);
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    wire.send([parse("", "COPY t FROM STDIN"), bind("", "", &[]), execute(""), sync()]);
    wire.expect("1 2 G");
    wire.send([copy_data(b"1\n2\n"), copy_done(), sync()]);
    wire.expect("C Z");
    wire.send([query("COPY t FROM STDIN")]);
    wire.expect("G");
    wire.send([copy_data(b"3\n"), copy_done()]);
    wire.expect("C Z");
    assert_eq!(database.run(READ), "3");
}

/// PgDog keys what it knows of a text by the text alone, though it was found with one database's schema.
#[test]
fn what_is_known_of_a_text_in_one_database_holds_in_another() {
    let harmless =
        Database::with("CREATE FUNCTION f() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1'");
    let writing = Database::with(
        "CREATE TABLE t (id int);
         CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (2) RETURNING id'",
    );
    let pgweir = crate::support::Pgweir::start(&format!(
        "{}{}{}",
        super::SPLIT,
        harmless.config(),
        writing.config()
    ));
    let (mut one, mut other) = (pgweir.client(&harmless), pgweir.client(&writing));
    for _ in 0..3 {
        assert_eq!(one.value("SELECT f()"), "1");
        assert_eq!(other.value("SELECT f()"), "2");
    }
    assert_eq!(writing.run(READ), "3");
}
