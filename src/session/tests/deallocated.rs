//! Names that are freed in SQL, in both protocols and in pipelines.

use super::super::script::{Script, client};

/// `s1` and `s2` are prepared on server 0, to which the client is linked.
fn with_two() -> Script {
    let mut script = Script::with(true, 9);
    script.link(0).client("P s1 a | P s2 b | S").server("1 | 1 | Z I");
    script.look_away();
    script
}

#[test]
fn what_is_prepared_behind_discard_all_lives_on() {
    for (text, tag) in [("discard all", "DISCARD ALL"), ("Deallocate All;", "DEALLOCATE ALL")] {
        let mut script = with_two();
        script.client(&format!("Q {text} | P s1 c | S | B s1 s1 | E s1 | S"));
        script.server_sees(&format!("Q {text}"));
        script.server(&format!("C {tag} | Z I")).server_sees("P pgweir_3 c | S");
        script.server("1 | Z I").server_sees("B s1 pgweir_3 | E s1 | S");
        script.server("2 | C X | Z I").release();
        assert_eq!(script.session.prepared_len(), 1);
    }
}

#[test]
fn a_query_that_frees_all_among_others_takes_nothing_that_comes_behind_it() {
    let mut script = with_two();
    script
        .client("Q a; deallocate all | P - x | S")
        .server("C A | C DEALLOCATE ALL | Z I | 1 | Z I");
    assert_eq!(script.session.prepared_len(), 0);
    script.release();
}

#[test]
fn one_name_is_freed_by_the_extended_protocol() {
    let mut script = with_two();
    script.client("P - deallocate s1 | B - - | D P - | E | P s1 c | S");
    script.server_sees("P - deallocate s1 | B - - | D P - | P pgweir_4 c | S");
    script.server("1 | 2 | n | 1 | Z I").client_sees("1 | 2 | n | C DEALLOCATE | 1 | Z I");
    assert_eq!(script.session.prepared_len(), 2);
    script.client("B - s1 | S").server_sees("B - pgweir_4 | S").server("2 | Z I").release();
}

#[test]
fn a_name_that_may_come_back_is_waited_for() {
    let mut script = with_two();
    script.client("B - nosuch | C S s1 | S | Q deallocate s1").server_sees("B - nosuch | S");
    script.server("E 26000 no | Z I").server_sees("");
    script.client_sees("E 26000 no | Z I | C DEALLOCATE | Z I").release();
    assert_eq!(script.session.prepared_len(), 1);
}

#[test]
fn a_name_behind_the_end_of_a_failed_transaction_is_freed() {
    let mut script = with_two();
    script.client("Q begin").server("C BEGIN | Z T").client("Q bad").server("E 42601 no | Z E");
    script.look_away().client("Q rollback | Q deallocate s1").server_sees("Q rollback");
    script.server("C ROLLBACK | Z I").client_sees("C ROLLBACK | Z I | C DEALLOCATE | Z I");
    script.server_sees("").release();
}

#[test]
fn a_portal_that_frees_is_known_behind_others_until_it_is_closed() {
    let mut script = with_two();
    script.client("P - deallocate s1 | B p - | B - s2 | E | E p | S");
    script.server_sees("P - deallocate s1 | B p - | B - pgweir_2 | E | S");
    script.server("1 | 2 | 2 | C X | Z I").client_sees("1 | 2 | 2 | C X | C DEALLOCATE | Z I");
    script.client("P - deallocate s2 | B p - | C P p | E p | S");
    script.server_sees("P - deallocate s2 | B p - | C P p | E p | S");
    script.server("1 | 2 | 3 | E 34000 no | Z I").release();
    assert_eq!(script.session.prepared_len(), 1);
}

#[test]
fn a_name_that_is_not_freed_is_still_there() {
    let mut script = with_two();
    script.client("P - deallocate s1 | B - nosuch | B - - | E | S");
    script.server("1 | E 26000 no | Z I").release();
    assert_eq!(script.session.prepared_len(), 2);
    script.link(0).client("P - deallocate s1 | B - - | E | B - nosuch | S");
    script.server("1 | 2 | E 26000 no | Z I").release();
    assert_eq!(script.session.prepared_len(), 1, "no error behind it brings it back");
}

#[test]
fn all_names_are_freed_by_the_extended_protocol_in_their_turn() {
    let mut script = with_two();
    script.client("P - deallocate all | B - - | E | P s1 c | B - s1 | E | S");
    script.server_sees("P - deallocate all | B - - | E | P pgweir_4 c | B - pgweir_4 | E | S");
    script.server("1 | 2 | C DEALLOCATE ALL | 1 | 2 | C X | Z I").release();
    assert_eq!(script.session.prepared_len(), 1);
    script.to_server.clear();
    script.link(0).client("B - s1 | S");
    script.server_sees("C S pgweir_4 | P pgweir_4 c | B - pgweir_4 | S");
}

#[test]
fn all_names_come_back_if_nothing_frees_them() {
    let mut script = with_two();
    script.client("B - nosuch | P - deallocate all | B - - | E | P s1 c | S");
    script.server("E 26000 no | Z I").release();
    assert_eq!(script.session.prepared_len(), 2);
    script.to_server.clear();
    script.link(0).client("B - s1 | S").server_sees("B - pgweir_1 | S");
}

#[test]
fn a_text_with_a_name_like_ours_frees_nobody_elses_statement() {
    let mut script = with_two();
    script.client("Q deallocate pgweir_1").server_sees("Q deallocate pgweir_pgweir_1");
    script.server("E 26000 prepared statement \"pgweir_pgweir_1\" does not exist | Z I");
    script.client_sees("E 26000 prepared statement \"pgweir_1\" does not exist | Z I");
    script.client("P - execute pgweir_1 | P x execute pgweir_1 | S");
    script.server_sees("P - execute pgweir_pgweir_1 | P pgweir_3 execute pgweir_pgweir_1 | S");
    script.server("1 | 1 | Z I").release();
}

#[test]
fn in_session_mode_a_name_like_ours_is_the_client_s() {
    let mut script = Script::with(false, 2);
    script.link(0).client("Q deallocate pgweir_1").server_sees("Q deallocate pgweir_1");
}

#[test]
fn what_somebody_has_deallocated_on_a_server_is_prepared_anew() {
    let mut script = with_two();
    script.client("B - s1 | E | S").server("E 26000 prepared statement \"pgweir_1\" no | Z I");
    script.client_sees("E 26000 prepared statement \"s1\" no | Z I").to_server.clear();
    script.client("B - s1 | B - s2 | S");
    script.server_sees(
        "C S pgweir_1 | P pgweir_1 a | B - pgweir_1 | C S pgweir_2 | P pgweir_2 b | B - pgweir_2 | S",
    );
}

#[test]
fn no_text_stops_a_session_without_a_server() {
    let mut script = with_two();
    script.release();
    script.from_client = client("Q deallocate all");
    assert!(script.plan().is_ok());
}
