//! How many logins a pool needs now, and how many it may have.

use std::time::Instant;

use crate::ids::ServerId;
use crate::pool::answers::Open;
use crate::pool::core::Core;
use crate::pool::state::ServerState;

impl Core {
    /// Whether a login that waits to be tried again should be: someone waits for it, or
    /// `min_pool_size` does. If not, its task gives it up with [`closed`](Self::closed). Of several
    /// logins that ask one after the other, only as many are wanted as there is need for.
    #[must_use]
    pub fn still_wanted(&self, login: ServerId) -> bool {
        let Some(server) = self.servers.find(login) else { return false };
        let need = self.waiters.len().max(self.shortfall());
        server.state() == ServerState::Login
            && !self.paused
            && server.generation == self.generation
            && self.servers.len() <= self.limits.most()
            && self.servers.count(ServerState::Login) <= need
    }

    /// Starts the logins that the waiters lack.
    pub(super) fn open_all(&mut self, now: Instant) -> Vec<Open> {
        self.open(self.lacking_for_waiters(now))
    }

    /// Starts one login if the waiters lack one. Enough after an event that adds one waiter, or
    /// takes away one server.
    pub(super) fn open_one(&mut self, now: Instant) -> Option<Open> {
        self.open(self.lacking_for_waiters(now).min(1)).pop()
    }

    /// Starts so many logins.
    pub(super) fn open(&mut self, logins: usize) -> Vec<Open> {
        let mut open = || {
            let id = self.ids.server();
            self.servers.insert_login(id, self.generation);
            Open(id)
        };
        (0..logins).map(|_| open()).collect()
    }

    /// Logins to start so that each waiter has one coming, as far as there is room.
    pub(super) fn lacking_for_waiters(&self, now: Instant) -> usize {
        self.lacking(self.waiters.len(), self.room(now))
    }

    /// Logins to start so that the pool comes back to `min_pool_size`.
    pub(super) fn lacking_for_min(&self) -> usize {
        self.lacking(self.shortfall(), self.limits.pool_size())
    }

    /// When the one who has waited longest may have a server of the reserve.
    pub(super) fn reserve_due(&self) -> Option<Instant> {
        let after = self.limits.reserve_after()?;
        self.waiters.oldest_since()?.checked_add(after)
    }

    fn lacking(&self, wanted: usize, room: usize) -> usize {
        if self.paused {
            return 0;
        }
        let logins = self.servers.count(ServerState::Login);
        let wanted = wanted.min(self.logins_max()).saturating_sub(logins);
        wanted.min(room.saturating_sub(self.servers.len()))
    }

    /// Servers that are missing below `min_pool_size`, logins not counted.
    fn shortfall(&self) -> usize {
        self.limits.min_pool_size().saturating_sub(self.servers.established())
    }

    fn room(&self, now: Instant) -> usize {
        let reserve_is_open = self.reserve_due().is_some_and(|at| at <= now);
        if reserve_is_open { self.limits.most() } else { self.limits.pool_size() }
    }

    fn logins_max(&self) -> usize {
        if self.failing { 1 } else { self.limits.logins_max() }
    }
}
