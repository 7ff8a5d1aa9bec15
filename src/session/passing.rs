//! What a server says goes by, or does not; and what it changes of what is known of the server.

use super::message::Message;
use super::outbox::Outbox;
use super::pipeline::Owed;
use super::server_side::{Rest, ServerSide, UnnamedHere};
use super::state::Shared;

impl ServerSide {
    /// Supplies what is due, now that nothing before it is owed.
    pub(super) fn supply<C: Outbox>(&mut self, to_client: &mut C) {
        while let Some(message) = self.pipeline.next_supplied() {
            to_client.supply(message);
        }
    }

    /// Whether what it says now is for us.
    pub(super) fn is_aligning(&self) -> bool {
        self.pipeline.front().is_some_and(Owed::is_ours)
    }

    /// The message goes by, or is dropped; what we supply follows it.
    pub(super) fn pass<C: Outbox>(&mut self, message: Message<'_>, shown: bool, to_client: &mut C) {
        let range = message.range();
        let missing = message.header.frame_len() - range.len();
        if shown {
            self.calls.reply(message.header.frame_len());
            to_client.forward(range);
        }
        self.reply_rest = if shown { Rest::forward(missing) } else { Rest::drop(missing) };
        if self.reply_rest.is_done() {
            self.supply(to_client);
        }
    }

    pub(super) fn reply_rest<C: Outbox>(&mut self, piece: &[u8], to_client: &mut C) -> usize {
        if self.reply_rest.is_done() {
            return 0;
        }
        let range = self.reply_rest.remaining.take(0, piece.len());
        let taken = range.len();
        if !self.reply_rest.dropped && taken > 0 {
            to_client.forward(range);
        }
        if self.reply_rest.is_done() {
            self.supply(to_client);
        }
        taken
    }

    pub(super) fn forget_unreported(&mut self, shared: &Shared) {
        let mut left = super::ParameterSet::clone(&self.parameters);
        left.forget_unreported();
        self.parameters = shared.interner.intern(left);
    }

    /// Some of it may have been reset: all of it is set anew at the next link.
    pub(super) fn doubt_unreported(&mut self, shared: &Shared) {
        let mut doubted = super::ParameterSet::clone(&self.parameters);
        doubted.doubt_unreported();
        self.parameters = shared.interner.intern(doubted);
    }

    pub(super) fn undo(&mut self, owed: &Owed) {
        match owed {
            Owed::Parse(Some(id)) => self.prepared.forget(*id),
            Owed::Parse(None) if !self.pipeline.units().is_unnamed_replaced_later() => {
                self.unnamed = UnnamedHere::Unknown;
            }
            Owed::Close(Some(id)) => self.prepared.mark_stale(*id),
            Owed::DescribeStatement(Some(id)) if self.asked == Some(*id) => self.asked = None,
            _ => {}
        }
    }
}
