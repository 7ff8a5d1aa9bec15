//! What an operator or a reload does to a whole pool.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use crate::pool::answers::Order;
use crate::pool::close_reason::CloseReason;
use crate::pool::core::Core;
use crate::pool::limits::Limits;

/// How long `min_pool_size` keeps away from a database that a statement needs alone. PostgreSQL waits
/// up to 5 s for the sessions in it to end (`CountOtherDBBackends` in procarray.c).
const LEFT_ALONE: Duration = Duration::from_secs(5);

impl Core {
    /// `PAUSE`: from now on nobody gets a server; clients wait. Idle servers go at once, the others
    /// when they are released or logged in. The pool is drained when it
    /// [`is_empty`](Self::is_empty).
    pub fn pause(&mut self) -> Vec<Order> {
        self.paused = true;
        self.close_idle_where(|_, _, _| Some(CloseReason::Paused))
    }

    /// `RESUME`: opens servers for those who wait.
    pub fn resume(&mut self, now: Instant) -> Vec<Order> {
        self.paused = false;
        self.open_orders(now)
    }

    /// Whether the pool is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether the pool has no server in any state.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.servers.len() == 0
    }

    /// Whether the pool has a server that has logged in.
    #[must_use]
    pub fn has_servers(&self) -> bool {
        self.servers.established() > 0
    }

    /// `RECONNECT`, or a reload that changed the host or how to log in: no server that exists now
    /// serves another client. Idle ones go at once, the others when they are released or logged in.
    pub fn reconnect(&mut self, now: Instant) -> Vec<Order> {
        self.generation += 1;
        let orders = self.close_idle_where(|_, _, _| Some(CloseReason::Reconnect));
        self.plan(now);
        orders
    }

    /// Whether a server is left that was there before the last [`reconnect`](Self::reconnect), for
    /// `WAIT_CLOSE`.
    #[must_use]
    pub fn has_marked(&self) -> bool {
        self.servers.iter().any(|server| server.generation < self.generation)
    }

    /// Closes all idle servers, for a pool that is not needed for now. `min_pool_size` brings its
    /// servers back at the next tick.
    pub fn close_idle(&mut self, now: Instant) -> Vec<Order> {
        let orders = self.close_idle_where(|_, _, _| Some(CloseReason::CloseIdle));
        self.plan(now);
        orders
    }

    /// Closes all idle servers, because a statement needs their database without them. For a while
    /// `min_pool_size` does not bring them back.
    pub fn leave_alone(&mut self, now: Instant) -> Vec<Order> {
        let orders = self.close_idle(now);
        self.refilled = now.checked_add(LEFT_ALONE);
        orders
    }

    /// A reload: from now on these limits hold. Idle servers beyond them go at once, the others
    /// when they are released; room that is new is filled for those who wait.
    pub fn set_limits(&mut self, limits: Limits, now: Instant) -> Vec<Order> {
        self.limits = limits;
        self.servers.expire_by(&limits);
        let mut surplus = self.servers.len().saturating_sub(limits.most());
        let mut orders = self.close_idle_where(|_, _, _| {
            surplus = surplus.checked_sub(1)?;
            Some(CloseReason::OverLimit)
        });
        orders.extend(self.open_orders(now));
        orders
    }

    /// The limits that hold.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    fn open_orders(&mut self, now: Instant) -> Vec<Order> {
        let orders = self.open_all(now).into_iter().map(Order::Open).collect();
        self.plan(now);
        orders
    }
}
