//! Rows and copied data: there may be millions, so those that follow each other go by as one.

use super::message::Message;
use crate::protocol::backend as tag;
use crate::protocol::frame::Header;

impl Message<'_> {
    /// Whether it is of a kind that no rule reads, and that changes nothing of what is owed.
    pub(super) fn is_data(self) -> bool {
        matches!(self.header.tag, tag::DATA_ROW | tag::COPY_DATA)
    }

    /// Data as one message with all of its type that follows it: because none of them changes what
    /// is owed, they have the same answer. Any other message as it is.
    #[inline(always)]
    pub(super) fn with_its_run(mut self) -> Self {
        let (tag, behind) = (self.header.tag, self.at + self.header.frame_len());
        if self.is_data() && self.piece.get(behind) == Some(&tag) {
            self.header.body_len += run_len(&self.piece[behind..], tag);
        }
        self
    }
}

/// How long the messages of one type are that `piece` begins with, the last one perhaps beyond its
/// end. A header that cannot be is left to whoever reads it next.
#[inline(never)]
fn run_len(piece: &[u8], tag: u8) -> usize {
    let mut len = 0;
    while piece.get(len) == Some(&tag)
        && let Ok(Some(next)) = Header::parse(&piece[len..])
    {
        len += next.frame_len();
    }
    len
}

#[cfg(test)]
mod tests {
    use super::super::script::{client, framed, server};
    use super::super::{Outbox, ServerSide, Session, Shared};
    use crate::session::parameters::ParameterSet;
    use crate::session::request::{Out, Until};
    use std::ops::Range;

    /// Notes each piece that would be sent.
    #[derive(Default)]
    struct Pieces(Vec<(usize, usize)>);

    impl Outbox for Pieces {
        fn forward(&mut self, range: Range<usize>) {
            self.0.push((range.start, range.end));
        }
        fn supply(&mut self, _: &[u8]) {}
    }

    /// The pieces of each of these replies to one query, and whether the last one was taken.
    fn pieces_of(replies: &[&[u8]]) -> (Vec<Vec<(usize, usize)>>, bool) {
        let shared = Shared::default();
        let set = shared.interner.intern(ParameterSet::default());
        let (mut session, mut at) = (Session::new(set.clone(), true), ServerSide::new(set, 1));
        let (mut up, mut down) = (Pieces::default(), Pieces::default());
        let mut out = Out { server: &mut up, client: &mut down };
        session.request(&shared, &mut at, &client("Q a"), Until::End, &mut out).unwrap();
        let mut taken = true;
        let mut reply = |reply: &&[u8]| {
            let mut pieces = Pieces::default();
            taken = session.reply(&shared, &mut at, reply, &mut pieces).is_ok();
            pieces.0
        };
        (replies.iter().map(&mut reply).collect(), taken)
    }

    #[test]
    fn rows_that_follow_each_other_are_one_piece() {
        let reply = server("T | D 1 | D 22 | D 333 | C SELECT 3 | Z I");
        let (pieces, _) = pieces_of(&[&reply]);
        assert_eq!(pieces[0][..2], [(0, 5), (5, 26)]);
        assert_eq!(pieces[0].len(), 4);
    }

    #[test]
    fn a_row_that_is_not_all_there_belongs_to_the_run() {
        let reply = [server("D 1 | D 22"), framed(b'D', &[7; 100])].concat();
        let (pieces, _) = pieces_of(&[&reply[..20], &reply[20..]]);
        assert_eq!(pieces, [[(0, 20)], [(0, reply.len() - 20)]]);
    }

    #[test]
    fn copied_data_does_not_run_into_rows() {
        let reply = server("H | d 1 | d 2 | D 1");
        let (pieces, _) = pieces_of(&[&reply]);
        assert_eq!(pieces, [[(0, 5), (5, 17), (17, 23)]]);
    }

    #[test]
    fn what_comes_before_a_header_that_cannot_be_goes_by() {
        let reply = [&server("D 1 | D 2")[..], b"D\0\0\0\x01"].concat();
        assert_eq!(pieces_of(&[&reply]), (vec![vec![(0, 12)]], false));
    }
}
