//! Stories of logins: how many begin, and what follows when they end.

use std::num::NonZeroU32;

use crate::ids::{ServerId, WorkerId};
use crate::pool::answers::{Then, Waiter};
use crate::pool::core::tests::story::{Story, granted, logins, sizes};
use crate::pool::limits::Limits;

fn at_a_time(logins: u32, pool_size: u32) -> Limits {
    sizes(pool_size, 0).with_logins_max(NonZeroU32::new(logins).unwrap())
}

/// This many clients of worker 0 arrive; the logins that begin.
fn arrive(story: &mut Story, clients: usize) -> Vec<ServerId> {
    (0..clients).filter_map(|_| story.waits(0).1).collect()
}

#[test]
fn each_waiter_has_a_login_as_far_as_there_is_room() {
    assert_eq!(arrive(&mut Story::of(at_a_time(16, 20)), 3).len(), 3);
    assert_eq!(arrive(&mut Story::of(at_a_time(16, 2)), 5).len(), 2);
    assert_eq!(arrive(&mut Story::of(at_a_time(4, 20)), 10).len(), 4);
    assert_eq!(arrive(&mut Story::of(at_a_time(16, 0)), 40).len(), 16);
}

#[test]
fn a_login_that_ends_makes_room_for_the_next() {
    let mut story = Story::of(at_a_time(2, 20));
    let begun = arrive(&mut story, 5);
    let released = story.logs_in_and(begun[0], 0);
    assert!(matches!(released.then, Then::Grant(_)));
    assert_eq!(logins(released.opens).len(), 1);
    assert_eq!(story.counts().sv_login, 2);
}

#[test]
fn a_login_that_nobody_waits_for_becomes_an_idle_server() {
    let mut story = Story::of(sizes(20, 0));
    let (waiter, login) = story.waits(0);
    assert!(story.core.abandon(waiter));
    assert_eq!(story.logs_in(login.unwrap(), 1), Then::Idle);
    assert_eq!(story.takes(1), login.unwrap());
}

#[test]
fn a_release_serves_whoever_waited_for_a_login() {
    let (mut story, servers) = Story::with_active(sizes(2, 0), 1);
    let (waiter, login) = story.waits(0);
    assert_eq!(story.release(servers[0], 0), granted(waiter, 0));
    assert_eq!(story.logs_in(login.unwrap(), 0), Then::Idle);
}

#[test]
fn a_host_that_is_away_is_asked_by_one_login_at_a_time() {
    let mut story = Story::of(at_a_time(16, 20));
    let begun = arrive(&mut story, 16);
    let retries: Vec<_> = begun.iter().filter_map(|login| story.fails(*login)).collect();
    assert_eq!(retries.len(), 1, "the last one that fails is tried again");
    assert_eq!(arrive(&mut story, 3), [], "newcomers wait for the same login");
    assert!(story.core.still_wanted(retries[0]));
}

#[test]
fn the_first_success_starts_what_was_held_back() {
    let mut story = Story::of(at_a_time(16, 20));
    let begun = arrive(&mut story, 30);
    let retry = begun.iter().filter_map(|login| story.fails(*login)).next().unwrap();
    let released = story.logs_in_and(retry, 0);
    assert!(matches!(released.then, Then::Grant(_)));
    assert_eq!(released.opens.len(), 16);
}

#[test]
fn a_retry_that_nobody_waits_for_any_more_is_not_wanted() {
    let mut story = Story::of(sizes(20, 0));
    let (waiter, login) = story.waits(0);
    let retry = story.fails(login.unwrap()).unwrap();
    assert!(story.core.abandon(waiter));
    assert!(!story.core.still_wanted(retry));
    assert_eq!(story.closed(retry), None);
    assert!(story.core.is_empty());
}

#[test]
fn of_several_logins_as_many_are_wanted_as_wait() {
    let mut story = Story::of(sizes(20, 0));
    let (first, a) = story.waits(0);
    let (_, b) = story.waits(0);
    assert!(story.core.abandon(first));
    assert!(!story.core.still_wanted(a.unwrap()));
    assert_eq!(story.closed(a.unwrap()), None);
    assert!(story.core.still_wanted(b.unwrap()));
}

#[test]
fn after_a_failure_that_nobody_felt_the_next_client_starts_a_login() {
    let mut story = Story::of(sizes(20, 0));
    let (waiter, login) = story.waits(0);
    assert!(story.core.abandon(waiter));
    assert_eq!(story.fails(login.unwrap()), None);
    assert!(story.waits(0).1.is_some());
}

#[test]
fn a_definitive_no_reaches_everyone_in_the_queue() {
    let mut story = Story::of(sizes(20, 0));
    let (near, login) = story.waits(0);
    let (far, other) = story.waits(1);
    let waiter = |id, worker| Waiter { id, worker: WorkerId(worker) };
    let (told, open) = story.core.login_refused(login.unwrap(), story.now);
    assert_eq!(told, [waiter(near, 0), waiter(far, 1)]);
    assert_eq!(open, None);
    assert_eq!(story.core.login_refused(other.unwrap(), story.now), (vec![], None));
    assert_eq!(story.counts().cl_waiting, 0);
}

#[test]
fn whoever_waits_where_servers_work_is_told_of_no_refusal() {
    let (mut story, servers) = Story::with_active(sizes(20, 0), 1);
    let (waiter, login) = story.waits(0);
    let (told, open) = story.core.login_refused(login.unwrap(), story.now);
    assert_eq!(told, []);
    assert!(open.is_some(), "it is tried again");
    assert_eq!(story.release(servers[0], 0), granted(waiter, 0));
}

#[test]
fn after_a_definitive_no_one_login_at_a_time_is_tried() {
    let mut story = Story::of(at_a_time(16, 20));
    let begun = arrive(&mut story, 3);
    for login in begun {
        let _ = story.core.login_refused(login, story.now);
    }
    assert_eq!(arrive(&mut story, 3).len(), 1);
}
