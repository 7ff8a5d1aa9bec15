//! What clients send that have logged in and mean no good, or know no better.

use super::{Scene, noise};
use crate::support::frontend::{
    bind, copy_data, copy_done, execute, parse, password, query, startup, sync, typed,
};

#[test]
fn lengths_that_cannot_be_end_the_session_that_sent_them() {
    let mut scene = Scene::set();
    for tag in [b'Q', b'P', b'B', b'E', b'S', b'd', b'X'] {
        for length in [0_u32, 3, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
            let mut wire = scene.client();
            wire.send([&[tag][..], &length.to_be_bytes(), b"SELECT"]);
            let fields = wire.until_error();
            let found = (fields.severity.as_str(), fields.code.as_str());
            assert_eq!(found, ("FATAL", "08P01"), "{} {length}: {fields}", char::from(tag));
            wire.expect_end();
        }
    }
    scene.must_be_unharmed();
}

#[test]
fn a_length_that_cannot_be_in_a_transaction_rolls_it_back() {
    let mut scene = Scene::set();
    scene.database.run("CREATE TABLE t (id int); GRANT ALL ON t TO public");
    let mut wire = scene.client();
    wire.rows("BEGIN; INSERT INTO t VALUES (1)");
    wire.send([b"Q\0\0\0\x01"]);
    assert_eq!(wire.until_error().code, "08P01");
    wire.expect_end();
    assert_eq!(scene.client().value("SELECT count(*) FROM t"), "0");
    scene.must_be_unharmed();
}

#[test]
fn messages_of_unknown_types_end_the_session_that_sent_them() {
    let mut scene = Scene::set();
    let messages = [typed('y', b"what"), typed('\0', b""), typed('q', b"SELECT 1\0")];
    for message in messages.into_iter().chain([startup(&[("user", "me")]), password(b"secret\0")]) {
        let mut wire = scene.client();
        wire.send([message]);
        let fields = wire.until_error();
        assert_eq!((fields.severity.as_str(), fields.code.as_str()), ("FATAL", "08P01"));
        wire.expect_end();
    }
    scene.must_be_unharmed();
}

/// PostgreSQL answers these itself, with an error after which the session lives on.
#[test]
fn bodies_that_make_no_sense_are_errors_of_their_statement() {
    let mut scene = Scene::set();
    let mut wire = scene.client();
    let statement = parse("s", "SELECT $1::text");
    let bodies = [
        typed('Q', b"SELECT 1"),
        typed('B', b"\0s\0\0\0\0\x01\0\0\0\x7fx"),
        typed('B', b"\0s\0\xff\xff"),
        typed('P', b"a\0SELECT 1\0\xff\xff"),
        typed('E', b"\0"),
        typed('D', b"Xs\0"),
        typed('F', b"\0"),
    ];
    wire.send([statement, sync()]);
    wire.expect("1 Z");
    for body in bodies {
        let shown = body.escape_ascii().to_string();
        wire.send([body, sync()]);
        let error = wire.until_error();
        assert_eq!(error.code, "08P01", "{shown}: {error}");
        wire.send([query("SELECT 'still here'")]);
        while !wire.next().body.ends_with(b"still here") {}
        wire.until_ready();
    }
    scene.must_be_unharmed();
}

#[test]
fn names_without_an_end_are_refused() {
    let mut scene = Scene::set();
    for message in [typed('P', b"name"), typed('B', b"portal"), typed('D', b"S")] {
        let mut wire = scene.client();
        wire.send([message, sync()]);
        assert_eq!(wire.until_error().code, "08P01");
    }
    scene.must_be_unharmed();
}

#[test]
fn copy_data_without_a_copy_is_passed_over_as_postgres_does() {
    let mut scene = Scene::set();
    let mut wire = scene.client();
    wire.send([copy_data(b"1\n"), copy_done(), query("SELECT 1")]);
    wire.expect("T D C Z");
    scene.must_be_unharmed();
}

#[test]
fn statements_in_the_middle_of_a_copy_are_an_error() {
    let mut scene = Scene::set();
    let mut wire = scene.client();
    wire.rows("BEGIN; CREATE TEMP TABLE t (id int) ON COMMIT DROP");
    wire.send([query("COPY t FROM STDIN"), query("SELECT 1")]);
    wire.expect("G");
    assert_eq!(wire.until_error().code, "08P01");
    drop(wire);
    scene.must_be_unharmed();
}

#[test]
fn a_bind_without_its_sync_holds_up_nobody_else() {
    let mut scene = Scene::set();
    let mut wire = scene.client();
    wire.send([parse("", "SELECT 1"), bind("", "", &[]), execute("")]);
    scene.must_be_unharmed();
    wire.send([sync()]);
    wire.expect("1 2 D C Z");
}

#[test]
fn noise_is_survived() {
    let mut scene = Scene::set();
    for seed in 0..40 {
        let mut wire = scene.client();
        wire.send([noise(seed, 200)]);
    }
    scene.must_be_unharmed();
}

#[test]
fn a_message_of_a_gigabyte_that_never_comes_costs_nothing() {
    let mut scene = Scene::set();
    let length = (1_u32 << 30) - 100;
    let mut wires: Vec<_> = (0..8).map(|_| scene.client()).collect();
    for (wire, tag) in wires.iter_mut().zip(b"QPBQPBQP") {
        wire.send([&[*tag][..], &length.to_be_bytes(), b"SELECT"]);
    }
    scene.must_be_unharmed();
}
