//! Connections that have not logged in yet: too many of them make room for the next, the oldest first.
//!
//! Places of `max_client_conn` and of the console are taken by clients that have proven who they are.
//! Whoever has not costs a connection and little memory, for `client_login_timeout` at most; but when
//! the acceptor (`app::sockets`) can take no more, somebody who only connects must not keep out those who
//! log in. A login takes milliseconds, so that the oldest is the least likely to be one.

use super::worker::Worker;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use tokio::sync::Notify;

/// The connections of one worker that have not logged in, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Newcomers {
    next: Cell<u64>,
    waiting: RefCell<BTreeMap<u64, Rc<Notify>>>,
}

impl Newcomers {
    fn enter(&self) -> (u64, Rc<Notify>) {
        let number = self.next.get();
        self.next.set(number + 1);
        let leave = Rc::new(Notify::new());
        self.waiting.borrow_mut().insert(number, leave.clone());
        (number, leave)
    }

    /// Whether it was there.
    fn remove(&self, number: u64) -> bool {
        self.waiting.borrow_mut().remove(&number).is_some()
    }

    /// Has the oldest go, if there is one. It is not asked again, and does not count any more.
    pub(super) fn end_oldest(&self) -> bool {
        let oldest = self.waiting.borrow_mut().pop_first();
        oldest.map(|(_, leave)| leave.notify_one()).is_some()
    }
}

/// A connection that has not logged in; it counts as one until it has, or ends.
#[derive(Debug)]
pub(super) struct Newcomer {
    worker: Rc<Worker>,
    number: u64,
    leave: Rc<Notify>,
}

impl Newcomer {
    pub(super) fn new(worker: Rc<Worker>) -> Newcomer {
        let (number, leave) = worker.newcomers.enter();
        Newcomer { worker, number, leave }
    }

    /// It has proven who it is, and has a place of its own: it need not make room any more.
    pub(super) fn logged_in(&self) {
        if self.worker.newcomers.remove(self.number) {
            self.worker.newcomer_left();
        }
    }

    /// Ready when it has to make room.
    pub(super) async fn must_leave(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        self.logged_in();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn is_asked(leave: &Notify) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(leave.notified()).poll(&mut context) == Poll::Ready(())
    }

    #[test]
    fn the_oldest_makes_room_and_one_that_has_logged_in_does_not() {
        let newcomers = Newcomers::default();
        let all: Vec<_> = (0..3).map(|_| newcomers.enter()).collect();
        assert!(newcomers.remove(all[0].0), "the first logs in");
        assert!(newcomers.end_oldest());
        let asked: Vec<_> = all.iter().map(|(_, leave)| is_asked(leave)).collect();
        assert_eq!(asked, [false, true, false]);
        assert!(newcomers.end_oldest() && is_asked(&all[2].1));
        assert!(!newcomers.end_oldest());
    }
}
