//! COPY in both directions, and how it fails.

use super::super::script::Script;
use super::super::state::Violation;

#[test]
fn copy_in_by_simple_query() {
    let mut script = Script::new();
    script.link(0).client("Q copy").server("G").client("d a | d b | H | c");
    script.server_sees("Q copy | d a | d b | c");
    assert!(!script.is_clean());
    script.server("C COPY 2 | Z I").client_sees("G | C COPY 2 | Z I").release();
}

#[test]
fn two_copies_in_one_query_sent_ahead() {
    let mut script = Script::new();
    script.link(0).client("Q copy; copy | d a | c | d b | c | Q select 1");
    script.server("G | C COPY 1 | G | C COPY 1 | Z I | C SELECT 1 | Z I").release();
}

#[test]
fn the_sync_before_the_data_is_ignored() {
    let mut script = Script::new();
    script.link(0).client("P - copy | B - - | E | S").server("1 | 2 | G").client("d a | c | S");
    script.server_sees("P - copy | B - - | E | S | d a | c | S");
    script.server("C COPY 1").client_sees("1 | 2 | G | C COPY 1");
    assert!(!script.is_clean());
    script.server("Z I").client_sees("Z I").release();
}

#[test]
fn an_ignored_sync_does_not_end_the_unit() {
    let mut script = Script::new();
    script.link(0).client("P - copy | B - - | E | S").server("1 | 2 | G").client("d a | c");
    script.server("C COPY 1");
    assert!(!script.is_clean(), "the server has not committed");
    script.client("S").server("Z I").release();
}

#[test]
fn a_sync_inside_a_simple_copy_is_not_answered() {
    let mut script = Script::new();
    script.link(0).client("Q copy | S").server("G").client("d a | S | c");
    script.server("C COPY 1 | Z I").client_sees("G | C COPY 1 | Z I").release();
}

#[test]
fn an_extended_copy_sent_ahead_as_a_whole() {
    for ahead in ["P - copy | B - - | E | d a | c | S", "P - copy | B - - | E | S | d a | c | S"] {
        let mut script = Script::new();
        script.link(0).client(ahead).server_sees(ahead);
        script.server("1 | 2 | G | C COPY 1 | Z I").client_sees("1 | 2 | G | C COPY 1 | Z I");
        script.release();
    }
}

#[test]
fn a_copy_sent_ahead_that_never_begins() {
    let mut script = Script::new();
    script.link(0).client("Q copy | d a | c | Q select 1");
    script.server("E 42P01 no table | Z I | C SELECT 1 | Z I").release();
    script.link(0).client("P - copy | B - - | E | S | d a | c | S");
    script.server("1 | 2 | E 42P01 no table | Z I | Z I").release();
}

#[test]
fn the_client_gives_up() {
    let mut script = Script::new();
    script.link(0).client("Q copy").server("G").client("d a | f why");
    script.server("E 57014 COPY from stdin failed: why | Z I").release();
    script.link(0).client("P - copy | B - - | E | H").server("1 | 2 | G").client("d a | f why | S");
    script.server("E 57014 COPY from stdin failed: why | Z I").release();
}

#[test]
fn data_that_comes_after_an_error_goes_nowhere() {
    let mut script = Script::new();
    script.link(0).client("Q copy").server("G").client("d bad").server("E 22P02 bad | Z I");
    script.client("d late | c").release();
    script.client("d late | c | f late").client_sees("G | E 22P02 bad | Z I");
    script.link(0).client("P - copy | B - - | E | H").server("1 | 2 | G").client("d bad");
    script.server("E 22P02 bad").to_server.clear();
    script.client("d late | c | S").server_sees("S").server("Z I").release();
}

#[test]
fn copy_out() {
    let mut script = Script::new();
    script.link(0).client("Q copy").server("H | d a | d b | c | C COPY 2 | Z I");
    script.client_sees("H | d a | d b | c | C COPY 2 | Z I").release();
    script.link(0).client("P - copy | B - - | E | S");
    script.server("1 | 2 | H | d a | c | C COPY 1 | Z I").release();
    script.link(0).client("Q copy").server("H | d a | E 57014 canceled | Z I").release();
}

#[test]
fn copy_both_ways() {
    let mut script = Script::new();
    script.link(0).client("Q start").server("W | d wal").client("d status");
    script.server_sees("Q start | d status").server("d wal | c").client("c");
    script.server("C COPY 0 | Z I").release();
}

#[test]
fn nothing_else_may_come_while_copying() {
    let mut script = Script::new();
    script.link(0).client("Q copy").server("G");
    assert_eq!(script.violation("Q select 1"), Violation::Message(b'Q'));
}

#[test]
fn a_second_copy_sent_ahead_while_the_first_ends() {
    let mut script = Script::new();
    script.link(0).client("P - copy | B - - | E | H").server("1 | 2 | G").client("d a | f no | S");
    script.client("P - copy | B - - | E | S | d x | c | S");
    script.server("E 57014 no | Z I | 1 | 2 | G | C COPY 1");
    assert!(!script.is_clean());
    script.server("Z I").release();
}

#[test]
fn a_unit_begun_behind_a_copy_is_open() {
    let mut script = Script::new();
    script.link(0).client("Q copy | S | c | P - a | B - -");
    script.server("G | C COPY 0 | Z I | 1 | 2");
    assert!(!script.is_clean(), "its Execute must find the portal");
}
