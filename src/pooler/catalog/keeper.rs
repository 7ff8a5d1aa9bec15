//! Keeps a catalog known: one task for each database, with a connection to the primary while it reads.

use super::reading::{ReadError, Reading, open};
use super::{Call, Current};
use crate::auth::Credential;
use crate::pooler::own::Own;
use crate::pooler::registry::Pooler;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::spawn_local;

/// After so many looks in vain nobody routes in the database any more: it is left alone, unknown,
/// until somebody does. A minute, if `catalog_refresh` is 30 s.
const IDLE_LOOKS: u32 = 2;

/// The pause after a reading that failed, doubled with each further one up to `catalog_refresh`.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// A catalog is read again, however often it changes, only after this many times the time that
/// reading it took: so at most a tenth of one server process is spent on it.
const REST_FACTOR: u32 = 9;

/// The pause between two looks for a relation that is not known: some are not there at all, and an
/// application may go on naming them.
const MISSED_PAUSE: Duration = Duration::from_secs(1);

/// Starts a keeper for each new catalog. Runs in a `LocalSet`, for ever. Cancel safe.
pub async fn run(pooler: Arc<Pooler>) {
    loop {
        for current in pooler.catalogs.new_ones().await {
            let keeper = Keeper::new(&current, pooler.clone());
            drop(current);
            spawn_local(keeper.run());
        }
    }
}

struct Keeper {
    /// Goes when nobody else has use for it.
    current: Weak<Current>,
    bell: Arc<Notify>,
    pooler: Arc<Pooler>,
    last: Option<Reading>,
    /// Looks since a session last asked.
    idle_looks: u32,
    /// Readings that failed in a row.
    failures: u32,
    /// Not earlier than this is it read again.
    not_before: Instant,
    /// When it was last looked at.
    looked: Option<Instant>,
}

impl Keeper {
    fn new(current: &Arc<Current>, pooler: Arc<Pooler>) -> Keeper {
        Keeper {
            current: Arc::downgrade(current),
            bell: current.bell.clone(),
            pooler,
            last: None,
            idle_looks: 0,
            failures: 0,
            not_before: Instant::now(),
            looked: None,
        }
    }

    async fn run(mut self) {
        let mut due = Some(Instant::now());
        loop {
            self.rest(due).await;
            let Some(current) = self.current.upgrade() else { break };
            // There is one for each database, and most of them rest: a small one.
            due = Box::pin(self.turn(&current)).await;
        }
    }

    /// Until it is due, or somebody calls and it may be looked at.
    async fn rest(&self, due: Option<Instant>) {
        loop {
            let Some(current) = self.current.upgrade() else { return };
            let early = earliest(current.called(), self.not_before, self.looked);
            let until = early.into_iter().chain(due).min();
            drop(current);
            let rung = self.bell.notified();
            match until {
                Some(until) => {
                    if tokio::time::timeout_at(until.into(), rung).await.is_err() {
                        return;
                    }
                }
                None => rung.await,
            }
        }
    }

    /// Looks, unless nobody has had use for it for long; says when it is due again.
    async fn turn(&mut self, current: &Current) -> Option<Instant> {
        let is_used = current.take_use() || current.called() != Call::Nobody;
        self.idle_looks = if is_used { 0 } else { self.idle_looks + 1 };
        if self.idle_looks < IDLE_LOOKS {
            Some(self.look(current).await)
        } else {
            current.learn(None, 0, &self.pooler.classifier);
            None
        }
    }

    /// Reads the catalog, as far as it has changed; says when to look again.
    async fn look(&mut self, current: &Current) -> Instant {
        // Others of its primary are read now; each of them ends in time, by limits of its own.
        let _turn = current.readers.acquire().await;
        let definitions = current.answer_call();
        let began = Instant::now();
        let reading = self.read(current).await;
        let (now, took) = (Instant::now(), began.elapsed());
        self.looked = Some(now);
        match reading {
            Ok(reading) => {
                current.learn(Some(reading.catalog.clone()), definitions, &self.pooler.classifier);
                if self.last.is_none() || self.failures > 0 {
                    tracing::info!(database = %current.name, "catalog read");
                }
                self.last = Some(reading);
                self.failures = 0;
                self.not_before = now + took * REST_FACTOR;
                self.not_before.max(now + current.refresh())
            }
            Err(error) => {
                current.learn(None, definitions, &self.pooler.classifier);
                self.say(current, &error);
                let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16));
                self.failures += 1;
                self.not_before = now + pause.min(current.refresh());
                self.not_before
            }
        }
    }

    /// One line for a row of failures: the rest is for those who debug.
    fn say(&self, current: &Current, error: &ReadError) {
        if self.failures == 0 {
            let database = &current.name;
            tracing::warn!(%database, %error, "cannot read the catalog: reads go to the primary");
        } else {
            tracing::debug!(database = %current.name, %error, "cannot read the catalog");
        }
    }

    /// On a connection that lives no longer than this: a server has a limited number, and needs
    /// none of them for a database whose catalog is read twice a minute.
    async fn read(&self, current: &Current) -> Result<Reading, ReadError> {
        let login = current.login(self.failures as usize).ok_or(ReadError::NoLogin)?;
        let credential = Credential::clone(&login.credential.load());
        let (target, id) = (login.target(), login.server_id());
        let mut server = open(&target, credential, &login.shared, id).await?;
        let (equal, classifier) = (&self.pooler.catalogs.equal, &self.pooler.classifier);
        let own = Own::new(login, &server);
        let reading = tokio::select! {
            reading = Reading::take(&mut server, self.last.as_ref(), equal, classifier) => reading,
            _ = own.until_told() => Err(ReadError::Interrupted),
        };
        server.close().await;
        reading
    }
}

/// The earliest look for whoever has called.
fn earliest(called: Call, not_before: Instant, looked: Option<Instant>) -> Option<Instant> {
    match called {
        Call::Nobody => None,
        Call::Unknown => Some(not_before),
        Call::Missed => {
            Some(looked.map_or(not_before, |looked| not_before.max(looked + MISSED_PAUSE)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pooler::registry::Databases;
    use crate::routing::Classifier;
    use tokio::sync::Semaphore;

    #[test]
    fn a_missing_relation_is_looked_for_once_a_second_and_a_definition_at_once() {
        let now = Instant::now();
        assert_eq!(earliest(Call::Nobody, now, Some(now)), None);
        assert_eq!(earliest(Call::Unknown, now, Some(now)), Some(now));
        assert_eq!(earliest(Call::Missed, now, None), Some(now));
        assert_eq!(earliest(Call::Missed, now, Some(now)), Some(now + MISSED_PAUSE));
        let busy = now + 9 * MISSED_PAUSE;
        assert_eq!(earliest(Call::Missed, busy, Some(now)), Some(busy));
    }

    #[test]
    fn a_database_costs_little_for_its_catalog() {
        let pooler = Arc::new(Pooler::new(Databases::new(), vec![], Classifier::new([1, 2])));
        let current = Arc::new(Current::new("d".to_owned(), Arc::new(Semaphore::new(1))));
        let keeper = Keeper::new(&current, pooler).run();
        let bytes = size_of_val(&keeper) + size_of::<Current>();
        assert!(bytes <= 1024, "{bytes} bytes");
    }
}
