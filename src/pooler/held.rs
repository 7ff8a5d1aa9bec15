//! A server on loan.

use super::pool::Pool;
use crate::ids::WorkerId;
use crate::server::Server;
use crate::session::Clean;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A server that one task has. Given back with a proof that it is clean; dropped without one, the
/// connection is closed and the pool told.
#[derive(Debug)]
pub struct Held {
    pool: Arc<Pool>,
    server: Option<Server>,
    worker: WorkerId,
}

impl Held {
    pub(super) fn new(pool: Arc<Pool>, server: Server, worker: WorkerId) -> Self {
        Held { pool, server: Some(server), worker }
    }

    /// Where it came from.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Gives it back.
    pub fn release(mut self, proof: Clean) {
        if let Some(server) = self.server.take() {
            self.pool.release(server, proof, self.worker);
        }
    }

    /// Gives back a server that nothing was said to, or that has answered all of it.
    pub fn give_back(self) {
        if let Some(proof) = self.side.clean() {
            self.release(proof);
        }
    }

    /// Takes leave of the server politely, then tells the pool.
    pub async fn close(mut self) {
        if let Some(server) = self.server.take() {
            let id = server.id;
            server.close().await;
            self.pool.closed(id, self.worker);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            let id = server.id;
            drop(server);
            self.pool.closed(id, self.worker);
        }
    }
}

/// A `Held` has its server until it is given back, and giving it back consumes it.
#[expect(clippy::expect_used, reason = "`server` is taken only by methods that consume `self`")]
impl Deref for Held {
    type Target = Server;
    fn deref(&self) -> &Server {
        self.server.as_ref().expect("a held server")
    }
}

#[expect(clippy::expect_used, reason = "`server` is taken only by methods that consume `self`")]
impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Server {
        self.server.as_mut().expect("a held server")
    }
}
