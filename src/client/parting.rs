//! What is left of a link when its client ends: a server that may be brought back.

use crate::pooler::{Held, Pools};
use crate::server::rescue::{Leaving, rescue, run};
use crate::session::PoolMode;
use std::sync::Arc;
use tokio::task::spawn_local;

/// What the rescue of a server needs to know.
pub(super) struct Parting {
    pub(super) pools: Arc<Pools>,
    pub(super) mode: PoolMode,
}

/// Brings the server back beside everything else: its client is not waited for.
pub(super) fn part(parting: Parting, held: Held, leaving: Leaving) {
    spawn_local(Box::pin(bring_back(parting, held, leaving)));
}

async fn bring_back(parting: Parting, mut held: Held, leaving: Leaving) {
    let shared = parting.pools.shared.clone();
    let mut clean = rescue(&mut held, &shared, leaving).await;
    // In session mode what the client has set is undone; in the others PgBouncer's users expect
    // that it is not.
    let reset = &parting.pools.database.reset_query;
    if parting.mode == PoolMode::Session && clean.is_some() && !reset.is_empty() {
        clean = run(&mut held, &shared, reset).await;
    }
    match clean {
        Some(proof) => held.release(proof),
        None => {
            tracing::debug!(pool = %held.pool(), "server of a vanished client is closed");
            Box::pin(held.close()).await;
        }
    }
}
