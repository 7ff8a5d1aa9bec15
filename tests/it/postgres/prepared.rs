//! Prepared statements in transaction mode: each client has names of its own on shared servers.

use super::one_server;
use crate::support::frontend::{
    bind, close_statement, describe_statement, execute, flush, parse, sync,
};
use crate::support::{Database, Message, Wire};

#[test]
fn two_clients_use_the_same_name_for_different_statements() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let (mut one, mut other) = (pgweir.client(&database), pgweir.client(&database));
    prepare(&mut one, "s", "SELECT 'one ' || $1");
    prepare(&mut other, "s", "SELECT 'other ' || $1");
    for _ in 0..3 {
        assert_eq!(run(&mut one, "s", "x"), "one x");
        assert_eq!(run(&mut other, "s", "y"), "other y");
    }
}

#[test]
fn a_name_twice_is_an_error_and_the_first_statement_lives_on() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    prepare(&mut wire, "s", "SELECT 'first ' || $1");
    wire.send([parse("s", "SELECT 'second ' || $1"), sync()]);
    let fields = refused(&mut wire);
    assert_eq!(fields.code, "42P05");
    assert_eq!(fields.message, "prepared statement \"s\" already exists");
    assert_eq!(run(&mut wire, "s", "x"), "first x");
}

#[test]
fn an_unknown_name_is_an_error_and_the_session_lives_on() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let (mut wire, mut other) = (pgweir.client(&database), pgweir.client(&database));
    prepare(&mut other, "theirs", "SELECT $1::text");
    wire.send([bind("", "theirs", &[Some("x")]), execute(""), sync()]);
    let fields = refused(&mut wire);
    assert_eq!(fields.code, "26000");
    assert_eq!(fields.message, "prepared statement \"theirs\" does not exist");
    wire.send([describe_statement("theirs"), sync()]);
    assert_eq!(refused(&mut wire).code, "26000");
    assert_eq!(wire.value("SELECT 1"), "1");
    assert_eq!(run(&mut other, "theirs", "x"), "x");
}

#[test]
fn a_closed_name_is_free_again() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let (mut wire, mut other) = (pgweir.client(&database), pgweir.client(&database));
    prepare(&mut wire, "s", "SELECT 'a ' || $1");
    prepare(&mut other, "s", "SELECT 'a ' || $1");
    wire.send([close_statement("s"), sync()]);
    wire.expect("3 Z");
    wire.send([bind("", "s", &[Some("x")]), execute(""), sync()]);
    assert_eq!(refused(&mut wire).code, "26000");
    prepare(&mut wire, "s", "SELECT 'b ' || $1");
    assert_eq!(run(&mut wire, "s", "x"), "b x");
    assert_eq!(run(&mut other, "s", "x"), "a x");
}

#[test]
fn the_unnamed_statement_outlives_its_sync() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let (mut one, mut other) = (pgweir.client(&database), pgweir.client(&database));
    prepare(&mut one, "", "SELECT 'mine ' || $1");
    prepare(&mut other, "", "SELECT 'theirs ' || $1");
    assert_eq!(run(&mut one, "", "x"), "mine x");
    assert_eq!(run(&mut other, "", "x"), "theirs x");
}

#[test]
fn a_description_is_of_the_client_s_own_statement() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let (mut one, mut other) = (pgweir.client(&database), pgweir.client(&database));
    prepare(&mut one, "s", "SELECT $1::text");
    prepare(&mut other, "s", "SELECT 1, 2, 3");
    one.send([describe_statement("s"), sync()]);
    assert_eq!(one.expect("t T Z")[1].body[..2], [0, 1]);
    other.send([describe_statement("s"), sync()]);
    assert_eq!(other.expect("t T Z")[1].body[..2], [0, 3]);
}

#[test]
fn a_statement_that_does_not_parse_leaves_its_name_free() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([parse("s", "SELEKT 1"), sync()]);
    assert_eq!(refused(&mut wire).code, "42601");
    prepare(&mut wire, "s", "SELECT $1::text");
    assert_eq!(run(&mut wire, "s", "x"), "x");
}

#[test]
fn discard_all_of_one_client_takes_nothing_from_another() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let (mut one, mut other) = (pgweir.client(&database), pgweir.client(&database));
    for statement in ["DISCARD ALL", "DEALLOCATE ALL"] {
        prepare(&mut one, "mine", "SELECT 'mine ' || $1");
        prepare(&mut other, &format!("theirs {statement}"), "SELECT 'theirs ' || $1");
        one.rows(statement);
        assert_eq!(run(&mut other, &format!("theirs {statement}"), "x"), "theirs x");
        one.send([bind("", "mine", &[Some("x")]), execute(""), sync()]);
        assert_eq!(refused(&mut one).code, "26000");
    }
}

#[test]
fn a_statement_survives_a_change_of_its_table() {
    let database = Database::with("CREATE TABLE t AS SELECT 1 AS a");
    let pgweir = one_server(&database);
    let (mut one, mut other) = (pgweir.client(&database), pgweir.client(&database));
    prepare(&mut one, "s", "SELECT a::text FROM t WHERE $1 = 'x'");
    prepare(&mut other, "s", "SELECT a::text FROM t WHERE $1 = 'x'");
    database.run("ALTER TABLE t ADD COLUMN b int");
    assert_eq!(run(&mut one, "s", "x"), "1");
    assert_eq!(run(&mut other, "s", "x"), "1");
}

#[test]
fn a_flush_gets_answers_before_the_sync() {
    let database = Database::create();
    let pgweir = one_server(&database);
    let mut wire = pgweir.client(&database);
    wire.send([parse("s", "SELECT $1::text"), describe_statement("s"), flush()]);
    wire.expect("1 t T");
    wire.send([bind("", "s", &[Some("x")]), execute(""), sync()]);
    assert_eq!(wire.expect("2 D C Z")[1].row(), [Some("x".to_owned())]);
}

fn prepare(wire: &mut Wire, name: &str, sql: &str) {
    wire.send([parse(name, sql), sync()]);
    assert_eq!(wire.expect("1 Z")[1].status(), 'I');
}

fn run(wire: &mut Wire, name: &str, parameter: &str) -> String {
    wire.send([bind("", name, &[Some(parameter)]), execute(""), sync()]);
    let row = Message::row(&wire.expect("2 D C Z")[1]);
    row[0].clone().unwrap()
}

fn refused(wire: &mut Wire) -> crate::support::Fields {
    let replies = wire.expect("E Z");
    assert_eq!(replies[1].status(), 'I');
    replies[0].fields()
}
