//! Waiting for a server: in a pool's queue, or for a replica that is fresh enough.

use super::control::Signal;
use super::error;
use super::routing::Wanted;
use super::task::{Client, Farewell};
use super::unit::Unit;
use crate::pooler::{Held, Waiting};
use crate::protocol::error_response::ErrorReport;
use crate::routing::{Reason, Role};
use crate::stats::histogram::micros;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// How often a read that waits for a replica (`no_replica = "wait"`) looks at everything anew: a
/// replica that is reachable again, other settings.
const REPLICA_RETRY: Duration = Duration::from_millis(50);

/// How a wait ends without a server: the unit is refused, or the client ends.
type Ended = Result<Result<Held, ErrorReport>, Farewell>;

/// Why the client waits no longer, without a server.
enum Stop {
    /// The unit is refused.
    Refused(ErrorReport),
    /// The client ends.
    Ended(Farewell),
    /// `query_wait_timeout`, which was so long, is over.
    TooLong(Duration),
}

/// Waits for a server, as long as the client does and `query_wait_timeout` allows.
pub(super) async fn wait(client: &mut Client, unit: &Unit, mut wanted: Wanted) -> Ended {
    client.patience.begin(client.pools.database.query_wait_timeout);
    client.inbox.shrink();
    loop {
        let pool = wanted.pool(client);
        let waited = match wanted {
            Wanted::Nowhere(reason) => return Ok(Err(error::no_replica(reason))),
            Wanted::Fresh => {
                let (limit, since) = (client.pools.database.policy.read_wait, Instant::now());
                let waited = Box::pin(fresh(client, limit, Client::elsewhere_now)).await;
                count_fresh(client, &waited, since);
                waited
            }
            Wanted::Replica => {
                let anew = |client: &mut Client| client.try_acquire(unit);
                Box::pin(fresh(client, REPLICA_RETRY, anew)).await
            }
            Wanted::Queued(waiting) => queued(client, unit, waiting).await,
        };
        match waited {
            Err(Stop::Refused(report)) => return Ok(Err(report)),
            Err(Stop::Ended(farewell)) => return Err(farewell),
            Err(Stop::TooLong(limit)) => {
                let shortage = Box::pin(client.worker.pooler.shortage(&pool)).await;
                return Ok(Err(error::query_wait_timeout(limit, &shortage)));
            }
            Ok(Ok(held)) => return Ok(Ok(held)),
            Ok(Err(next)) => wanted = next,
        }
    }
}

/// Waits until a replica is fresh enough for a read; after `limit` it is up to `otherwise`.
async fn fresh(
    client: &mut Client,
    limit: Duration,
    otherwise: impl Fn(&mut Client) -> Result<Held, Wanted>,
) -> Result<Result<Held, Wanted>, Stop> {
    let pools = client.pools.clone();
    let Some(watch) = &pools.watch else { return Ok(otherwise(client)) };
    let bounds = client.bounds(&pools);
    let _wish = watch.wish(client.seen.wanted(bounds));
    client.hurry.begin(Some(limit));
    loop {
        // From here on nothing that becomes known is missed.
        let mut news = pin!(watch.news());
        let bounds = client.bounds(&pools);
        if let Ok(replica) = client.choose_replica(&pools, bounds) {
            return Ok(replica.acquire(client.worker.id).map_err(Wanted::Queued));
        }
        let in_time = poll_fn(|cx| client.poll_in_time(cx, news.as_mut())).await?;
        if in_time.is_none() {
            return Ok(otherwise(client));
        }
    }
}

/// Counts how long a read has waited to be fresh, where it goes then.
fn count_fresh(client: &Client, waited: &Result<Result<Held, Wanted>, Stop>, since: Instant) {
    let pool = match waited {
        Ok(Ok(held)) => held.pool(),
        Ok(Err(Wanted::Queued(waiting))) => waiting.pool(),
        _ => &client.pools.primary,
    };
    pool.stats.of(client.worker.id).times().fresh.record(micros(since.elapsed()));
}

