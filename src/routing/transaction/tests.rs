//! Transactions as a script: what stays, what moves, what is said again.

use super::log::SAID_MAX;
use super::*;

const WRITE: Class = Class::write(Reason::Write);

fn begun(text: &str) -> Transaction {
    let Verb::Begin { modes, .. } = Verb::of(text.as_bytes()) else { panic!("{text}") };
    Transaction::begin(text.as_bytes(), modes, false)
}

fn on_replica(text: &str) -> Transaction {
    let mut transaction = begun(text);
    transaction.learn_isolation(Isolation::ReadCommitted);
    transaction
}

fn step<'a>(class: Class, verb: &'a Verb, text: &'a str) -> Step<'a> {
    Step {
        class,
        verb,
        text: text.as_bytes(),
        executes: true,
        opens_cursor: false,
        continues: false,
        whole: true,
        goes_on: false,
    }
}

fn read() -> Step<'static> {
    step(Class::READ, &Verb::Other, "")
}

fn next(transaction: &Transaction, class: Class) -> Next {
    transaction.next(step(class, &Verb::Other, ""), true)
}

/// The unit runs on the replica, without an error.
fn runs(transaction: &mut Transaction, step: Step<'_>) {
    transaction.said(step);
    transaction.answered(TransactionStatus::InTransaction);
}

fn say(transaction: &mut Transaction, texts: &[&str]) {
    for text in texts {
        let verb = Verb::of(text.as_bytes());
        let step = step(Class::transaction(), &verb, text);
        assert_eq!(transaction.next(step, true), Next::Stay, "{text}");
        runs(transaction, step);
    }
}

fn replayed(transaction: &Transaction) -> String {
    String::from_utf8(transaction.replay().unwrap()).unwrap().replace('\n', "")
}

#[test]
fn which_transactions_may_use_a_replica() {
    use Transactions::{Optimistic, Primary, ReadOnly};
    for (text, primary, read_only, optimistic) in [
        ("BEGIN", false, false, true),
        ("BEGIN READ WRITE", false, false, false),
        ("BEGIN READ ONLY", false, true, true),
        ("BEGIN ISOLATION LEVEL READ COMMITTED", false, false, true),
        ("BEGIN ISOLATION LEVEL REPEATABLE READ", false, false, false),
        ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", false, true, true),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY", false, false, false),
    ] {
        let begun = begun(text);
        let may = [Primary, ReadOnly, Optimistic].map(|rule| begun.may_use_replica(rule));
        assert_eq!(may, [primary, read_only, optimistic], "{text}");
    }
}

#[test]
fn the_sessions_default_counts_where_begin_does_not_say() {
    let modes = Modes { read_only: Some(false), isolation: None };
    assert!(Transaction::begin(b"BEGIN", Modes::default(), true).is_read_only());
    assert!(!Transaction::begin(b"BEGIN READ WRITE", modes, true).is_read_only());
}

#[test]
fn modes_that_follow_belong_to_the_opening() {
    let mut begun = begun("BEGIN;");
    let modes = Modes { read_only: Some(true), isolation: None };
    assert!(begun.add_modes(b"SET TRANSACTION READ ONLY ;", modes));
    assert!(begun.is_read_only());
    assert_eq!(replayed(&begun), "BEGIN;SET TRANSACTION READ ONLY");
    assert!(!begun.add_modes(&[b' '; BYTES_MAX], modes), "there is a limit");
}

#[test]
fn what_was_set_is_said_again_and_what_was_undone_is_not() {
    let mut open = on_replica("BEGIN");
    say(&mut open, &["SET LOCAL a.b = 1", "SAVEPOINT s", "SET LOCAL a.b = 2", "SAVEPOINT t"]);
    say(&mut open, &["SET LOCAL a.b = 3", "ROLLBACK TO s", "SET LOCAL c.d = 4"]);
    assert_eq!(replayed(&open), "BEGIN;SET LOCAL a.b = 1;SAVEPOINT s;SET LOCAL c.d = 4");
    say(&mut open, &["RELEASE s"]);
    assert_eq!(replayed(&open), "BEGIN;SET LOCAL a.b = 1;SET LOCAL c.d = 4");
    assert_eq!(next(&open, WRITE), Next::Move);
}

