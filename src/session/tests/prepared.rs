//! Prepared statements that follow a client from server to server.

use super::super::OPENED_MAX;
use super::super::request::Until;
use super::super::script::{Script, client, framed};
use super::super::state::{PREPARED_LEN_MAX, Violation};
use super::super::unit::{Extent, Plan};
use crate::protocol::frontend as tag;

/// `s1` (pgweir_1) is prepared on server 0, which is released.
fn with_s1() -> Script {
    let mut script = Script::new();
    script.link(0).client("P s1 select 1 | S").server_sees("P pgweir_1 select 1 | S");
    script.server("1 | Z I").client_sees("1 | Z I").release();
    script
}

#[test]
fn a_statement_is_prepared_where_it_is_missing() {
    let mut script = with_s1();
    script.link(1).client("B - s1 | E | S");
    script.server_sees("P pgweir_1 select 1 | B - pgweir_1 | E | S");
    script.server("1 | 2 | C SELECT 1 | Z I").client_sees("2 | C SELECT 1 | Z I").release();
    script.link(1).client("B - s1 | E | S").server_sees("B - pgweir_1 | E | S");
}

#[test]
fn a_statement_is_described_under_its_own_name() {
    let mut script = with_s1();
    script.link(1).client("D S s1 | S").server_sees("P pgweir_1 select 1 | D S pgweir_1 | S");
    script.server("1 | t | T | Z I").client_sees("t | T | Z I").release();
}

#[test]
fn a_client_s_own_parse_is_parsed_by_a_server() {
    let mut script = with_s1();
    script.another_client().link(0).client("P mine select 1 | D S mine | S");
    script.server_sees("C S pgweir_1 | P pgweir_1 select 1 | D S pgweir_1 | S").client_sees("");
    script.server("3 | 1 | t | n | Z I").client_sees("1 | t | n | Z I").release();
    script.link(0).client("B - mine | E | S").server_sees("B - pgweir_1 | E | S");
}

#[test]
fn a_begin_is_prepared_without_a_server() {
    let mut script = with_s1();
    script.client("P b BEGIN | P c commit;").client_sees("1 | 1");
    script.link(0).client("B - b | E | S").server_sees("P pgweir_2 BEGIN | B - pgweir_2 | E | S");
    script.server("1 | 2 | C BEGIN | Z T").client_sees("2 | C BEGIN | Z T");
    script.client("Q commit").server("C COMMIT | Z I").release();
    script.another_client().look_away().client("P b begin x | S").client_sees("");
}

#[test]
fn a_parse_that_fails_now_is_an_error_though_it_did_not_fail_before() {
    let mut script = with_s1();
    script.another_client().client("P mine select 1 | S").client_sees("");
    script.link(0).client_bytes(b"").server_sees("C S pgweir_1 | P pgweir_1 select 1 | S");
    script.server("3 | E 42P01 no | Z I").client_sees("E 42P01 no | Z I").release();
    assert_eq!((script.session.prepared_len(), script.servers[0].prepared_len()), (0, 0));
}

#[test]
fn what_a_server_has_parsed_before_a_client_prepared_is_too_old_for_it() {
    let mut script = with_s1();
    let older = script.another_client_kept();
    script.link(1).client("P mine select 1 | S").server_sees("P pgweir_1 select 1 | S");
    script.server("1 | Z I").client_sees("1 | Z I").release();
    script.link(0).client("B - mine | S");
    script.server_sees("C S pgweir_1 | P pgweir_1 select 1 | B - pgweir_1 | S");
    script.server("3 | 1 | 2 | Z I").client_sees("2 | Z I").release();
    script.session = older;
    for server in [0, 1, 0] {
        script.link(server).client("B - s1 | S").server_sees("B - pgweir_1 | S");
        script.server("2 | Z I").client_sees("2 | Z I").release();
    }
}

#[test]
fn a_supplied_answer_waits_for_its_turn() {
    let mut script = with_s1();
    script.another_client().link(0).client("P - x | B - - | P mine select 1 | C S mine | E | S");
    script
        .server_sees("P - x | B - - | C S pgweir_1 | P pgweir_1 select 1 | E | S")
        .client_sees("");
    script.server("1").client_sees("1").server("2 | 3").client_sees("2");
    script.server("1").client_sees("1 | 3");
    script.server("C X | Z I").client_sees("C X | Z I").release();
}

#[test]
fn a_duplicate_is_refused_by_the_server_itself() {
    let mut script = with_s1();
    script.link(0).client("P s1 select 2 | S").server_sees("P pgweir_1 select 2 | S");
    script.server("E 42P05 prepared statement \"pgweir_1\" already exists | Z I");
    script.client_sees("E 42P05 prepared statement \"s1\" already exists | Z I").release();
    script.link(0).client("B - s1 | S").server_sees("B - pgweir_1 | S");
}

