//! A client's request to cancel, which goes on to the server that it is linked to.

use super::super::lines::{self, Line};
use super::Relay;
use std::time::Instant;
use tokio::task::spawn_local;

impl Relay<'_> {
    /// A cancel request travels beside the connection that it is about; until it has arrived, the
    /// pool gives the server to nobody else.
    pub(super) fn obey_cancel(&mut self) {
        let Some(asked) = self.client.control.take_cancels() else { return };
        if !self.held.pool().cancel_started(self.held.id) {
            return;
        }
        let (pool, id, cancel) = (self.held.pool().clone(), self.held.id, self.held.cancel.clone());
        let worker = self.client.worker.id;
        let limit = self.client.worker.clients.policy.load().cancel_wait_timeout;
        spawn_local(async move {
            if let Err(error) = Box::pin(cancel.cancel(limit)).await
                && let Some(left_out) = lines::pass(Line::Lost, Instant::now())
            {
                tracing::warn!(%pool, %error, left_out, "cancel request failed");
            }
            pool.cancel_done(id, worker);
            drop(asked);
        });
    }
}
