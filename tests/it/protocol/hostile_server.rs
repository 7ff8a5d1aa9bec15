//! Servers that are none, or that have lost their mind.

use crate::support::backend::{
    answer, authentication_ok, backend_key_data, bind_complete, command_complete, data_row,
    error_response, parse_complete, ready_for_query, row_description,
};
use crate::support::frontend::{query, typed};
use crate::support::{FakeServer, Fields, Peer, Pgweir, Wire, free_port};

/// What a server does at a login, with a name for it.
type Login = (&'static str, fn(&mut Peer));

/// What a server answers, with a name for it.
type Answer = (&'static str, fn() -> Vec<u8>);

#[test]
fn what_is_no_postgres_is_an_error_that_says_so() {
    let logins: [Login; 8] = [
        ("HTTP", |peer| peer.send([b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"])),
        ("an end", |_| ()),
        ("an unknown message", |peer| peer.send([typed('y', b"what")])),
        ("a length of 0", |peer| peer.send([b"R\0\0\0\0"])),
        ("a length of 2 GB", |peer| peer.send([b"R\x7f\xff\xff\xff"])),
        ("an authentication of the future", |peer| peer.send([typed('R', &[0, 0, 0, 99])])),
        ("ready in a transaction", |peer| {
            peer.send([authentication_ok(), backend_key_data(1, &[0; 4]), ready_for_query('T')]);
        }),
        ("an answer before the question", |peer| {
            peer.send([authentication_ok(), ready_for_query('I'), answer("value", "early")]);
        }),
    ];
    for (what, login) in logins {
        let server = FakeServer::script(move |peer| {
            peer.opening();
            login(peer);
        });
        let mut pgweir = Pgweir::start(&config(server.port()));
        let fields = refused(&pgweir);
        assert_eq!(fields.severity, "FATAL", "{what}: {fields}");
        assert!(["53300", "08006", "28000"].contains(&fields.code.as_str()), "{what}: {fields}");
        assert!(!fields.detail.is_empty(), "{what}: {fields:?}");
        pgweir.must_live();
    }
}

#[test]
fn a_closed_port_is_an_error_that_says_so() {
    let mut pgweir = Pgweir::start(&config(free_port()));
    let fields = refused(&pgweir);
    assert_eq!(fields.code, "53300");
    assert!(fields.detail.contains("refused"), "{}", fields.detail);
    pgweir.must_live();
}

#[test]
fn a_server_that_hangs_at_its_login_is_given_up() {
    let server = FakeServer::script(|peer| {
        peer.opening();
        peer.next();
    });
    let mut pgweir = Pgweir::start(&config(server.port()));
    let fields = refused(&pgweir);
    assert_eq!(fields.code, "53300");
    assert!(fields.detail.contains("server_connect_timeout"), "{}", fields.detail);
    pgweir.must_live();
}

#[test]
fn what_a_server_says_no_with_reaches_the_client() {
    for (code, seen) in [("28P01", "28P01"), ("3D000", "3D000"), ("28000", "28000")] {
        let server = FakeServer::script(move |peer| {
            peer.opening();
            peer.send([error_response("FATAL", code, "the words of the server")]);
        });
        let pgweir = Pgweir::start(&config(server.port()));
        let fields = refused(&pgweir);
        assert_eq!(fields.code, seen);
        assert!(fields.message.contains("the words of the server"), "{fields}");
    }
}

/// The first server misbehaves in a statement, those after it behave.
#[test]
fn a_server_that_breaks_the_protocol_ends_its_client_and_no_other() {
    let answers: [Answer; 12] = [
        ("nothing", Vec::new),
        ("half an answer", || row_description(&["one"])),
        ("half a message", || row_description(&["one"])[..7].to_vec()),
        ("an unknown message", || typed('y', b"what")),
        ("a length of 0", || b"T\0\0\0\0".to_vec()),
        ("a length of 4 GB", || b"T\xff\xff\xff\xff".to_vec()),
        ("answers to other questions", || [parse_complete(), bind_complete()].concat()),
        ("another login", || [authentication_ok(), ready_for_query('I')].concat()),
        ("ready with a bad status", || [command_complete("X"), ready_for_query('?')].concat()),
        ("ready without a status", || [command_complete("X"), typed('Z', b"")].concat()),
        ("HTTP", || b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        ("a row of no table", || [data_row(&[Some("1")]), b"\0\0\0\0\0\0".to_vec()].concat()),
    ];
    for (what, answer) in answers {
        let server = FakeServer::script(move |peer| {
            peer.accept_login();
            if peer.number == 0 {
                peer.expect("Q");
                peer.send([answer()]);
            } else {
                peer.answer_all("sane");
            }
        });
        let mut pgweir = Pgweir::start(&config(server.port()));
        let mut wire = Wire::login(pgweir.port(), "me", "", "db");
        wire.send([query("SELECT 1")]);
        let fields = wire.until_error();
        let found = (fields.severity.as_str(), fields.code.as_str());
        assert_eq!(found, ("FATAL", "08006"), "{what}: {fields}");
        wire.expect_end();
        let mut next = Wire::login(pgweir.port(), "me", "", "db");
        assert_eq!(next.value("SELECT 1"), "sane", "{what}");
        pgweir.must_live();
    }
}

#[test]
fn an_error_without_fields_is_an_error_and_the_session_lives_on() {
    let server = FakeServer::script(|peer| {
        peer.accept_login();
        peer.expect("Q");
        peer.send([typed('E', &[0]), ready_for_query('I')]);
        peer.answer_all("fine");
    });
    let pgweir = Pgweir::start(&config(server.port()));
    let mut wire = Wire::login(pgweir.port(), "me", "", "db");
    wire.send([query("SELECT 1")]);
    assert_eq!(wire.expect("E Z")[0].body, [0]);
    assert_eq!(wire.value("SELECT 1"), "fine");
}

#[test]
fn a_server_that_speaks_unasked_is_not_given_to_a_client() {
    let server = FakeServer::script(|peer| {
        peer.accept_login();
        if peer.number == 0 {
            peer.expect("Q");
            peer.send([answer("value", "asked"), answer("value", "unasked")]);
            peer.next();
        } else {
            peer.answer_all("sane");
        }
    });
    let mut pgweir = Pgweir::start(&config(server.port()));
    let mut wire = Wire::login(pgweir.port(), "me", "", "db");
    wire.send([query("SELECT 1")]);
    wire.expect("T D C Z");
    let mut next = Wire::login(pgweir.port(), "me", "", "db");
    assert_eq!(next.value("SELECT 1"), "sane");
    pgweir.must_live();
}

/// pgweir in front of one fake server, whatever a client's name is.
pub(super) fn config(port: u16) -> String {
    format!(
        "[pooler]\nauth_type = \"trust\"\ndefault_pool_size = 1\nquery_wait_timeout = \"600ms\"\n\
         server_connect_timeout = \"200ms\"\n\n\
         [databases.db]\nprimary = \"127.0.0.1:{port}\"\nuser = \"me\"\n"
    )
}

fn refused(pgweir: &Pgweir) -> Fields {
    let mut wire = Wire::connect(pgweir.port());
    let refused = wire.try_log_in("me", "", &[("user", "me"), ("database", "db")]);
    refused.expect_err("the login should have been refused")
}