/// Waits in a pool's queue. For a replica that falls behind meanwhile the read does not wait.
async fn queued(
    client: &mut Client,
    unit: &Unit,
    mut waiting: Waiting,
) -> Result<Result<Held, Wanted>, Stop> {
    let reads = waiting.pool().role == Role::Replica;
    loop {
        client.hurry.begin(reads.then_some(client.pools.database.policy.max_replica_lag));
        let granted = poll_fn(|cx| client.poll_in_time(cx, Pin::new(&mut waiting))).await?;
        match granted {
            Some(Ok(held)) if reads && !client.still_may_read() => {
                held.give_back();
                return Ok(client.try_acquire(unit));
            }
            Some(Ok(held)) => return Ok(Ok(held)),
            Some(Err(_)) if reads => {
                return Ok(client.elsewhere_for(Reason::NoReplica));
            }
            Some(Err(refusal)) => {
                let host = waiting.pool().host.address.to_string();
                return Err(Stop::Refused(error::no_server(&refusal.0, &host)));
            }
            None if client.still_may_read() => {}
            None => return Ok(client.try_acquire(unit)),
        }
    }
}

impl Client {
    /// The read has waited for a replica to become fresh, and does no longer.
    fn elsewhere_now(&mut self) -> Result<Held, Wanted> {
        let pools = self.pools.clone();
        let bounds = self.bounds(&pools);
        match self.choose_replica(&pools, bounds) {
            Ok(replica) => replica.acquire(self.worker.id).map_err(Wanted::Queued),
            Err(reason) => self.elsewhere_for(reason),
        }
    }

    fn elsewhere_for(&mut self, reason: Reason) -> Result<Held, Wanted> {
        self.elsewhere(reason)?.acquire(self.worker.id).map_err(Wanted::Queued)
    }

    /// As [`Client::poll_while_waiting`], or nothing when the hurry is over.
    fn poll_in_time<F: Future>(
        &mut self,
        cx: &mut Context<'_>,
        waiting: Pin<&mut F>,
    ) -> Poll<Result<Option<F::Output>, Stop>> {
        if let Poll::Ready(waited) = self.poll_while_waiting(cx, waiting) {
            return Poll::Ready(waited.map(Some));
        }
        ready!(self.hurry.poll_end(cx));
        Poll::Ready(Ok(None))
    }

    /// A configuration that has come meanwhile may say another `query_wait_timeout`.
    fn follow_patience(&mut self) {
        let pooler = &self.worker.pooler;
        if self.generation == pooler.generation() {
            return;
        }
        if let Some(database) = pooler.database(&self.identity.database) {
            self.patience.relimit(database.query_wait_timeout);
        }
    }

    /// What is waited for, unless the client gives up first: it cancels, vanishes, or the process
    /// ends.
    fn poll_while_waiting<F: Future>(
        &mut self,
        cx: &mut Context<'_>,
        waiting: Pin<&mut F>,
    ) -> Poll<Result<F::Output, Stop>> {
        self.control.watch(cx.waker());
        if let Poll::Ready(output) = waiting.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        if self.control.take_cancels().is_some() {
            return Poll::Ready(Err(Stop::Refused(error::cancelled())));
        }
        self.follow_patience();
        if let Poll::Ready(limit) = self.patience.poll_end(cx) {
            return Poll::Ready(Err(Stop::TooLong(limit)));
        }
        if self.control.is_asked(Signal::Drain) {
            return Poll::Ready(Err(Stop::Ended(Farewell::Told(error::shutdown()))));
        }
        while !self.inbox.is_full() {
            match self.poll_fill(cx) {
                Poll::Ready(Ok(0) | Err(_)) => {
                    return Poll::Ready(Err(Stop::Ended(Farewell::Silent)));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => break,
            }
        }
        Poll::Pending
    }
}
