//! Where a client's next unit of work goes.

use super::task::{Client, Farewell};
use super::unit::Unit;
use crate::pooler::{Gone, Held, Pool, Pools, Waiting, Watch, clock};
use crate::protocol::frame::HEADER_LEN;
use crate::protocol::frontend as tag;
use crate::routing::freshness::{Bounds, Verdict};
use crate::routing::{
    Access, Catalog, Class, Decision, Reason, Role, Route, Split, WithoutReplica, balance,
    makes_relation, needs_alone,
};
use crate::session::Statement;
use crate::session::trial::Refusal;
use crate::session::unit::{Extent, Judged, Plan};
use std::sync::Arc;

/// Of a database without a choice of hosts: nothing is asked of it.
static NO_CATALOG: Catalog = Catalog::none();

/// What the units of a link mean for later reads.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Footprint {
    /// They may have shown data, which must not be un-seen.
    saw: bool,
    /// They may have changed data.
    wrote: bool,
}

impl Footprint {
    /// One more unit was sent.
    pub(super) fn add(&mut self, unit: &Unit) {
        self.saw |= unit.judged && unit.class.access != Access::Session;
        self.wrote |= unit.writes();
    }

    /// A transaction was begun: what follows in it is not looked at.
    pub(super) fn begin(&mut self) {
        (self.saw, self.wrote) = (true, true);
    }
}

/// The replica that a read was given to, as it was then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    replica: u16,
    incarnation: u32,
}

/// A server that could not be had at once.
pub(super) enum Wanted {
    /// It is queued for.
    Queued(Waiting),
    /// A replica is nearly fresh enough for the read, and it waits `read_wait` for that.
    Fresh,
    /// No replica may serve the read, and it waits for one.
    Replica,
    /// No replica may serve the read, and it fails then.
    Nowhere(Reason),
}

