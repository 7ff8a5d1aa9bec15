//! Where a client's next unit of work goes, and getting a server there.

use super::control::Signal;
use super::error;
use super::task::{Client, Farewell};
use super::unit::Unit;
use crate::pooler::{Held, Pool, Pools, Waiting};
use crate::protocol::error_response::ErrorReport;
use crate::routing::{Access, Class, Reason, Role, WithoutReplica, balance};
use crate::session::Statement;
use crate::session::unit::{Judged, Plan};
use std::future::{Future, poll_fn};
use std::pin::Pin as Pinned;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How often a read that waits for a replica (`no_replica = "wait"`) looks whether one is back.
const REPLICA_RETRY: Duration = Duration::from_millis(50);

/// A server that could not be had at once.
pub(super) enum Wanted {
    /// It is queued for.
    Queued(Waiting),
    /// No replica may serve the read, and it waits for one.
    Replica,
    /// No replica may serve the read, and it fails then.
    Nowhere,
}

impl Client {
    /// Looks at what the client has sent. Where there is a choice of hosts, all of the unit is
    /// classified.
    pub(super) fn plan(&self) -> Result<(Plan, Unit), Farewell> {
        let shared = &self.pools.shared;
        let mut unit = Unit::new(self.pools.splits());
        let judged = unit.judged;
        let mut judge = |what: Judged<'_>| match what {
            Judged::Cursor => unit.cursor = true,
            Judged::Opaque => unit.add_unread(),
            Judged::Text(text) => unit.add(self.classify_text(text), text),
            Judged::Statement(statement) => {
                let text = crate::protocol::frontend::text(&statement.prepared);
                unit.add(self.classify(statement), text);
            }
        };
        let judge: Option<&mut dyn FnMut(Judged<'_>)> =
            if judged { Some(&mut judge) } else { None };
        let plan = self.session.plan(shared, self.inbox.bytes(), judge);
        let plan = plan.map_err(|violation| Farewell::Told(violation.report()))?;
        if let Plan::Link { whole: false } = plan {
            unit.whole = false;
            unit.add_unread();
        }
        Ok((plan, unit))
    }

    fn classify_text(&self, text: &[u8]) -> Class {
        self.settled(self.worker.pooler.classifier.classify(text), text)
    }

    fn classify(&self, statement: &Statement) -> Class {
        let text = crate::protocol::frontend::text(&statement.prepared);
        let class = remembered(statement).unwrap_or_else(|| {
            let class = self.worker.pooler.classifier.classify(text);
            let _ = statement.class.set(class.to_bits());
            class
        });
        self.settled(class, text)
    }

    /// A class, with the doubt taken from it that only the session can take: where strings end.
    fn settled(&self, class: Class, text: &[u8]) -> Class {
        if class.reason == Reason::Backslash && self.session.parameters().has_standard_strings() {
            self.worker.pooler.classifier.classify_standard(text)
        } else {
            class
        }
    }

    /// The pools of the configuration that holds now.
    fn current_pools(&mut self) -> &Arc<Pools> {
        let generation = self.worker.pooler.generation();
        if self.generation != generation {
            self.generation = generation;
            let pooler = &self.worker.pooler;
            let identity = &self.identity;
            // A database that was taken out of the configuration serves its clients to their end.
            if let Some(database) = pooler.database(&identity.database)
                && let Ok(pools) = pooler.pools(
                    &identity.database,
                    &database,
                    &identity.user,
                    &identity.credential,
                )
            {
                self.pools = pools;
                self.replica = None;
            }
        }
        &self.pools
    }

    /// A server for the unit, if one can be had at once.
    pub(super) fn try_acquire(&mut self, unit: &Unit) -> Result<Held, Wanted> {
        let pool = match self.choose(unit) {
            Ok(pool) => pool,
            Err(WithoutReplica::Wait) => return Err(Wanted::Replica),
            Err(_) => return Err(Wanted::Nowhere),
        };
        pool.acquire(self.worker.id).map_err(Wanted::Queued)
    }

    /// The pool that the unit goes to.
    fn choose(&mut self, unit: &Unit) -> Result<Arc<Pool>, WithoutReplica> {
        let pools = self.current_pools().clone();
        if !unit.judged || !pools.splits() {
            return Ok(pools.primary.clone());
        }
        let database = *pools.database.last_write.lock();
        let class = self.class_to_route(unit);
        let policy = &pools.database.policy;
        let decision = policy.decide(class, self.pin, database, Instant::now());
        if decision.role == Role::Primary || self.again.take().is_some() {
            return Ok(pools.primary.clone());
        }
        if let Some(replica) = self.choose_replica(&pools) {
            return Ok(replica);
        }
        match pools.database.policy.without_replica() {
            WithoutReplica::Go(_) => Ok(pools.primary.clone()),
            otherwise => Err(otherwise),
        }
    }

