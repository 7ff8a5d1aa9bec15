//! Statements that clients share: only with those for whom they mean the same.

use super::super::parameters::{ParameterSet, Parameters};
use super::super::script::{Script, framed};
use super::super::state::Session;

/// What sets the time zone for one message, and what sets it back.
fn for_one(zone: &str) -> (String, String) {
    let there = format!(
        "SELECT pg_catalog.set_config('pgweir.was_0',pg_catalog.current_setting(E'timezone',true),true),\
         pg_catalog.set_config(E'timezone',E'{zone}',true)"
    );
    let back = "SELECT pg_catalog.set_config(E'timezone',\
                pg_catalog.current_setting('pgweir.was_0',true),true)";
    (said(&there), said(back))
}

fn said(text: &str) -> String {
    format!(
        "P pgweir_own {text} | B pgweir_own pgweir_own | E pgweir_own | C S pgweir_own | C P pgweir_own"
    )
}

/// The answers to that.
const SAID: &str = "1 | 2 | D x | C SELECT 1 | 3 | 3";

/// `s1` is prepared on server 0 in the time zone UTC.
fn with_s1() -> Script {
    let mut script = Script::with(true, 9);
    script.link(0).client("P s1 a | S").server("1 | Z I").release();
    script.look_away();
    script
}

fn zone(script: &Script, zone: &str) -> Parameters {
    let mut set = ParameterSet::default();
    set.set(b"TimeZone", zone.as_bytes(), true);
    script.shared.interner.intern(set)
}

/// A client in another time zone takes the place of this one.
fn client_in(script: &mut Script, name: &str) -> Session {
    let session = Session::new(zone(script, name), true);
    std::mem::replace(&mut script.session, session)
}

#[test]
fn clients_with_other_settings_share_no_statement() {
    let mut script = with_s1();
    client_in(&mut script, "CET");
    script.link(0).client("P s1 a | S");
    script
        .server_sees("Q SELECT pg_catalog.set_config(E'TimeZone',E'CET',false) | P pgweir_2 a | S");
}

#[test]
fn clients_that_differ_in_what_no_parse_reads_share_a_statement() {
    let mut script = with_s1();
    let mut set = ParameterSet::default();
    set.set(b"TimeZone", b"UTC", true);
    set.set(b"application_name", b"other", true);
    script.session = Session::new(script.shared.interner.intern(set), true);
    script.link(1).client("P s1 a | S").server("T | C SELECT 1 | Z I | 1 | Z I");
    assert!(script.to_server.windows(11).any(|sent| sent == b"pgweir_1\0a\0"));
}

#[test]
fn a_statement_means_what_it_meant_when_it_was_prepared() {
    let mut script = with_s1();
    script.link(1).client("Q set").server("C SET | S TimeZone CET | Z I").release();
    script.to_server.clear();
    script.link(1).client("B - s1 | S");
    let (there, back) = for_one("UTC");
    script.server_sees(&format!("{there} | P pgweir_2 a | {back} | B - pgweir_2 | S"));
    script.to_client.clear();
    script.server(&format!("{SAID} | 1 | {SAID} | 2 | Z I")).client_sees("2 | Z I").release();
    script.link(1).client("B - s1 | S").server_sees("B - pgweir_2 | S");
    script.server("E 08P01 statement \"pgweir_2\" needs more | Z I");
    script.client_sees("E 08P01 statement \"s1\" needs more | Z I").release();
    let changed = client_in(&mut script, "UTC");
    script.link(0).client("P s1 a | S").server_sees("C S pgweir_1 | P pgweir_1 a | S");
    drop(changed);
}

#[test]
fn a_prepared_rollback_ends_a_failed_transaction_under_any_settings() {
    let mut script = Script::with(true, 9);
    script.link(0).client("P s1 ROLLBACK | S").server("1 | Z I").release();
    script.link(1).client("Q set").server("C SET | S TimeZone CET | Z I").release();
    script.link(1).client("Q begin").server("C BEGIN | Z T");
    script.client("Q fail").server("E 22012 by zero | Z E");
    script.look_away();
    script.client("B - s1 | E | S").server_sees("P pgweir_2 ROLLBACK | B - pgweir_2 | E | S");
}

#[test]
fn a_parse_behind_what_may_change_a_setting_waits_for_it() {
    let mut script = with_s1();
    script.link(0).client("Q set | P s2 b | S").server_sees("Q set");
    script.server("C SET | S TimeZone CET | Z I").server_sees("P pgweir_2 b | S");
    script.server("1 | Z I").release();
    let ours = script.shared.statements.intern(b"b\0\0\0", &zone(&script, "CET"));
    assert_eq!(ours.id.0, 2);
}

#[test]
fn a_parse_behind_what_may_change_a_setting_in_its_unit_is_nobody_elses() {
    let mut script = with_s1();
    script.link(0).client("P - set | B - - | E | P s2 b | S");
    script.server_sees("P - set | B - - | E | P pgweir_3 b | S");
    script.server("1 | 2 | C SET | 1 | S TimeZone CET | Z I").release();
    for own in ["UTC", "CET"] {
        let shared = script.shared.statements.intern(b"b\0\0\0", &zone(&script, own));
        assert!(shared.id.0 > 3, "in {own}");
    }
    // It was read in CET.
    script.link(1).client("B - s2 | S");
    script.server_sees(
        "Q SELECT pg_catalog.set_config(E'TimeZone',E'CET',false) | P pgweir_3 b | B - pgweir_3 | S",
    );
}

