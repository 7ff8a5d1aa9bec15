//! The idle servers of each worker; the one used last is the first to be used again.

use std::time::Instant;

use crate::ids::{ServerId, WorkerId};
use crate::pool::answers::Order;
use crate::pool::close_reason::CloseReason;
use crate::pool::per_worker::PerWorker;

/// A server that awaits a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct IdleServer {
    pub(super) id: ServerId,
    /// When it was released.
    pub(super) since: Instant,
}

/// The idle servers of a pool, bounded by its `pool_size`. Hot ones stay hot and cold ones can
/// reach `server_idle_timeout`, because each list is last in, first out.
#[derive(Debug, Default)]
pub(super) struct Idle {
    lists: PerWorker<Vec<IdleServer>>,
    len: usize,
}

impl Idle {
    /// Whether nobody can have a server at once.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// This server awaits a client at this worker.
    pub(super) fn push(&mut self, worker: WorkerId, id: ServerId, now: Instant) {
        self.lists.of_mut(worker).push(IdleServer { id, since: now });
        self.len += 1;
    }

    /// A server for this worker: one of its own, or else one of the worker that has most.
    pub(super) fn pop_for(&mut self, worker: WorkerId) -> Option<ServerId> {
        if self.is_empty() {
            return None;
        }
        let own = self.lists.of_mut(worker).pop();
        let server = own.or_else(|| self.fullest()?.pop())?;
        self.len -= 1;
        Some(server.id)
    }

    /// Takes this server out of its worker's list.
    pub(super) fn remove(&mut self, worker: WorkerId, id: ServerId) {
        let list = self.lists.of_mut(worker);
        if let Some(index) = list.iter().position(|server| server.id == id) {
            list.remove(index);
            self.len -= 1;
        }
    }

    /// Takes out every server for which `judge`, asked for the coldest of a worker first, has a
    /// reason.
    pub(super) fn close_where(
        &mut self,
        mut judge: impl FnMut(&IdleServer) -> Option<CloseReason>,
    ) -> Vec<Order> {
        let mut orders = Vec::new();
        for (home, list) in self.lists.iter_mut() {
            list.retain(|server| {
                let reason = judge(server);
                orders.extend(reason.map(|reason| Order::Close {
                    server: server.id,
                    home,
                    reason,
                }));
                reason.is_none()
            });
        }
        self.len -= orders.len();
        orders
    }

    /// Every idle server.
    pub(super) fn iter(&self) -> impl Iterator<Item = &IdleServer> {
        self.lists.iter().flat_map(|(_, list)| list)
    }

    fn fullest(&mut self) -> Option<&mut Vec<IdleServer>> {
        self.lists.iter_mut().map(|(_, list)| list).max_by_key(|list| list.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(servers: &[(u16, u64)]) -> Idle {
        let mut idle = Idle::default();
        for &(worker, id) in servers {
            idle.push(WorkerId(worker), ServerId(id), Instant::now());
        }
        idle
    }

    fn popped(idle: &mut Idle, worker: u16) -> Vec<u64> {
        std::iter::from_fn(|| idle.pop_for(WorkerId(worker))).map(|id| id.0).collect()
    }

    #[test]
    fn the_last_one_in_is_the_first_one_out() {
        assert_eq!(popped(&mut filled(&[(0, 1), (0, 2), (0, 3)]), 0), [3, 2, 1]);
    }

    #[test]
    fn home_comes_first_then_the_worker_that_has_most() {
        let mut idle = filled(&[(0, 1), (1, 2), (2, 3), (2, 4)]);
        assert_eq!(popped(&mut idle, 1)[..2], [2, 4]);
        assert!(idle.is_empty());
    }

    #[test]
    fn closing_asks_for_the_coldest_first() {
        let mut idle = filled(&[(0, 1), (0, 2), (1, 3)]);
        let mut spare = 1;
        let orders = idle.close_where(|_| {
            let reason = (spare > 0).then_some(CloseReason::IdleTimeout);
            spare = 0;
            reason
        });
        let home = WorkerId(0);
        let reason = CloseReason::IdleTimeout;
        assert_eq!(orders, [Order::Close { server: ServerId(1), home, reason }]);
        idle.remove(WorkerId(1), ServerId(3));
        idle.remove(WorkerId(1), ServerId(3));
        assert_eq!(popped(&mut idle, 0), [2]);
    }
}
