//! What a session can ask of pgweir itself: where its statements go, why, and to have it otherwise.

use crate::support::frontend::{bind, describe_statement, execute, flush, parse, query, sync};
use crate::support::{Database, Pgweir, Wire, until};

const SETUP: &str = "CREATE TABLE t (id int)";
const READ: &str = "SELECT count(*) FROM t";

fn start() -> (Database, Pgweir) {
    let database = Database::with(SETUP);
    // So large that a busy machine cannot use it up.
    let setting = "[routing]\nmax_replica_lag = \"1h\"\n\n";
    let pgweir = Pgweir::start(&(setting.to_owned() + &database.config()));
    (database, pgweir)
}

/// Reads until a replica has served one: until the replicas are known to be fresh.
fn until_replica(wire: &mut Wire) {
    until("a replica is known to be fresh", || {
        wire.rows(READ);
        role(wire) == "replica"
    });
}

/// The host that served the last statement, and its role.
fn server(wire: &mut Wire) -> (String, String) {
    let row = wire.rows("SHOW pgweir.server").remove(0);
    (row[0].clone().unwrap(), row[1].clone().unwrap())
}

fn role(wire: &mut Wire) -> String {
    server(wire).1
}

fn reason(wire: &mut Wire) -> String {
    wire.value("SHOW pgweir.route")
}

#[test]
fn a_session_is_told_where_its_last_statement_went_and_why() {
    let (database, pgweir) = start();
    let mut wire = pgweir.client(&database);
    until_replica(&mut wire);
    let replica = server(&mut wire).0;
    let ports: Vec<_> = database.cluster.replicas().iter().map(pgweir::demo::Host::port).collect();
    assert!(ports.iter().any(|port| replica == format!("127.0.0.1:{port}")), "{replica}");
    assert_eq!(reason(&mut wire), "read");
    wire.rows("INSERT INTO t VALUES (1)");
    let primary = format!("127.0.0.1:{}", database.cluster.primary().port());
    assert_eq!(server(&mut wire).0, primary);
    assert_eq!(reason(&mut wire), "write");
}

#[test]
fn the_extended_protocol_may_ask_too_even_in_parts() {
    let (database, pgweir) = start();
    let mut wire = pgweir.client(&database);
    wire.send([
        parse("s", "SHOW pgweir.version"),
        describe_statement("s"),
        bind("", "s", &[]),
        execute(""),
        sync(),
    ]);
    let answer = wire.expect("1 t T 2 D C Z");
    assert_eq!(answer[4].row(), [Some(env!("CARGO_PKG_VERSION").to_owned())]);
    wire.send([parse("", "SHOW pgweir.server"), describe_statement(""), flush()]);
    wire.expect("1 t T");
    wire.send([bind("", "", &[]), execute(""), sync()]);
    wire.expect("2 D C Z");
    wire.send([bind("", "s", &[]), execute(""), sync()]);
    wire.expect("2 D C Z");
}

#[test]
fn a_role_can_be_asked_for_in_three_ways() {
    let (database, pgweir) = start();
    let mut wire = pgweir.client(&database);
    until_replica(&mut wire);
    wire.rows(&format!("/* pgweir.role=primary */ {READ}"));
    assert_eq!(reason(&mut wire), "hint");
    assert_eq!(role(&mut wire), "primary");
    until_replica(&mut wire);
    wire.rows("SET pgweir.role = 'primary'");
    wire.rows(READ);
    assert_eq!(role(&mut wire), "primary");
    assert_eq!(wire.value("SHOW pgweir.role"), "primary");
    wire.rows("RESET pgweir.role");
    until_replica(&mut wire);
    wire.rows("SET pgweir.role = 'replica'");
    assert_eq!(wire.error("INSERT INTO t VALUES (1)").code, "25006", "it asked for that");
    let mut other = pgweir.client_with(&database, &[("options", "-c pgweir.role=primary")]);
    other.rows(READ);
    assert_eq!(reason(&mut other), "hint");
}

