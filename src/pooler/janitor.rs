//! Upkeep by the clock: idle times, lifetimes, minimum sizes, servers that have gone.

use super::registry::Pooler;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often idle servers are looked at: one that PostgreSQL has closed is noticed within this
/// time, without a system call for each. While there are none, nothing wakes up.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Sleeps until something is due, does it, and so on for ever. Cancel safe.
pub async fn run(pooler: Arc<Pooler>) {
    loop {
        let due = upkeep(&pooler);
        tokio::select! {
            () = sleep_until(due) => {}
            () = pooler.alarm().notified() => {}
        }
    }
}

/// Does what is due in every pool; says when the next is, if anything ever is.
fn upkeep(pooler: &Arc<Pooler>) -> Option<Instant> {
    let mut due = pooler.classifier.expire(Instant::now());
    for pool in pooler.all_pools() {
        let (opens, next) = pool.tick();
        let replacements = pool.sweep();
        opens.into_iter().chain(replacements).for_each(|open| pooler.post(&pool, open));
        let sweep = pool.has_idle().then(|| Instant::now() + SWEEP_EVERY);
        due = [due, next, sweep].into_iter().flatten().min();
    }
    due.into_iter().chain(pooler.clear_vacant(Instant::now())).min()
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
