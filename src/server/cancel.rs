//! The second connection that stops what the first one runs.

use super::error::OpenError;
use super::opening::{connect, within};
use super::target::Target;
use crate::net::Chunk;
use crate::protocol::startup::CancelKey;
use std::sync::Arc;
use std::time::Duration;

/// Where and with which key what a server runs can be cancelled.
#[derive(Debug)]
pub struct CancelTarget {
    target: Arc<Target>,
    key: Option<CancelKey>,
}

impl CancelTarget {
    pub(super) fn new(target: Arc<Target>, key: Option<CancelKey>) -> Self {
        CancelTarget { target, key }
    }

    /// The number of the server's process, as the host gave it at the login.
    pub fn process_id(&self) -> Option<u32> {
        self.key.as_ref().map(|key| key.process_id)
    }

    /// Asks the host to cancel, and waits until it has passed that on: it closes the connection
    /// when the signal has been sent (`processCancelRequest` in PostgreSQL's source), so what the
    /// server is given after this returns cannot be hit.
    ///
    /// # Errors
    /// When the host cannot be reached within `limit`.
    pub async fn cancel(&self, limit: Duration) -> Result<(), OpenError> {
        let Some(key) = &self.key else { return Ok(()) };
        within(limit, async {
            let mut stream = connect(&self.target).await?;
            stream.out.supply(&key.request());
            stream.flush().await?;
            let mut inbox = Chunk::default();
            while stream.recv(&mut inbox).await? > 0 {
                inbox = Chunk::default();
            }
            Ok(())
        })
        .await
    }
}
