//! Reads on a replica that has not answered yet: if it refuses, they run again on the primary.

use crate::net::Chunk;
use crate::session::ServerSide;
use crate::session::trial::{Refusal, Verdict, verdict};
use std::collections::VecDeque;

/// What becomes of a replica's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// They wait for more.
    Wait,
    /// So many of them are the client's.
    Take(usize),
    /// What was asked must be asked elsewhere.
    Again(Refusal),
}

/// A piece of a unit, as the client sent it, and whether the unit ends with it.
#[derive(Debug)]
struct Sent {
    piece: Chunk,
    ends: bool,
}

/// The units that a replica has been sent and has not answered, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Trial {
    /// Nearly always the only one: it is kept without an allocation.
    front: Option<Sent>,
    #[expect(clippy::box_collection, reason = "every client's task has room for this")]
    more: Option<Box<VecDeque<Sent>>>,
    /// Units among them that have been sent in full.
    ended: usize,
    len: usize,
    /// The front one's answer has begun to reach the client.
    begun: bool,
}

impl Trial {
    /// A piece of a unit was sent.
    pub(super) fn sent(&mut self, piece: Chunk, ends: bool) {
        if piece.is_empty() {
            return;
        }
        self.len += piece.len();
        self.ended += usize::from(ends);
        let sent = Sent { piece, ends };
        match &self.front {
            None => self.front = Some(sent),
            Some(_) => self.more.get_or_insert_default().push_back(sent),
        }
    }

    /// Bytes that would have to be sent again.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether everything has been answered.
    fn is_empty(&self) -> bool {
        self.front.is_none()
    }

    /// Whether nothing of the answer that comes next has reached the client.
    pub(super) fn is_open(&self) -> bool {
        !self.begun && !self.is_empty()
    }

    /// Looks at bytes that have come from the replica. `suits` is asked whether the isolation of the
    /// transaction will do.
    pub(super) fn judge(
        &self,
        side: &ServerSide,
        bytes: &[u8],
        suits: impl Fn(&[u8]) -> bool,
    ) -> Reply {
        if !self.is_open() || side.is_mid_message() {
            return Reply::Take(bytes.len());
        }
        match verdict(bytes, side.pipeline().preludes(), suits) {
            Verdict::More => Reply::Wait,
            Verdict::Answer(len) => Reply::Take(len),
            Verdict::Begins => Reply::Take(bytes.len()),
            Verdict::Refused(refusal) => Reply::Again(refusal),
        }
    }

    /// The client has got the bytes; `owed` units are still to be answered. Says whether one of
    /// them has been now.
    pub(super) fn answered(&mut self, owed: usize) -> bool {
        let before = self.ended;
        while self.ended > owed
            && let Some(Sent { piece, ends }) = self.front.take()
        {
            self.front = self.more.as_mut().and_then(|more| more.pop_front());
            self.len -= piece.len();
            self.ended -= usize::from(ends);
        }
        let answered = self.ended < before;
        self.begun = !answered && !self.is_empty();
        answered
    }

    /// Everything that was not answered, as one piece.
    pub(super) fn take_back(&mut self) -> Option<Chunk> {
        let sent = self
            .front
            .iter()
            .chain(self.more.iter().flat_map(|more| more.iter()))
            .map(|sent| &sent.piece);
        let pieces: Vec<&[u8]> = sent.map(Chunk::bytes).collect();
        let whole = Chunk::gathered(&pieces);
        *self = Trial::default();
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(bytes: &[u8]) -> Chunk {
        Chunk::gathered(&[bytes]).unwrap()
    }

    #[test]
    fn what_was_not_answered_comes_back_in_order() {
        let mut trial = Trial::default();
        for unit in [b"one", b"two", b"six"] {
            trial.sent(chunk(unit), true);
        }
        assert!(!trial.answered(3) && !trial.is_open(), "the first answer has begun");
        assert!(trial.answered(2) && trial.is_open());
        assert_eq!(trial.len(), 6);
        assert_eq!(trial.take_back().unwrap().bytes(), b"twosix");
        assert!(trial.is_empty());
    }

    #[test]
    fn a_unit_in_two_pieces_is_one() {
        let mut trial = Trial::default();
        trial.sent(chunk(b"on"), false);
        trial.sent(chunk(b"e"), true);
        assert!(!trial.answered(1));
        assert!(trial.answered(0) && trial.is_empty());
        assert_eq!(trial.len(), 0);
    }

    #[test]
    fn what_does_not_fit_into_one_piece_does_not_come_back() {
        let mut trial = Trial::default();
        trial.sent(chunk(&[1; crate::net::BLOCK_LEN]), true);
        trial.sent(chunk(b"x"), true);
        assert!(trial.take_back().is_none());
    }
}
