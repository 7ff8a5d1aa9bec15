//! What a session must see, as a text that another connection can be given.

use std::fmt;
use std::str::FromStr;

use super::position::{Lsn, Position, SystemId, Timeline};

/// Digits at the end of a token, always: one that has lost some of its end would else be another,
/// earlier position, and promise less than it was given for.
const END_DIGITS: usize = 8;

/// A position of the primary: whoever reads after it sees everything that had been acknowledged
/// when it was taken. Written `SYSTEM-TIMELINE-LSN`, like `7432001234567890123-1-16/0374D848`, with
/// eight digits behind the slash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token(pub Position);

/// Why a token cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not one.
    #[error(
        "a token is written like 7432001234567890123-1-16/0374D848, with eight digits at its end"
    )]
    Malformed,
    /// It is of another cluster.
    #[error("the token is from another cluster: its system identifier is not the primary's")]
    AnotherCluster,
    /// It is of another timeline: a standby has been promoted since, or before.
    #[error("the token is from another timeline: what it stands for may not exist on this one")]
    AnotherTimeline,
    /// The primary has not got there.
    #[error("the token is ahead of the primary")]
    Ahead,
    /// Where the primary is, is not known.
    #[error("the primary's position is not known, so the token cannot be checked")]
    PrimaryUnknown,
}

impl Token {
    /// Whether the token is of the history that the primary's position is of.
    pub(super) fn check(self, primary: Position) -> Result<(), TokenError> {
        if self.0.system != primary.system {
            Err(TokenError::AnotherCluster)
        } else if self.0.timeline != primary.timeline {
            Err(TokenError::AnotherTimeline)
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { system, timeline, lsn } = self.0;
        let (high, low) = (lsn.0 >> 32, lsn.0 & 0xffff_ffff);
        write!(f, "{system}-{timeline}-{high:X}/{low:0END_DIGITS$X}")
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let mut parts = text.splitn(3, '-');
        let mut part = || parts.next().ok_or(TokenError::Malformed);
        let system = SystemId(decimal(part()?)?);
        let timeline = Timeline(decimal(part()?)?);
        let lsn = part()?;
        let is_whole = lsn.split_once('/').is_some_and(|(_, low)| low.len() == END_DIGITS);
        let lsn: Lsn = lsn.parse().ok().filter(|_| is_whole).ok_or(TokenError::Malformed)?;
        Ok(Self(Position { system, timeline, lsn }))
    }
}

/// Digits and nothing else: `parse` alone would take a sign.
fn decimal<T: FromStr>(text: &str) -> Result<T, TokenError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or(TokenError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "7432001234567890123-1-16/B374D848";

    fn token() -> Token {
        TEXT.parse().unwrap()
    }

    #[test]
    fn a_token_is_one_line_of_its_three_parts() {
        assert_eq!(token().0.system, SystemId(7_432_001_234_567_890_123));
        assert_eq!(token().0.timeline, Timeline(1));
        assert_eq!(token().0.lsn, Lsn(0x16_b374_d848));
        assert_eq!(token().to_string(), TEXT);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for wrong in
            ["", "1", "1-1", "1-1-", "-1-1-0/0", "+1-1-0/0", "1-1-0/0-", "1-99999999999-0/0"]
        {
            assert_eq!(wrong.parse::<Token>(), Err(TokenError::Malformed), "{wrong}");
        }
    }

    #[test]
    fn a_truncated_token_is_refused() {
        for whole in [TEXT, "7432001234567890123-1-0/00001D48"] {
            assert_eq!(whole.parse::<Token>().unwrap().to_string(), whole);
            for end in 0..whole.len() {
                assert_eq!(whole[..end].parse::<Token>(), Err(TokenError::Malformed), "{end}");
            }
        }
    }

    #[test]
    fn a_token_of_another_history_is_refused_with_its_reason() {
        let position = token().0;
        assert_eq!(token().check(position), Ok(()));
        let elsewhere = Position { system: SystemId(1), ..position };
        assert_eq!(token().check(elsewhere), Err(TokenError::AnotherCluster));
        let promoted = Position { timeline: Timeline(2), ..position };
        assert_eq!(token().check(promoted), Err(TokenError::AnotherTimeline));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(system: u64, timeline: u32, lsn: u64) {
            let position =
                Position { system: SystemId(system), timeline: Timeline(timeline), lsn: Lsn(lsn) };
            prop_assert_eq!(Token(position).to_string().parse(), Ok(Token(position)));
        }

        #[test]
        fn any_text_is_a_token_or_an_error(text: String) {
            let _ = text.parse::<Token>();
        }
    }
}