#[test]
fn an_unknown_name_is_the_servers_to_refuse() {
    let mut script = Script::new();
    script.link(0).client("B - nosuch | D S nosuch | S").server_sees("B - nosuch | D S nosuch | S");
    script.server("E 26000 prepared statement \"nosuch\" does not exist | Z I");
    script.client_sees("E 26000 prepared statement \"nosuch\" does not exist | Z I").release();
}

#[test]
fn a_name_like_ours_reaches_nobody_elses_statement() {
    let mut script = with_s1();
    script.another_client().link(0).client("B - pgweir_1 | S");
    script.server_sees("B - pgweir_pgweir_1 | S");
    script.server("E 26000 prepared statement \"pgweir_pgweir_1\" does not exist | Z I");
    script.client_sees("E 26000 prepared statement \"pgweir_1\" does not exist | Z I").release();
    script.link(0).client("P pgweir_1 mine | B - pgweir_1 | S");
    script.server_sees("P pgweir_2 mine | B - pgweir_2 | S");
}

#[test]
fn the_least_recently_used_is_closed() {
    let mut script = with_s1();
    script.link(0).client("P s2 b | P s3 c | S");
    script.server_sees("P pgweir_2 b | C S pgweir_1 | P pgweir_3 c | S");
    script.server("1 | 3 | 1 | Z I").client_sees("1 | 1 | Z I").release();
    script.link(0).client("B - s1 | S");
    script.server_sees("C S pgweir_2 | P pgweir_1 select 1 | B - pgweir_1 | S");
}

#[test]
fn a_close_that_was_skipped_is_made_up_for() {
    let mut script = with_s1();
    script.link(0).client("P s2 b | S").server("1 | Z I").to_server.clear();
    script.client("B - nosuch | P s3 c | S");
    script.server_sees("B - nosuch | C S pgweir_1 | P pgweir_3 c | S");
    script.server("E 26000 no | Z I").release().to_client.clear();
    script.link(0).client("B - s1 | S");
    script.server_sees("C S pgweir_1 | P pgweir_1 select 1 | B - pgweir_1 | S");
}

#[test]
fn a_useless_plan_is_made_anew() {
    let mut script = with_s1();
    script.link(0).client("B - s1 | S");
    script.server("E 0A000 cached plan must not change result type | Z I").release();
    script.to_server.clear();
    script.link(0).client("B - s1 | S");
    script.server_sees("C S pgweir_1 | P pgweir_1 select 1 | B - pgweir_1 | S");
    script
        .server("3 | 1 | 2 | Z I")
        .client_sees("E 0A000 cached plan must not change result type | Z I | 2 | Z I");
}

#[test]
fn a_name_that_a_server_has_unknown_to_us_is_made_anew() {
    let mut script = with_s1();
    script.link(1).client("B - s1 | S").server("E 42P05 exists | Z I").release();
    script.to_server.clear();
    script.link(1).client("B - s1 | S");
    script.server_sees("C S pgweir_1 | P pgweir_1 select 1 | B - pgweir_1 | S");
}

#[test]
fn a_failed_transaction_refuses_a_parse_and_keeps_the_statement() {
    let mut script = with_s1();
    script.another_client().link(0).client("Q begin").server("C BEGIN | Z T");
    script.client("Q bad").server("E 42601 no | Z E").to_server.clear();
    script.client("P mine select 1 | S").server_sees("C S pgweir_1 | P pgweir_1 select 1 | S");
    script.server("3 | E 25P02 aborted | Z E").client("Q rollback").server("C ROLLBACK | Z I");
    script.release().to_server.clear();
    assert_eq!(script.session.prepared_len(), 0);
    script.link(0).client("P mine select 1 | S").server_sees("P pgweir_1 select 1 | S");
}

#[test]
fn what_an_earlier_unit_may_fail_to_prepare_is_waited_for() {
    let mut script = Script::new();
    script.link(0).client("B - nosuch | P s1 a | S | B - s1 | S");
    script.server_sees("B - nosuch | P pgweir_1 a | S");
    script.server("E 26000 no | Z I").client_sees("E 26000 no | Z I");
    script.server_sees("B - s1 | S");
}

#[test]
fn a_skipped_unnamed_statement_does_not_make_way_for_anothers() {
    let mut script = Script::new();
    script.link(0).client("P - secret | S").server("1 | Z I").release();
    script.another_client().to_server.clear();
    script.link(0).client("B - nosuch | P - mine | S | B - - | S");
    script.server_sees("B - nosuch | P - mine | S");
    script.server("E 26000 no | Z I").server_sees("C S - | B - - | S");
}

