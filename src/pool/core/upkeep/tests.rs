//! Stories of the janitor: what goes, what comes, and when it has to look.

use crate::pool::answers::Then;
use crate::pool::close_reason::CloseReason;
use crate::pool::core::REFILL_INTERVAL;
use crate::pool::core::tests::story::{
    HOUR, MINUTE, SECOND, Story, closing, granted, ms, opened, sizes,
};
use crate::pool::limits::Limits;

fn idle_for(pool_size: u32, min_pool_size: u32, timeout: u64) -> Limits {
    sizes(pool_size, min_pool_size)
        .with_server_idle_timeout(ms(timeout))
        .with_server_lifetime(ms(0))
}

fn with_reserve(pool_size: u32, reserve: u32) -> Limits {
    idle_for(pool_size, 0, 0).with_reserve(reserve, ms(5 * SECOND)).unwrap()
}

#[test]
fn an_empty_pool_and_a_busy_one_need_no_janitor() {
    assert_eq!(Story::of(sizes(20, 0)).next_tick(), None);
    let (mut story, _) = Story::with_active(sizes(20, 0), 3);
    assert_eq!(story.next_tick(), None);
    let (mut story, _) = Story::with_idle(idle_for(20, 0, 0), 3);
    assert_eq!(story.next_tick(), None);
}

#[test]
fn servers_that_nobody_uses_go() {
    let (mut story, servers) = Story::with_idle(idle_for(20, 0, MINUTE), 2);
    story.pass(SECOND);
    let used = story.takes(0);
    assert_eq!(story.release(used, 0), Then::Idle);
    assert_eq!(story.next_tick(), Some(u128::from(MINUTE)));
    story.pass(MINUTE - SECOND);
    assert_eq!(story.tick(), [closing(servers[0], CloseReason::IdleTimeout)]);
    assert_eq!(story.next_tick(), Some(u128::from(MINUTE + SECOND)));
}

#[test]
fn min_pool_size_outlives_the_idle_timeout_and_does_not_keep_the_janitor_awake() {
    let (mut story, servers) = Story::with_idle(idle_for(20, 2, MINUTE), 3);
    story.pass(MINUTE);
    assert_eq!(story.tick(), [closing(servers[0], CloseReason::IdleTimeout)]);
    assert_eq!(story.next_tick(), None);
    assert_eq!(story.counts().sv_idle, 2);
}

#[test]
fn idle_servers_past_their_lifetime_go() {
    let limits = idle_for(20, 0, 0).with_server_lifetime(ms(HOUR));
    let (mut story, servers) = Story::with_idle(limits, 1);
    assert_eq!(story.next_tick(), Some(u128::from(HOUR)));
    story.pass(HOUR - 1);
    assert_eq!(story.tick(), []);
    story.pass(1);
    assert_eq!(story.tick(), [closing(servers[0], CloseReason::Lifetime)]);
    assert!(story.core.is_empty());
}

#[test]
fn the_first_tick_fills_up_to_min_pool_size() {
    let mut story = Story::of(sizes(20, 3));
    assert_eq!(story.next_tick(), Some(0));
    let logins = opened(story.tick());
    assert_eq!(logins.len(), 3);
    assert!(logins.iter().all(|login| story.core.still_wanted(*login)));
    assert!(logins.iter().all(|login| story.logs_in(*login, 0) == Then::Idle));
    assert_eq!(story.tick(), []);
}

#[test]
fn a_host_that_closes_what_it_accepts_is_not_asked_without_a_pause() {
    let mut story = Story::of(idle_for(20, 1, 0));
    let login = opened(story.tick())[0];
    assert_eq!(story.logs_in(login, 0), Then::Idle);
    assert_eq!(story.closed(login), None);
    assert_eq!(story.tick(), []);
    assert_eq!(story.next_tick(), Some(REFILL_INTERVAL.as_millis()));
    story.now += REFILL_INTERVAL;
    assert_eq!(opened(story.tick()).len(), 1);
}

#[test]
fn a_server_that_ages_out_of_min_pool_size_is_replaced_at_once() {
    let (mut story, _) = Story::with_idle(sizes(1, 1).with_server_lifetime(ms(MINUTE)), 1);
    story.pass(MINUTE);
    let orders = story.tick();
    assert_eq!(orders.len(), 2, "one closes, one opens: {orders:?}");
    assert_eq!(story.counts().sv_login, 1);
}

#[test]
fn a_release_that_falls_below_min_pool_size_calls_the_janitor() {
    let limits = sizes(1, 1).with_server_lifetime(ms(MINUTE));
    let (mut story, servers) = Story::with_active(limits, 1);
    assert_eq!(story.next_tick(), None);
    story.pass(MINUTE);
    assert_eq!(story.release(servers[0], 0), Then::Close(CloseReason::Lifetime));
    assert_eq!(story.sooner(), Some(u128::from(MINUTE)));
    assert_eq!(opened(story.tick()).len(), 1);
}

#[test]
fn the_reserve_opens_for_whoever_has_waited_long() {
    let (mut story, _) = Story::with_active(with_reserve(1, 2), 1);
    story.next_tick();
    let waiter = story.queues(0);
    assert_eq!(story.sooner(), Some(u128::from(5 * SECOND)));
    story.pass(5 * SECOND - 1);
    assert_eq!(story.tick(), []);
    story.pass(1);
    let logins = opened(story.tick());
    assert_eq!(logins.len(), 1, "as many as wait");
    assert_eq!(story.next_tick(), None, "nothing more to do");
    let (_, second) = story.waits(0);
    assert!(second.is_some(), "the reserve is open");
    story.queues(0);
    assert_eq!(story.logs_in(logins[0], 0), granted(waiter, 0));
}

#[test]
fn the_reserve_stays_closed_for_whoever_has_just_come() {
    let (mut story, _) = Story::with_active(with_reserve(1, 2), 1);
    let patient = story.queues(0);
    story.pass(4 * SECOND);
    assert!(story.core.abandon(patient));
    story.queues(0);
    story.pass(SECOND);
    assert_eq!(story.tick(), []);
    assert_eq!(story.next_tick(), Some(u128::from(9 * SECOND)));
}

#[test]
fn the_janitor_is_told_of_an_earlier_time_and_of_no_later_one() {
    let (mut story, servers) = Story::with_active(idle_for(20, 0, MINUTE), 2);
    assert_eq!(story.next_tick(), None);
    assert_eq!(story.release(servers[0], 0), Then::Idle);
    assert_eq!(story.sooner(), Some(u128::from(MINUTE)));
    assert_eq!(story.sooner(), None);
    story.pass(SECOND);
    assert_eq!(story.release(servers[1], 0), Then::Idle);
    assert_eq!(story.sooner(), None);
}