#[test]
fn the_last_savepoint_of_a_name_is_meant() {
    let mut open = on_replica("BEGIN");
    say(&mut open, &["SAVEPOINT s", "SET LOCAL a.b = 1", "SAVEPOINT s", "SET LOCAL a.b = 2"]);
    say(&mut open, &["ROLLBACK TO s", "RELEASE s", "ROLLBACK TO s"]);
    assert_eq!(replayed(&open), "BEGIN;SAVEPOINT s");
}

#[test]
fn a_snapshot_that_must_last_does_not_move() {
    let mut open = begun("BEGIN READ ONLY");
    open.learn_isolation(Isolation::RepeatableRead);
    runs(&mut open, read());
    assert_eq!(next(&open, Class::READ), Next::Stay);
    assert_eq!(open.next(read(), false), Next::Stay, "its snapshot is older than any lag");
    assert_eq!(next(&open, WRITE), Next::Stay, "any host refuses it");
    assert_eq!(next(&open, Class::UNREAD), Next::Stay);
    assert_eq!(next(&open, Class::write(Reason::PrimaryFunction)), Next::Refuse);
}

#[test]
fn a_lock_in_a_read_only_transaction_is_taken_on_the_primary() {
    let open = on_replica("BEGIN READ ONLY");
    assert_eq!(next(&open, Class::write(Reason::PrimaryFunction)), Next::Move);
}

#[test]
fn what_could_not_be_said_again_is_said_on_the_primary() {
    let open = on_replica("BEGIN");
    for text in ["COMMIT AND CHAIN", "PREPARE TRANSACTION 'x'", "SET a.b = 1", "BEGIN"] {
        let verb = Verb::of(text.as_bytes());
        let class = Class::transaction();
        assert_eq!(open.next(step(class, &verb, text), true), Next::Move, "{text}");
    }
    let cursor = Step { opens_cursor: true, ..read() };
    assert_eq!(open.next(cursor, true), Next::Move);
}

#[test]
fn a_cursor_of_a_read_only_transaction_binds_it() {
    let mut open = on_replica("BEGIN READ ONLY");
    let cursor = Step { opens_cursor: true, ..read() };
    assert_eq!(open.next(cursor, true), Next::Stay);
    runs(&mut open, cursor);
    assert!(!open.may_move());
}

#[test]
fn beyond_the_logs_limit_it_moves() {
    let mut open = on_replica("BEGIN");
    for _ in 0..SAID_MAX {
        say(&mut open, &["SET LOCAL a.b = 1"]);
    }
    let set = step(Class::transaction(), &Verb::SetLocal, "SET LOCAL a.b = 1");
    assert_eq!(open.next(set, true), Next::Move);
}

#[test]
fn a_comment_does_not_hide_what_is_said_next() {
    let mut open = on_replica("BEGIN -- now");
    say(&mut open, &["SAVEPOINT s -- here"]);
    assert_eq!(open.replay().unwrap(), b"BEGIN -- now\n;SAVEPOINT s -- here");
}

#[test]
fn a_portal_is_never_opened_on_a_host_where_its_transaction_does_not_run() {
    let cursor = Step { opens_cursor: true, ..read() };
    for (text, rule, expected) in [
        ("BEGIN", Transactions::ReadOnly, Class::TRANSACTION),
        ("BEGIN READ WRITE", Transactions::ReadOnly, Class::TRANSACTION),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE", Transactions::Optimistic, Class::TRANSACTION),
        ("BEGIN", Transactions::Optimistic, Class::TRANSACTION),
        ("BEGIN READ ONLY", Transactions::ReadOnly, Class::READ),
    ] {
        assert_eq!(begun(text).route(rule, cursor), expected, "{text}");
    }
    assert_eq!(begun("BEGIN").route(Transactions::Optimistic, read()), Class::READ);
    assert_eq!(begun("BEGIN").route(Transactions::ReadOnly, read()), Class::TRANSACTION);
    assert_eq!(
        begun("BEGIN READ WRITE").route(Transactions::Optimistic, read()),
        Class::TRANSACTION
    );
}

