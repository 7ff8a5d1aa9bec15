//! What statements mean that clients share: what each would have got from a server of its own.

use super::{one_server, with_settings};
use crate::support::frontend::{bind, describe_statement, execute, parse, query, sync, terminate};
use crate::support::{Database, Message, Pgweir, Wire};

/// A literal is folded when a text is parsed.
const INSTANT: &str = "SELECT (timestamptz '2024-06-01 12:00' AT TIME ZONE 'UTC')::text";

fn two_servers(database: &Database) -> Pgweir {
    with_settings(database, "default_pool_size = 2")
}

fn prepare(wire: &mut Wire, name: &str, sql: &str) {
    wire.send([parse(name, sql), sync()]);
    assert_eq!(wire.expect("1 Z")[1].status(), 'I');
}

fn run(wire: &mut Wire, name: &str, parameters: &[Option<&str>]) -> Vec<String> {
    wire.send([bind("", name, parameters), execute(""), sync()]);
    shown(&wire.until_ready())
}

/// Rows, tags and errors.
fn shown(replies: &[Message]) -> Vec<String> {
    let one = |reply: &Message| match reply.tag {
        'D' => format!("{:?}", reply.row()),
        'C' => reply.strings().join(" "),
        'E' => format!("{} {}", reply.fields().code, reply.fields().message),
        tag => tag.to_string(),
    };
    replies.iter().filter(|reply| reply.tag != '2' && reply.tag != 'Z').map(one).collect()
}

#[test]
fn a_literal_is_the_client_s_own_whatever_others_have_made_of_the_same_text() {
    let database = Database::create();
    let pgweir = one_server(&database);
    for (zone, expected) in [("Asia/Tokyo", "03:00"), ("UTC", "12:00"), ("Asia/Tokyo", "03:00")] {
        let mut wire = pgweir.client_with(&database, &[("TimeZone", zone)]);
        for name in ["s", ""] {
            prepare(&mut wire, name, INSTANT);
            let row = format!("[Some(\"2024-06-01 {expected}:00\")]");
            assert_eq!(run(&mut wire, name, &[]), [row, "SELECT 1".to_owned()], "{zone} {name}");
        }
    }
}

#[test]
fn a_literal_stays_what_it_was_when_its_client_prepared_it() {
    let database = Database::create();
    let pgweir = two_servers(&database);
    let mut wire = pgweir.client_with(&database, &[("TimeZone", "Asia/Tokyo")]);
    prepare(&mut wire, "s", INSTANT);
    wire.rows("SET TimeZone = 'UTC'");
    let mut other = pgweir.client(&database);
    other.rows("BEGIN"); // It has the server on which that was prepared.
    for text in ["SELECT 1", "BEGIN", "SET LOCAL TimeZone = 'Asia/Kolkata'", "SAVEPOINT a"] {
        wire.rows(text);
        assert_eq!(run(&mut wire, "s", &[])[0], "[Some(\"2024-06-01 03:00:00\")]", "{text}");
    }
    assert_eq!(wire.value("SHOW TimeZone"), "Asia/Kolkata");
    wire.rows("COMMIT");
    assert_eq!(wire.value("SHOW TimeZone"), "UTC");
}

#[test]
fn a_setting_in_front_of_a_parse_in_one_packet_is_nobody_elses() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client_with(&database, &[("TimeZone", "UTC")]);
    let set = "SET TimeZone = 'Asia/Tokyo'";
    wire.send([parse("", set), bind("", "", &[]), execute(""), parse("s", INSTANT), sync()]);
    wire.send([query("SELECT 1"), parse("", INSTANT), sync()].concat().chunks(7));
    wire.until_ready();
    wire.until_ready();
    wire.until_ready();
    for name in ["s", ""] {
        assert_eq!(run(&mut wire, name, &[])[0], "[Some(\"2024-06-01 03:00:00\")]", "{name}");
    }
    let mut next = pgweir.client_with(&database, &[("TimeZone", "UTC")]);
    for name in ["s", ""] {
        prepare(&mut next, name, INSTANT);
        assert_eq!(run(&mut next, name, &[])[0], "[Some(\"2024-06-01 12:00:00\")]", "{name}");
    }
}

