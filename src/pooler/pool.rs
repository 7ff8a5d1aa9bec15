//! One pool: the rules, and the idle servers that they speak of, behind one short lock.

mod common;
mod logins;
mod upkeep;

pub use self::common::Common;
use self::common::origin;

use super::database::Database;
use super::held::Held;
use super::host::Host;
use super::seen::{Passport, ServerSeen};
use super::setback::Setback;
use super::vacancy::Vacancy;
use super::waiting::{Slot, Waiting};
use crate::auth::Credential;
use crate::ids::{ServerId, WaiterId, WorkerId};
use crate::pool::{Acquired, Core, Counts, IdSource, Jitter, Released, Then};
use crate::routing::Role;
use crate::server::{Idle, OpenError, Server, Target, Welcome};
use crate::session::{Clean, Shared};
use crate::spans::Origin;
use crate::stats::{Place, PoolStats, Throttle};
use arc_swap::{ArcSwap, ArcSwapOption};
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::sync::Notify;

/// The servers of one database, user and host.
#[derive(Debug)]
pub struct Pool {
    /// The database, as clients ask for it.
    pub database: String,
    /// The same, as this pool's clients have asked for it: it differs under `"*"`.
    pub(super) database_asked: String,
    /// The user who is logged in.
    pub user: String,
    /// What the host is for this database.
    pub role: Role,
    /// The host.
    pub host: Arc<Host>,
    /// What was counted.
    pub stats: PoolStats,
    /// Where its statements are counted.
    pub place: Arc<Place>,
    /// What spans say of where its statements run.
    pub origin: Arc<Origin>,
    target: ArcSwap<Target>,
    /// `max_prepared_statements`: servers follow it when they are next used.
    prepared_max: AtomicUsize,
    pub(super) credential: ArcSwap<Credential>,
    pub(super) shared: Arc<Shared>,
    ids: Arc<IdSource>,
    pub(super) alarm: Arc<Notify>,
    welcome: ArcSwapOption<Welcome>,
    last_error: Mutex<Option<Arc<OpenError>>>,
    /// While this login is refused, and the host lets others in.
    pub(super) setback: Setback,
    /// While the database lets nobody in: it is shared by all pools on it.
    pub(super) of_database: Arc<Setback>,
    /// Told when it has no server left, if it may go then.
    vacancy: Option<Arc<Vacancy>>,
    /// How often it may say that clients wait behind idle transactions.
    throttle: Mutex<Throttle>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    core: Core,
    idle: HashMap<ServerId, Idle, RandomState>,
    waiting: HashMap<WaiterId, Slot, RandomState>,
    /// What was noted of each server at its login; of those that have gone too, for a while.
    passports: HashMap<ServerId, Arc<Passport>, RandomState>,
}

impl Pool {
    /// A pool without servers, of a database that its clients ask for by this name.
    pub(super) fn new(
        (database, asked): (&Database, &str),
        role: Role,
        host: Arc<Host>,
        target: Target,
        credential: Credential,
        shared: &Arc<Shared>,
        common: &Common,
    ) -> Pool {
        Pool {
            database: database.name.clone(),
            database_asked: asked.to_owned(),
            user: target.user.clone(),
            role,
            of_database: host.database(&target.database),
            host,
            stats: PoolStats::new(common.workers),
            place: common.place(database, &target.user, role),
            origin: Arc::new(origin(&target, role)),
            prepared_max: AtomicUsize::new(target.prepared_max),
            target: ArcSwap::from_pointee(target),
            credential: ArcSwap::from_pointee(credential),
            shared: shared.clone(),
            ids: common.ids.clone(),
            alarm: common.alarm.clone(),
            welcome: ArcSwapOption::empty(),
            last_error: Mutex::new(None),
            setback: Setback::default(),
            vacancy: common.vacancy_of(&database.name),
            throttle: Mutex::default(),
            state: Mutex::new(State {
                core: Core::new(database.limits, common.ids.clone()),
                idle: HashMap::default(),
                waiting: HashMap::default(),
                passports: HashMap::default(),
            }),
        }
    }

