//! Which parenthesis or bracket closes which.

use super::super::Reason;
use super::super::token::Token;

/// The other end of every parenthesis and bracket of a statement.
pub(super) struct Groups {
    /// For each token its partner; for one that is no end of a group, its own place.
    partner: Vec<usize>,
}

impl Groups {
    /// Fails if the groups of `tokens` are not properly nested: then nothing tells what belongs
    /// to what.
    pub(super) fn of(tokens: &[Token<'_>]) -> Result<Self, Reason> {
        let mut partner: Vec<_> = (0..tokens.len()).collect();
        let mut open = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            if token.is_mark("(") || token.is_mark("[") {
                open.push(at);
            } else if token.is_mark(")") || token.is_mark("]") {
                let opener = open.pop().ok_or(Reason::Unparsed)?;
                if tokens[opener].is_mark("(") != token.is_mark(")") {
                    return Err(Reason::Unparsed);
                }
                (partner[opener], partner[at]) = (at, opener);
            }
        }
        if open.is_empty() { Ok(Self { partner }) } else { Err(Reason::Unparsed) }
    }

    /// The place of the other end of the group that the token at `at` opens or closes.
    pub(super) fn partner(&self, at: usize) -> usize {
        self.partner[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::lexer::Lexer;

    fn groups(sql: &str) -> Result<Groups, Reason> {
        Groups::of(&Lexer::new(sql.as_bytes()).collect::<Vec<_>>())
    }

    #[test]
    fn each_end_knows_the_other() {
        let groups = groups("a ( b [ 1 ] , ( ) )").unwrap();
        for (open, close) in [(1, 9), (3, 5), (7, 8)] {
            assert_eq!((groups.partner(open), groups.partner(close)), (close, open));
        }
        assert_eq!(groups.partner(0), 0);
    }

    #[test]
    fn what_is_not_nested_has_no_groups() {
        for sql in ["(", ")", "(]", "([)]", ")(", "(()"] {
            assert_eq!(groups(sql).err(), Some(Reason::Unparsed), "{sql}");
        }
    }
}