#[test]
fn a_client_that_prepares_gets_what_a_parse_gives_now() {
    let database = Database::with("CREATE TABLE t (b int)");
    let pgweir = two_servers(&database);
    let insert = "INSERT INTO t (b) VALUES ($1) RETURNING b";
    let mut first = pgweir.client(&database);
    let mut holder = pgweir.client(&database);
    prepare(&mut first, "s", insert);
    holder.rows("BEGIN");
    assert_eq!(run(&mut first, "s", &[Some("1")])[0], "[Some(\"1\")]");
    holder.rows("COMMIT");
    database.run("DROP TABLE t; CREATE TABLE t (b text); GRANT ALL ON t TO PUBLIC");
    let mut second = pgweir.client(&database);
    prepare(&mut second, "s", insert);
    assert_eq!(run(&mut second, "s", &[Some("x")])[0], "[Some(\"x\")]");
    holder.rows("BEGIN");
    assert_eq!(run(&mut second, "s", &[Some("y")])[0], "[Some(\"y\")]");
    holder.rows("COMMIT");
    database.run("DROP TABLE t");
    let mut third = pgweir.client(&database);
    third.send([parse("s", insert), sync()]);
    assert_eq!(shown(&third.until_ready()), ["42P01 relation \"t\" does not exist"]);
}

#[test]
fn a_type_and_a_function_that_were_made_anew_are_the_new_ones() {
    let make = "CREATE TYPE mood AS ENUM ('a', 'b');
        CREATE FUNCTION f(numeric) RETURNS text LANGUAGE sql AS $$ SELECT 'numeric' $$";
    let database = Database::with(make);
    let pgweir = one_server(&database);
    let texts = ["SELECT 'b'::mood::text", "SELECT $1::mood::text", "SELECT f(1)"];
    let all = |wire: &mut Wire| {
        let one = |(number, text): (usize, &&str)| {
            let name = format!("s{number}");
            prepare(wire, &name, text);
            let parameters: &[Option<&str>] = if number == 1 { &[Some("b")] } else { &[] };
            run(wire, &name, parameters)[0].clone()
        };
        texts.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    let expected = ["[Some(\"b\")]", "[Some(\"b\")]", "[Some(\"numeric\")]"];
    assert_eq!(all(&mut pgweir.client(&database)), expected);
    database.run(
        "DROP TYPE mood; CREATE TYPE mood AS ENUM ('b');
         CREATE FUNCTION f(int) RETURNS text LANGUAGE sql AS $$ SELECT 'int' $$",
    );
    let expected = ["[Some(\"b\")]", "[Some(\"b\")]", "[Some(\"int\")]"];
    assert_eq!(all(&mut pgweir.client(&database)), expected);
}

#[test]
fn a_client_is_told_when_a_statement_would_return_something_else() {
    let database = Database::with("CREATE TABLE t AS SELECT 1 AS a");
    let pgweir = two_servers(&database);
    let mut wire = pgweir.client(&database);
    let mut holder = pgweir.client(&database);
    wire.send([parse("s", "SELECT * FROM t"), describe_statement("s"), sync()]);
    wire.expect("1 t T Z");
    holder.rows("BEGIN");
    assert_eq!(run(&mut wire, "s", &[]), ["[Some(\"1\")]", "SELECT 1"], "on the other server");
    holder.rows("COMMIT");
    database.run("ALTER TABLE t ADD COLUMN b int");
    let changed = ["0A000 cached plan must not change result type"];
    for hold in ["BEGIN", "COMMIT", "BEGIN", "COMMIT"] {
        holder.rows(hold);
        assert_eq!(run(&mut wire, "s", &[]), changed, "{hold}");
    }
    // In a transaction it fails as PostgreSQL's own error does.
    wire.rows("BEGIN");
    wire.send([describe_statement("s"), sync()]);
    let replies = wire.expect("E Z");
    assert_eq!(replies[0].fields().code, "0A000");
    assert_eq!(replies[1].status(), 'E');
    assert_eq!(wire.error("SELECT 1").code, "25P02");
    wire.rows("ROLLBACK");
    wire.send([parse("again", "SELECT * FROM t"), bind("", "again", &[]), execute(""), sync()]);
    assert_eq!(wire.expect("1 2 D C Z")[2].row(), [Some("1".to_owned()), None]);
}

#[test]
fn names_are_freed_as_on_a_server_of_one_s_own() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let extended = |text: &str| [parse("", text), bind("", "", &[]), execute("")].concat();
    let use_it = |name: &str| [bind("", name, &[]), execute(""), sync()].concat();
    let two = [parse("s1", "SELECT 1"), parse("s2", "SELECT 2"), sync()].concat();
    let script = [
        [two.clone(), query("DISCARD ALL"), parse("s3", "SELECT 3"), sync(), use_it("s3")].concat(),
        use_it("s1"),
        [two.clone(), extended("deallocate s1"), sync(), use_it("s1"), use_it("s2")].concat(),
        [extended("DEALLOCATE ALL"), parse("s2", "SELECT 4"), sync(), use_it("s2")].concat(),
        [query("deallocate s2"), two.clone(), query("BEGIN"), query("DEALLOCATE s1")].concat(),
        [query("ROLLBACK"), use_it("s1"), use_it("s2")].concat(),
        [query("BEGIN"), extended("DEALLOCATE \"s2\""), sync(), query("ROLLBACK")].concat(),
        [use_it("s2"), two].concat(),
        [
            query("BEGIN"),
            query("SELECT 1/0"),
            extended("DEALLOCATE s1"),
            sync(),
            query("ROLLBACK"),
            use_it("s1"),
        ]
        .concat(),
        [extended("deallocate nosuch"), sync(), query("deallocate pgweir_1")].concat(),
        [extended("execute pgweir_1"), sync(), query("DEALLOCATE ALL"), use_it("s1")].concat(),
    ];
    let (mut direct, mut wire) = (database.direct(), pgweir.client(&database));
    for part in script {
        let units = part.iter().filter(|byte| **byte == b'S' || **byte == b'Q').count();
        assert!(units > 0);
        let ask = |wire: &mut Wire| {
            wire.send([part.clone(), query("SELECT 'the end'")]);
            let mut all = Vec::new();
            loop {
                let replies = wire.until_ready();
                let ended =
                    replies.iter().any(|it| it.tag == 'D' && it.row() == [Some("the end".into())]);
                all.extend(replies);
                if ended {
                    return shown(&all);
                }
            }
        };
        assert_eq!(ask(&mut wire), ask(&mut direct), "{}", String::from_utf8_lossy(&part));
    }
}

