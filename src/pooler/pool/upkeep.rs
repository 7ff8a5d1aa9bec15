//! What is done to a pool without a client: by the clock, and by an operator.

use super::Pool;
use crate::ids::ServerId;
use crate::pool::{Core, Limits, Open, Order};
use crate::server::Idle;
use std::sync::Arc;
use std::time::Instant;

impl Pool {
    /// Upkeep by the clock: what is due now is done, and said when the next is.
    pub(in crate::pooler) fn tick(self: &Arc<Self>) -> (Vec<Open>, Option<Instant>) {
        self.order(Core::tick)
    }

    /// New limits hold from now on.
    pub(in crate::pooler) fn set_limits(self: &Arc<Self>, limits: &Limits) -> Vec<Open> {
        self.order(|core, now| core.set_limits(*limits, now)).0
    }

    /// Every server is closed as soon as it is idle.
    pub(in crate::pooler) fn retire(self: &Arc<Self>) -> Vec<Open> {
        self.order(Core::reconnect).0
    }

    pub(in crate::pooler) fn order(
        self: &Arc<Self>,
        orders: impl FnOnce(&mut Core, Instant) -> Vec<Order>,
    ) -> (Vec<Open>, Option<Instant>) {
        let now = Instant::now();
        let mut state = self.state.lock();
        let mut opens = Vec::new();
        let mut closed = Vec::new();
        for order in orders(&mut state.core, now) {
            match order {
                Order::Open(open) => opens.push(open),
                Order::Close { server, .. } => closed.extend(state.idle.remove(&server)),
            }
        }
        let next = state.core.next_tick(now);
        let is_vacated = !closed.is_empty() && state.core.is_empty();
        drop(state);
        if is_vacated {
            self.say_vacant();
        }
        closed.into_iter().for_each(Idle::dismiss);
        (opens, next)
    }

    /// Closes idle servers that have gone, or have spoken unasked; says what replaces them.
    pub(in crate::pooler) fn sweep(&self) -> Vec<Open> {
        let now = Instant::now();
        let mut state = self.state.lock();
        let gone: Vec<ServerId> =
            state.idle.values().filter(|idle| !idle.is_quiet()).map(|idle| idle.id).collect();
        let mut opens = Vec::new();
        for id in gone {
            tracing::debug!(pool = %self, server = %id, "idle server has gone");
            state.idle.remove(&id);
            opens.extend(state.core.closed(id, now));
            if state.core.is_empty() {
                self.say_vacant();
            }
        }
        opens
    }
}
