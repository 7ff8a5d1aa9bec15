//! What a session may say to PostgreSQL, it may say through pgweir.

use super::{one_server, with_settings};
use crate::support::frontend::{
    bind, copy_data, copy_done, copy_fail, execute, execute_some, parse, query, sync, typed,
};
use crate::support::{Database, Message, Wire};

#[test]
fn several_statements_in_one_query_are_one_transaction() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([query("INSERT INTO t VALUES (1); SELECT 2; SELECT 3 / 0; SELECT 4")]);
    let replies = wire.expect("C T D C E Z");
    assert_eq!(replies[4].fields().code, "22012");
    assert_eq!(replies[5].status(), 'I');
    assert_eq!(wire.value("SELECT count(*) FROM t"), "0");
}

#[test]
fn an_empty_query_has_its_answer() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([query(""), query("-- nothing"), query(";")]);
    wire.expect("I Z I Z I Z");
}

#[test]
fn an_error_skips_the_rest_of_the_pipeline_up_to_its_sync() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([
        parse("", "INSERT INTO t VALUES (1)"),
        bind("", "", &[]),
        execute(""),
        parse("", "SELECT nonsense"),
        bind("", "", &[]),
        execute(""),
        sync(),
        parse("", "SELECT count(*)::text FROM t"),
        bind("", "", &[]),
        execute(""),
        sync(),
    ]);
    let replies = wire.expect("1 2 C E Z 1 2 D C Z");
    assert_eq!(replies[3].fields().code, "42703");
    assert_eq!(replies[7].row(), [Some("0".to_owned())]);
}

#[test]
fn an_error_in_a_transaction_keeps_the_server_until_the_rollback() {
    let database = Database::create();
    let pgweir = with_settings(&database, "default_pool_size = 2");
    let mut wire = pgweir.client(&database);
    wire.send([query("BEGIN")]);
    assert_eq!(wire.expect("C Z")[1].status(), 'T');
    wire.send([query("SELECT nonsense")]);
    assert_eq!(wire.expect("E Z")[1].status(), 'E');
    assert_eq!(wire.error("SELECT 1").code, "25P02");
    assert_eq!(pgweir.client(&database).value("SELECT 1"), "1");
    wire.send([query("COMMIT")]);
    let replies = wire.expect("C Z");
    assert_eq!((replies[0].text().as_str(), replies[1].status()), ("ROLLBACK", 'I'));
}

#[test]
fn a_portal_is_read_in_portions_over_several_syncs() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.rows("BEGIN");
    wire.send([
        parse("", "SELECT g::text FROM generate_series(1, 3) g"),
        bind("portal", "", &[]),
        execute_some("portal", 2),
        sync(),
    ]);
    wire.expect("1 2 D D s Z");
    wire.send([execute_some("portal", 2), sync()]);
    assert_eq!(wire.expect("D C Z")[0].row(), [Some("3".to_owned())]);
    wire.rows("COMMIT");
}

#[test]
fn copy_in_brings_rows_in_and_frees_the_server() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([query("COPY t FROM STDIN")]);
    wire.expect("G");
    for _ in 0..100 {
        wire.send([copy_data(&b"1234567\n".repeat(1000))]);
    }
    wire.send([copy_done()]);
    let replies = wire.expect("C Z");
    assert_eq!((replies[0].text().as_str(), replies[1].status()), ("COPY 100000", 'I'));
    assert_eq!(pgweir.client(&database).value("SELECT count(*) FROM t"), "100000");
}

#[test]
fn a_copy_that_the_client_fails_leaves_nothing() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([query("COPY t FROM STDIN"), copy_data(b"1\n"), copy_fail("changed my mind")]);
    let replies = wire.expect("G E Z");
    assert_eq!(replies[1].fields().code, "57014");
    assert!(replies[1].fields().message.contains("changed my mind"));
    assert_eq!(pgweir.client(&database).value("SELECT count(*) FROM t"), "0");
    assert_eq!(wire.value("SELECT 1"), "1");
}

