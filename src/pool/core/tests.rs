//! Stories of clients that acquire, wait, give up and release.

pub(in crate::pool::core) mod story;

use self::story::{HOUR, Story, closing, granted, logins, ms, sizes};
use crate::ids::{ServerId, WaiterId, WorkerId};
use crate::pool::answers::{Open, Then};
use crate::pool::close_reason::CloseReason;
use crate::pool::core::CANCELS_MAX;
use crate::pool::counts::Counts;
use crate::pool::state::ServerState;
use crate::pool::waiters::HOME_BOUND;

#[test]
fn a_cold_pool_opens_a_server_for_its_first_client() {
    let mut story = Story::of(sizes(20, 0));
    let (waiter, login) = story.waits(0);
    assert_eq!(story.logs_in(login.unwrap(), 0), granted(waiter, 0));
    assert_eq!(story.release(login.unwrap(), 0), Then::Idle);
    assert_eq!(story.takes(0), login.unwrap());
}

#[test]
fn the_server_used_last_is_used_next() {
    let (mut story, servers) = Story::with_idle(sizes(20, 0), 3);
    assert_eq!(story.takes(0), servers[2]);
    assert_eq!(story.takes(0), servers[1]);
    assert_eq!(story.release(servers[2], 0), Then::Idle);
    assert_eq!(story.takes(0), servers[2]);
}

#[test]
fn a_worker_without_idle_servers_takes_one_from_another() {
    let (mut story, servers) = Story::with_idle(sizes(2, 0), 2);
    let away = story.takes(1);
    assert_eq!(away, servers[1]);
    assert_eq!(story.release(away, 1), Then::Idle);
    assert_eq!(story.takes(0), servers[0], "home comes first");
    assert_eq!(story.takes(0), servers[1]);
}

#[test]
fn a_full_pool_makes_clients_wait_in_the_order_of_arrival() {
    let (mut story, servers) = Story::with_active(sizes(1, 0), 1);
    let first = story.queues(0);
    let second = story.queues(0);
    assert_eq!(story.release(servers[0], 0), granted(first, 0));
    assert_eq!(story.release(servers[0], 0), granted(second, 0));
    assert_eq!(story.release(servers[0], 0), Then::Idle);
}

#[test]
fn a_newcomer_cannot_overtake_whoever_waits() {
    let (mut story, servers) = Story::with_active(sizes(1, 0), 1);
    let waiter = story.queues(0);
    assert_eq!(story.release(servers[0], 0), granted(waiter, 0));
    let newcomer = story.queues(0);
    assert_eq!(story.release(servers[0], 0), granted(newcomer, 0));
}

#[test]
fn a_worker_serves_its_own_unless_another_has_waited_longer_by_more_than_the_bound() {
    let (mut story, servers) = Story::with_active(sizes(1, 0), 1);
    let far = story.queues(1);
    story.now += HOME_BOUND;
    let near = story.queues(0);
    story.now += ms(1);
    let late = story.queues(0);
    assert_eq!(story.release(servers[0], 0), granted(near, 0));
    assert_eq!(story.release(servers[0], 0), granted(far, 1));
    assert_eq!(story.release(servers[0], 1), granted(late, 0));
}

#[test]
fn a_client_that_gives_up_is_passed_over() {
    let (mut story, servers) = Story::with_active(sizes(1, 0), 1);
    let first = story.queues(0);
    let second = story.queues(0);
    assert!(story.core.abandon(first));
    assert!(!story.core.abandon(first));
    assert_eq!(story.release(servers[0], 0), granted(second, 0));
}

#[test]
fn a_client_that_gives_up_too_late_releases_what_it_was_granted() {
    let (mut story, servers) = Story::with_active(sizes(1, 0), 1);
    let first = story.queues(0);
    let second = story.queues(0);
    assert_eq!(story.release(servers[0], 0), granted(first, 0));
    assert!(!story.core.abandon(first), "the grant is on its way");
    assert_eq!(story.release(servers[0], 0), granted(second, 0));
}

#[test]
fn a_server_that_dies_is_replaced_for_those_who_wait() {
    let (mut story, servers) = Story::with_active(sizes(1, 0), 1);
    assert_eq!(story.closed(ServerId(77)), None);
    let waiter = story.queues(0);
    let login = story.closed(servers[0]).unwrap();
    assert_ne!(login, servers[0]);
    assert_eq!(story.logs_in(login, 0), granted(waiter, 0));
}

#[test]
fn an_idle_server_that_dies_is_given_to_nobody() {
    let (mut story, servers) = Story::with_idle(sizes(1, 0), 1);
    assert_eq!(story.closed(servers[0]), None);
    assert_eq!(story.closed(servers[0]), None);
    let (_, login) = story.waits(0);
    assert_ne!(login, Some(servers[0]));
}

