//! Histories that are wrong in one way each, and the same ones put right.

use std::time::Duration;

use super::super::history::{Event, History, Read, Value, Write};
use super::{Rules, Wrong, check};

const RULES: Rules = Rules { max_staleness: Duration::from_millis(100) };

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A write of `value`, from one instant to another, ms.
fn wrote(register: usize, value: Value, began: u64, acked: u64) -> Event {
    Event::Wrote(Write { register, value: Some(value), began: ms(began), acked: Some(ms(acked)) })
}

/// A read of `value` that began at this instant, ms.
fn read(register: usize, value: Value, began: u64) -> Event {
    Event::Read(Read { id: 0, register, value, began: ms(began), ended: ms(began + 1) })
}

/// What is wrong, as the number of the session and the bound.
fn wrong(history: History) -> Vec<(Wrong, usize, Value)> {
    check(&history, RULES).into_iter().map(|v| (v.wrong, v.session, v.bound)).collect()
}

#[test]
fn a_missed_own_write_is_found() {
    let of = |value| vec![vec![wrote(1, 1, 0, 10), read(1, value, 20)]];
    assert_eq!(wrong(of(1)), []);
    assert_eq!(wrong(of(0)), [(Wrong::MissedItsOwnWrite, 0, 1)]);
}

/// In a transaction that has not been committed, or whose commit nobody answered.
#[test]
fn an_own_write_counts_before_its_commit_is_acknowledged() {
    let write = Event::Wrote(Write { register: 1, value: Some(1), began: ms(0), acked: None });
    let of = |value| vec![vec![write.clone(), read(1, value, 20)]];
    assert_eq!(wrong(of(1)), []);
    assert_eq!(wrong(of(0)), [(Wrong::MissedItsOwnWrite, 0, 1)]);
}

#[test]
fn a_session_that_goes_back_in_time_is_found() {
    let writer = vec![wrote(1, 1, 0, 10), wrote(1, 2, 50, 60)];
    let of = |values: [Value; 2]| {
        vec![writer.clone(), vec![read(1, values[0], 61), read(1, values[1], 62)]]
    };
    assert_eq!(wrong(of([1, 2])), []);
    assert_eq!(wrong(of([2, 2])), []);
    assert_eq!(wrong(of([2, 1])), [(Wrong::WentBackInTime, 1, 2)]);
}

#[test]
fn two_sessions_may_see_different_pasts() {
    let writer = vec![wrote(1, 1, 0, 10), wrote(1, 2, 50, 60)];
    assert_eq!(wrong(vec![writer, vec![read(1, 2, 61)], vec![read(1, 1, 62)]]), []);
}

/// Whoever has seen the effect must see the cause.
#[test]
fn a_session_that_goes_back_in_time_by_way_of_another_register_is_found() {
    let writer = vec![wrote(1, 1, 0, 10), wrote(2, 1, 20, 30)];
    let of = |value| vec![writer.clone(), vec![read(2, 1, 40), read(1, value, 50)]];
    assert_eq!(wrong(of(1)), []);
    assert_eq!(wrong(of(0)), [(Wrong::WentBackInTime, 1, 1)]);
}

/// Nobody can tell which of them came first.
#[test]
fn writes_at_the_same_time_may_be_seen_in_either_order() {
    let writers = [vec![wrote(1, 1, 0, 30)], vec![wrote(2, 1, 20, 40)]];
    let [one, two] = writers;
    assert_eq!(wrong(vec![one, two, vec![read(2, 1, 50), read(1, 0, 60)]]), []);
}

#[test]
fn a_read_that_is_too_stale_is_found() {
    let of = |began| vec![vec![wrote(1, 1, 0, 10)], vec![read(1, 0, began)]];
    assert_eq!(wrong(of(110)), []);
    assert_eq!(wrong(of(111)), [(Wrong::TooStale, 1, 1)]);
}

#[test]
fn what_a_token_promises_must_be_seen() {
    let of = |value, told| {
        vec![vec![wrote(1, 1, 0, 10)], vec![Event::Told(ms(told)), read(1, value, 20)]]
    };
    assert_eq!(wrong(of(1, 11)), []);
    assert_eq!(wrong(of(0, 10)), []);
    assert_eq!(wrong(of(0, 11)), [(Wrong::WentBackInTime, 1, 1)]);
}

#[test]
fn a_value_that_nobody_wrote_is_found() {
    let of = |value| vec![vec![wrote(1, 1, 0, 10)], vec![read(1, value, 5)]];
    assert_eq!(wrong(of(1)), []);
    assert_eq!(wrong(of(2)), [(Wrong::Invented, 1, 1)]);
}

/// It may have happened, so it may be seen; but nobody must see it.
#[test]
fn a_write_without_an_answer_binds_nobody() {
    let lost = vec![Event::Wrote(Write { register: 1, value: None, began: ms(0), acked: None })];
    for value in [0, 1] {
        assert_eq!(wrong(vec![lost.clone(), vec![read(1, value, 500)]]), []);
    }
}

/// A slow write is acknowledged after a faster one that follows it on the row.
#[test]
fn acknowledgements_may_come_out_of_order() {
    let writers = [vec![wrote(1, 1, 0, 90)], vec![wrote(1, 2, 20, 40)]];
    let [one, two] = writers;
    assert_eq!(wrong(vec![one, two, vec![read(1, 1, 300)]]), [(Wrong::TooStale, 2, 2)]);
}
