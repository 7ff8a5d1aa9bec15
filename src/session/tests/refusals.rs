//! What is answered without a server.

use super::super::OPENED_MAX;
use super::super::script::{Script, client, framed};
use super::super::state::Violation;
use super::super::unit::{Extent, Plan};
use crate::protocol::error_response::ErrorReport;
use crate::protocol::sqlstate::SqlState;

fn refuse(script: &mut Script) {
    let report = ErrorReport::error(SqlState::TOO_MANY_CONNECTIONS, "no server");
    let mut sink = super::super::script::Sink { piece: &[], out: &mut script.to_client };
    script.session.refuse(&report, &script.from_client, &mut sink);
}

#[test]
fn a_refused_query_leaves_the_session_alive() {
    let mut script = Script::new();
    script.from_client = client("Q select 1 | Q select 2");
    assert_eq!(script.plan(), Ok(Plan::Link(Extent::Whole)));
    refuse(&mut script);
    script.client_bytes(b"").client_sees("E 53300 no server | Z I");
    assert_eq!(script.from_client, client("Q select 2"));
    script.link(0).client_bytes(b"").server_sees("Q select 2");
}

#[test]
fn a_refused_unit_goes_by_up_to_its_sync() {
    let mut script = Script::new();
    script.from_client = client("P s1 a | B - s1 | E | H | S | Q next");
    refuse(&mut script);
    script.client_bytes(b"").client_sees("E 53300 no server | Z I");
    assert_eq!(script.from_client, client("Q next"));
    assert_eq!(script.session.prepared_len(), 0);
}

#[test]
fn long_messages_are_refused_as_they_arrive() {
    let long = [vec![0; 3 * OPENED_MAX], client("S")].concat();
    for (message, sync) in [(b'Q', ""), (b'F', ""), (b'P', "S"), (b'B', "S")] {
        let mut script = Script::new();
        script.from_client = framed(message, &long);
        let whole = script.from_client.split_off(OPENED_MAX);
        refuse(&mut script);
        script.client_bytes(&whole[..whole.len() - 1]).client_sees("E 53300 no server");
        assert_eq!(script.plan(), Ok(Plan::Local));
        script.client_bytes(&whole[whole.len() - 1..]);
        if !sync.is_empty() {
            assert!(script.is_refusing());
            script.client(sync);
        }
        script.client_sees("Z I");
        assert!(!script.is_refusing() && script.from_client.is_empty());
    }
}

#[test]
fn a_client_may_leave_while_refused() {
    let mut script = Script::new();
    script.from_client = client("P - a | X");
    refuse(&mut script);
    script.client_bytes(b"");
    assert_eq!(script.plan(), Ok(Plan::Terminate));
}

#[test]
fn what_needs_no_server_is_answered_without_one() {
    let mut script = Script::new();
    script.client("S | H | C S s1 | C P p | d late | c | f late | S");
    script.client_sees("Z I | 3 | 3 | Z I");
    script.client("C S").client("Q a");
    assert_eq!(script.plan(), Ok(Plan::Link(Extent::Whole)));
    assert_eq!(script.from_client, client("Q a"));
}

#[test]
fn closing_without_a_server_frees_the_name() {
    let mut script = Script::new();
    script.link(0).client("P s1 a | P - b | S").server("1 | 1 | Z I").release().to_server.clear();
    script.client("C S s1 | C S -").link(0).client("B - s1 | S").server_sees("B - s1 | S");
    script.server("E 26000 no | Z I").client("B - - | S").server_sees("C S - | B - - | S");
}

#[test]
fn an_unknown_message_ends_the_session() {
    let mut script = Script::new();
    script.from_client = framed(b'!', b"");
    assert_eq!(script.plan(), Err(Violation::Message(b'!')));
    script.link(0);
    assert_eq!(script.violation("!"), Violation::Message(b'!'));
    let mut script = Script::new();
    script.from_client = client("P - a | !");
    refuse(&mut script);
    assert_eq!(script.violation("S"), Violation::Message(b'!'));
}

#[test]
fn an_impossible_length_ends_the_session() {
    let mut script = Script::new();
    script.from_client = b"Q\0\0\0\x03".to_vec();
    assert!(matches!(script.plan(), Err(Violation::Length(_))));
    script.link(0);
    assert!(matches!(script.violation("S"), Violation::Length(_)));
}