#[test]
fn an_old_server_is_closed_at_its_release_and_replaced_for_those_who_wait() {
    let limits = sizes(1, 0).with_server_lifetime(ms(HOUR));
    let (mut story, servers) = Story::with_active(limits, 1);
    story.pass(HOUR - 1);
    assert_eq!(story.release(servers[0], 0), Then::Idle);
    assert_eq!(story.takes(0), servers[0]);
    story.pass(1);
    let waiter = story.queues(0);
    let released = story.core.release(servers[0], WorkerId(0), story.now);
    assert_eq!(released.then, Then::Close(CloseReason::Lifetime));
    let login = logins(released.opens)[0];
    assert_eq!(story.logs_in(login, 0), granted(waiter, 0));
}

#[test]
fn a_server_is_given_to_nobody_while_a_cancel_is_on_its_way() {
    let (mut story, servers) = Story::with_active(sizes(1, 0), 1);
    assert!(story.core.cancel_started(servers[0]));
    assert!(story.core.cancel_started(servers[0]));
    let waiter = story.queues(1);
    assert_eq!(story.release(servers[0], 0), Then::BeingCanceled);
    assert!(!story.core.cancel_started(servers[0]), "its client is gone");
    assert_eq!(story.core.cancel_done(servers[0], story.now), None);
    let released = story.core.cancel_done(servers[0], story.now).unwrap();
    assert_eq!(released.then, granted(waiter, 1));
}

#[test]
fn a_cancel_that_is_done_in_time_moves_nothing() {
    let (mut story, servers) = Story::with_active(sizes(1, 0), 1);
    assert!(story.core.cancel_started(servers[0]));
    assert_eq!(story.core.cancel_done(servers[0], story.now), None);
    assert_eq!(story.release(servers[0], 0), Then::Idle);
}

#[test]
fn cancels_have_a_limit_and_only_active_servers_have_any() {
    let (mut story, servers) = Story::with_active(sizes(1, 0), 1);
    for _ in 0..CANCELS_MAX {
        assert!(story.core.cancel_started(servers[0]));
    }
    assert!(!story.core.cancel_started(servers[0]));
    let (mut story, servers) = Story::with_idle(sizes(1, 0), 1);
    assert!(!story.core.cancel_started(servers[0]));
    assert!(!story.core.cancel_started(ServerId(77)));
}

#[test]
fn a_server_that_dies_while_it_is_being_canceled_is_forgotten() {
    let (mut story, servers) = Story::with_active(sizes(1, 0), 1);
    assert!(story.core.cancel_started(servers[0]));
    assert_eq!(story.release(servers[0], 0), Then::BeingCanceled);
    let waiter = story.queues(0);
    let login = story.closed(servers[0]).unwrap();
    assert_eq!(story.core.cancel_done(servers[0], story.now), None);
    assert_eq!(story.logs_in(login, 0), granted(waiter, 0));
}

#[test]
fn what_the_pool_does_not_count_is_closed() {
    let mut story = Story::of(sizes(1, 0));
    let stranger = ServerId(77);
    assert_eq!(story.release(stranger, 0), Then::Close(CloseReason::Unknown));
    assert_eq!(story.logs_in(stranger, 0), Then::Close(CloseReason::Unknown));
    assert_eq!(story.fails(stranger), None);
    assert_eq!(story.closed(stranger), None);
    assert_eq!(story.core.cancel_done(stranger, story.now), None);
    assert!(!story.core.still_wanted(stranger));
    assert!(!story.core.abandon(WaiterId(77)));
    assert_eq!(story.core.state(stranger), None);
    assert_eq!(story.counts(), Counts::default());
}

#[test]
#[cfg(not(debug_assertions))]
fn a_server_released_twice_is_closed() {
    let (mut story, servers) = Story::with_active(sizes(1, 0), 1);
    assert_eq!(story.release(servers[0], 0), Then::Idle);
    assert_eq!(story.release(servers[0], 0), Then::Close(CloseReason::Unknown));
    assert!(story.core.is_empty());
}

#[test]
fn the_numbers_of_show_pools() {
    let (mut story, servers) = Story::with_active(sizes(3, 0), 3);
    assert!(story.core.cancel_started(servers[0]));
    assert_eq!(story.release(servers[0], 0), Then::BeingCanceled);
    story.queues(0);
    story.pass(5);
    story.queues(1);
    story.pass(10);
    let waiting = Counts { cl_waiting: 2, maxwait: ms(15), ..Counts::default() };
    let serving = Counts { cl_active: 2, sv_active: 2, sv_being_canceled: 1, ..waiting };
    assert_eq!(story.counts(), serving);
    assert_eq!(story.core.state(servers[0]), Some(ServerState::BeingCanceled));
}

#[test]
fn orders_name_the_home_of_a_server() {
    let (mut story, servers) = Story::with_idle(sizes(1, 0), 1);
    assert_eq!(story.core.pause(), [closing(servers[0], CloseReason::Paused)]);
    assert_eq!(story.core.closed(servers[0], story.now), None::<Open>);
}