#[test]
fn a_copy_that_the_server_fails_drops_what_the_client_still_sends() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([query("COPY t FROM STDIN"), copy_data(b"not a number\n")]);
    wire.send([copy_data(b"2\n"), copy_data(b"3\n"), copy_done(), query("SELECT count(*) FROM t")]);
    let replies = wire.expect("G E Z T D C Z");
    assert_eq!(replies[1].fields().code, "22P02");
    assert_eq!(replies[4].row(), [Some("0".to_owned())]);
}

#[test]
fn copy_in_by_the_extended_protocol() {
    let database = Database::with("CREATE TABLE t (id int)");
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([parse("", "COPY t FROM STDIN"), bind("", "", &[]), execute(""), sync()]);
    wire.send([copy_data(b"1\n"), copy_done(), sync()]);
    wire.expect("1 2 G C Z");
    assert_eq!(pgweir.client(&database).value("SELECT count(*) FROM t"), "1");
}

#[test]
fn copy_out_brings_every_row() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([query("COPY (SELECT generate_series(1, 100000)) TO STDOUT")]);
    let replies = wire.until_ready();
    assert_eq!(replies.iter().filter(|reply| reply.tag == 'd').count(), 100_000);
    assert_eq!(wire.value("SELECT 1"), "1");
}

#[test]
fn copy_out_that_fails_midway_is_an_error_and_the_session_lives_on() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([query("COPY (SELECT 1 / (2 - g) FROM generate_series(1, 3) g) TO STDOUT")]);
    let replies = wire.expect("H d E Z");
    assert_eq!(replies[2].fields().code, "22012");
    assert_eq!(wire.value("SELECT 1"), "1");
}

#[test]
fn a_function_call_has_its_value() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([function_call(INT4PL, &["40", "2"])]);
    let replies = wire.expect("V Z");
    assert_eq!(replies[0].body, [&2_u32.to_be_bytes()[..], b"42"].concat());
    wire.send([function_call(0, &[])]);
    assert_eq!(wire.expect("E Z")[0].fields().code, "42883");
    assert_eq!(wire.value("SELECT 1"), "1");
}

#[test]
fn a_value_of_many_megabytes_goes_through_unchanged() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    let large = "0123456789abcdef".repeat(1 << 20);
    wire.send([
        parse("", "SELECT md5($1), length($1)::text, $1"),
        bind("", "", &[Some(&large)]),
        execute(""),
        sync(),
    ]);
    let row = Message::row(&wire.expect("1 2 D C Z")[2]);
    assert_eq!(row[1].as_deref(), Some("16777216"));
    assert!(row[2].as_deref() == Some(&large), "the value came back changed");
    let sum = database.direct().value("SELECT md5(repeat('0123456789abcdef', 1 << 20))");
    assert_eq!(row[0], Some(sum));
}

#[test]
fn a_pipeline_of_thousands_of_statements_is_answered_in_order() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    let pipeline = (0..5000).map(|number| query(&format!("SELECT {number}")));
    wire.send(pipeline);
    for number in 0..5000 {
        assert_eq!(answer(&mut wire), number.to_string());
    }
}

/// The OID of `int4pl(int4, int4)` (src/include/catalog/pg_proc.dat).
const INT4PL: u32 = 177;

fn answer(wire: &mut Wire) -> String {
    wire.expect("T D C Z")[1].row()[0].clone().unwrap()
}

/// Arguments and result in text format.
fn function_call(function: u32, arguments: &[&str]) -> Vec<u8> {
    let mut body = [&function.to_be_bytes()[..], &[0, 0]].concat();
    body.extend(u16::try_from(arguments.len()).unwrap().to_be_bytes());
    for argument in arguments {
        body.extend(u32::try_from(argument.len()).unwrap().to_be_bytes());
        body.extend(argument.as_bytes());
    }
    body.extend([0, 0]);
    typed('F', &body)
}
