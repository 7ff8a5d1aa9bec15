//! Queries, pipelines, and errors inside them.

use super::super::OPENED_MAX;
use super::super::pipeline::PIPELINE_MAX;
use super::super::request::{Stopped, Until};
use super::super::script::{Script, client, framed};

#[test]
fn a_simple_query_goes_by_as_it_is() {
    let mut script = Script::new();
    script.link(0).client("Q select 1; select 2").server_sees("Q select 1; select 2");
    assert!(!script.is_clean());
    script.server("T | D 1 | C SELECT 1 | T | D 2 | C SELECT 1 | Z I");
    script.client_sees("T | D 1 | C SELECT 1 | T | D 2 | C SELECT 1 | Z I").release();
}

#[test]
fn an_empty_query_and_a_failed_one_are_answered() {
    let mut script = Script::new();
    script.link(0).client("Q  | Q select 1/0").server("I | Z I | E 22012 division by zero | Z I");
    script.client_sees("I | Z I | E 22012 division by zero | Z I").release();
}

#[test]
fn a_transaction_keeps_its_server() {
    let mut script = Script::new();
    script.link(0).client("Q begin").server("C BEGIN | Z T");
    assert!(!script.is_clean());
    script.client("Q select 1/0").server("E 22012 division by zero | Z E");
    assert!(!script.is_clean());
    script.client("Q rollback").server("C ROLLBACK | Z I").release();
}

#[test]
fn a_flush_does_not_release_a_server() {
    let mut script = Script::new();
    script.link(0).client("P - insert | B - - | E | H").server_sees("P - insert | B - - | E | H");
    script.server("1 | 2 | C INSERT 0 1").client_sees("1 | 2 | C INSERT 0 1");
    assert!(!script.is_clean(), "an implicit transaction is open, although all is answered");
    script.client("S").server_sees("S").server("Z I").client_sees("Z I").release();
}

#[test]
fn every_sync_is_answered_before_release() {
    let mut script = Script::new();
    script.link(0).client("P - a | B - - | E | S | P - b | B - - | E | S");
    script.server("1 | 2 | C A | Z I");
    assert!(!script.is_clean());
    script.server("1 | 2 | s | Z I").client_sees("1 | 2 | C A | Z I | 1 | 2 | s | Z I").release();
}

#[test]
fn an_error_skips_to_the_sync_and_no_further() {
    let mut script = Script::new();
    script.link(0).client("P s1 bad | B - s1 | D P - | E | S | Q select 1");
    script.server("E 42601 syntax error | Z I | C SELECT 1 | Z I");
    script.client_sees("E 42601 syntax error | Z I | C SELECT 1 | Z I").release();
    assert_eq!(script.session.prepared_len(), 0, "the name is free again");
    assert_eq!(script.servers[0].prepared_len(), 0);
}

#[test]
fn after_an_error_nothing_is_sent_until_the_sync() {
    let mut script = Script::new();
    script.link(0).client("P - bad | H").server_sees("P - bad | H").server("E 42601 no");
    script.client("B - - | Q select 1 | P s1 a | d x | S").server_sees("S");
    script.server("Z I").client_sees("E 42601 no | Z I").release();
    assert_eq!(script.session.prepared_len(), 0);
}

#[test]
fn a_query_inside_a_pipeline_ends_its_transaction() {
    let mut script = Script::new();
    script
        .link(0)
        .client("P - a | B - - | E | Q select 1")
        .server("1 | 2 | C A | C SELECT 1 | Z I");
    script.release();
}

#[test]
fn a_skipped_query_leaves_the_unnamed_statement() {
    let mut script = Script::new();
    script.link(0).client("P - a | S").server("1 | Z I");
    script.client("B - nosuch | Q select 1 | S").server("E 26000 no | Z I").release();
    script.to_server.clear();
    script.link(1).client("B - - | S").server_sees("P - a | B - - | S");
}

#[test]
fn a_function_call_is_a_unit() {
    let mut script = Script::new();
    script.link(0).client("F x").server_sees("F x").server("V | Z I").client_sees("V | Z I");
    script.release().link(0).client("F x").server("E 42883 no such function | Z I").release();
}

#[test]
fn notices_and_notifications_come_at_any_time() {
    let mut script = Script::new();
    script.link(0).server("A channel").client_sees("A channel");
    script.client("P - a | S").server("N 00000 first | 1 | N 00000 second | Z I");
    script.client_sees("N 00000 first | 1 | N 00000 second | Z I").release();
}

#[test]
fn up_to_the_end_of_the_unit_is_just_that() {
    let mut script = Script::new();
    script.link(0);
    script.from_client = client("P - a | B - - | E | S | Q select 1");
    assert_eq!(script.carry_requests(Until::UnitEnd), Ok(Stopped::AtUnitEnd));
    script.server_sees("P - a | B - - | E | S");
    assert_eq!(script.from_client, client("Q select 1"));
}

#[test]
fn a_long_query_ends_its_unit_with_its_last_byte() {
    let mut script = Script::new();
    let long = framed(b'Q', &[b'x'; 3 * OPENED_MAX]);
    script.link(0).from_client = [&long[..], &client("Q next")].concat();
    assert_eq!(script.carry_requests(Until::UnitEnd), Ok(Stopped::AtUnitEnd));
    assert_eq!(script.to_server, long);
    assert_eq!(script.from_client, client("Q next"));
}

#[test]
fn a_gigabyte_goes_by_in_pieces() {
    const LEN: usize = 1_000_000_000;
    let mut script = Script::new();
    script.link(0).client("Q select big()").to_server.clear();
    let length = u32::try_from(LEN + 4).unwrap().to_be_bytes();
    script.from_server = [b"D", &length[..]].concat();
    script.carry_replies().unwrap();
    let mut left = LEN;
    while left > 0 {
        let piece = left.min(OPENED_MAX);
        script.from_server = vec![0; piece];
        script.carry_replies().unwrap();
        assert!(script.from_server.is_empty());
        assert!(script.to_client.len() <= OPENED_MAX + 5, "nothing is gathered");
        script.to_client.clear();
        left -= piece;
    }
    assert!(!script.linked().is_mid_message());
    script.server("C SELECT 1 | Z I").client_sees("C SELECT 1 | Z I").release();
}

#[test]
fn the_values_of_a_long_bind_go_by() {
    let mut script = Script::new();
    script.link(0).client("P s1 a | S").server("1 | Z I").to_server.clear();
    let values = vec![7; 5 * OPENED_MAX];
    script.client_bytes(&framed(b'B', &[b"portal\0s1\0", &values[..]].concat()));
    let expected = framed(b'B', &[b"portal\0pgweir_1\0", &values[..]].concat());
    assert!(script.to_server == expected);
    assert!(!script.linked().is_mid_message());
}

#[test]
fn a_client_that_is_owed_too_much_waits() {
    let mut script = Script::new();
    script.link(0).from_client = client("S").repeat(PIPELINE_MAX + 5);
    while script.carry_requests(Until::End).unwrap() != Stopped::Full {}
    assert_eq!(script.from_client, client("S").repeat(5));
    script.server("Z I | Z I");
    assert_eq!(script.from_client, client("S").repeat(3));
}