#[test]
fn a_later_unnamed_statement_outlives_an_earlier_error() {
    let mut script = Script::new();
    script.link(0).client("P - bad | S | P - good | B - - | S");
    script.server_sees("P - bad | S | P - good | B - - | S");
    script.server("E 42601 no | Z I | 1 | 2 | Z I").release();
    script.link(1).client("B - - | S").server_sees("P - good | B - - | S");
}

#[test]
fn the_unnamed_statement_follows_its_client() {
    let mut script = Script::new();
    script.link(0).client("P - a | S").server("1 | Z I").release().to_server.clear();
    script.link(0).client("B - - | S").server_sees("B - - | S").server("2 | Z I").release();
    script.to_client.clear();
    script.link(1).client("D S - | S").server_sees("P - a | D S - | S");
    script.server("1 | t | n | Z I").client_sees("t | n | Z I").release();
}

#[test]
fn anothers_unnamed_statement_is_out_of_reach() {
    let mut script = Script::new();
    script.link(0).client("P - secret | S").server("1 | Z I").release();
    script.another_client().to_server.clear();
    script.link(0).client("B - - | S").server_sees("C S - | B - - | S");
    script.to_client.clear();
    script.server("3 | E 26000 unnamed prepared statement does not exist | Z I");
    script.client_sees("E 26000 unnamed prepared statement does not exist | Z I").release();
}

#[test]
fn a_query_ends_the_unnamed_statement_and_a_function_call_does_not() {
    let mut script = Script::new();
    script.link(0).client("P - a | S | F f").server("1 | Z I | V | Z I").to_server.clear();
    script.client("B - - | S | Q select 1").server("2 | Z I | C SELECT 1 | Z I");
    script.server_sees("B - - | S | Q select 1");
    script.client("B - - | S").server_sees("C S - | B - - | S");
}

#[test]
fn closing_is_the_clients_own_affair() {
    let mut script = with_s1();
    script.link(0).client("C S s1 | C S never | S").server_sees("S").client_sees("3 | 3");
    script.server("Z I").client_sees("Z I").release();
    script.link(0).client("B - s1 | S").server_sees("B - s1 | S");
    assert_eq!(script.servers[0].prepared_len(), 1, "others may use it");
}

#[test]
fn a_close_that_was_skipped_did_not_happen() {
    let mut script = with_s1();
    script.link(0).client("B - nosuch | C S s1 | S").server("E 26000 no | Z I");
    assert_eq!(script.session.prepared_len(), 1);
}

#[test]
fn portals_are_closed_on_the_server() {
    let mut script = Script::new();
    script.link(0).client("C P p | C S - | S").server_sees("C P p | C S - | S");
    script.server("3 | 3 | Z I").client_sees("3 | 3 | Z I").release();
}

#[test]
fn deallocate_all_and_discard_all_empty_both_maps() {
    for done in ["DEALLOCATE ALL", "DISCARD ALL"] {
        let mut script = with_s1();
        script.link(0).client("Q x").server(&format!("C {done} | Z I")).release();
        assert_eq!((script.session.prepared_len(), script.servers[0].prepared_len()), (0, 0));
        script.link(0).to_server.clear();
        script.client("P s1 select 1 | S").server_sees("P pgweir_1 select 1 | S");
    }
}

#[test]
fn without_translation_names_go_by() {
    let mut script = Script::with(false, 2);
    let all = "P s1 a | B - s1 | D S s1 | C S s1 | P pgweir_1 b | S";
    script.link(0).client(all).server_sees(all);
    script
        .server("1 | 2 | t | n | 3 | 1 | Z I")
        .client_sees("1 | 2 | t | n | 3 | 1 | Z I")
        .release();
}

fn long_parse(name: &str, len: usize) -> Vec<u8> {
    framed(b'P', &[name.as_bytes(), b"\0", &vec![b'x'; len], b"\0\0\0"].concat())
}

#[test]
fn a_long_parse_is_gathered_and_keeps_its_server() {
    let mut script = Script::new();
    let parse = long_parse("s1", 5 * OPENED_MAX);
    script.link(0).client_bytes(&parse[..3 * OPENED_MAX]).server_sees("");
    assert!(!script.is_clean(), "the rest must come to this session's server");
    script.client_bytes(&parse[3 * OPENED_MAX..]);
    assert!(script.to_server == long_parse("pgweir_1", 5 * OPENED_MAX));
    script.client("S").server("1 | Z I").client_sees("1 | Z I").release();
}