    /// Its replica has just failed: the read goes where reads go without one.
    fn fall_back(&mut self) -> Result<Held, Wanted> {
        self.replica = None;
        match self.pools.database.policy.without_replica() {
            WithoutReplica::Go(_) => {
                self.pools.primary.acquire(self.worker.id).map_err(Wanted::Queued)
            }
            WithoutReplica::Wait => Err(Wanted::Replica),
            WithoutReplica::Fail => Err(Wanted::Nowhere),
        }
    }

    /// A session keeps to one replica while that is usable, so that it does not go back in time.
    fn choose_replica(&mut self, pools: &Pools) -> Option<Arc<Pool>> {
        let own = self.replica.and_then(|own| pools.replicas.get(usize::from(own)));
        if let Some(own) = own.filter(|own| own.host.is_usable()) {
            return Some(own.clone());
        }
        let candidates: Vec<_> = pools.candidates().collect();
        // Process numbers of one worker lie as far apart as there are workers: divided by that,
        // they are evenly spread over any number of replicas.
        let workers = self.worker.pooler.mailboxes().len().max(1);
        let start = self.control.key.process_id as usize / workers;
        let index = balance::choose(&candidates, None, start)?;
        self.replica = u16::try_from(index).ok();
        pools.replicas.get(index).cloned()
    }

    /// A unit that ran on the primary has been acknowledged.
    pub(super) fn wrote(&mut self) {
        let now = Instant::now();
        self.pin.after(Access::Write, now);
        let policy = &self.pools.database.policy;
        if policy.read_your_writes == crate::routing::ReadYourWrites::Database {
            self.pools.database.last_write.lock().after(Access::Write, now);
        }
    }
}

fn remembered(statement: &Statement) -> Option<Class> {
    statement.class.get().copied().and_then(Class::from_bits)
}

/// Waits for a server, as long as the client does and `query_wait_timeout` allows.
pub(super) async fn wait(
    client: &mut Client,
    unit: &Unit,
    mut wanted: Wanted,
) -> Result<Result<Held, ErrorReport>, Farewell> {
    client.patience.begin(client.pools.database.query_wait_timeout);
    client.inbox.shrink();
    loop {
        let next = match wanted {
            Wanted::Nowhere => return Ok(Err(error::no_replica())),
            Wanted::Replica => {
                let mut pause = Box::pin(tokio::time::sleep(REPLICA_RETRY));
                if let Err(ended) =
                    poll_fn(|cx| client.poll_while_waiting(cx, pause.as_mut())).await
                {
                    return ended;
                }
                client.try_acquire(unit)
            }
            Wanted::Queued(mut waiting) => match poll_queued(client, &mut waiting).await {
                Err(ended) => return ended,
                Ok(Ok(held)) => return Ok(Ok(held)),
                Ok(Err(_)) if waiting.pool().role == Role::Replica => client.fall_back(),
                Ok(Err(refusal)) => {
                    let host = waiting.pool().host.address.to_string();
                    return Ok(Err(error::no_server(&refusal.0, &host)));
                }
            },
        };
        match next {
            Ok(held) => return Ok(Ok(held)),
            Err(next) => wanted = next,
        }
    }
}

type Ended = Result<Result<Held, ErrorReport>, Farewell>;

async fn poll_queued(
    client: &mut Client,
    waiting: &mut Waiting,
) -> Result<<Waiting as Future>::Output, Ended> {
    poll_fn(|cx| client.poll_while_waiting(cx, Pinned::new(&mut *waiting))).await
}

impl Client {
    /// What is waited for, unless the client gives up first: it cancels, vanishes, or the process
    /// ends.
    fn poll_while_waiting<F: Future>(
        &mut self,
        cx: &mut Context<'_>,
        waiting: Pinned<&mut F>,
    ) -> Poll<Result<F::Output, Ended>> {
        self.control.watch(cx.waker());
        if let Poll::Ready(output) = waiting.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        if self.control.take(Signal::Cancel) {
            return Poll::Ready(Err(Ok(Err(error::cancelled()))));
        }
        if let Poll::Ready(limit) = self.patience.poll_end(cx) {
            let last = self.pools.primary.last_error();
            return Poll::Ready(Err(Ok(Err(error::query_wait_timeout(limit, last.as_deref())))));
        }
        if self.control.is_asked(Signal::Drain) {
            return Poll::Ready(Err(Err(Farewell::Told(error::shutdown()))));
        }
        while !self.inbox.is_full() {
            match self.stream.poll_recv(cx, &mut self.inbox) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Err(Err(Farewell::Silent))),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => break,
            }
        }
        Poll::Pending
    }
}
