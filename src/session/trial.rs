//! Looking at a replica's answer before the client does: is it one, or does it refuse to answer?
//!
//! A read that a standby cannot run fails before its first row: it calls what writes, needs a table
//! that is not there (yet), or was in the way of what is being replayed. As long as nothing of the
//! answer has reached the client, the read can be run elsewhere and the client need not know.

use super::OPENED_MAX;
use crate::protocol::backend as tag;
use crate::protocol::error_response::Fields;
use crate::protocol::frame::Frames;

/// What the front of a replica's bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not known yet: more bytes are needed.
    More,
    /// The whole answer to a unit, so long; the client may have it.
    Answer(usize),
    /// The beginning of an answer; the client may have it, and what follows.
    Begins,
    /// It will not answer.
    Refused(Refusal),
}

/// Why a replica does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is a standby: it never will.
    Standby,
    /// Another time it might.
    Now,
    /// What was asked in front of the unit had an answer that does not suit.
    Opening,
}

/// Judges `piece`, the bytes that have come and that nobody has seen. `preludes` answers in front
/// are to queries of ours, each up to its `ReadyForQuery`; `suits` is asked whether a value that one
/// of them returns will do.
pub fn verdict(piece: &[u8], mut preludes: usize, suits: impl Fn(&[u8]) -> bool) -> Verdict {
    let mut frames = Frames::new(piece);
    let mut rows = false;
    while let Ok(Some(frame)) = frames.next_frame() {
        match frame.tag {
            tag::READY_FOR_QUERY if preludes > 0 => preludes -= 1,
            tag::READY_FOR_QUERY => return Verdict::Answer(frames.position()),
            tag::DATA_ROW if preludes > 0 => match tag::first_value(frame.body()) {
                Some(value) if !suits(value) => return Verdict::Refused(Refusal::Opening),
                _ => {}
            },
            tag::ERROR_RESPONSE if preludes == 0 => {
                if let Some(refusal) = refusal(Fields::new(frame.body())) {
                    return Verdict::Refused(refusal);
                }
            }
            tag::DATA_ROW | tag::COPY_OUT_RESPONSE | tag::COPY_DATA => rows = true,
            _ => {}
        }
    }
    // Rows that come one by one are not kept from the client; a short answer is looked at as a
    // whole.
    if rows || piece.len() >= OPENED_MAX { Verdict::Begins } else { Verdict::More }
}

/// Whether an error says that another host might answer.
///
/// Sources: PostgreSQL manual, 26.4 "Hot Standby"; `PreventCommandDuringRecovery` and
/// `PreventCommandIfReadOnly` in `utility.c`; `ProcessRecoveryConflictInterrupt` in `postgres.c`.
pub fn refusal(fields: Fields<'_>) -> Option<Refusal> {
    match fields.sqlstate() {
        // A plan that has become useless says 0A000 too, on any host.
        b"0A000" if fields.field(b'R') == Some(b"RevalidateCachedQuery") => Some(Refusal::Now),
        b"25006" | b"0A000" | b"55000" => Some(Refusal::Standby),
        // Recovery is in the way, or the host goes away.
        b"40001" | b"40P01" | b"57P01" | b"57P02" | b"57P03" => Some(Refusal::Now),
        // What was made on the primary is not there yet.
        b"42P01" | b"42703" | b"42883" | b"42704" | b"3F000" | b"42P02" => Some(Refusal::Now),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::server;
    use super::*;
    use proptest::prelude::*;

    fn judged(script: &str) -> Verdict {
        verdict(&server(script), 0, |_| true)
    }

    #[test]
    fn a_whole_answer_is_one_even_if_it_is_an_error() {
        for script in
            ["T | D 1 | C SELECT 1 | Z I", "1 | 2 | E 22012 division by zero | Z I", "I | Z I"]
        {
            assert_eq!(judged(script), Verdict::Answer(server(script).len()), "{script}");
        }
        let two = "C SELECT 0 | Z I | E 25006 no | Z I";
        assert_eq!(judged(two), Verdict::Answer(server("C SELECT 0 | Z I").len()));
    }

    #[test]
    fn a_standby_says_no_in_several_ways() {
        for code in ["25006", "0A000", "55000"] {
            let script = format!("1 | 2 | T | E {code} cannot | Z I");
            assert_eq!(judged(&script), Verdict::Refused(Refusal::Standby), "{code}");
        }
        for code in ["40001", "57P01!", "42P01"] {
            assert_eq!(judged(&format!("E {code} no")), Verdict::Refused(Refusal::Now), "{code}");
        }
    }

    #[test]
    fn an_error_behind_rows_that_were_not_shown_is_found() {
        let script = "T | D 1 | C SELECT 1 | E 25006 cannot | Z I";
        assert_eq!(judged(script), Verdict::Refused(Refusal::Standby));
    }

    #[test]
    fn it_waits_for_more_but_not_for_rows() {
        assert_eq!(judged("1 | 2 | T"), Verdict::More);
        assert_eq!(judged("1 | 2 | T | D 1"), Verdict::Begins);
        assert_eq!(verdict(b"", 0, |_| true), Verdict::More);
    }

    #[test]
    fn what_we_asked_ourselves_comes_first() {
        let script = server("C BEGIN | T | D \0\x01\0\0\0\x01x | C SHOW | Z T | E 25006 no | Z E");
        assert_eq!(verdict(&script, 1, |said| said == b"x"), Verdict::Refused(Refusal::Standby));
        assert_eq!(verdict(&script, 1, |_| false), Verdict::Refused(Refusal::Opening));
        let refused = server("E 42704 no | Z I | C SELECT 0");
        assert_eq!(verdict(&refused, 1, |_| true), Verdict::More, "for others to see");
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes: Vec<u8>, preludes in 0usize..3) {
            let _ = verdict(&bytes, preludes, |_| true);
        }
    }
}
