//! What must be true of a pool, kept from its answers alone.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::ids::{ServerId, WaiterId, WorkerId};
use crate::pool::answers::Waiter;
use crate::pool::close_reason::CloseReason;
use crate::pool::core::Core;
use crate::pool::counts::Counts;
use crate::pool::limits::Limits;
use crate::pool::waiters::HOME_BOUND;

/// Where a server is, as its last order said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Login,
    Idle(WorkerId, Instant),
    /// With a client, or on its way to one.
    Active,
    /// Given back; `Core` is about to say where it goes.
    Free(WorkerId),
    BeingCanceled(WorkerId),
}

#[derive(Debug)]
struct Server {
    place: Place,
    generation: u64,
    born: Option<Instant>,
    cancels: u32,
}

pub(super) struct Model {
    pub(super) now: Instant,
    pub(super) limits: Limits,
    pub(super) paused: bool,
    failing: bool,
    generation: u64,
    servers: BTreeMap<ServerId, Server>,
    /// Of each worker, the coldest first.
    idle: Vec<Vec<ServerId>>,
    lines: Vec<BTreeMap<WaiterId, Instant>>,
    newest_server: Option<ServerId>,
    newest_waiter: Option<WaiterId>,
}

impl Model {
    pub(super) fn of(limits: Limits, workers: u16, now: Instant) -> Self {
        let workers = usize::from(workers);
        Self {
            now,
            limits,
            paused: false,
            failing: false,
            generation: 0,
            servers: BTreeMap::new(),
            idle: vec![Vec::new(); workers],
            lines: vec![BTreeMap::new(); workers],
            newest_server: None,
            newest_waiter: None,
        }
    }

    // What the pool was told.

    pub(super) fn reconnected(&mut self) {
        self.generation += 1;
    }

    pub(super) fn login_ended(&mut self, id: ServerId, worker: WorkerId) {
        self.failing = false;
        let server = self.servers.get_mut(&id).unwrap();
        assert_eq!(server.place, Place::Login);
        (server.place, server.born) = (Place::Free(worker), Some(self.now));
    }

    pub(super) fn login_failed(&mut self, id: ServerId) {
        self.failing = true;
        assert_eq!(self.gone(id), Place::Login);
    }

    pub(super) fn released(&mut self, id: ServerId, worker: WorkerId) {
        let server = self.servers.get_mut(&id).unwrap();
        assert_eq!(server.place, Place::Active, "{id} was released by someone who had it not");
        server.place = Place::Free(worker);
    }

    /// Whether a cancel request may be sent.
    pub(super) fn cancel_started(&mut self, id: ServerId, most: u32) -> bool {
        let server = self.servers.get_mut(&id).unwrap();
        let may = server.place == Place::Active && server.cancels < most;
        server.cancels += u32::from(may);
        may
    }

    /// Whether the server is free by that.
    pub(super) fn cancel_done(&mut self, id: ServerId) -> bool {
        let Some(server) = self.servers.get_mut(&id) else { return false };
        server.cancels -= 1;
        let Place::BeingCanceled(worker) = server.place else { return false };
        let free = server.cancels == 0;
        server.place = if free { Place::Free(worker) } else { server.place };
        free
    }

    pub(super) fn gave_up(&mut self, waiter: WaiterId) -> bool {
        self.lines.iter_mut().any(|line| line.remove(&waiter).is_some())
    }

    /// The server has died, or was closed by the pool's order.
    pub(super) fn gone(&mut self, id: ServerId) -> Place {
        self.idle.iter_mut().for_each(|list| list.retain(|idle| *idle != id));
        self.servers.remove(&id).unwrap().place
    }

    // What the pool answered.

    pub(super) fn opened(&mut self, id: ServerId) {
        assert!(self.newest_server.is_none_or(|newest| newest < id), "{id} is not new");
        self.newest_server = Some(id);
        assert!(!self.paused, "a paused pool opened {id}");
        assert!(self.servers.len() < self.room(), "{id} is one too many");
        let most = if self.failing { 1 } else { self.limits.logins_max() };
        assert!(self.logins() < most, "{id} is one login too many");
        let need = self.waiting().max(self.limits.min_pool_size());
        assert!(self.logins() < need, "nobody needs {id}");
        let generation = self.generation;
        let server = Server { place: Place::Login, generation, born: None, cancels: 0 };
        self.servers.insert(id, server);
    }

