//! Pools under `"*"` that nobody uses any more: they go, or any name that was ever asked for would stay.

use super::clock;
use super::database::ANY_DATABASE;
use super::pool::Pool;
use super::pools::Pools;
use super::registry::Pooler;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How often they are looked for: each look goes through all pools.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long the last write of a database without pools is remembered: its sessions may come back.
const WRITE_REMEMBERED: Duration = Duration::from_secs(3600);

/// Said when a pool may have become one of those.
#[derive(Debug)]
pub(super) struct Vacancy {
    said: AtomicBool,
    /// Wakes the janitor.
    alarm: Arc<Notify>,
}

impl Vacancy {
    /// Nothing is said, and `alarm` rings when it is.
    pub(super) fn new(alarm: Arc<Notify>) -> Vacancy {
        Vacancy { said: AtomicBool::new(false), alarm }
    }

    /// A pool may be vacant.
    pub(super) fn say(&self) {
        if !self.said.swap(true, Ordering::AcqRel) {
            self.alarm.notify_one();
        }
    }

    /// Whether that was said.
    pub(super) fn is_said(&self) -> bool {
        self.said.load(Ordering::Acquire)
    }

    /// It is looked for now.
    pub(super) fn answer(&self) {
        self.said.store(false, Ordering::Release);
    }

    /// It has to be looked for again, without a hurry.
    pub(super) fn say_again(&self) {
        self.said.store(true, Ordering::Release);
    }
}

/// How many clients use the pools of one database and user.
#[derive(Debug)]
pub(super) struct Guests {
    count: AtomicUsize,
    /// Of pools that go when nobody uses them.
    vacancy: Option<Arc<Vacancy>>,
}

impl Guests {
    /// Nobody uses them yet.
    pub(super) fn new(vacancy: Option<Arc<Vacancy>>) -> Guests {
        Guests { count: AtomicUsize::new(0), vacancy }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

/// A client that uses the pools: it is counted while this lives.
#[derive(Debug)]
pub struct Guest(Arc<Guests>);

impl Guest {
    /// One more.
    pub(super) fn of(guests: &Arc<Guests>) -> Guest {
        guests.count.fetch_add(1, Ordering::Relaxed);
        Guest(guests.clone())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let was_last = self.0.count.fetch_sub(1, Ordering::Relaxed) == 1;
        if let Some(vacancy) = self.0.vacancy.as_ref().filter(|_| was_last) {
            vacancy.say();
        }
    }
}

/// Whether the pools have no client and no server.
fn is_vacant(pools: &Pools) -> bool {
    let is_empty = |pool: &Arc<Pool>| pool.is_drained() && pool.counts().cl_waiting == 0;
    pools.database.name == ANY_DATABASE && pools.guests() == 0 && pools.iter().all(is_empty)
}

impl Pooler {
    /// Pools under `"*"` that have no client and no server go. Says when to look again, if that is known.
    pub(super) fn clear_vacant(&self, now: Instant) -> Option<Instant> {
        let vacancy = &self.common.vacancy;
        if !vacancy.is_said() {
            return None;
        }
        let mut looked = self.vacated.lock();
        let due = looked.map(|at| at + LOOK_EVERY).filter(|due| *due > now);
        if due.is_some() {
            return due;
        }
        *looked = Some(now);
        vacancy.answer();
        let (mut gone, mut is_in_use) = (Vec::new(), false);
        self.pools.lock().retain(|_, pools| {
            if !is_vacant(pools) {
                return true;
            }
            // Somebody may be about to use them, whom nothing counts yet.
            let is_known = Arc::strong_count(pools) > 1 || Arc::strong_count(&pools.guests) > 1;
            is_in_use |= is_known;
            if !is_known {
                gone.push(pools.clone());
            }
            is_known
        });
        gone.iter().for_each(|pools| pools.retire());
        if !gone.is_empty() {
            self.forget_old_writes();
        }
        is_in_use.then(|| {
            vacancy.say_again();
            now + LOOK_EVERY
        })
    }

    /// The last writes of databases that nobody has pools for.
    pub(super) fn forget_old_writes(&self) {
        let now = clock::now();
        self.last_writes.lock().retain(|_, latest| {
            Arc::strong_count(latest) > 1 || now.since(latest.get()) < WRITE_REMEMBERED
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::opening::fixture::{pooler_of, pools};
    use super::*;

    fn later() -> Instant {
        Instant::now() + LOOK_EVERY * 2
    }

    fn names(pooler: &Pooler) -> Vec<String> {
        pooler.listed().into_iter().map(|listed| listed.database).collect()
    }

    #[test]
    fn a_pool_of_any_name_goes_with_its_last_client() {
        let pooler = pooler_of(&["*", "app"]);
        let guest = pools(&pooler, "tenant", "me").enter();
        drop(pools(&pooler, "app", "me").enter());
        assert_eq!(pooler.clear_vacant(later()), None);
        assert_eq!(names(&pooler), ["app", "tenant"], "it has a client");
        drop(guest);
        assert_eq!(pooler.clear_vacant(later()), None);
        assert_eq!(names(&pooler), ["app"], "and what has a name in the configuration stays");
    }

    #[test]
    fn a_pool_that_somebody_is_about_to_use_stays_and_is_looked_at_again() {
        let pooler = pooler_of(&["*"]);
        let login = pools(&pooler, "tenant", "me");
        login.primary.say_vacant();
        assert!(pooler.clear_vacant(later()).is_some());
        assert_eq!(names(&pooler), ["tenant"]);
        drop(login);
        let again = Instant::now() + LOOK_EVERY * 4;
        assert_eq!(pooler.clear_vacant(again), None);
        assert!(names(&pooler).is_empty());
    }
}
