//! The one place that can say that a server is clean.

use super::server_side::ServerSide;
use crate::protocol::backend::TransactionStatus;

/// Proof that a server owes nothing and holds nothing of the client that used it: outside a
/// transaction, pipeline empty, no COPY, no message half sent, its role known. Only
/// [`ServerSide::clean`] makes it; only with it does a server go back to idle.
#[derive(Debug)]
#[must_use = "a server goes back to its pool with this proof, and is closed without it"]
pub struct Clean(());

impl ServerSide {
    /// Checks whether the server may be given to somebody else.
    ///
    /// What a session has changed that PostgreSQL does not report (temporary tables, session
    /// advisory locks, `LISTEN`) is not seen here.
    pub fn clean(&self) -> Option<Clean> {
        let settled =
            self.pipeline.is_settled(self.status) && self.status == TransactionStatus::Idle;
        (settled && !self.is_mid_message() && self.knows_role()).then_some(Clean(()))
    }
}
