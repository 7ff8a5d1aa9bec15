//! Which trace a call belongs to, and that traces keep no statements apart.

use super::super::script::Script;

/// A comment of a client's span.
fn comment(span: u64) -> String {
    format!("/*traceparent='00-{:032x}-{span:016x}-01'*/", 7)
}

/// A client whose calls are watched on both servers.
fn traced() -> Script {
    let mut script = Script::new();
    script.session.trace(true);
    script.servers.iter_mut().for_each(|server| server.begin_counting(true));
    script
}

/// The clients' spans of the new calls; 0 where there is none.
fn parents(script: &mut Script) -> Vec<u64> {
    let linked = script.linked();
    let calls = std::iter::from_fn(|| {
        let call = linked.next_unnamed_call()?;
        Some(call.parent.as_ref().map_or(0, |parent| u64::from_be_bytes(parent.span_id)))
    });
    calls.collect()
}

#[test]
fn a_statement_without_a_name_belongs_to_the_trace_of_its_text() {
    let mut script = traced();
    let text = format!("select 1 {}", comment(5));
    script.link(0).client(&format!("P - {text} | B - - | E | B - - | E | S"));
    // It goes to the server as it came, comment and all.
    script.server_sees(&format!("P - {text} | B - - | E | B - - | E | S"));
    assert_eq!(parents(&mut script), [5, 0]);
}

#[test]
fn a_prepared_statement_belongs_to_it_once() {
    let mut script = traced();
    script.link(0).client(&format!("P s1 select 1 {} | S", comment(5)));
    script.server_sees("P pgweir_1 select 1  | S").server("1 | Z I").client_sees("1 | Z I");
    script.client("B - s1 | E | S").server_sees("B - pgweir_1 | E | S");
    script.server("2 | C SELECT 1 | Z I").client_sees("2 | C SELECT 1 | Z I");
    script.client("B - s1 | E | S").server_sees("B - pgweir_1 | E | S");
    assert_eq!(parents(&mut script), [5, 0], "a trace that has gone by is nobody's");
}

#[test]
fn the_same_text_from_another_trace_is_the_same_statement() {
    let mut script = traced();
    script.link(0).client(&format!("P s1 select 1 {} | S", comment(5)));
    script
        .server_sees("P pgweir_1 select 1  | S")
        .server("1 | Z I")
        .client_sees("1 | Z I")
        .release();
    script.link(1).client(&format!("P s2 select 1 {} | S", comment(6)));
    script.server_sees("P pgweir_1 select 1  | S").server("1 | Z I").release();
    script.link(1).client("B - s2 | E | S").server_sees("B - pgweir_1 | E | S");
    assert_eq!(parents(&mut script), [6]);
}

#[test]
fn a_portal_that_is_read_in_parts_belongs_to_one_trace() {
    let mut script = traced();
    script.link(0).client(&format!("P - select 1 {} | B p - | E p | E p | S", comment(5)));
    assert_eq!(parents(&mut script), [5, 5]);
}

#[test]
fn what_is_said_again_belongs_to_its_trace_again() {
    let mut script = traced();
    script.link(0).client(&format!("P s1 select 1 {} | S", comment(5)));
    script.server_sees("P pgweir_1 select 1  | S").server("1 | Z I").client_sees("1 | Z I");
    script.client("B - s1 | E | S");
    assert_eq!(parents(&mut script), [5]);
    let at = script.at.take().unwrap();
    script.session.take_back(&mut script.servers[at]);
    script.to_server.clear();
    script
        .link(1)
        .client("B - s1 | E | S")
        .server_sees("P pgweir_1 select 1  | B - pgweir_1 | E | S");
    assert_eq!(parents(&mut script), [5]);
}

#[test]
fn names_that_go_through_as_they_are_have_their_traces_too() {
    let mut script = Script::with(false, 2);
    script.session.trace(true);
    script.servers[0].begin_counting(true);
    let text = format!("select 1 {}", comment(5));
    script.link(0).client(&format!("P s1 {text} | B - s1 | E | S"));
    script.server_sees(&format!("P s1 {text} | B - s1 | E | S"));
    assert_eq!(parents(&mut script), [5]);
}

#[test]
fn a_client_that_nobody_traces_has_none() {
    let mut script = traced();
    script.session.trace(false);
    script.link(0).client(&format!("P - select 1 {} | B - - | E | S", comment(5)));
    assert_eq!(parents(&mut script), [0]);
}
