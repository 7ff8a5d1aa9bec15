//! What strangers send instead of a login.

use super::{Scene, noise};
use crate::support::frontend::{
    gssenc_request, password, query, ssl_request, startup, startup_of, string, terminate, untyped,
};
use crate::support::{Fields, Wire};

#[test]
fn lengths_that_cannot_be_are_refused() {
    let mut scene = Scene::set();
    for length in [0, 3, 4, 7, 10_001, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
        let mut wire = scene.stranger();
        wire.send([&length.to_be_bytes()[..], &[0, 3, 0, 0]]);
        assert_refused(&mut wire, "08P01");
    }
    scene.must_be_unharmed();
}

#[test]
fn a_web_browser_is_refused() {
    let mut scene = Scene::set();
    let mut wire = scene.stranger();
    wire.send([b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"]);
    assert_refused(&mut wire, "08P01");
    scene.must_be_unharmed();
}

#[test]
fn startup_messages_without_their_ends_are_refused() {
    let mut scene = Scene::set();
    let version = 196_608_u32.to_be_bytes();
    for parameters in ["user", "user\0me", "user\0me\0", "user\0me\0database\0", "\0user\0me\0\0"] {
        let mut wire = scene.stranger();
        wire.send([untyped(&[&version[..], parameters.as_bytes()].concat())]);
        assert_refused(&mut wire, "08P01");
    }
    scene.must_be_unharmed();
}

#[test]
fn a_startup_without_a_user_is_refused() {
    let mut scene = Scene::set();
    for parameters in [&[("database", "postgres")][..], &[("user", "")]] {
        let mut wire = scene.stranger();
        wire.send([startup(parameters)]);
        assert_refused(&mut wire, "28000");
    }
    scene.must_be_unharmed();
}

/// node-postgres: `connect(); end()`.
#[test]
fn who_takes_leave_before_anything_else_is_told_nothing() {
    let mut scene = Scene::set();
    let mut wire = scene.stranger();
    wire.send([terminate()]);
    wire.expect_end();
    let mut wire = scene.stranger();
    wire.send([ssl_request()]);
    assert_eq!(wire.byte(), 'N');
    wire.trickle();
    wire.send([terminate()]);
    wire.expect_end();
    assert!(!scene.pgweir.log().contains("login refused"), "{}", scene.pgweir.log());
    scene.must_be_unharmed();
}

#[test]
fn other_protocols_are_refused() {
    let mut scene = Scene::set();
    for version in [0x0001_0000, 0x0002_0000, 0x0004_0000, 0x04d2_ffff] {
        let mut wire = scene.stranger();
        wire.send([startup_of(version, &[("user", "me")])]);
        assert_refused(&mut wire, "0A000");
    }
    scene.must_be_unharmed();
}

#[test]
fn replication_is_refused() {
    let mut scene = Scene::set();
    for value in ["true", "database", "on"] {
        let mut wire = scene.stranger();
        wire.send([startup(&[("user", "me"), ("replication", value)])]);
        assert_refused(&mut wire, "0A000");
    }
    scene.must_be_unharmed();
}

#[test]
fn encryption_that_is_not_offered_is_declined_and_the_login_goes_on() {
    let scene = Scene::set();
    let name = scene.database.name.clone();
    let mut wire = scene.stranger();
    wire.send([gssenc_request()]);
    assert_eq!(wire.byte(), 'N');
    wire.send([ssl_request()]);
    assert_eq!(wire.byte(), 'N');
    wire.log_in(&name, &name, &[("user", &name), ("database", &name)]);
    assert_eq!(wire.value("SELECT 1"), "1");
}

#[test]
fn who_asks_for_encryption_for_ever_is_refused() {
    let mut scene = Scene::set();
    let mut wire = scene.stranger();
    wire.send([ssl_request(), ssl_request(), ssl_request(), ssl_request()]);
    for _ in 0..3 {
        assert_eq!(wire.byte(), 'N');
    }
    assert_refused(&mut wire, "08P01");
    scene.must_be_unharmed();
}

#[test]
fn a_client_of_a_later_protocol_is_told_what_is_spoken() {
    let scene = Scene::set();
    let name = scene.database.name.as_str();
    let asked = [("user", name), ("database", name), ("_pq_.future", "1")];
    for (version, spoken, key_length) in [(0x0003_0063, 2, 36), (0x0003_0000, 0, 8)] {
        let mut wire = scene.stranger();
        wire.send([startup_of(version, &asked)]);
        let told = wire.expect("v").remove(0).body;
        assert_eq!(told[2..4], [0, spoken]);
        assert_eq!(told[4..], [&1_u32.to_be_bytes()[..], b"_pq_.future\0"].concat());
        wire.finish_login(name, name).unwrap();
        assert_eq!(wire.cancel_key.len(), key_length);
        assert_eq!(wire.value("SELECT 1"), "1");
    }
}

#[test]
fn a_long_cancel_key_cancels_as_well() {
    let scene = Scene::set();
    let name = scene.database.name.as_str();
    let mut wire = scene.stranger();
    wire.send([startup_of(0x0003_0002, &[("user", name), ("database", name)])]);
    wire.finish_login(name, name).unwrap();
    assert_eq!(wire.cancel_key.len(), 36);
    wire.send([query("SELECT pg_sleep(600)")]);
    crate::support::until("it runs", || scene.database.running("SELECT pg_sleep") == 1);
    wire.cancel(scene.pgweir.port());
    assert_eq!(wire.until_error().code, "57014");
}

#[test]
fn a_statement_instead_of_a_password_is_refused() {
    let mut scene = Scene::set();
    let name = scene.database.name.clone();
    let messages = [
        query("SELECT 1"),
        password(b""),
        password(&string("SCRAM-SHA-1")),
        password(&[&string("SCRAM-SHA-256")[..], &[0x7f, 0xff, 0xff, 0xff]].concat()),
        password(&[0xff; 9000]),
        b"p\0\0\0\0".to_vec(),
        b"p\x7f\xff\xff\xff".to_vec(),
    ];
    for message in messages {
        let mut wire = scene.stranger();
        wire.send([startup(&[("user", &name), ("database", &name)])]);
        wire.expect("R");
        wire.send([message]);
        let Fields { severity, code, .. } = wire.until_error();
        assert_eq!(severity, "FATAL");
        assert!(["08P01", "28P01"].contains(&code.as_str()), "{code}");
        wire.expect_end();
    }
    scene.must_be_unharmed();
}

#[test]
fn who_says_nothing_is_sent_away() {
    let mut scene = Scene::with("client_login_timeout = \"2s\"");
    let name = scene.database.name.clone();
    let (mut silent, mut halting) = (scene.stranger(), scene.stranger());
    halting.send([startup(&[("user", &name), ("database", &name)])]);
    halting.expect("R");
    assert_refused(&mut silent, "57014");
    assert_refused(&mut halting, "57014");
    scene.must_be_unharmed();
}

#[test]
fn noise_is_survived() {
    let mut scene = Scene::set();
    for seed in 0..300 {
        let mut wire = scene.stranger();
        let length = usize::try_from(seed % 50 + 1).unwrap();
        wire.send([noise(seed, length)]);
    }
    scene.must_be_unharmed();
}

#[test]
fn cancel_requests_that_make_no_sense_are_survived() {
    let mut scene = Scene::set();
    let code = 80_877_102_u32.to_be_bytes();
    for rest in [&[][..], &[0; 3], &[0xff; 4], &[0xff; 8], &[0xff; 260], &[0xff; 5000]] {
        let mut wire = scene.stranger();
        wire.send([untyped(&[&code[..], rest].concat())]);
    }
    scene.must_be_unharmed();
}

fn assert_refused(wire: &mut Wire, code: &str) {
    let fields = wire.expect("E")[0].fields();
    assert_eq!((fields.severity.as_str(), fields.code.as_str()), ("FATAL", code), "{fields}");
    wire.expect_end();
}
