//! What the janitor does: servers that nobody needs go, servers that are missing come.

#[cfg(test)]
mod tests;

use std::time::Instant;

use crate::ids::ServerId;
use crate::pool::answers::Order;
use crate::pool::close_reason::CloseReason;
use crate::pool::core::{Core, REFILL_INTERVAL};
use crate::pool::limits::Limits;
use crate::pool::servers::Servers;

impl Core {
    /// Closes idle servers past `server_idle_timeout` (but keeps `min_pool_size`) or
    /// `server_lifetime`, opens the reserve for whoever has waited `reserve_pool_timeout`, fills up
    /// to `min_pool_size`. To be called at [`next_tick`](Self::next_tick); earlier does no harm.
    pub fn tick(&mut self, now: Instant) -> Vec<Order> {
        let mut orders = self.close_old(now);
        orders.extend(self.open_all(now).into_iter().map(Order::Open));
        orders.extend(self.refill(now));
        orders
    }

    /// When the next tick is due; none: not before something happens. The pool takes it that its
    /// caller will come then, and tells of an earlier time with [`sooner`](Self::sooner).
    pub fn next_tick(&mut self, now: Instant) -> Option<Instant> {
        let due = self.due(now);
        self.alarm.set(due);
        due
    }

    /// The next tick is due at this time, earlier than [`next_tick`](Self::next_tick) said; told
    /// once. To be asked after any other method, under the same lock; it costs nothing.
    #[must_use = "it is told once"]
    pub fn sooner(&mut self) -> Option<Instant> {
        self.alarm.take_moved()
    }

    /// Looks for what needs a tick, after an event that is rare or can change anything.
    pub(super) fn plan(&mut self, now: Instant) {
        let due = self.due(now);
        self.alarm.by(due);
    }

    /// When this idle server has to be looked at.
    pub(super) fn idle_due(&self, id: ServerId, since: Instant) -> Option<Instant> {
        let expires = self.servers.find(id).and_then(|server| server.expires);
        let timeout = self.limits.server_idle_timeout().filter(|_| self.spare() > 0);
        let timeout = timeout.and_then(|timeout| since.checked_add(timeout));
        expires.into_iter().chain(timeout).min()
    }

    fn due(&self, now: Instant) -> Option<Instant> {
        let idle = self.idle.iter().filter_map(|server| self.idle_due(server.id, server.since));
        idle.chain(self.waiters_due(now)).chain(self.refill_due(now)).min()
    }

    /// When the waiters can have logins that they do not have yet.
    fn waiters_due(&self, now: Instant) -> Option<Instant> {
        let lacking_at = |at: &Instant| self.lacking_for_waiters(*at) > 0;
        let reserve = self.reserve_due().map(|at| at.max(now));
        Some(now).filter(lacking_at).or_else(|| reserve.filter(lacking_at))
    }

    fn refill_due(&self, now: Instant) -> Option<Instant> {
        let next = self.refilled.and_then(|at| at.checked_add(REFILL_INTERVAL)).unwrap_or(now);
        (self.lacking_for_min() > 0).then_some(next)
    }

    fn refill(&mut self, now: Instant) -> impl Iterator<Item = Order> + use<> {
        let due = self.refill_due(now).is_some_and(|at| at <= now);
        if due {
            self.refilled = Some(now);
        }
        let logins = if due { self.lacking_for_min() } else { 0 };
        self.open(logins).into_iter().map(Order::Open)
    }

    fn close_old(&mut self, now: Instant) -> Vec<Order> {
        let mut spare = self.spare();
        let limits = self.limits;
        self.close_idle_where(|servers, id, since| {
            let reason = if servers.find(id).is_some_and(|server| server.has_expired(now)) {
                CloseReason::Lifetime
            } else if spare > 0 && has_idled(&limits, since, now) {
                CloseReason::IdleTimeout
            } else {
                return None;
            };
            spare = spare.saturating_sub(1);
            Some(reason)
        })
    }

    /// Closes the idle servers for which there is a reason.
    pub(super) fn close_idle_where(
        &mut self,
        mut judge: impl FnMut(&Servers, ServerId, Instant) -> Option<CloseReason>,
    ) -> Vec<Order> {
        let servers = &self.servers;
        let orders = self.idle.close_where(|idle| judge(servers, idle.id, idle.since));
        for order in &orders {
            if let Order::Close { server, .. } = order {
                self.servers.remove(*server);
            }
        }
        orders
    }

    /// Servers above `min_pool_size`.
    fn spare(&self) -> usize {
        self.servers.established().saturating_sub(self.limits.min_pool_size())
    }
}

fn has_idled(limits: &Limits, since: Instant, now: Instant) -> bool {
    limits
        .server_idle_timeout()
        .is_some_and(|timeout| now.saturating_duration_since(since) >= timeout)
}
