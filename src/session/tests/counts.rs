//! What has gone by is counted, and told apart by what was executed.

use super::super::calls::{Call, Label, What};
use super::super::script::{Script, client};
use super::super::tally::Tally;

/// A client that is linked, and counted.
fn counted() -> Script {
    let mut script = Script::new();
    script.servers[0].begin_counting(true);
    script.link(0);
    script
}

/// Gives every new call a name, as its owner does, and says what they execute.
fn name(script: &mut Script) -> Vec<String> {
    let sent = script.to_server.clone();
    let mut names = Vec::new();
    while let Some(call) = script.linked().next_unnamed_call() {
        let name = match &call.what {
            What::Text { range, whole: true } => String::from_utf8(sent[range.clone()].to_vec()),
            What::Statement(statement) => {
                let _ = statement.mark.set([7, 7]);
                String::from_utf8(statement.prepared.split(|b| *b == 0).next().unwrap().to_vec())
            }
            What::Marked(_, mark) => Ok(format!("{mark:?}")),
            other => Ok(format!("{other:?}")),
        };
        names.push(name.unwrap());
        call.what = What::Named(Label::default());
    }
    names
}

/// Rows, SQLSTATE, and bytes both ways of every call that has ended.
fn ended(script: &mut Script) -> Vec<(u64, String, u64, u64)> {
    let taken = std::iter::from_fn(|| script.linked().take_ended_call());
    let shown = |call: Call| {
        let sqlstate = call.sqlstate.map(|code| String::from_utf8(code.to_vec()).unwrap());
        (call.rows, sqlstate.unwrap_or_default(), call.received, call.sent)
    };
    taken.map(shown).collect()
}

#[test]
fn a_simple_query_is_one_call_with_all_its_rows() {
    let mut script = counted();
    script.client("Q select 1; select 2");
    assert_eq!(name(&mut script), ["select 1; select 2"]);
    script.server("T | D 1 | C SELECT 1 | T | D 2 | C SELECT 1");
    assert!(!script.linked().has_ended_call());
    let received = client("Q select 1; select 2").len() as u64;
    script.server("Z I");
    let sent = script.to_client.len() as u64;
    assert_eq!(ended(&mut script), [(2, String::new(), received, sent)]);
    let tally = Tally { queries: 1, transactions: 1, rows: 2, ..Tally::default() };
    assert_eq!(script.linked().take_tally(), tally);
    assert_eq!(script.linked().take_tally(), Tally::default());
}

#[test]
fn a_transaction_is_as_many_queries_as_it_has() {
    let mut script = counted();
    script
        .client("Q begin")
        .server("C BEGIN | Z T")
        .client("Q insert")
        .server("C INSERT 0 5 | Z T");
    script.client("Q commit").server("C COMMIT | Z I");
    let tally = Tally { queries: 3, transactions: 1, rows: 5, ..Tally::default() };
    assert_eq!(script.linked().take_tally(), tally);
}

#[test]
fn an_execution_is_a_call_of_its_statement() {
    let mut script = counted();
    script.client("P s1 a | B - s1 | E | S");
    assert_eq!(name(&mut script), ["a"]);
    script.server("1 | 2 | C UPDATE 3 | Z I");
    let parsed = client("P s1 a | B - s1 | E").len() as u64;
    assert_eq!(ended(&mut script), [(3, String::new(), parsed, 10 + 14)]);
    script.to_server.clear();
    script.client("B - s1 | E | S");
    assert_eq!(name(&mut script), ["[7, 7]"], "it knows its mark");
    script.server("2 | C UPDATE 4 | Z I");
    assert_eq!(ended(&mut script)[0].0, 4);
    let tally = script.linked().take_tally();
    assert_eq!((tally.queries, tally.binds, tally.server_parses, tally.rows), (2, 2, 1, 7));
    assert_eq!(script.session.take_parses(), 1);
}

#[test]
fn a_pipeline_is_its_calls_in_order() {
    let mut script = counted();
    script.client("P - a | B - - | E | P - b | B - - | E | S");
    assert_eq!(name(&mut script), ["a", "b"]);
    script.server("1 | 2 | C INSERT 0 1 | 1 | 2");
    assert_eq!(ended(&mut script).len(), 1);
    script.server("C INSERT 0 2 | Z I");
    assert_eq!(ended(&mut script)[0].0, 2);
}

#[test]
fn an_error_is_that_of_the_call_that_failed_and_the_skipped_ones_never_were() {
    let mut script = counted();
    script.client("P - a | B - - | E | P - b | B - - | E | S | Q c");
    assert_eq!(name(&mut script).len(), 3);
    script.server("1 | 2 | E 23505 duplicate | Z I | C SELECT 9 | Z I");
    let ended = ended(&mut script);
    let rows: Vec<_> = ended.iter().map(|(rows, code, ..)| (*rows, code.as_str())).collect();
    assert_eq!(rows, [(0, "23505"), (9, "")]);
    assert_eq!(script.linked().take_tally().errors, 1);
}

#[test]
fn a_simple_query_that_fails_ends_when_the_server_is_ready() {
    let mut script = counted();
    script.client("Q select 1/0");
    name(&mut script);
    script.server("E 22012 division by zero");
    assert!(!script.linked().has_ended_call());
    script.server("Z I");
    assert_eq!(ended(&mut script)[0].1, "22012");
}

#[test]
fn what_we_say_ourselves_is_not_the_clients() {
    let mut script = counted();
    script.client("P s1 a | S").server("1 | Z I").release();
    script.servers[1].begin_counting(true);
    script.link(1).client("B - s1 | E | S").server("1 | 2 | C SELECT 1 | Z I");
    let tally = script.linked().take_tally();
    assert_eq!((tally.queries, tally.server_parses, tally.binds), (1, 1, 1));
}

#[test]
fn a_link_that_nobody_watches_notes_no_calls() {
    let mut script = counted();
    script.client("Q a").server("C SELECT 1 | Z I").release();
    script.servers[0].begin_counting(false);
    script.link(0).client("Q a | P - a | B - - | E | S");
    assert_eq!(name(&mut script).len(), 0);
    script.server("C SELECT 1 | Z I | 1 | 2 | C SELECT 1 | Z I");
    assert!(!script.linked().has_ended_call());
    assert_eq!(script.linked().take_tally().queries, 2);
}

#[test]
fn data_for_a_copy_belongs_to_it() {
    let mut script = counted();
    script.client("Q copy t from stdin");
    name(&mut script);
    script.server("G").client("d 1 | d 2 | c").server("C COPY 2 | Z I");
    let received = client("Q copy t from stdin | d 1 | d 2 | c").len() as u64;
    let ended = ended(&mut script);
    assert_eq!((ended[0].0, ended[0].2), (2, received));
}
