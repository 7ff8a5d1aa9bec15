//! Every transition of a pool's servers and waiters, one method each.

mod commands;
mod demand;
mod login;
mod upkeep;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::ids::{ServerId, WaiterId, WorkerId};
use crate::pool::alarm::Alarm;
use crate::pool::answers::{Acquired, Open, Released, Then, Waiter};
use crate::pool::close_reason::CloseReason;
use crate::pool::counts::Counts;
use crate::pool::id_source::IdSource;
use crate::pool::idle::Idle;
use crate::pool::limits::Limits;
use crate::pool::servers::{Server, Servers};
use crate::pool::state::ServerState;
use crate::pool::waiters::Waiters;

/// Cancel requests that may be on their way to one server. Each costs a connection to the host;
/// one is enough to end a statement, and the others are for the statements after it.
pub const CANCELS_MAX: u32 = 4;

/// The shortest time between two fillings up to `min_pool_size`. Nobody waits for these servers; a
/// host that accepts logins and closes them at once must not be asked without a pause.
pub const REFILL_INTERVAL: Duration = Duration::from_millis(333);

/// The servers of one database, user and host, and the clients that wait for one.
///
/// It knows ids, states and times; no connection, no clock. All workers share it behind a lock that
/// the floor above owns. [`acquire`](Self::acquire) with an idle server and
/// [`release`](Self::release) without waiters take constant time (a step for each worker when none
/// is idle at home) and allocate nothing once the pool has its size; with waiters, `release` takes
/// a step for each worker.
///
/// Four things are always true, and each method's work is to keep them so:
/// 1. Nobody waits while a server is idle. So whoever acquires an idle server overtakes nobody, and
///    everyone else goes through the queue.
/// 2. A server is at one place: with one client, or idle at one worker, or nowhere.
/// 3. There are never more servers than `pool_size`, or than `pool_size + reserve_pool_size` while
///    somebody has waited for `reserve_pool_timeout`; a lowered limit is reached by closing.
/// 4. While somebody waits and there is room for a server, at least one login is under way.
#[derive(Debug)]
pub struct Core {
    limits: Limits,
    ids: Arc<IdSource>,
    servers: Servers,
    idle: Idle,
    waiters: Waiters,
    /// Counts reconnects; a server of an earlier generation is closed when it is released.
    generation: u64,
    paused: bool,
    /// The last login that ended has failed: until one succeeds, one at a time is enough.
    failing: bool,
    /// When `min_pool_size` was last filled up; or will have been, while it is to wait.
    refilled: Option<Instant>,
    alarm: Alarm,
}

impl Core {
    /// An empty pool. [`tick`](Self::tick) it once, for `min_pool_size`.
    #[must_use]
    pub fn new(limits: Limits, ids: Arc<IdSource>) -> Self {
        Self {
            limits,
            ids,
            servers: Servers::default(),
            idle: Idle::default(),
            waiters: Waiters::default(),
            generation: 0,
            paused: false,
            failing: false,
            refilled: None,
            alarm: Alarm::default(),
        }
    }

    /// A client of this worker needs a server: an idle one of its own worker, the one used last;
    /// or else an idle one of another worker; or else a place in the queue.
    pub fn acquire(&mut self, worker: WorkerId, now: Instant) -> Acquired {
        debug_assert!(self.idle.is_empty() || self.waiters.is_empty(), "waiters beside idle ones");
        match self.idle.pop_for(worker) {
            Some(server) => {
                self.servers.enter(server, ServerState::Active, worker);
                Acquired::Take(server)
            }
            None => self.wait(worker, now),
        }
    }

    /// This waiter no longer wants a server: it timed out, was canceled, or vanished. False when it
    /// is not in the queue: then a grant is on its way, and whoever receives it calls
    /// [`release`](Self::release).
    pub fn abandon(&mut self, waiter: WaiterId) -> bool {
        self.waiters.remove(waiter)
    }

    /// The client of this worker that held this server is done with it, and it is clean.
    pub fn release(&mut self, server: ServerId, worker: WorkerId, now: Instant) -> Released {
        if !self.expect(server, ServerState::Active) {
            return self.forget(server, now);
        }
        self.servers.enter(server, ServerState::Active, worker);
        self.place(server, now)
    }

    /// A cancel request is about to be sent to this server. To be asked while the client whose
    /// statement it is still holds the server, because a release in between would give the cancel
    /// to another one. False when the server is not active, or [`CANCELS_MAX`] are on their way:
    /// then none must be sent.
    #[must_use = "without permission, no cancel may be sent"]
    pub fn cancel_started(&mut self, server: ServerId) -> bool {
        let Some(server) = self.servers.find_mut(server) else { return false };
        let may = server.state() == ServerState::Active && server.cancels < CANCELS_MAX;
        server.cancels += u32::from(may);
        may
    }

