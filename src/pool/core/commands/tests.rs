//! Stories of operators and reloads.

use crate::ids::WorkerId;
use crate::pool::answers::Then;
use crate::pool::close_reason::CloseReason;
use crate::pool::core::tests::story::{
    HOUR, MINUTE, Story, closing, granted, logins, ms, opened, sizes,
};

#[test]
fn a_paused_pool_drains_and_its_clients_wait() {
    let (mut story, servers) = Story::with_active(sizes(3, 0), 2);
    assert_eq!(story.release(servers[0], 0), Then::Idle);
    assert_eq!(story.core.pause(), [closing(servers[0], CloseReason::Paused)]);
    assert!(story.core.is_paused() && !story.core.is_empty());
    let waiter = story.queues(0);
    assert_eq!(story.release(servers[1], 0), Then::Close(CloseReason::Paused));
    assert!(story.core.is_empty());
    assert_eq!(story.next_tick(), None);
    let login = opened(story.core.resume(story.now))[0];
    assert_eq!(story.logs_in(login, 0), granted(waiter, 0));
}

#[test]
fn a_login_that_ends_during_a_pause_is_closed() {
    let mut story = Story::of(sizes(3, 0));
    let login = story.waits(0).1.unwrap();
    assert_eq!(story.core.pause(), []);
    assert!(!story.core.still_wanted(login));
    assert_eq!(story.logs_in(login, 0), Then::Close(CloseReason::Paused));
    assert_eq!(opened(story.core.resume(story.now)).len(), 1);
}

#[test]
fn a_canceled_server_does_not_outlive_a_pause() {
    let (mut story, servers) = Story::with_active(sizes(3, 0), 1);
    assert!(story.core.cancel_started(servers[0]));
    assert_eq!(story.release(servers[0], 0), Then::BeingCanceled);
    assert_eq!(story.core.pause(), []);
    let released = story.core.cancel_done(servers[0], story.now).unwrap();
    assert_eq!(released.then, Then::Close(CloseReason::Paused));
}

#[test]
fn after_reconnect_no_old_server_serves_another_client() {
    let (mut story, servers) = Story::with_active(sizes(3, 0), 2);
    assert_eq!(story.release(servers[0], 0), Then::Idle);
    let reason = CloseReason::Reconnect;
    assert_eq!(story.core.reconnect(story.now), [closing(servers[0], reason)]);
    assert!(story.core.has_marked());
    let (waiter, fresh) = story.waits(0);
    assert_eq!(story.release(servers[1], 0), Then::Close(reason));
    assert!(!story.core.has_marked());
    assert_eq!(story.logs_in(fresh.unwrap(), 0), granted(waiter, 0));
    assert_eq!(story.release(fresh.unwrap(), 0), Then::Idle);
}

#[test]
fn a_login_begun_before_reconnect_is_begun_again() {
    let mut story = Story::of(sizes(3, 0));
    let (waiter, stale) = story.waits(0);
    assert_eq!(story.core.reconnect(story.now), []);
    assert!(!story.core.still_wanted(stale.unwrap()));
    let released = story.logs_in_and(stale.unwrap(), 0);
    assert_eq!(released.then, Then::Close(CloseReason::Reconnect));
    let fresh = logins(released.opens)[0];
    assert_eq!(story.logs_in(fresh, 0), granted(waiter, 0));
}

#[test]
fn idle_servers_go_when_told_and_min_pool_size_comes_back() {
    let (mut story, servers) = Story::with_idle(sizes(3, 1), 1);
    let reason = CloseReason::CloseIdle;
    assert_eq!(story.core.close_idle(story.now), [closing(servers[0], reason)]);
    assert_eq!(opened(story.tick()).len(), 1);
}

#[test]
fn a_lowered_limit_is_reached_by_closing() {
    let (mut story, servers) = Story::with_active(sizes(4, 0), 4);
    assert_eq!(story.release(servers[0], 0), Then::Idle);
    let over = CloseReason::OverLimit;
    let orders = story.core.set_limits(sizes(2, 0), story.now);
    assert_eq!(orders, [closing(servers[0], over)]);
    let waiter = story.queues(0);
    assert_eq!(story.release(servers[1], 0), Then::Close(over));
    assert_eq!(story.release(servers[2], 0), granted(waiter, 0));
    assert_eq!(story.release(servers[3], 0), Then::Idle);
}

#[test]
fn a_raised_limit_opens_servers_for_those_who_wait() {
    let (mut story, _) = Story::with_active(sizes(1, 0), 1);
    for _ in 0..5 {
        story.queues(0);
    }
    assert_eq!(opened(story.core.set_limits(sizes(4, 0), story.now)).len(), 3);
    assert_eq!(story.core.limits().pool_size(), 4);
}

#[test]
fn a_changed_lifetime_holds_for_servers_that_exist() {
    let limits = sizes(1, 0).with_server_lifetime(ms(HOUR));
    let (mut story, servers) = Story::with_active(limits, 1);
    story.pass(MINUTE);
    let orders = story.core.set_limits(limits.with_server_lifetime(ms(MINUTE)), story.now);
    assert_eq!(orders, []);
    let released = story.core.release(servers[0], WorkerId(0), story.now);
    assert_eq!(released.then, Then::Close(CloseReason::Lifetime));
    let (mut story, servers) = Story::with_active(limits, 1);
    assert_eq!(story.core.set_limits(limits.with_server_lifetime(ms(0)), story.now), []);
    story.pass(2 * HOUR);
    assert_eq!(story.release(servers[0], 0), Then::Idle);
}

#[test]
fn a_database_that_is_to_be_left_alone_is_not_filled_up_for_a_while() {
    let (mut story, servers) = Story::with_idle(sizes(20, 2), 2);
    let orders = story.core.leave_alone(story.now);
    assert_eq!(orders.len(), servers.len());
    story.pass(5_000);
    assert_eq!(story.tick(), []);
    story.pass(1_000);
    assert_eq!(opened(story.tick()).len(), 2);
}

#[test]
fn whoever_needs_a_database_that_is_to_be_left_alone_gets_a_server() {
    let (mut story, _) = Story::with_idle(sizes(20, 2), 2);
    let _ = story.core.leave_alone(story.now);
    assert!(story.waits(0).1.is_some());
}