    pub(super) fn queued(&mut self, id: WaiterId, worker: WorkerId) {
        assert!(self.newest_waiter.is_none_or(|newest| newest < id), "{id} is not new");
        self.newest_waiter = Some(id);
        assert!(self.idle.iter().all(Vec::is_empty), "{id} waits beside an idle server");
        self.lines[usize::from(worker.0)].insert(id, self.now);
    }

    pub(super) fn taken(&mut self, id: ServerId, worker: WorkerId) {
        assert_eq!(self.waiting(), 0, "whoever took {id} has overtaken someone");
        let home = usize::from(worker.0);
        let at_home = !self.idle[home].is_empty();
        let hottest = |list: &Vec<ServerId>| list.last() == Some(&id);
        let from = if at_home { home } else { self.idle.iter().position(hottest).unwrap() };
        assert_eq!(self.idle[from].pop(), Some(id), "not the one used last");
        self.servers.get_mut(&id).unwrap().place = Place::Active;
    }

    pub(super) fn granted(&mut self, id: ServerId, waiter: Waiter) {
        let home = self.kept(id);
        self.check_turn(home, waiter);
        self.servers.get_mut(&id).unwrap().place = Place::Active;
    }

    pub(super) fn idled(&mut self, id: ServerId) {
        let home = self.kept(id);
        assert_eq!(self.waiting(), 0, "{id} is idle while someone waits");
        self.idle[usize::from(home.0)].push(id);
        self.servers.get_mut(&id).unwrap().place = Place::Idle(home, self.now);
    }

    pub(super) fn held_for_cancels(&mut self, id: ServerId) {
        let Place::Free(home) = self.servers[&id].place else { panic!("{id} is not free") };
        assert!(self.servers[&id].cancels > 0, "{id} awaits nothing");
        self.servers.get_mut(&id).unwrap().place = Place::BeingCanceled(home);
    }

    pub(super) fn ordered_closed(&mut self, id: ServerId, reason: CloseReason) {
        let total = self.servers.len();
        let established = total - self.logins();
        let server = &self.servers[&id];
        let age = server.born.map_or(Duration::ZERO, |born| self.now - born);
        let just = match (reason, server.place) {
            (_, Place::Login | Place::Active | Place::BeingCanceled(_)) => false,
            (CloseReason::Lifetime, _) => {
                self.limits.server_lifetime().is_some_and(|life| age >= life - life / 5)
            }
            (CloseReason::IdleTimeout, Place::Idle(_, since)) => {
                established > self.limits.min_pool_size() && self.has_idled(since)
            }
            (CloseReason::OverLimit, _) => total > self.limits.most(),
            (CloseReason::Reconnect, _) => server.generation < self.generation,
            (CloseReason::Paused, _) => self.paused,
            (CloseReason::CloseIdle, Place::Idle(..)) => true,
            (CloseReason::IdleTimeout | CloseReason::CloseIdle | CloseReason::Unknown, _) => false,
        };
        assert!(just, "{id} was closed for no {reason:?}: {server:?}");
        self.gone(id);
    }

    // What must be true after each step, when the janitor has come in time.

    pub(super) fn check(&self, core: &Core) {
        assert_eq!(core.counts(self.now), self.counts());
        assert!(self.servers.values().all(|server| !matches!(server.place, Place::Free(_))));
        if self.paused {
            assert!(self.idle.iter().all(Vec::is_empty), "idle servers in a paused pool");
            return;
        }
        let spare = self.servers.len() - self.logins() > self.limits.min_pool_size();
        let idles_on = |server: &Server| match server.place {
            Place::Idle(_, since) => spare && self.has_idled(since) || self.is_old(server),
            _ => false,
        };
        assert!(!self.servers.values().any(idles_on), "the janitor was not told to come");
    }

    /// Each waiter has a login, as far as there is room.
    pub(super) fn check_logins(&self) {
        let most = if self.failing { 1 } else { self.limits.logins_max() };
        let wanted = most.min(self.waiting());
        let full = self.paused || self.servers.len() >= self.room();
        assert!(full || self.logins() >= wanted, "{wanted} logins are lacking");
    }