    /// Where its connections lead, and how they are opened.
    pub(super) fn target(&self) -> Arc<Target> {
        self.target.load_full()
    }

    /// Connections are opened so from now on.
    pub(super) fn set_target(&self, target: Target) {
        self.prepared_max.store(target.prepared_max, Ordering::Relaxed);
        self.target.store(Arc::new(target));
    }

    /// A server now, or a place in the queue.
    pub fn acquire(self: &Arc<Self>, worker: WorkerId) -> Result<Held, Waiting> {
        loop {
            let now = Instant::now();
            let mut state = self.state.lock();
            match state.core.acquire(worker, now) {
                Acquired::Take(id) => {
                    let idle = state.idle.remove(&id);
                    drop(state);
                    if let Some(held) = self.resume(idle, id, worker, now) {
                        return Ok(held);
                    }
                }
                Acquired::Wait(id, open) => {
                    state.waiting.insert(id, Slot::default());
                    self.ring(&mut state);
                    drop(state);
                    self.start(open, worker);
                    return Err(Waiting::new(self.clone(), id, worker));
                }
            }
        }
    }

    /// The server, unless it went or spoke while it was idle.
    pub(super) fn resume(
        self: &Arc<Self>,
        idle: Option<Idle>,
        id: ServerId,
        worker: WorkerId,
        now: Instant,
    ) -> Option<Held> {
        let server = idle.and_then(|idle| idle.resume(worker).ok().flatten());
        match server {
            Some(mut server) => {
                server.stopwatch.begin(now);
                server.side.set_prepared_max(self.prepared_max.load(Ordering::Relaxed));
                Some(Held::new(self.clone(), server, worker))
            }
            None => {
                tracing::debug!(pool = %self, server = %id, "idle server has gone");
                self.closed(id, worker);
                None
            }
        }
    }

    /// A clean server comes back: to a waiter, to idle, or it has served its time.
    pub(super) fn release(self: &Arc<Self>, server: Server, proof: Clean, worker: WorkerId) {
        let id = server.id;
        match server.park(worker, proof) {
            Some(idle) => self.put_back(idle, worker),
            None => self.closed(id, worker),
        }
    }

    /// An idle server that was on its way to a waiter who has left.
    pub(super) fn put_back(self: &Arc<Self>, idle: Idle, worker: WorkerId) {
        let (id, now) = (idle.id, Instant::now());
        let mut state = self.state.lock();
        let released = state.core.release(id, worker, now);
        state.idle.insert(id, idle);
        self.follow(state, id, released, worker);
    }

    /// A login has succeeded.
    pub(super) fn logged_in(
        self: &Arc<Self>,
        idle: Idle,
        welcome: Welcome,
        passport: Passport,
        worker: WorkerId,
    ) {
        self.welcome.store(Some(Arc::new(welcome)));
        *self.last_error.lock() = None;
        let (id, now, jitter) = (idle.id, Instant::now(), Jitter(rand::random()));
        let mut state = self.state.lock();
        let released = state.core.logged_in(id, worker, now, jitter);
        state.note(id, passport);
        state.idle.insert(id, idle);
        self.follow(state, id, released, worker);
    }

    /// Does what the rules say of a server that is in `idle`.
    fn follow(
        self: &Arc<Self>,
        mut state: parking_lot::MutexGuard<'_, State>,
        id: ServerId,
        released: Released,
        worker: WorkerId,
    ) {
        let closed = match released.then {
            Then::Idle | Then::BeingCanceled => None,
            Then::Close(reason) => {
                tracing::debug!(pool = %self, server = %id, ?reason, "closing server");
                state.idle.remove(&id)
            }
            Then::Grant(waiter) => {
                let idle = state.idle.remove(&id);
                if let (Some(slot), Some(idle)) = (state.waiting.get_mut(&waiter.id), idle) {
                    slot.grant(idle);
                }
                None
            }
        };
        self.ring(&mut state);
        drop(state);
        if let Some(idle) = closed {
            idle.dismiss();
        }
        for open in released.opens {
            self.start(Some(open), worker);
        }
    }

