//! The queue for a server: first come, first served, with a small preference for the home worker.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::ids::{WaiterId, WorkerId};
use crate::pool::answers::Waiter;
use crate::pool::per_worker::PerWorker;

/// How much longer a waiter of another worker must have waited to be served before a worker's own.
///
/// Handing a server over wakes another thread and registers the socket there, some tens of
/// microseconds. 2 ms let a worker serve its own clients for a few short transactions between two
/// handovers, and are below what a client that has to queue at all can tell from chance.
pub(super) const HOME_BOUND: Duration = Duration::from_millis(2);

#[derive(Clone, Copy, Debug)]
struct Place {
    id: WaiterId,
    since: Instant,
}

/// The queue of a pool: one line for each worker, each in order of arrival and of ids. A client
/// waits at most once, so the queue is bounded by `max_client_conn`.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    lines: PerWorker<VecDeque<Place>>,
    len: usize,
    /// The last arrival. Workers read the clock before they get the lock, so `now` may step back.
    latest: Option<Instant>,
}

impl Waiters {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// This waiter, whose id is above all that came before, goes to the end of its worker's line.
    pub(super) fn push(&mut self, waiter: Waiter, now: Instant) {
        let since = self.latest.map_or(now, |latest| latest.max(now));
        self.latest = Some(since);
        self.lines.of_mut(waiter.worker).push_back(Place { id: waiter.id, since });
        self.len += 1;
    }

    /// Takes out whoever is next for a server of this worker.
    pub(super) fn pop_for(&mut self, worker: WorkerId) -> Option<Waiter> {
        if self.is_empty() {
            return None;
        }
        let (elsewhere, oldest) = self.oldest()?;
        let own = self.lines.of(worker).and_then(VecDeque::front);
        let stays =
            own.is_some_and(|own| own.since.saturating_duration_since(oldest.since) <= HOME_BOUND);
        let worker = if stays { worker } else { elsewhere };
        let id = self.lines.of_mut(worker).pop_front()?.id;
        self.len -= 1;
        Some(Waiter { id, worker })
    }

    /// Takes this one out; false if it was not in the queue. Those who give up are mostly at an
    /// end of their line (a timeout: the front), where this costs a search by halves in each line;
    /// in the middle it moves half a line, some microseconds for ten thousand.
    pub(super) fn remove(&mut self, id: WaiterId) -> bool {
        let found = self.lines.iter_mut().any(|(_, line)| {
            let place = line.binary_search_by_key(&id, |place| place.id);
            place.is_ok_and(|index| line.remove(index).is_some())
        });
        self.len -= usize::from(found);
        found
    }

    /// Takes all of them out.
    pub(super) fn drain(&mut self) -> Vec<Waiter> {
        self.len = 0;
        let lines = self.lines.iter_mut();
        let waiters = |(worker, line): (WorkerId, &mut VecDeque<Place>)| {
            line.drain(..).map(|place| Waiter { id: place.id, worker }).collect::<Vec<_>>()
        };
        lines.flat_map(waiters).collect()
    }

    /// Since when the one who has waited longest has waited.
    pub(super) fn oldest_since(&self) -> Option<Instant> {
        self.oldest().map(|(_, place)| place.since)
    }

    fn oldest(&self) -> Option<(WorkerId, Place)> {
        let fronts = self.lines.iter().filter_map(|(worker, line)| Some((worker, *line.front()?)));
        fronts.min_by_key(|(_, place)| place.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waiters 0, 1, 2 ... of these workers, arriving at these milliseconds.
    fn queue(arrivals: &[(u16, u64)]) -> Waiters {
        let start = Instant::now();
        let mut waiters = Waiters::default();
        for (id, &(worker, ms)) in (0..).map(WaiterId).zip(arrivals) {
            let waiter = Waiter { id, worker: WorkerId(worker) };
            waiters.push(waiter, start + Duration::from_millis(ms));
        }
        waiters
    }

    fn served(waiters: &mut Waiters, by: u16) -> Vec<u64> {
        std::iter::from_fn(|| waiters.pop_for(WorkerId(by))).map(|waiter| waiter.id.0).collect()
    }

    #[test]
    fn one_worker_is_first_come_first_served() {
        assert_eq!(served(&mut queue(&[(0, 0), (0, 1), (0, 2)]), 0), [0, 1, 2]);
    }

    #[test]
    fn a_worker_prefers_its_own_up_to_the_bound() {
        let mut waiters = queue(&[(1, 0), (0, 1), (0, 2), (0, 3)]);
        assert_eq!(served(&mut waiters, 0), [1, 2, 0, 3]);
    }

    #[test]
    fn a_worker_without_waiters_serves_the_oldest_anywhere() {
        assert_eq!(served(&mut queue(&[(2, 0), (1, 1), (2, 2)]), 0), [0, 1, 2]);
    }

    #[test]
    fn whoever_gives_up_is_gone_once() {
        let mut waiters = queue(&[(0, 0), (1, 1), (0, 2)]);
        assert!(waiters.remove(WaiterId(0)));
        assert!(!waiters.remove(WaiterId(0)));
        assert!(!waiters.remove(WaiterId(7)));
        assert_eq!(waiters.len(), 2);
        assert_eq!(served(&mut waiters, 1), [1, 2]);
        assert!(waiters.is_empty());
    }

    #[test]
    fn a_clock_that_steps_back_does_not_change_the_order() {
        let mut waiters = queue(&[(0, 50), (1, 0), (0, 60)]);
        assert_eq!(served(&mut waiters, 1), [1, 0, 2]);
    }

    #[test]
    fn draining_names_everyone() {
        let mut waiters = queue(&[(0, 0), (1, 1), (0, 2)]);
        let ids: Vec<_> = waiters.drain().into_iter().map(|waiter| waiter.id.0).collect();
        assert_eq!(ids, [0, 2, 1]);
        assert!(waiters.is_empty() && waiters.oldest_since().is_none());
    }
}
