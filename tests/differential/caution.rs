//! What is not said, because PostgreSQL itself dies of it.
//!
//! Scripts that executed a portal in a transaction that had failed ended a PostgreSQL 15.18 with a segmentation
//! fault, and all sessions of that server with it. The cause was not narrowed down; probably the portal of the
//! statement that failed is still found by its name, and what it was to run is gone. Since a portal is executed
//! only in the unit in which it was bound, or where the transaction is known not to have failed, none has been seen.

use std::collections::BTreeSet;

use super::script::Message;
use super::support::Message as Reply;

#[derive(Debug, Default)]
pub struct Caution {
    /// Portals that were bound in the unit that is being said.
    bound: BTreeSet<String>,
    /// Units that were ended since everything had been answered.
    unanswered: usize,
    failed: bool,
}

impl Caution {
    /// Whether this may be said now.
    pub fn allows(&mut self, message: &Message) -> bool {
        match message {
            Message::Bind { portal, .. } => {
                self.bound.insert(portal.clone());
            }
            Message::Sync | Message::Query(_) | Message::Call { .. } => {
                self.bound.clear();
                self.unanswered += 1;
            }
            Message::Execute { portal, .. } => {
                return self.bound.contains(portal) || (self.unanswered == 0 && !self.failed);
            }
            _ => {}
        }
        true
    }

    /// Takes an answer into account, behind which everything has been answered or not.
    pub fn received(&mut self, reply: &Reply, everything: bool) {
        if reply.tag == 'Z' {
            self.failed = reply.status() == 'E';
        }
        if everything {
            self.unanswered = 0;
        }
    }
}
