//! Parameters that follow a client from server to server.

use super::super::reply::ServerFault;
use super::super::script::Script;
use super::super::{ParameterSet, Session};

const ALIGN: &str = "Q SELECT pg_catalog.set_config(E'TimeZone',E'CET',false)";

/// The client has set its time zone on server 0.
fn with_cet() -> Script {
    let mut script = Script::new();
    script.link(0).client("Q set timezone").server("C SET | S TimeZone CET | Z I");
    script.client_sees("C SET | S TimeZone CET | Z I").release().to_server.clear();
    script
}

#[test]
fn a_change_follows_the_client() {
    let mut script = with_cet();
    script.link(0).client("Q a").server_sees("Q a").server("C A | Z I").release();
    script.to_client.clear();
    script.link(1).client("Q b").server_sees(&format!("{ALIGN} | Q b"));
    script.server("T | D CET | C SELECT 1 | S TimeZone CET | Z I").client_sees("");
    script.server("C B | Z I").client_sees("C B | Z I").release();
    script.link(1).client("Q c").server_sees("Q c");
}

#[test]
fn a_server_is_put_back_for_the_next_client() {
    let mut script = with_cet();
    script.another_client().link(0);
    script.server_sees("Q SELECT pg_catalog.set_config(E'TimeZone',E'UTC',false)");
}

#[test]
fn an_alignment_that_is_refused_ends_the_server() {
    let mut script = with_cet();
    script.link(1).client("Q b").server("E 22023 no such zone");
    assert_eq!(script.server_fault("Z I"), ServerFault::Align("no such zone".into()));
    script.client_sees("");
}

#[test]
fn an_alignment_destroys_the_unnamed_statement() {
    let mut script = with_cet();
    script.link(1).client("P - a | S").server("C X | Z I | 1 | Z I").release();
    script.another_client().link(0).client("P - a | S").server("C X | Z I | 1 | Z I").release();
    script.to_server.clear();
    script.link(1).client("B - - | S");
    script.server_sees(
        "Q SELECT pg_catalog.set_config(E'TimeZone',E'UTC',false) | P - a | B - - | S",
    );
}

#[test]
fn what_a_server_is_does_not_follow() {
    let mut script = Script::new();
    script.link(0).server("S in_hot_standby on").client_sees("S in_hot_standby on");
    script.release().link(1).server_sees("");
}

#[test]
fn a_notice_while_aligning_is_not_the_clients() {
    let mut script = with_cet();
    script.link(1).server("N 00000 hm | C X | Z I").client_sees("").release();
}

/// Servers log in with UTC; the client started with CET and, where `work_mem` is given, with that.
fn started_with_cet(work_mem: Option<&str>) -> Script {
    let mut script = Script::new();
    let mut set = ParameterSet::clone(script.session.startup());
    set.set(b"TimeZone", b"CET", true);
    if let Some(work_mem) = work_mem {
        set.set(b"work_mem", work_mem.as_bytes(), false);
    }
    script.session = Session::new(script.shared.interner.intern(set), true);
    script
}

#[test]
fn a_reset_leads_back_to_what_the_client_started_with() {
    for done in ["RESET", "DISCARD ALL"] {
        let mut script = started_with_cet(None);
        script.link(0).client("Q reset").server("C SELECT 1 | S TimeZone CET | Z I");
        script.server(&format!("C {done} | S TimeZone UTC | Z I"));
        script.client_sees(&format!("C {done} | S TimeZone CET | Z I")).release();
        script.to_server.clear();
        script.link(0).client("Q a").server_sees(&format!("{ALIGN} | Q a"));
    }
}

#[test]
fn what_is_set_after_a_reset_holds() {
    let mut script = started_with_cet(None);
    script.link(0).client("Q reset").server("C SELECT 1 | S TimeZone CET | Z I");
    script.server("C RESET | S TimeZone UTC | Z I").client("Q set tokyo | Q set utc");
    script.server("C SET | S TimeZone Asia/Tokyo | Z I | C SET | S TimeZone UTC | Z I").release();
    script.to_server.clear();
    script.link(0).client("Q a").server_sees("Q a");
}

#[test]
fn what_is_not_reported_is_set_anew_after_a_reset() {
    let mut script = started_with_cet(Some("1MB"));
    script.link(0).client("Q reset").server("C SELECT 1 | S TimeZone CET | Z I");
    script.server("C RESET | Z I").release().to_server.clear();
    script.link(0);
    script.server_sees("Q SELECT pg_catalog.set_config(E'work_mem',E'1MB',false)");
    script.server("C SELECT 1 | Z I").release();
    script.another_client().session.parameters = script.servers[1].parameters().clone();
    script.link(0);
    script
        .server_sees("Q RESET \"work_mem\";SELECT pg_catalog.set_config(E'TimeZone',E'UTC',false)");
}

#[test]
fn our_own_reset_is_not_the_clients() {
    let mut script = started_with_cet(Some("1MB"));
    script.link(0).server("C SELECT 1 | S TimeZone CET | Z I").release();
    let mut other = ParameterSet::clone(script.session.startup());
    other.set(b"search_path", b"s1", false);
    other.set(b"TimeZone", b"UTC", true);
    let mut set = ParameterSet::clone(&other);
    set.replace_unreported(b"work_mem", b"2MB");
    script.session = Session::new(script.shared.interner.intern(set), true);
    script.link(0).server("C RESET | C SELECT 1 | S TimeZone UTC | Z I").release();
    script.to_server.clear();
    script.link(0).server_sees("");
}

#[test]
fn another_spelling_of_what_is_set_comes_to_the_same() {
    let mut script = Script::new();
    let before = script.servers[0].parameters().clone();
    let mut asked = ParameterSet::clone(&before);
    asked.replace_unreported(b"TimeZone", b"'utc'");
    asked.replace_unreported(b"DateStyle", b"German");
    asked.replace_unreported(b"work_mem", b"1MB");
    script.session = Session::new(script.shared.interner.intern(asked), false);
    script.link(0).server("T | C SELECT 1 | S DateStyle German | Z I");
    let Script { shared, servers, .. } = &mut script;
    let came_to = servers[0].settle_unreported(shared, &before);
    assert_eq!(came_to.value(b"TimeZone"), Some(&b"UTC"[..]));
    assert_eq!(came_to.value(b"DateStyle"), Some(&b"German"[..]));
    assert_eq!(came_to.value(b"work_mem"), Some(&b"1MB"[..]));
}
