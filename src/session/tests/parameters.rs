//! Parameters that follow a client from server to server.

use super::super::reply::ServerFault;
use super::super::script::Script;

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