impl Wanted {
    /// Where a server is waited for; the primary's, where a replica is waited for.
    pub(super) fn pool(&self, client: &Client) -> Arc<Pool> {
        match self {
            Wanted::Queued(waiting) => waiting.pool().clone(),
            Wanted::Fresh | Wanted::Replica | Wanted::Nowhere(_) => client.pools.primary.clone(),
        }
    }
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
            Judged::Executes => unit.executed(),
            Judged::Continues => unit.continued(),
            Judged::Opaque => unit.add_unread(),
            Judged::Text(text) => unit.add(self.learnt(self.classify_text(text), text), text),
            Judged::Statement(statement) => {
                let text = crate::protocol::frontend::text(&statement.prepared);
                unit.add(self.learnt(self.classify(statement), text), text);
            }
        };
        let judge: Option<&mut dyn FnMut(Judged<'_>)> =
            if judged { Some(&mut judge) } else { None };
        let plan = self.session.plan(shared, self.inbox.bytes(), judge);
        let plan = plan.map_err(|violation| Farewell::Told(violation.report()))?;
        match plan {
            Plan::Link(Extent::Definitions) if self.transaction.is_some() => {
                unit.extent = Extent::Definitions;
            }
            Plan::Link(Extent::Definitions | Extent::Part) => unit.is_part(),
            _ => {}
        }
        Ok((plan, unit))
    }

    /// A standby has refused the unit that is looked at, and will refuse it again: what was taken for
    /// a read in it is not sent there for a while.
    fn learnt(&self, class: Class, text: &[u8]) -> Class {
        if class.access == Access::Read && self.again == Some(Refusal::Standby) {
            self.with_catalog(|catalog, _| self.worker.pooler.refused(text, catalog));
        }
        class
    }

    pub(super) fn classify_text(&self, text: &[u8]) -> Class {
        self.with_catalog(|catalog, _| {
            let tell = |text: &[u8]| self.worker.fingerprint(text);
            let class = self.worker.pooler.classifier.classify_by(text, catalog, tell);
            self.settled(class, text, catalog)
        })
    }

    fn classify(&self, statement: &Statement) -> Class {
        let text = crate::protocol::frontend::text(&statement.prepared);
        self.with_catalog(|catalog, epoch| {
            let kept = statement.class.get(epoch).filter(|_| catalog.is_readable());
            let class = kept.and_then(Class::from_bits).unwrap_or_else(|| {
                let class = self.worker.pooler.classifier.classify(text, catalog);
                if catalog.is_readable() {
                    statement.class.set(epoch, class.to_bits());
                }
                class
            });
            self.settled(class, text, catalog)
        })
    }

    /// Asks with the catalog of the database, and the epoch for which the answer may be kept.
    pub(super) fn with_catalog<T>(&self, ask: impl FnOnce(&Catalog, u32) -> T) -> T {
        // Read before the catalog: an answer that is kept is then never older than its epoch.
        let epoch = self.worker.pooler.classifier.epoch();
        match &self.pools.catalog {
            Some(current) => current.ask(|catalog| ask(catalog, epoch)),
            None => ask(&NO_CATALOG, epoch),
        }
    }

    /// A class, with the doubt taken from it that only the session can take: where strings end.
    fn settled(&self, class: Class, text: &[u8], catalog: &Catalog) -> Class {
        if makes_relation(class, text) {
            self.defines.set(true);
        }
        // It may have been made past pgweir. The next reads of it need not go to the primary.
        if class.reason == Reason::UnknownRelation
            && let Some(current) = &self.pools.catalog
        {
            current.missed();
        }
        if class.reason == Reason::Backslash && self.session.parameters().has_standard_strings() {
            self.worker.pooler.classifier.classify_standard(text, catalog)
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
                self.guest = pools.enter();
                self.pools = pools;
                self.seen.forget_replica();
            }
        }
        &self.pools
    }

    /// Closes the idle servers of a database that the statement at the front needs alone. Little more than
    /// a byte is looked at for any other.
    pub(super) fn leave_alone(&self) {
        let bytes = self.inbox.bytes();
        let body = bytes.get(HEADER_LEN..).unwrap_or_default();
        let text = match bytes.first() {
            Some(&tag::QUERY) => Some(body),
            Some(&tag::PARSE) => tag::Parse::open(body).ok().map(|parse| parse.prepared),
            _ => None,
        };
        if let Some(dbname) = text.and_then(needs_alone) {
            self.worker.pooler.leave_alone(&self.pools.primary.host.address, &dbname);
        }
    }

    /// A server for the unit, if one can be had at once.
    pub(super) fn try_acquire(&mut self, unit: &Unit) -> Result<Held, Wanted> {
        self.choose(unit)?.acquire(self.worker.id).map_err(Wanted::Queued)
    }

    /// The pool that the unit goes to.
    fn choose(&mut self, unit: &Unit) -> Result<Arc<Pool>, Wanted> {
        let pools = self.current_pools().clone();
        let Some(watch) = pools.watch.as_ref().filter(|_| unit.judged && pools.splits()) else {
            self.route = Route::primary(Reason::OnlyPrimary);
            return Ok(pools.primary.clone());
        };
        let decision = self.decide(unit);
        self.route = Route { role: decision.role, replica: None, reason: decision.reason };
        if decision.role == Role::Primary {
            return Ok(pools.primary.clone());
        }
        let bounds = self.bounds(&pools);
        watch.read(bounds.now);
        if pools.database.policy.split == Split::Shadow {
            return Ok(self.shadow(&pools, bounds));
        }
        match self.choose_replica(&pools, bounds) {
            Ok(replica) => Ok(replica),
            Err(Reason::NotFresh | Reason::Lagging) if is_nearly_there(&pools, watch, bounds) => {
                Err(Wanted::Fresh)
            }
            Err(reason) => self.elsewhere(reason),
        }
    }

    /// What its class, its transaction, and what it asks for say of a unit.
    fn decide(&mut self, unit: &Unit) -> Decision {
        let class = self.class_to_route(unit);
        let again = self.again.take();
        self.retries = again.is_some();
        match again {
            Some(_) => Decision { role: Role::Primary, reason: Reason::Refused },
            None => self.pools.database.policy.decide(class, unit.hint.or(self.wish.role())),
        }
    }

    /// Counts where the unit would go. Whoever waits for a replica would have to wait for it, so
    /// what is nearly fresh counts as what it is.
    fn shadow(&mut self, pools: &Pools, bounds: Bounds) -> Arc<Pool> {
        let (worker, reason) = (self.worker.id, self.route.reason);
        let (gone, reason) = match self.choose_replica(pools, bounds) {
            Ok(_) => (Gone::Shadow, reason),
            Err(reason) => (Gone::Primary, reason),
        };
        pools.routes.add(worker, gone as usize, reason as usize);
        self.route = Route::primary(Reason::Shadow);
        pools.primary.clone()
    }

    /// No replica may serve the read: it goes where reads go then.
    pub(super) fn elsewhere(&mut self, reason: Reason) -> Result<Arc<Pool>, Wanted> {
        match self.pools.database.policy.without_replica(reason) {
            WithoutReplica::Go(decision) => {
                self.route = Route::primary(decision.reason);
                Ok(self.pools.primary.clone())
            }
            WithoutReplica::Wait => Err(Wanted::Replica),
            WithoutReplica::Fail(reason) => Err(Wanted::Nowhere(reason)),
        }
    }

    /// A unit is sent on the route that was chosen, or follows one that was.
    pub(super) fn count_route(&mut self, unit: &Unit) {
        if !unit.judged || self.route.reason == Reason::Shadow {
            return;
        }
        let gone = match self.route.role {
            Role::Primary => Gone::Primary,
            Role::Replica => Gone::Replica,
        };
        self.pools.routes.add(self.worker.id, gone as usize, self.route.reason as usize);
    }

    /// Whether the client's replica was asked for by name of its role, whatever is sent there.
    pub(super) fn is_forced(&self) -> bool {
        self.route.role == Role::Replica && self.route.reason == Reason::Hint
    }

    /// Where a unit would go now, without going there.
    pub(super) fn would_go(&self, unit: &Unit) -> Route {
        let pools = &self.pools;
        let wish = unit.hint.or(self.wish.role());
        let decision = pools.database.policy.decide(unit.class, wish);
        if pools.watch.is_none() || !unit.judged {
            return Route::primary(Reason::OnlyPrimary);
        }
        if decision.role == Role::Primary {
            return Route::primary(decision.reason);
        }
        let candidates: Vec<_> = pools.candidates(&self.seen, self.bounds(pools)).collect();
        match balance::choose(&candidates, 0) {
            Ok(index) => {
                let replica = self.seen.own().or_else(|| u16::try_from(index).ok());
                Route { role: Role::Replica, replica, reason: decision.reason }
            }
            Err(reason) => Route::primary(reason),
        }
    }

    /// What a read asks of a replica now.
    pub(super) fn bounds(&self, pools: &Pools) -> Bounds {
        pools.database.policy.bounds(&self.seen, pools.last_write.get(), clock::now())
    }

    /// The session's own replica while that may serve it, or the least busy that may.
    pub(super) fn choose_replica(
        &mut self,
        pools: &Pools,
        bounds: Bounds,
    ) -> Result<Arc<Pool>, Reason> {
        if let Some(own) = self.seen.own()
            && let Some(pool) = pools.replicas.get(usize::from(own))
            && pool.is_usable()
            && self.may_read(pools, own, bounds)
        {
            return Ok(pool.clone());
        }
        let candidates: Vec<_> = pools.candidates(&self.seen, bounds).collect();
        // Process numbers of one worker lie as far apart as there are workers: divided by that,
        // they are evenly spread over any number of replicas.
        let workers = self.worker.pooler.mailboxes().len().max(1);
        let start = self.control.key.process_id as usize / workers;
        let index = balance::choose(&candidates, start)?;
        let chosen = u16::try_from(index).ok().filter(|own| self.may_read(pools, *own, bounds));
        let pool = chosen.and_then(|own| pools.replicas.get(usize::from(own)));
        pool.cloned().ok_or(Reason::NotFresh)
    }

    /// Whether the read may run on this replica, and that it will.
    fn may_read(&mut self, pools: &Pools, replica: u16, bounds: Bounds) -> bool {
        let Some(watch) = &pools.watch else { return false };
        let proof = watch.proof(usize::from(replica));
        let fresh = self.seen.judge(replica, proof, bounds) == Verdict::Fresh;
        if fresh {
            self.reading = Some(Reading { replica, incarnation: proof.incarnation });
            self.route = Route { role: Role::Replica, replica: Some(replica), ..self.route };
        }
        fresh
    }

    /// Whether the replica that was chosen may still serve a read.
    pub(super) fn still_may_read(&mut self) -> bool {
        let pools = self.pools.clone();
        let bounds = self.bounds(&pools);
        self.reading.is_some_and(|reading| self.may_read(&pools, reading.replica, bounds))
    }

    /// Whether the unit may follow on the replica that serves the client now.
    pub(super) fn may_read_on(&mut self, unit: &Unit) -> bool {
        unit.is_read() && self.still_may_read()
    }

    /// A server has answered, and the client is about to be told.
    pub(super) fn heard(&mut self, role: Role, footprint: Footprint) {
        if role == Role::Primary && self.defines.take() {
            self.pools.shared.definitions.seen();
        }
        if !footprint.saw {
            return;
        }
        let now = clock::now();
        match (role, self.reading) {
            (Role::Primary, _) => {
                self.seen.primary(now);
                if footprint.wrote {
                    self.pools.last_write.raise(now);
                }
            }
            (Role::Replica, Some(Reading { replica, incarnation })) => {
                self.seen.replica(replica, incarnation, now);
            }
            (Role::Replica, None) => {}
        }
    }
}

/// Whether some replica may be fresh enough within `read_wait`.
fn is_nearly_there(pools: &Pools, watch: &Watch, bounds: Bounds) -> bool {
    let limit = pools.database.policy.read_wait;
    let mut replicas = pools.replicas.iter().enumerate();
    !limit.is_zero()
        && replicas
            .any(|(index, pool)| pool.is_usable() && watch.may_catch_up(index, limit, bounds.now))
}