#[test]
fn statements_may_be_prepared_wherever_the_transaction_runs() {
    let mut open = on_replica("BEGIN");
    let prepared = Step { executes: false, ..step(WRITE, &Verb::Other, "") };
    assert_eq!(open.next(prepared, true), Next::Stay);
    runs(&mut open, prepared);
    assert!(open.may_move());
}

#[test]
fn the_loss_of_a_snapshot_is_told_once() {
    let mut open = on_replica("BEGIN READ ONLY");
    assert!(!open.take_loss());
    open.lose_replica();
    assert!(!open.may_use_replica(Transactions::ReadOnly));
    assert!(open.take_loss() && !open.take_loss());
}

#[test]
fn what_has_failed_is_not_said_again() {
    let mut open = on_replica("BEGIN");
    let text = "SET LOCAL a.b = nonsense";
    open.said(step(Class::transaction(), &Verb::SetLocal, text));
    open.answered(TransactionStatus::Failed);
    assert_eq!(replayed(&open), "BEGIN");
    let verb = Verb::of(b"SAVEPOINT a");
    open.said(step(Class::transaction(), &verb, "SAVEPOINT a"));
    open.answered(TransactionStatus::Failed);
    assert!(!open.may_move(), "it may be there");
}

#[test]
fn a_replica_that_has_fallen_behind_is_left_where_nothing_is_lost_by_it() {
    let mut open = on_replica("BEGIN READ ONLY");
    runs(&mut open, read());
    assert_eq!(open.next(read(), false), Next::Move);
    assert_eq!(open.next(Step { continues: true, ..read() }, false), Next::Stay);
    runs(&mut open, Step { opens_cursor: true, ..read() });
    assert_eq!(open.next(read(), false), Next::Stay);
}

#[test]
fn a_transaction_is_shaped_on_the_primary_before_its_first_query_and_refused_after_it() {
    let serializable = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE";
    let write = "SET TRANSACTION READ WRITE";
    for (begin, text, before, after) in [
        ("BEGIN READ ONLY", write, Next::Move, Next::Stay),
        ("BEGIN READ ONLY", serializable, Next::Move, Next::Stay),
        ("BEGIN", serializable, Next::Move, Next::Stay),
        ("BEGIN", write, Next::Move, Next::Move),
        ("BEGIN", "SET TRANSACTION READ ONLY", Next::Move, Next::Stay),
    ] {
        let verb = Verb::of(text.as_bytes());
        let shapes = step(Class::transaction(), &verb, text);
        let mut open = on_replica(begin);
        runs(&mut open, step(Class::session(Reason::Empty), &Verb::Other, ";"));
        assert_eq!(open.next(shapes, true), before, "{begin}, {text}");
        runs(&mut open, read());
        assert_eq!(open.next(shapes, true), after, "{begin}, {text}");
    }
}

#[test]
fn what_cannot_be_looked_at_does_not_make_a_transaction_move_unseen() {
    let long = Step { whole: false, ..step(Class::UNREAD, &Verb::Other, "") };
    let mut open = on_replica("BEGIN READ ONLY");
    runs(&mut open, read());
    assert_eq!(open.next(long, true), Next::Move);
    runs(&mut open, Step { opens_cursor: true, ..read() });
    assert_eq!(open.next(long, true), Next::Stay);
    let mut begun = begun("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    assert_eq!(begun.next(long, true), Next::Move, "it has no snapshot yet");
    runs(&mut begun, read());
    assert_eq!(begun.next(long, true), Next::Stay);
}

#[test]
fn what_follows_on_the_end_of_a_transaction_runs_on_the_primary() {
    let goes_on = Step { goes_on: true, ..step(Class::transaction(), &Verb::Other, "COMMIT; x") };
    let mut open = on_replica("BEGIN READ ONLY");
    runs(&mut open, read());
    assert_eq!(open.next(goes_on, true), Next::Move);
    let chain = Verb::of(b"COMMIT AND CHAIN");
    assert_eq!(open.next(step(Class::transaction(), &chain, "COMMIT AND CHAIN"), true), Next::Stay);
}
