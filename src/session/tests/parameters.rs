//! Parameters that follow a client from server to server.

use super::super::reply::ServerFault;
use super::super::request::Until;
use super::super::script::{Script, client_script};
use super::super::{ParameterSet, ServerSide, Session};
use crate::protocol::error_response::Fields;

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
fn an_alignment_that_is_refused_has_changed_nothing() {
    let mut script = with_cet();
    let before = script.servers[1].parameters().clone();
    script.link(1).server("E 22023 no such zone | Z I").client_sees("").release();
    assert!(script.servers[1].parameters().same(&before));
    let error = script.servers[1].take_refusal().unwrap();
    assert_eq!(Fields::new(&error).sqlstate(), b"22023");
    assert!(script.session.differs(&script.servers[1]), "it is still to be aligned");
    script.to_server.clear();
    script.link(1).server_sees(ALIGN);
}

#[test]
fn only_an_applications_name_may_go_unchecked() {
    let mut script = with_cet();
    assert!(!script.session.differs(&script.servers[0]));
    assert!(script.session.differs(&script.servers[1]));
    let mut named = ParameterSet::clone(script.servers[1].parameters());
    named.set(b"application_name", b"till 7", true);
    script.session = Session::new(script.shared.interner.intern(named), true);
    assert!(!script.session.differs(&script.servers[1]));
    assert!(script.session.differs(&script.servers[0]));
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

/// The names that a query which leads back sets again.
#[track_caller]
fn sees_leading_back(script: &mut Script, names: &[&str], local: bool) {
    assert!(script.settle(), "nothing to settle");
    let sent = client_script(&std::mem::take(&mut script.to_server));
    assert!(sent.contains(&format!("own.value,{local})")), "{sent}");
    let rows = sent.split_once("VALUES ").unwrap().1.split_once(") own").unwrap().0;
    let found: Vec<_> =
        rows.split("(E'").skip(1).map(|row| row.split('\'').next().unwrap()).collect();
    assert_eq!(found, names, "{sent}");
}

#[test]
fn a_reset_leads_back_to_what_the_client_started_with() {
    for (text, done) in
        [("reset all", "RESET"), ("discard all", "DISCARD ALL"), ("set x = default", "SET")]
    {
        let mut script = started_with_cet(None);
        script.link(0).client(&format!("Q {text}")).server("C SELECT 1 | S TimeZone CET | Z I");
        script.to_server.clear();
        script.server(&format!("C {done} | S TimeZone UTC | Z I"));
        script.client_sees(&format!("C {done} | S TimeZone CET | Z I"));
        sees_leading_back(&mut script, &["TimeZone"], false);
        script.server("D 1 | C SELECT 1 | S TimeZone CET | Z I").client_sees("").release();
        script.link(0).client("Q a").server_sees("Q a");
    }
}

#[test]
fn a_reset_that_the_server_does_not_report_leads_back_too() {
    let mut script = started_with_cet(None);
    script.link(0).client("Q set zone").server("C SELECT 1 | S TimeZone CET | Z I");
    script.server("C SET | S TimeZone UTC | Z I").client_sees("C SET | S TimeZone UTC | Z I");
    script.to_server.clear();
    // The client may have set it to what the server has logged in with: that stays.
    sees_leading_back(&mut script, &["TimeZone"], false);
    script.server("C SELECT 0 | Z I").client_sees("");
    script.client("Q select 1; reset timezone").server("C SELECT 1 | C RESET | Z I");
    script.client_sees("C SELECT 1 | C RESET | Z I").to_server.clear();
    sees_leading_back(&mut script, &["TimeZone"], false);
    script
        .server("D 1 | C SELECT 1 | S TimeZone CET | Z I")
        .client_sees("S TimeZone CET")
        .release();
    script.link(0).client("Q a").server_sees("Q a");
}

#[test]
fn nothing_follows_a_reset_before_it_has_led_back() {
    let mut script = started_with_cet(None);
    script.link(0).server("C SELECT 1 | S TimeZone CET | Z I").to_server.clear();
    script.client("Q b | Q reset all | Q a").server_sees("Q b | Q reset all").server("C B | Z I");
    script.client_sees("C B | Z I").server_sees("");
    script.server("C RESET | S TimeZone UTC | Z I").server_sees("");
    sees_leading_back(&mut script, &["TimeZone"], false);
    script.carry_requests(Until::End).unwrap();
    script.server_sees("Q a").server("C SELECT 1 | S TimeZone CET | Z I | C A | Z I");
    script.client_sees("C RESET | S TimeZone CET | Z I | C A | Z I").release();
    script.link(0).client("P - reset all | B - - | E | S | Q a");
    script.server_sees("P - reset all | B - - | E | S");
}

#[test]
fn a_reset_in_a_transaction_leads_back_there() {
    let mut script = started_with_cet(Some("1MB"));
    script.link(0).server("C SELECT 1 | S TimeZone CET | Z I").client("Q begin");
    script.server("C BEGIN | Z T").client("Q reset all").to_server.clear();
    script.server("C RESET | S TimeZone UTC | Z T");
    sees_leading_back(&mut script, &["TimeZone", "work_mem"], false);
    script
        .server("D 1 | D 1 | C SELECT 2 | S TimeZone CET | Z T")
        .client("Q set local x = default");
    script.server("C SET | Z T").to_server.clear();
    sees_leading_back(&mut script, &["TimeZone", "work_mem"], true);
    script.server("C SELECT 0 | Z T").client("Q commit").server("C COMMIT | Z I");
    assert!(!script.settle());
    script.release();
}

#[test]
fn a_reset_in_a_failed_transaction_leads_nowhere() {
    let mut script = started_with_cet(None);
    script.link(0).server("C SELECT 1 | S TimeZone CET | Z I").client("Q begin");
    script.server("C BEGIN | Z T").client("Q bad").server("E 42601 bad | Z E");
    script.client("Q reset all").server("E 25P02 failed | Z E");
    assert!(!script.settle());
    script.client("Q rollback").server("C ROLLBACK | Z I").release();
}

#[test]
fn what_cannot_be_led_back_ends_the_server() {
    let mut script = started_with_cet(None);
    script.link(0).server("C SELECT 1 | S TimeZone CET | Z I").client("Q reset all");
    script.server("C RESET | S TimeZone UTC | Z I");
    assert!(script.settle());
    script.server("E 57014 cancelled");
    assert_eq!(script.server_fault("Z I"), ServerFault::Refused("cancelled".into()));
}

#[test]
fn who_starts_with_nothing_of_its_own_is_led_nowhere() {
    let mut script = Script::new();
    script.link(0).client("Q discard all").server("C DISCARD ALL | Z I");
    assert!(!script.settle());
    script.release();
}

#[test]
fn a_vanished_clients_reset_is_doubted() {
    let mut script = started_with_cet(Some("1MB"));
    script.link(0).server("C SELECT 1 | S TimeZone CET | Z I").client("Q reset all");
    script.server("C RESET | S TimeZone UTC | Z I").release().to_server.clear();
    script.link(0);
    script.server_sees(
        "Q SELECT pg_catalog.set_config(E'TimeZone',E'CET',false),\
         pg_catalog.set_config(E'work_mem',E'1MB',false)",
    );
}

/// The client sets a role by this text, and the server says that it is `role`.
fn with_role(text: &str, role: &str) -> Script {
    let mut script = Script::new();
    script.link(0).client(&format!("Q {text}")).to_server.clear();
    script.server("C SET | Z I").client_sees("C SET | Z I");
    assert!(!script.is_clean(), "{text}");
    assert!(script.settle(), "{text}");
    script.server_sees("Q SELECT pg_catalog.current_setting('role')");
    let row = format!("D \0\u{1}\0\0\0{}{role}", char::from(u8::try_from(role.len()).unwrap()));
    script.server(&format!("T | {row} | C SELECT 1 | Z I")).client_sees("").release();
    script
}

#[test]
fn a_role_is_asked_for_and_follows_its_client() {
    for text in [
        "SET ROLE low",
        "set session role low",
        "reset role",
        "/* x */ SET SESSION AUTHORIZATION low",
        "begin; set role low; commit",
        "select set_config('role', 'low', false)",
    ] {
        let mut script = with_role(text, "low");
        script.link(1).server_sees(
            "Q SELECT pg_catalog.set_config(E'session_authorization',NULL,false),\
             pg_catalog.set_config(E'role',E'low',false)",
        );
        script.server("C SELECT 1 | Z I").release().another_client().link(0);
        script.server_sees(
            "Q SELECT pg_catalog.set_config(E'session_authorization',NULL,false),\
             pg_catalog.set_config(E'role',NULL,false)",
        );
    }
    with_role("set role none", "none").link(1).server_sees("");
}

#[test]
fn a_text_without_a_role_costs_no_question() {
    for text in ["set timezone = 'x'", "select role", "set local role low", "begin; select 1"] {
        let mut script = Script::new();
        script.link(0).client(&format!("Q {text}")).server("C SET | Z I").release();
    }
}

#[test]
fn another_user_follows_its_client_and_nobody_else() {
    let mut script = Script::new();
    let Script { shared, servers, .. } = &mut script;
    for server in servers.iter_mut() {
        let fresh = ServerSide::new(server.parameters().clone(), 2);
        *server = fresh.logged_in(shared, b"app", 7);
    }
    script.link(0).client("Q select become_low()");
    script.server("C SELECT 1 | S session_authorization low | S is_superuser off | Z I");
    assert!(script.settle(), "the role is asked for");
    script.server("T | D \0\u{1}\0\0\0\u{4}none | C SELECT 1 | Z I").release().to_server.clear();
    script.link(1).server_sees(
        "Q SELECT pg_catalog.set_config(E'session_authorization',NULL,false),\
         pg_catalog.set_config(E'session_authorization',E'low',false)",
    );
    script.server("C SELECT 1 | S session_authorization low | Z I").release();
    let user = std::mem::replace(
        &mut script.session,
        Session::new(script.servers[0].login().clone(), true),
    );
    script.session = Session::new(user.startup().clone(), true);
    script.link(0);
    script.server_sees("Q SELECT pg_catalog.set_config(E'session_authorization',NULL,false)");
    script.server("C SELECT 1 | S session_authorization app | Z I").release();
    script.link(0).server_sees("");
}

#[test]
fn a_notification_of_the_clients_own_comes_from_the_process_that_it_knows() {
    let mut script = Script::new();
    let parameters = script.servers[0].parameters().clone();
    script.servers[0] = ServerSide::new(parameters.clone(), 2).logged_in(&script.shared, b"a", 9);
    script.session = Session::new(parameters, true).known_as(5);
    script.link(0).server("A \0\0\0\u{9}news\0x\0 | A \0\0\0\u{8}news\0y\0");
    script.client_sees("A \0\0\0\u{5}news\0x\0 | A \0\0\0\u{8}news\0y\0");
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
