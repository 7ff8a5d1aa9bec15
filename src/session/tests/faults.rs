//! Servers that talk nonsense.

use super::super::OPENED_MAX;
use super::super::reply::ServerFault;
use super::super::script::{Script, framed};

#[test]
fn what_nothing_asked_for_is_a_fault() {
    for (asked, nonsense) in [
        ("S", "1"),
        ("Q a", "1"),
        ("Q a", "d x"),
        ("Q a", "s"),
        ("B - x", "1"),
        ("P - a", "2"),
        ("E", "T"),
        ("E", "Z I"),
        ("D P -", "t"),
        ("F f", "C X"),
        ("S", "R"),
        ("S", "K"),
        ("S", "G"),
    ] {
        let mut script = Script::new();
        script.link(0).client(asked);
        let fault = script.server_fault(nonsense);
        assert_eq!(fault, ServerFault::Unexpected(nonsense.as_bytes()[0]), "{asked}: {nonsense}");
    }
}

#[test]
fn an_idle_server_may_say_only_that_it_goes() {
    let mut script = Script::new();
    script.link(0).server("E 57P01! terminating").client_sees("E 57P01! terminating");
    assert_eq!(script.server_fault("E 22012 no"), ServerFault::Unexpected(b'E'));
    assert_eq!(Script::new().link(0).server_fault("Z I"), ServerFault::Unexpected(b'Z'));
}

#[test]
fn bodies_that_cannot_be_read_are_a_fault() {
    let mut script = Script::new();
    script.link(0).client("S");
    assert_eq!(script.server_fault("Z ?"), ServerFault::Unreadable(b'Z'));
    let mut script = Script::new();
    script.link(0).from_server = framed(b'S', b"no end");
    assert_eq!(script.carry_replies(), Err(ServerFault::Unreadable(b'S')));
    let mut script = Script::new();
    script.link(0).from_server = framed(b'S', &[b'x'; 2 * OPENED_MAX]);
    assert_eq!(script.carry_replies(), Err(ServerFault::Unreadable(b'S')));
    let mut script = Script::new();
    script.link(0).from_server = b"Z\xff\xff\xff\xff".to_vec();
    assert!(matches!(script.carry_replies(), Err(ServerFault::Length(_))));
}

#[test]
fn a_half_message_is_not_clean() {
    let mut script = Script::new();
    script.link(0).from_server = framed(b'N', &[0; 2 * OPENED_MAX])[..OPENED_MAX].to_vec();
    script.carry_replies().unwrap();
    assert!(!script.is_clean());
}