#[test]
fn a_local_role_ends_with_the_transaction() {
    let (database, pgweir) = start();
    let mut wire = pgweir.client(&database);
    until_replica(&mut wire);
    wire.rows("BEGIN READ ONLY");
    wire.rows("SET LOCAL pgweir.role = 'primary'");
    wire.rows(READ);
    assert_eq!(role(&mut wire), "primary");
    wire.rows("COMMIT");
    assert_eq!(wire.value("SHOW pgweir.role"), "auto");
    until_replica(&mut wire);
}

#[test]
fn explain_route_says_each_rule_and_runs_nothing() {
    let (database, pgweir) = start();
    let mut wire = pgweir.client(&database);
    until_replica(&mut wire);
    let rows = wire.rows(&format!("EXPLAIN ROUTE {READ}"));
    let column = |row: &[Option<String>], at: usize| row[at].clone().unwrap();
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert_eq!((column(&rows[0], 2), column(&rows[0], 4)), ("text".into(), "read".into()));
    assert_eq!((column(&rows[3], 2), column(&rows[3], 3)), ("route".into(), "replica".into()));
    let rows = wire.rows("EXPLAIN ROUTE SELECT nextval('s')");
    assert_eq!(column(&rows[0], 4), "primary_function");
    assert!(column(&rows[0], 5).ends_with("nextval"));
    assert_eq!(column(&rows[0], 0), "primary");
}

#[test]
fn what_cannot_be_asked_is_a_clear_error_and_nothing_more() {
    let (database, pgweir) = start();
    let mut wire = pgweir.client(&database);
    for (text, code) in [
        ("SHOW pgweir.sever", "42704"),
        ("SET pgweir.role = 'both'", "22023"),
        ("SET pgweir.server = 'x'", "55P02"),
        ("SET pgweir.read_after = 'x'", "22023"),
        ("SET pgweir.read_after = '1-1-0/1'", "22023"),
    ] {
        let error = wire.error(text);
        assert_eq!(error.code, code, "{text}");
        assert!(!error.hint.is_empty(), "{text}");
    }
    wire.send([parse("", "SHOW pgweir.sever"), bind("", "", &[]), execute(""), sync()]);
    assert_eq!(wire.expect("1 2 E Z")[2].fields().code, "42704");
    assert_eq!(wire.value("SELECT 1"), "1");
}

#[test]
fn a_token_carries_a_write_to_another_session() {
    let (database, pgweir) = start();
    let other = Pgweir::start(&database.config());
    let (mut writer, mut reader) = (pgweir.client(&database), other.client(&database));
    for n in 1..=50 {
        writer.rows(&format!("INSERT INTO t VALUES ({n})"));
        let token = writer.value("SHOW pgweir.token");
        reader.rows(&format!("SET pgweir.read_after = '{token}'"));
        assert_eq!(reader.value(READ), n.to_string());
    }
}

#[test]
fn shadow_mode_counts_and_sends_all_to_the_primary() {
    let database = Database::with(SETUP);
    let config = format!("[routing]\nread_write_split = \"shadow\"\n\n{}", database.config());
    let pgweir = Pgweir::start(&config).with_catalog_of(&database);
    let mut wire = pgweir.client(&database);
    for _ in 0..5 {
        wire.rows(READ);
        assert_eq!(role(&mut wire), "primary");
        assert_eq!(reason(&mut wire), "shadow");
    }
}

#[test]
fn a_transaction_may_ask_in_between() {
    let (database, pgweir) = start();
    let mut wire = pgweir.client(&database);
    wire.rows("BEGIN");
    wire.send([query("SHOW pgweir.version")]);
    assert_eq!(wire.expect("T D C Z")[3].status(), 'T');
    wire.rows("INSERT INTO t VALUES (1)");
    wire.send([query("SHOW pgweir.server"), query("SELECT 1")]);
    assert_eq!(wire.expect("T D C Z T D C Z")[3].status(), 'T');
    assert_eq!(wire.error("SHOW pgweir.sever").code, "42704");
    wire.rows("COMMIT");
    assert_eq!(database.run(READ), "1");
}
