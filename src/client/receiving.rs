//! What a client has sent and nobody has looked at yet: one piece, and what is behind it.

use super::task::Client;
use crate::net::Chunk;
use std::collections::VecDeque;
use std::io;
use std::task::{Context, Poll};

/// Pieces behind the inbox: what the client had sent behind a unit that a replica refused. Nothing is
/// received before they have been taken, so there are never more than two or three.
#[derive(Debug, Default)]
pub(super) struct Backlog(VecDeque<Chunk>);

impl Client {
    /// Receives into the inbox, which must not be full: how many bytes came, 0 when the client has gone.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        debug_assert!(!self.inbox.is_full(), "nothing can be received");
        let Some(backlog) = &mut self.backlog else {
            return self.stream.poll_recv(cx, &mut self.inbox);
        };
        let taken = backlog.0.front_mut().map_or(0, |front| self.inbox.take_from(front));
        backlog.0.retain(|piece| !piece.is_empty());
        if backlog.0.is_empty() {
            self.backlog = None;
        }
        match taken {
            0 => self.stream.poll_recv(cx, &mut self.inbox),
            taken => Poll::Ready(Ok(taken)),
        }
    }

    /// What was sent to a server goes back to the front of what the client has sent.
    pub(super) fn put_back(&mut self, sent: Chunk) {
        let rest = std::mem::take(&mut self.inbox);
        match Chunk::gathered(&[sent.bytes(), rest.bytes()]) {
            Some(both) => self.inbox = both,
            None => {
                self.inbox = sent;
                self.backlog.get_or_insert_default().0.push_front(rest);
            }
        }
    }
}