#[test]
fn a_long_parse_is_dropped_after_an_error() {
    let mut script = Script::new();
    let parse = long_parse("s1", 2 * OPENED_MAX);
    script.link(0).client("B - nosuch").client_bytes(&parse[..OPENED_MAX]);
    script.server("E 26000 no").to_server.clear();
    script.client_bytes(&parse[OPENED_MAX..]).client("S").server_sees("S");
    script.server("Z I").release();
    assert_eq!(script.session.prepared_len(), 0);
}

#[test]
fn only_an_unnamed_statement_may_be_too_long_to_keep() {
    let mut script = Script::new();
    script.link(0).client_bytes(&long_parse("", PREPARED_LEN_MAX)).client("B - - | S");
    script.to_server.clear();
    script.server("1 | 2 | Z I").client("B - - | S").server_sees("B - - | S").server("2 | Z I");
    script.release().link(0).client("B - - | S").server_sees("C S - | B - - | S");

    let mut script = Script::new();
    script.link(0).from_client = long_parse("s1", PREPARED_LEN_MAX);
    let violation = script.carry_requests(Until::End).unwrap_err();
    assert!(matches!(violation, Violation::PreparedTooLong(_)));
}

#[test]
fn names_that_never_end_are_a_violation() {
    for message in [tag::BIND, tag::DESCRIBE, tag::CLOSE] {
        let mut script = Script::new();
        script.link(0).from_client = framed(message, &[b'S'; 2 * OPENED_MAX]);
        assert_eq!(script.carry_requests(Until::End), Err(Violation::Names(message)));
    }
}

#[test]
fn messages_that_cannot_be_read_are_the_servers_to_refuse() {
    let mut script = Script::new();
    let nonsense =
        [framed(b'P', b"x"), framed(b'B', b"x"), framed(b'D', b""), client("S")].concat();
    script.link(0).client_bytes(&nonsense);
    assert_eq!(script.to_server, nonsense);
    script.server("E 08P01 invalid | Z I").release();
}

#[test]
fn a_statement_is_deallocated_by_its_own_name_without_a_server() {
    let mut script = with_s1();
    script.client("Q DEALLOCATE s1").client_sees("C DEALLOCATE | Z I");
    assert_eq!(script.session.prepared_len(), 0);
    script.client("Q DEALLOCATE s1").client_sees("");
    assert_eq!(script.plan().unwrap(), Plan::Link(Extent::Whole), "a server refuses it");
}

#[test]
fn a_statement_is_deallocated_in_a_transaction_in_its_turn() {
    let mut script = with_s1();
    script.link(0).client("Q begin | Q deallocate \"s1\";").server_sees("Q begin");
    script
        .client_sees("")
        .server("C BEGIN | Z T")
        .client_sees("C BEGIN | Z T | C DEALLOCATE | Z T");
    script.client("B - s1 | S").server_sees("B - s1 | S");
    script.server("E 26000 no | Z E").client("Q commit").server("C ROLLBACK | Z I").release();
}

#[test]
fn a_failed_transaction_refuses_to_deallocate() {
    let mut script = with_s1();
    script.link(0).client("Q begin").server("C BEGIN | Z T").client("Q bad");
    script.server("E 42601 no | Z E").to_server.clear();
    script.client("Q DEALLOCATE s1").server_sees("Q DEALLOCATE s1");
    assert_eq!(script.session.prepared_len(), 1);
}

#[test]
fn a_unit_that_only_prepares_and_is_flushed_is_ended_for_the_client() {
    let mut script = Script::new();
    script.link(0).client("P s1 a | D S s1 | H").server_sees("P pgweir_1 a | D S pgweir_1 | H");
    assert!(!script.end_definitions(), "nothing is answered");
    script.server("1 | t | T").client_sees("1 | t | T");
    assert!(script.end_definitions() && !script.is_clean());
    script.server_sees("S").server("Z I").client_sees("").release();
    script.link(1).client("B - s1 | E | S").server_sees("P pgweir_1 a | D S pgweir_1 | H");
}

#[test]
fn a_unit_that_does_more_stays_the_clients() {
    for (unit, answers) in [("B - - | H", "2"), ("B - - | E | H", "2 | C X"), ("D P - | H", "n")] {
        let mut script = Script::new();
        script.link(0).client("P - a | S").server("1 | Z I").client(unit).server(answers);
        assert!(!script.end_definitions(), "{unit}");
    }
    let mut script = Script::new();
    script.link(0).client("Q begin | P s1 a | H").server("C BEGIN | Z T | 1");
    assert!(!script.end_definitions(), "a transaction goes on");
    let mut script = Script::new();
    script.link(0).client("P s1 bad | H").server("E 42601 no");
    assert!(!script.end_definitions(), "the client's own Sync is awaited");
}