    /// The host has closed the connection of a cancel request: it has taken effect or never will.
    /// Once for each permission. None as long as this moves nothing: the client still holds the
    /// server, other cancels are in flight, or the server is gone.
    pub fn cancel_done(&mut self, server: ServerId, now: Instant) -> Option<Released> {
        let found = self.servers.find_mut(server)?;
        debug_assert!(found.cancels > 0, "a cancel that never started is done");
        found.cancels = found.cancels.saturating_sub(1);
        let awaited = found.cancels == 0 && found.state() == ServerState::BeingCanceled;
        awaited.then(|| self.place(server, now))
    }

    /// This server is gone, whatever it was doing: an error, the host closed it, or a login that is
    /// no longer wanted. Perhaps a login has to be started for those who wait. A server that the
    /// pool has told to close need not be reported.
    pub fn closed(&mut self, server: ServerId, now: Instant) -> Option<Open> {
        self.remove(server);
        let open = self.open_one(now);
        self.plan(now);
        open
    }

    /// The numbers of `SHOW POOLS`.
    #[must_use]
    pub fn counts(&self, now: Instant) -> Counts {
        let oldest = self.waiters.oldest_since();
        Counts {
            cl_active: self.servers.count(ServerState::Active),
            cl_waiting: self.waiters.len(),
            sv_active: self.servers.count(ServerState::Active),
            sv_idle: self.servers.count(ServerState::Idle),
            sv_login: self.servers.count(ServerState::Login),
            sv_being_canceled: self.servers.count(ServerState::BeingCanceled),
            maxwait: oldest.map_or_else(Default::default, |at| now.saturating_duration_since(at)),
        }
    }

    /// This server's state, for `SHOW SERVERS`; none when the pool does not count it.
    #[must_use]
    pub fn state(&self, server: ServerId) -> Option<ServerState> {
        self.servers.find(server).map(Server::state)
    }

    /// How many servers the pool counts.
    #[must_use]
    pub fn servers_len(&self) -> usize {
        self.servers.len()
    }

    /// Every server, its state, and whether it is to be closed once its client is done with it.
    pub fn each_server(&self) -> impl Iterator<Item = (ServerId, ServerState, bool)> {
        let is_marked = |server: &Server| server.generation < self.generation || self.paused;
        self.servers.entries().map(move |(id, server)| (id, server.state(), is_marked(server)))
    }

    fn wait(&mut self, worker: WorkerId, now: Instant) -> Acquired {
        let id = self.ids.waiter();
        self.waiters.push(Waiter { id, worker }, now);
        self.alarm.by(self.reserve_due());
        Acquired::Wait(id, self.open_one(now))
    }

    /// Where a server goes that nobody uses. Logins to start are only looked for when it closes,
    /// because otherwise the pool has as many servers as before.
    fn place(&mut self, id: ServerId, now: Instant) -> Released {
        let Some(server) = self.servers.find(id) else { return self.forget(id, now) };
        if let Some(reason) = self.close_reason(server, now) {
            return self.close(id, reason, now);
        }
        let (home, canceled) = (server.home, server.cancels > 0);
        Released { then: self.keep(id, home, canceled, now), opens: Vec::new() }
    }

    fn keep(&mut self, id: ServerId, home: WorkerId, canceled: bool, now: Instant) -> Then {
        if canceled {
            self.servers.enter(id, ServerState::BeingCanceled, home);
            return Then::BeingCanceled;
        }
        if let Some(waiter) = self.waiters.pop_for(home) {
            self.servers.enter(id, ServerState::Active, waiter.worker);
            return Then::Grant(waiter);
        }
        self.servers.enter(id, ServerState::Idle, home);
        self.idle.push(home, id, now);
        self.alarm.by(self.idle_due(id, now));
        Then::Idle
    }

    /// Why a server must not be used again, if it must not.
    fn close_reason(&self, server: &Server, now: Instant) -> Option<CloseReason> {
        if self.paused {
            Some(CloseReason::Paused)
        } else if server.generation < self.generation {
            Some(CloseReason::Reconnect)
        } else if self.servers.len() > self.limits.most() {
            Some(CloseReason::OverLimit)
        } else {
            server.has_expired(now).then_some(CloseReason::Lifetime)
        }
    }

    fn close(&mut self, id: ServerId, reason: CloseReason, now: Instant) -> Released {
        self.remove(id);
        let opens = self.open_all(now);
        self.plan(now);
        Released { then: Then::Close(reason), opens }
    }

    /// The safe answer about a server that is not where its caller thinks: nobody keeps it.
    fn forget(&mut self, id: ServerId, now: Instant) -> Released {
        self.close(id, CloseReason::Unknown, now)
    }

    fn remove(&mut self, id: ServerId) {
        if let Some(server) = self.servers.remove(id)
            && server.state() == ServerState::Idle
        {
            self.idle.remove(server.home, id);
        }
    }

    /// Whether the server is in the state that the caller's method needs. One that the pool does
    /// not count may have been reported closed a moment ago; one in another state is our mistake.
    fn expect(&self, id: ServerId, state: ServerState) -> bool {
        let found = self.state(id);
        debug_assert!(found.is_none_or(|found| found == state), "server {id} is {found:?}");
        found == Some(state)
    }
}
