//! Bad input and too much of it: a clear error, and nobody else notices.

use super::{admin, start, watcher};
use crate::support::frontend::{bind, execute, parse, query, sync, typed};
use crate::support::{Database, TIMEOUT, Wire};
use std::time::Instant;

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

/// A thousand console clients that come one after the other and stay, as far as they are let in.
#[test]
fn a_thousand_console_clients_are_let_in_or_refused_and_nobody_else_notices() {
    let database = Database::create();
    let pgweir = start(&database, "auth_type = \"trust\"");
    let mut client = pgweir.client(&database);
    let mut inside = Vec::new();
    let mut refused = 0;
    for _ in 0..1_000 {
        let mut wire = Wire::connect(pgweir.port());
        match wire.try_log_in("admin", "", &[("user", "admin"), ("database", "pgweir")]) {
            Ok(()) => inside.push(wire),
            Err(error) => {
                assert_eq!(error.code, "53300");
                assert!(error.message.contains("console"), "{error}");
                refused += 1;
            }
        }
        assert_eq!(client.value("SELECT 1"), "1");
    }
    let most = pgweir::admin::console::CLIENTS_MAX;
    assert_eq!((inside.len(), refused), (most, 1_000 - most));
    for console in &mut inside {
        assert!(console.value("SHOW VERSION").starts_with("pgweir"));
    }
    assert_eq!(pgweir.client(&database).value("SELECT 1"), "1");
}

/// It takes as long as a client has for reading: half a minute.
#[test]
fn a_client_that_does_not_read_its_result_is_given_up() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let (mut console, mut other) = (admin(&pgweir), watcher(&pgweir));
    let mut client = pgweir.client(&database);
    // Some 20 MB: far more than the sockets' buffers hold.
    console.send([query("SELECT a.*, b.* FROM config a, config b, config c LIMIT 100000")]);
    console.expect("T");
    assert_eq!(client.value("SELECT 1"), "1");
    let mine = "SELECT count(*) FROM clients WHERE \"user\" = 'admin'";
    assert_eq!(other.value(mine), "1");
    let give_up = Instant::now() + 2 * TIMEOUT;
    while other.value(mine) == "1" {
        assert!(Instant::now() < give_up, "it has all the time in the world");
    }
    assert!(pgweir.log().contains("did not read"), "{}", pgweir.log());
    assert_eq!(client.value("SELECT 1"), "1");
}

#[test]
fn what_is_wrong_with_a_command_is_told() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let mut console = admin(&pgweir);
    for (text, code) in [
        ("PAUSE nowhere", "3D000"),
        ("PAUSE a b", "42601"),
        ("RESUME", "55000"),
        ("DISABLE", "42601"),
        ("KILL_CLIENT", "42601"),
        ("KILL_CLIENT -1", "42601"),
        ("KILL_CLIENT 2147483647", "42704"),
        ("SHUTDOWN soon", "42601"),
        ("RELOAD now", "42601"),
        ("SET default_pool_size", "42601"),
        ("SET default_pool_size = 0", "22023"),
        ("SET default_pool_size = 99999999999999999999", "22023"),
        ("SET query_wait_timeout = '-1s'", "22023"),
        ("SET query_wait_timeout = 7", "22023"),
        ("SET pool_mode = 'sometimes'", "22023"),
        ("SET listen_port = 1", "55P02"),
        ("SET no_such_setting = 1", "42704"),
        ("SUSPEND", "0A000"),
    ] {
        let error = console.error(text);
        assert_eq!(error.code, code, "{text}: {error}");
        assert!(!error.hint.is_empty() || !error.detail.is_empty(), "{text}: {error}");
    }
    console.send([parse("", "SELECT $1::int4"), bind("", "", &[Some("x")]), execute(""), sync()]);
    assert_eq!(console.expect("1 2 E Z")[2].fields().code, "22P02");
    console.send([parse("", "SELECT $1, $2"), bind("", "", &[None]), execute(""), sync()]);
    assert_eq!(console.expect("1 2 E Z")[2].fields().code, "08P01");
    assert_eq!(console.error("ROLLBACK TO SAVEPOINT a").code, "25P01");
    assert!(console.value("SHOW VERSION").starts_with("pgweir"));
}

#[test]
fn no_secret_is_ever_shown() {
    let database = Database::create();
    let secrets = ["user-s3cret", "host-s3cret", "new-s3cret", "two-s3cret"];
    let settings = format!(
        "log_level = \"debug\"\n\n[users.one]\npassword = \"{}\"\n[users.two]\npassword = \"{}\"\n\
         [databases.elsewhere]\nprimary = \"{}\"\nuser = \"x\"\npassword = \"{}\"\n",
        secrets[0],
        secrets[3],
        database.cluster.primary().address(),
        secrets[1]
    );
    let pgweir = start(&database, &settings);
    let mut console = admin(&pgweir);
    let mut said = String::new();
    for key in ["databases.elsewhere.password", "users.one.password", "password"] {
        said += &format!("{:?}", console.error(&format!("SET {key} = '{}'", secrets[2])));
    }
    said += &format!("{:?}", console.error("SELECT * FROM elsewhere"));
    // The host refuses what pgweir logs in with.
    let whom = [("user", "one"), ("database", "elsewhere")];
    let refused = Wire::connect(pgweir.port()).try_log_in("one", secrets[0], &whom).unwrap_err();
    said += &format!("{refused:?}");
    pgweir.wait_for_log("28P01");
    for table in pgweir::admin::tables::ALL {
        said += &format!("{:?}", console.rows(&format!("SHOW {}", table.name)));
        said += &format!("{:?}", console.rows(&format!("SELECT * FROM {}", table.name)));
    }
    console.send([query("RELOAD")]);
    said += &format!("{:?}", console.until_ready());
    let log = pgweir.log();
    for secret in secrets {
        assert!(!said.contains(secret), "{secret} is shown");
        assert!(!log.contains(secret), "{secret} is logged: {log}");
    }
    assert!(!said.contains("SCRAM-SHA-256$"));
}
