//! A text without its values: the tokens that decide its class, and nothing else.
//!
//! The fingerprint hashes these tokens and the classifier reads these tokens, so two texts with
//! one fingerprint cannot have two classes: what is stripped here is seen by neither.

use super::lexer::Lexer;
use super::token::{Kind, Token};

/// The tokens of a text, with every literal replaced by one placeholder of its kind and every
/// list `1, 2, 3` of literals of one kind by its first.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    lexer: Lexer<'a>,
}

impl<'a> Shape<'a> {
    /// The shape of `sql`, which may be any bytes.
    #[must_use]
    pub const fn new(sql: &'a [u8]) -> Self {
        Self { lexer: Lexer::new(sql) }
    }

    /// Skips `, literal` as often as it comes.
    fn skip_list(&mut self, kind: Kind) {
        while let Some(after) = after_one_more(self.lexer, kind) {
            self.lexer = after;
        }
    }
}

impl<'a> Iterator for Shape<'a> {
    type Item = Token<'a>;

    // As for the lexer's tokens.
    #[inline(always)]
    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.lexer.next()?;
        if token.kind.is_literal() {
            self.skip_list(token.kind);
        }
        Some(Token { kind: token.kind, text: placeholder(token) })
    }
}

/// The place behind `, literal` (a number may have a sign), if that is what comes.
// Two more copies of the lexer would push it out of the loop over tokens.
#[inline(never)]
fn after_one_more(mut lexer: Lexer<'_>, kind: Kind) -> Option<Lexer<'_>> {
    // Most literals are not followed by a comma, nor by a comment that may hide one.
    if !matches!(lexer.peek()?, b',' | b'-' | b'/') {
        return None;
    }
    if !lexer.next()?.is_mark(",") {
        return None;
    }
    let mut token = lexer.next()?;
    if kind == Kind::Number && (token.is_mark("-") || token.is_mark("+")) {
        token = lexer.next()?;
    }
    (token.kind == kind).then_some(lexer)
}

/// Text that stands for the token: its own, unless that is a value.
const fn placeholder(token: Token<'_>) -> &[u8] {
    match token.kind {
        Kind::Number => b"1",
        Kind::Parameter => b"$1",
        Kind::String | Kind::UnclearString => b"'x'",
        Kind::Bits => b"B'0'",
        Kind::UnicodeWord | Kind::Unfinished => b"",
        Kind::Word | Kind::QuotedWord | Kind::Operator | Kind::Punctuation | Kind::Stray => {
            token.text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(sql: &str) -> String {
        let words: Vec<_> = Shape::new(sql.as_bytes())
            .map(|t| String::from_utf8_lossy(t.text).into_owned())
            .collect();
        words.join(" ")
    }

    #[test]
    fn values_are_replaced_by_their_kind() {
        assert_eq!(
            shape("select 42, 'it''s', $7, x'ff', $$a$$ -- note\n from t"),
            "select 1 , 'x' , $1 , B'0' , 'x' from t"
        );
    }

    #[test]
    fn a_list_of_literals_is_as_long_as_its_first() {
        assert_eq!(shape("a IN (1,2, -3 , +4)"), "a IN ( 1 )");
        assert_eq!(shape("a IN ('x', e'\\'', $$y$$)"), "a IN ( 'x' )");
        assert_eq!(shape("f($1, $2, g($3, $4))"), "f ( $1 , g ( $1 ) )");
    }

    #[test]
    fn what_is_not_a_literal_stays() {
        assert_eq!(shape("(1, nextval('s'), 2)"), "( 1 , nextval ( 'x' ) , 1 )");
        assert_eq!(shape("(1, 'a', 2)"), "( 1 , 'x' , 1 )");
        assert_eq!(shape("1,"), "1 ,");
    }
}