    /// A server is gone.
    pub(super) fn closed(self: &Arc<Self>, id: ServerId, worker: WorkerId) {
        let now = Instant::now();
        let mut state = self.state.lock();
        state.idle.remove(&id);
        let open = state.core.closed(id, now);
        self.ring(&mut state);
        let is_empty = state.core.is_empty();
        drop(state);
        self.start(open, worker);
        if is_empty {
            self.say_vacant();
        }
    }

    /// A cancel request is about to be sent to a server; `false` if it must not be.
    pub fn cancel_started(&self, id: ServerId) -> bool {
        self.state.lock().core.cancel_started(id)
    }

    /// A cancel request has arrived, or never will.
    pub fn cancel_done(self: &Arc<Self>, id: ServerId, worker: WorkerId) {
        let now = Instant::now();
        let mut state = self.state.lock();
        if let Some(released) = state.core.cancel_done(id, now) {
            self.follow(state, id, released, worker);
        }
    }

    /// A number for a server that is not the pool's, but opened as its servers are.
    pub(super) fn server_id(&self) -> ServerId {
        self.ids.server()
    }

    /// What its newest server said of itself.
    pub fn welcome(&self) -> Option<Arc<Welcome>> {
        self.welcome.load_full()
    }

    /// What a place in the queue has come to, with `wake` to be called when that changes.
    pub(super) fn look(&self, id: WaiterId, wake: &std::task::Waker) -> Option<Slot> {
        let mut state = self.state.lock();
        let slot = state.waiting.get_mut(&id)?;
        if slot.is_open() {
            slot.wake_with(wake);
            return Some(Slot::default());
        }
        state.waiting.remove(&id)
    }

    /// A waiter has left.
    pub(super) fn leave(self: &Arc<Self>, id: WaiterId, worker: WorkerId) {
        let mut state = self.state.lock();
        let _ = state.core.abandon(id);
        let slot = state.waiting.remove(&id);
        drop(state);
        if let Some(Slot::Granted(idle)) = slot {
            self.put_back(idle, worker);
        }
    }

    /// Whether any server is idle.
    pub(super) fn has_idle(&self) -> bool {
        !self.state.lock().idle.is_empty()
    }

    /// Clients and servers by state.
    pub fn counts(&self) -> Counts {
        let now = Instant::now();
        self.state.lock().core.counts(now)
    }

    /// Asks the rules something.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&Core) -> T) -> T {
        question(&self.state.lock().core)
    }

    /// Every server that has logged in, or is about to.
    pub fn servers(&self) -> Vec<ServerSeen> {
        let state = self.state.lock();
        let seen = |(id, state_of, close_needed)| ServerSeen {
            id,
            state: state_of,
            close_needed,
            prepared: state.idle.get(&id).map_or(0, Idle::prepared_len),
            passport: state.passports.get(&id).cloned(),
        };
        state.core.each_server().map(seen).collect()
    }

    /// Wakes the janitor if something is due earlier than it knows.
    fn ring(&self, state: &mut State) {
        if state.core.sooner().is_some() {
            self.alarm.notify_one();
        }
    }
}

impl State {
    /// Those of servers that have gone are dropped when they are as many as the others: so this
    /// costs each login little, and nothing anything else.
    fn note(&mut self, id: ServerId, passport: Passport) {
        self.passports.insert(id, Arc::new(passport));
        if self.passports.len() > 2 * self.core.servers_len() + 16 {
            let core = &self.core;
            self.passports.retain(|id, _| core.state(*id).is_some());
        }
    }
}