#[test]
fn a_statement_that_a_body_has_deallocated_is_prepared_anew() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let (mut one, mut other) = (pgweir.client(&database), pgweir.client(&database));
    prepare(&mut one, "a", "SELECT 'a'");
    prepare(&mut one, "b", "SELECT 'b'");
    other.rows("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$");
    let unknown = ["26000 prepared statement \"a\" does not exist"];
    assert_eq!(run(&mut one, "a", &[]), unknown);
    assert_eq!(run(&mut one, "a", &[])[0], "[Some(\"a\")]");
    assert_eq!(run(&mut one, "b", &[])[0], "[Some(\"b\")]");
}

#[test]
fn an_unnamed_statement_outlives_what_another_client_left_behind() {
    let database = Database::create();
    let pgweir = two_servers(&database);
    let mut wire = pgweir.client(&database);
    let mut holder = pgweir.client(&database);
    prepare(&mut wire, "", "SELECT 'mine'");
    holder.rows("BEGIN");
    // Another one with the same text goes away inside a transaction, on the other server.
    let mut leaving = pgweir.client(&database);
    leaving.rows("BEGIN");
    leaving.send([parse("", "SELECT 'mine'"), sync()]);
    leaving.expect("1 Z");
    leaving.send([terminate()]);
    leaving.expect_end();
    for _ in 0..3 {
        assert_eq!(run(&mut wire, "", &[])[0], "[Some(\"mine\")]");
    }
}