    pub(super) fn has_min_pool_size(&self) -> bool {
        self.servers.len() - self.logins() >= self.limits.min_pool_size()
    }

    /// `min_pool_size` is reached, or will be by a login.
    pub(super) fn is_filled(&self) -> bool {
        let hopeless = self.paused || self.servers.len() >= self.limits.pool_size();
        hopeless || self.has_min_pool_size() || self.logins() > 0
    }

    pub(super) fn waiting(&self) -> usize {
        self.lines.iter().map(BTreeMap::len).sum()
    }

    pub(super) fn place(&self, id: ServerId) -> Place {
        self.servers[&id].place
    }

    pub(super) fn nth_server(&self, n: usize) -> Option<(ServerId, Place)> {
        let index = n.checked_rem(self.servers.len())?;
        self.servers.iter().nth(index).map(|(id, server)| (*id, server.place))
    }

    /// Everyone in the queue, in no particular order, who leaves it now.
    /// Whether any server has logged in.
    pub(super) fn has_server(&self) -> bool {
        self.servers.values().any(|server| server.place != Place::Login)
    }

    pub(super) fn drained(&mut self) -> Vec<Waiter> {
        let line = |(worker, line): (u16, &mut BTreeMap<WaiterId, Instant>)| {
            let worker = WorkerId(worker);
            std::mem::take(line).into_keys().map(move |id| Waiter { id, worker })
        };
        (0..).zip(&mut self.lines).flat_map(line).collect()
    }

    /// The server may serve on, and nobody has it; its worker.
    fn kept(&self, id: ServerId) -> WorkerId {
        let server = &self.servers[&id];
        let Place::Free(home) = server.place else { panic!("{id} is not free: {server:?}") };
        assert_eq!(server.generation, self.generation, "{id} was marked");
        assert_eq!(server.cancels, 0, "{id} has a cancel in flight");
        assert!(!self.paused && !self.is_old(server), "{id} had to go");
        assert!(self.servers.len() <= self.limits.most(), "{id} is too many");
        home
    }

    /// It is this waiter's turn for a server of this worker.
    fn check_turn(&mut self, home: WorkerId, waiter: Waiter) {
        let front =
            |line: &BTreeMap<WaiterId, Instant>| line.first_key_value().map(|(id, at)| (*id, *at));
        let (oldest, waits_since) = self.lines.iter().filter_map(front).min().unwrap();
        let own = front(&self.lines[usize::from(home.0)]);
        let near = own.filter(|(_, since)| *since <= waits_since + HOME_BOUND);
        assert_eq!(waiter.id, near.map_or(oldest, |(id, _)| id), "it is another's turn");
        assert!(self.lines[usize::from(waiter.worker.0)].remove(&waiter.id).is_some());
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts { cl_waiting: self.waiting(), ..Counts::default() };
        for server in self.servers.values() {
            match server.place {
                Place::Login => counts.sv_login += 1,
                Place::Idle(..) => counts.sv_idle += 1,
                Place::Active | Place::Free(_) => counts.sv_active += 1,
                Place::BeingCanceled(_) => counts.sv_being_canceled += 1,
            }
        }
        counts.cl_active = counts.sv_active;
        counts.maxwait = self.oldest().map_or(Duration::ZERO, |since| self.now - since);
        counts
    }

    fn logins(&self) -> usize {
        self.servers.values().filter(|server| server.place == Place::Login).count()
    }

    fn oldest(&self) -> Option<Instant> {
        self.lines.iter().filter_map(|line| line.values().next()).min().copied()
    }

    /// The servers that may exist at this instant.
    fn room(&self) -> usize {
        let patience = self.limits.reserve_after();
        let waited = self.oldest().zip(patience).is_some_and(|(at, after)| at + after <= self.now);
        if waited { self.limits.most() } else { self.limits.pool_size() }
    }

    fn has_idled(&self, since: Instant) -> bool {
        self.limits.server_idle_timeout().is_some_and(|timeout| since + timeout <= self.now)
    }

    /// Past its lifetime by any jitter.
    fn is_old(&self, server: &Server) -> bool {
        let end = server.born.zip(self.limits.server_lifetime()).map(|(born, life)| born + life);
        end.is_some_and(|end| end <= self.now)
    }
}
