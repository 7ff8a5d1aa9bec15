//! The support itself, against a real PostgreSQL and against each other.

use super::support::backend::{answer, error_response};
use super::support::frontend::{bind, execute, parse, query, ssl_request, startup, sync};
use super::support::{Database, FakeServer, Link, Opening, Pgweir, Wire, postgres};

fn direct(database: &Database) -> Wire {
    let name = &database.name;
    Wire::login(database.cluster.primary().port(), name, name, name)
}

#[test]
fn a_wire_speaks_both_query_protocols() {
    let mut wire = direct(&Database::create());
    assert_eq!(wire.value("SELECT 40 + 2"), "42");

    wire.send([
        parse("", "SELECT $1 || 'x', NULL"),
        bind("", "", &[Some("7")]),
        execute(""),
        sync(),
    ]);
    let replies = wire.expect("1 2 D C Z");
    assert_eq!(replies[2].row(), [Some("7x".to_owned()), None]);
    assert_eq!(replies[3].text(), "SELECT 1");
    assert_eq!(replies[4].status(), 'I');
}

#[test]
fn a_wire_knows_what_the_server_said_at_login() {
    let wire = direct(&Database::create());
    assert!(
        wire.parameters.iter().any(|(name, value)| name == "client_encoding" && value == "UTF8")
    );
    assert_eq!(wire.cancel_key.len(), 8);
}

#[test]
fn a_wire_reads_errors_and_passes_over_notices() {
    let mut wire = direct(&Database::create());
    assert_eq!(wire.error("SELECT * FROM nowhere").code, "42P01");
    wire.send([query("BEGIN; DO $$ BEGIN RAISE NOTICE 'hear, hear'; END $$")]);
    assert_eq!(wire.expect("C C Z")[2].status(), 'T');
    wire.send([query("DO $$ BEGIN RAISE NOTICE 'hear, hear'; END $$")]);
    assert_eq!(wire.expect("N C Z")[0].fields().message, "hear, hear");
}

#[test]
#[should_panic(expected = "expected C of \"T C Z\", got D")]
fn a_wire_fails_at_a_message_it_does_not_expect() {
    let mut wire = direct(&Database::create());
    wire.send([query("SELECT 1")]);
    wire.expect("T C Z");
}

#[test]
fn a_wire_works_over_a_unix_socket() {
    let cluster = postgres();
    let mut wire = Wire::connect_unix(cluster.folder(), cluster.replicas()[0].port());
    let (user, password) = (cluster.superuser(), cluster.password());
    wire.log_in(user, password, &[("user", user), ("database", "postgres")]);
    assert_eq!(wire.value("SELECT pg_is_in_recovery()"), "t");
}

#[test]
fn a_wrong_password_is_refused() {
    let database = Database::create();
    let mut wire = Wire::connect(database.cluster.primary().port());
    let refused = wire.try_log_in(&database.name, "wrong", &[("user", &database.name)]);
    assert_eq!(refused.unwrap_err().code, "28P01");
    wire.expect_end();
}

#[test]
fn a_database_of_a_test_s_own_is_known_to_every_replica() {
    let database = Database::with("CREATE TABLE t AS SELECT 7 AS seven");
    for replica in database.cluster.replicas() {
        let mut wire = Wire::login(replica.port(), &database.name, &database.name, &database.name);
        assert_eq!(wire.value("SELECT seven FROM t"), "7");
    }
}

#[test]
fn a_fake_server_follows_its_script() {
    let server = FakeServer::script(|peer| {
        assert_eq!(peer.accept_login(), ["user", "me"]);
        assert_eq!(peer.expect("Q")[0].text(), "SELECT 1");
        peer.send([answer("one", "1")]);
        peer.expect("P B E S");
        peer.send([error_response("FATAL", "57P01", "shutting down")]);
    });
    let mut wire = Wire::connect(server.port());
    wire.send([ssl_request()]);
    assert_eq!(wire.byte(), 'N');
    wire.log_in("me", "", &[("user", "me")]);
    assert_eq!(wire.value("SELECT 1"), "1");
    wire.send([parse("", "SELECT 2"), bind("", "", &[]), execute(""), sync()]);
    assert_eq!(wire.expect("E")[0].fields().code, "57P01");
    wire.expect_end();
    assert_eq!(server.connections(), 1);
    server.finish();
}

#[test]
#[should_panic(expected = "the fake server's script failed: expected P of \"P\", got Q")]
fn a_fake_server_tells_when_its_script_fails() {
    let server = FakeServer::script(|peer| {
        peer.accept_login();
        peer.expect("P");
    });
    let mut wire = Wire::login(server.port(), "me", "", "db");
    wire.send([query("SELECT 1")]);
    wire.expect_end();
    server.finish();
}

#[test]
fn a_fake_server_sees_who_only_wants_to_cancel() {
    let server = FakeServer::script(|peer| {
        assert_eq!(peer.opening(), Opening::Cancel(vec![0, 0, 0, 7, 1, 2, 3, 4]));
    });
    let mut wire = Wire::connect(server.port());
    wire.send([super::support::frontend::cancel_request(7, &[1, 2, 3, 4])]);
    wire.expect_end();
    server.finish();
}

#[test]
fn bytes_after_the_end_of_a_script_are_an_end_too() {
    let server = FakeServer::script(|_| ());
    let mut wire = Wire::connect(server.port());
    wire.send([startup(&[("user", "me")])]);
    wire.expect_end();
}

#[test]
#[should_panic(expected = "pgweir ended before it logged \"listening\"")]
fn a_pgweir_that_does_not_start_shows_its_log() {
    Pgweir::start("this is not a configuration");
}

#[test]
fn a_trace_knows_which_host_ran_a_statement() {
    let database = Database::create();
    let (mut trace, name) = (database.trace(), database.name.as_str());
    let replica = &database.cluster.replicas()[1];
    let mut wires =
        [database.direct(), Wire::login(replica.port(), name, name, name), database.direct()];
    wires[0].rows("SELECT 1 AS mark");
    wires[1].rows("SELECT 1\n AS\n mark");
    wires[1].error("SELECT nonsense AS mark");
    wires[2].send([parse("", "SELECT $1::text"), bind("", "", &[Some("my mark")]), sync()]);
    wires[2].expect("1 2 Z");
    assert_eq!(trace.hosts("mark"), ["primary", "replica-2", "replica-2"]);
    let extended = [parse("", "SELECT $1::text"), bind("", "", &[Some("my mark")]), execute("")];
    wires[2].send([extended.concat(), sync()]);
    wires[2].expect("1 2 D C Z");
    assert_eq!(trace.roles("my mark"), ["primary"]);
    assert_eq!(trace.roles("my mark"), [""; 0]);
}

#[test]
fn a_link_passes_on_holds_and_ends_connections() {
    let (database, primary) = (Database::create(), postgres().primary());
    let (link, name) = (Link::to(primary.address()), database.name.as_str());
    let login = || Wire::login(link.address().port(), name, name, name);
    let mut wire = login();
    assert_eq!(wire.value("SELECT 1"), "1");
    link.hold();
    wire.send([query("SELECT 'held'")]);
    assert_eq!(database.running("SELECT ''held"), 0);
    link.mend();
    assert_eq!(wire.expect("T D C Z")[1].row(), [Some("held".to_owned())]);
    link.cut();
    wire.expect_end();
    Wire::connect(link.address().port()).expect_end();
    link.mend();
    assert_eq!(login().value("SELECT 2"), "2");
}