#[test]
fn a_begin_in_front_changes_no_setting() {
    let mut script = with_s1();
    script.link(0).client("P - BEGIN | B - - | E | P s2 b | S");
    script.server_sees("P - BEGIN | B - - | E | P pgweir_3 b | S");
    let shared = script.shared.statements.intern(b"b\0\0\0", &zone(&script, "UTC"));
    assert_eq!(shared.id.0, 3);
}

#[test]
fn an_unnamed_statement_is_not_taken_for_another_session_s() {
    let mut script = Script::new();
    script.link(0).client("P - a | S").server("1 | Z I").release();
    let first = script.another_client_kept();
    script.link(1).client("P - a | S").server("1 | Z I").release();
    let second = std::mem::replace(&mut script.session, first);
    script.look_away();
    script.link(0).client("B - - | S").server_sees("B - - | S").server("2 | Z I").release();
    script.link(1).client("B - - | S").server_sees("P - a | B - - | S");
    drop(second);
}

#[test]
fn a_query_of_ours_destroys_the_unnamed_statement() {
    let mut script = Script::new();
    script.link(0).client("P - a | S").server("1 | Z I").to_server.clear();
    script.linked().owe_query();
    script.server("C ROLLBACK | Z I").release();
    script.link(0).client("B - - | S").server_sees("P - a | B - - | S");
}

#[test]
fn an_unnamed_statement_means_what_it_meant_when_it_was_parsed() {
    let mut script = Script::new();
    script.link(0).client("P - a | S").server("1 | Z I").release().to_server.clear();
    script.session.parameters = zone(&script, "CET");
    script.link(1).client("B - - | S");
    let (there, back) = for_one("UTC");
    let align = "Q SELECT pg_catalog.set_config(E'TimeZone',E'CET',false)";
    script.server_sees(&format!("{align} | {there} | P - a | {back} | B - - | S"));
}

/// A server has described `s1`, with the columns of this `RowDescription`.
fn told(columns: &str) -> Script {
    let mut script = Script::with(true, 9);
    script.link(0).client("P s1 a | D S s1 | S");
    script.server(&format!("1 | t | T {columns} | Z I")).release();
    script.look_away();
    script
}

const ONE: &str = "..a\u{0}0123456789abcdefgh";
const OTHER: &str = "..b\u{0}0123456789abcdefgh";

#[test]
fn a_statement_that_returns_what_the_client_was_told_is_bound() {
    let mut script = told(ONE);
    script.link(1).client("B - s1 | E | S");
    script.server_sees("P pgweir_1 a | D S pgweir_1 | H").client_sees("");
    script.server(&format!("1 | t | T {ONE}")).client_sees("");
    script.server_sees("B - pgweir_1 | E | S").server("2 | C X | Z I").release();
    script.link(1).client("B - s1 | S").server_sees("B - pgweir_1 | S");
}

#[test]
fn a_statement_that_would_return_something_else_is_an_error() {
    let mut script = told(ONE);
    script.link(1).client("B - s1 | E | S");
    script.server_sees("P pgweir_1 a | D S pgweir_1 | H");
    script.server(&format!("1 | t | T {OTHER}"));
    script.server_sees("P pgweir_own pgweir refuses this) | E | S");
    script.server("E 42601 syntax error | Z I");
    script.client_sees("E 0A000 cached plan must not change result type | Z I").release();
    script.link(1).client("D S s1 | S").server_sees("P pgweir_own pgweir refuses this) | S");
    script.server("E 42601 syntax error | Z I").release().look_away();
    script.client("C S s1").client_sees("3");
    script.link(1).client("P s1 a | D S s1 | B - s1 | S");
    script.server_sees("C S pgweir_1 | P pgweir_1 a | D S pgweir_1 | B - pgweir_1 | S");
}

#[test]
fn a_client_that_was_told_nothing_does_not_wait() {
    let mut script = with_s1();
    script.link(1).client("B - s1 | E | S").server_sees("P pgweir_1 a | B - pgweir_1 | E | S");
}

#[test]
fn a_statement_that_cannot_be_prepared_any_more_fails_while_it_is_waited_for() {
    let mut script = told(ONE);
    script.link(1).client("B - s1 | E | S").server_sees("P pgweir_1 a | D S pgweir_1 | H");
    script.server("E 42P01 no").client_sees("E 42P01 no").server_sees("S");
    script.server("Z I").client_sees("Z I").release();
    script.link(1).client("B - s1 | S").server_sees("P pgweir_1 a | D S pgweir_1 | H");
}

#[test]
fn what_has_no_room_is_refused_and_the_session_lives_on() {
    let mut script = Script::with(true, 9);
    let mut long = |name: &str, letter: u8| {
        let text = vec![letter; 15 << 20];
        let parse = framed(b'P', &[name.as_bytes(), b"\0", &text, b"\0\0\0"].concat());
        script.link(0).client_bytes(&parse).client("S");
        let refused = script.to_server.starts_with(b"P\0\0\0");
        script.server(if refused { "E 42601 no | Z I" } else { "1 | Z I" }).release();
        let told = super::super::script::server_script(&std::mem::take(&mut script.to_client));
        script.to_server.clear();
        told
    };
    assert_eq!(long("a", b'a'), "1 | Z I");
    assert_eq!(long("b", b'b'), "1 | Z I");
    let third = long("c", b'c');
    assert!(third.starts_with("E 54000 prepared statements are over the limit"), "{third}");
    assert_eq!(script.session.prepared_len(), 2);
}
