//! Bad input and too much of it: a clear error, and nobody else notices.

use super::{admin, start, watcher};
use crate::support::Database;
use crate::support::frontend::{bind, execute, parse, query, sync, typed};

#[test]
fn what_is_not_known_is_told_and_the_session_lives_on() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let mut console = watcher(&pgweir);
    for (text, code) in [
        ("SHOW NOTHING", "42601"),
        ("DROP TABLE pools", "42601"),
        ("SELECT * FROM nowhere", "42P01"),
        ("SELECT nowhere FROM pools", "42703"),
        ("SELECT 'open", "42601"),
        ("WITH x AS (SELECT 1) DELETE FROM pools", "25006"),
    ] {
        assert_eq!(console.error(text).code, code, "{text}");
    }
    assert!(console.value("SHOW VERSION").starts_with("pgweir"));
    console.send([query("SHOW VERSION; SHOW NOTHING; SHOW VERSION")]);
    assert_eq!(console.expect("T D C E Z")[4].status(), 'I');
}

#[test]
fn a_message_over_a_megabyte_ends_its_session_alone() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let (mut console, mut other) = (admin(&pgweir), admin(&pgweir));
    let mut client = pgweir.client(&database);
    // It is refused by its length: whether the rest is sent does not matter.
    console.send([[b'Q', 0x3f, 0xff, 0xff, 0xff, b'S']]);
    assert_eq!(console.until_error().code, "54000");
    console.expect_end();
    let long = format!("SELECT '{}'", "x".repeat(900_000));
    assert_eq!(other.error(&long).code, "54000", "a SELECT has a limit of its own");
    assert_eq!(other.error(&format!("PAUSE {}", "x".repeat(900_000))).code, "3D000");
    assert_eq!(client.value("SELECT 1"), "1");
}

#[test]
fn a_message_of_a_wrong_form_ends_its_session_alone() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let mut other = admin(&pgweir);
    for message in [
        typed('B', b"\0\0\0\0\0\x01\0\0\0\x09x\0\0"),
        typed('Q', b"no end"),
        typed('d', b"no copy"),
        typed('P', b""),
        vec![b'Q', 0, 0, 0, 1],
    ] {
        let mut console = admin(&pgweir);
        console.send([message]);
        assert_eq!(console.until_error().code, "08P01");
        console.expect_end();
    }
    assert!(other.value("SHOW VERSION").starts_with("pgweir"));
    assert!(!pgweir.log().contains("panicked"), "{}", pgweir.log());
}

#[test]
fn statements_and_results_are_bounded() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let mut console = watcher(&pgweir);
    for number in 0..1_000 {
        console.send([parse(&format!("s{number}"), "SHOW VERSION")]);
    }
    console.send([parse("one more", "SHOW VERSION"), sync()]);
    let replies = console.until_ready();
    assert_eq!(replies[replies.len() - 2].fields().code, "54000");
    console.send([bind("", "s999", &[]), execute(""), sync()]);
    console.expect("2 D C Z");
    assert_eq!(console.error(&"SHOW VERSION;".repeat(101)).code, "54000");
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n";
    assert_eq!(console.error(endless).code, "54000");
}
