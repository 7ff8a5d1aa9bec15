//! Why a pool had no server for a client that has waited for one.

use super::pool::Pool;
use super::registry::Pooler;
use super::survey::{ClientSeen, Doing};
use crate::server::OpenError;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the workers may take to say who holds its servers. The client has waited long enough.
const ANSWER_LIMIT: Duration = Duration::from_millis(500);

/// How long their answer is of use: many clients give up together, and workers tell of all their
/// clients each time.
const ANSWER_LASTS: Duration = Duration::from_secs(1);

/// Why there was no server.
#[derive(Clone, Debug)]
pub enum Shortage {
    /// Logins to the host fail.
    Failing(Arc<OpenError>),
    /// Clients have them.
    Held(Holders),
}

/// Who has a pool's servers.
#[derive(Clone, Debug, Default)]
pub struct Holders {
    /// Servers that clients have.
    pub servers: usize,
    /// Those among them whose clients are silent in a transaction.
    pub idle_in_transaction: usize,
    /// For how long the first of those has had its server.
    pub longest: Option<Duration>,
}

/// What the workers said of their clients, and when.
pub(super) type Surveyed = Option<(Instant, Arc<Vec<ClientSeen>>)>;

impl Pooler {
    /// Why this pool has had no server for a client.
    pub async fn shortage(&self, pool: &Pool) -> Shortage {
        match pool.last_error() {
            Some(error) => Shortage::Failing(error),
            None => Shortage::Held(self.holders(pool).await),
        }
    }

    async fn holders(&self, pool: &Pool) -> Holders {
        let seen = tokio::time::timeout(ANSWER_LIMIT, self.seen_lately()).await.unwrap_or_default();
        let servers: HashSet<_> = pool.servers().into_iter().map(|server| server.id).collect();
        let has_one = |client: &&ClientSeen| client.server.is_some_and(|id| servers.contains(&id));
        let is_idle = |client: &&ClientSeen| client.doing == Doing::IdleInTransaction;
        let idle: Vec<_> = seen.iter().filter(has_one).filter(is_idle).collect();
        let first = idle.iter().min_by_key(|client| client.asked);
        let now = Instant::now();
        let longest = first.and_then(|client| client.asked);
        let longest = longest.map(|at| now.saturating_duration_since(at));
        if let (Some(client), true) = (first, pool.may_say(now)) {
            tracing::warn!(
                %pool,
                client = client.id,
                user = client.who.user,
                application_name = client.who.application_name.get(),
                since = ?longest.unwrap_or_default(),
                "clients wait for servers that others hold idle in a transaction; the longest"
            );
        }
        Holders { servers: pool.counts().sv_active, idle_in_transaction: idle.len(), longest }
    }

    /// The workers' clients, as they were within the last second.
    async fn seen_lately(&self) -> Arc<Vec<ClientSeen>> {
        let mut surveyed = self.surveyed.lock().await;
        if let Some((at, seen)) = surveyed.as_ref().filter(|(at, _)| at.elapsed() < ANSWER_LASTS) {
            let _ = at;
            return seen.clone();
        }
        let seen = Arc::new(self.survey().await.unwrap_or_default());
        *surveyed = Some((Instant::now(), seen.clone()));
        seen
    }
}
