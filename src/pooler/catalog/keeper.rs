//! Keeps a catalog known: one task and one connection to the primary for each database.

use super::Current;
use super::reading::{ReadError, Reading};
use crate::auth::Credential;
use crate::pooler::pool::Pool;
use crate::pooler::registry::Pooler;
use crate::server::{OpenError, Server, login};
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
    connection: Option<Server>,
    last: Option<Reading>,
    /// Looks since a session last asked.
    idle_looks: u32,
    /// Readings that failed in a row.
    failures: u32,
    /// Not earlier than this is it read again.
    not_before: Instant,
}

impl Keeper {
    fn new(current: &Arc<Current>, pooler: Arc<Pooler>) -> Keeper {
        Keeper {
            current: Arc::downgrade(current),
            bell: current.bell.clone(),
            pooler,
            connection: None,
            last: None,
            idle_looks: 0,
            failures: 0,
            not_before: Instant::now(),
        }
    }

    async fn run(mut self) {
        let mut due = Some(Instant::now());
        loop {
            let called = self.rest(due).await;
            let Some(current) = self.current.upgrade() else { break };
            let is_used = current.take_use() || called;
            self.idle_looks = if is_used { 0 } else { self.idle_looks + 1 };
            due = if self.idle_looks < IDLE_LOOKS {
                Some(self.look(&current).await)
            } else {
                current.learn(None, 0, &self.pooler.classifier);
                self.disconnect().await;
                None
            };
        }
        self.disconnect().await;
    }

    /// Until it is time, or somebody calls; says whether one did.
    async fn rest(&self, due: Option<Instant>) -> bool {
        let called = match due {
            Some(due) => tokio::time::timeout_at(due.into(), self.bell.notified()).await.is_ok(),
            None => {
                self.bell.notified().await;
                true
            }
        };
        tokio::time::sleep_until(self.not_before.into()).await;
        called
    }

    /// Reads the catalog, as far as it has changed; says when to look again.
    async fn look(&mut self, current: &Current) -> Instant {
        let definitions = current.answer_call();
        let began = Instant::now();
        let reading = self.read(current).await;
        let (now, took) = (Instant::now(), began.elapsed());
        match reading {
            Ok(reading) => {
                current.learn(Some(reading.catalog.clone()), definitions, &self.pooler.classifier);
                if self.last.is_none() || self.failures > 0 {
                    tracing::info!(database = %current.name, "catalog read");
                }
                self.last = Some(reading);
                self.failures = 0;
                self.not_before = now + took * REST_FACTOR;
                now + current.refresh()
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

    async fn read(&mut self, current: &Current) -> Result<Reading, ReadError> {
        let classifier = &self.pooler.classifier;
        if let Some(mut server) = self.connection.take()
            && let Ok(reading) = Reading::take(&mut server, self.last.as_ref(), classifier).await
        {
            self.connection = Some(server);
            return Ok(reading);
        }
        // It may have been closed while nobody used it.
        let login = current.login(self.failures as usize).ok_or(ReadError::NoLogin)?;
        let mut server = connect(&login).await?;
        let reading = Reading::take(&mut server, self.last.as_ref(), classifier).await?;
        self.connection = Some(server);
        Ok(reading)
    }

    async fn disconnect(&mut self) {
        if let Some(server) = self.connection.take() {
            server.close().await;
        }
    }
}

async fn connect(pool: &Pool) -> Result<Server, OpenError> {
    let credential = Credential::clone(&pool.credential.load());
    let target = pool.target();
    let opening = login::open(&target, credential, &pool.shared, pool.server_id());
    Box::pin(opening).await.map(|(server, _)| server)
}
