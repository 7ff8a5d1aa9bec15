//! A question's tokens, and where groups of them begin and end.

use crate::admin::error;
use crate::protocol::error_response::ErrorReport;
use sqlparser::dialect::PostgreSqlDialect;
pub use sqlparser::tokenizer::Token;
use sqlparser::tokenizer::Tokenizer;

/// Bytes of a text that is read; the questions of tools have some thousand.
pub const TEXT_LEN_MAX: usize = 100_000;

/// Groups within groups: SQLite takes no deeper expressions ([`engine`](super::engine)).
pub const DEPTH_MAX: usize = 200;

/// Casts, subscripts and intervals: each is put around what stands in front of it.
const WRAPS_MAX: usize = 1_000;

/// The tokens of a text, without blanks and comments.
///
/// # Errors
/// A quote or comment in it does not end, it is too long or nested too deeply.
pub fn tokens(text: &str) -> Result<Vec<Token>, ErrorReport> {
    if text.len() > TEXT_LEN_MAX {
        return Err(error::limit(&format!("a SELECT has more than {TEXT_LEN_MAX} bytes")));
    }
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize();
    let tokens = tokens.map_err(|why| error::sql(&why.to_string()))?;
    let tokens: Vec<Token> =
        tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    check(&tokens)?;
    Ok(tokens)
}

fn check(tokens: &[Token]) -> Result<(), ErrorReport> {
    let (mut depth, mut wraps) = (0_usize, 0_usize);
    for token in tokens {
        if opens(token) {
            depth += 1;
        } else if closes(token) {
            depth = depth.saturating_sub(1);
        }
        let wrap = matches!(token, Token::DoubleColon | Token::LBracket) || is(token, "interval");
        wraps += usize::from(wrap);
        if depth > DEPTH_MAX {
            return Err(error::limit(&format!("a SELECT is nested more than {DEPTH_MAX} deep")));
        }
        if wraps > WRAPS_MAX {
            return Err(error::limit(&format!("a SELECT has more than {WRAPS_MAX} casts")));
        }
    }
    Ok(())
}

/// Whether it is this word, not in quotes.
pub fn is(token: &Token, name: &str) -> bool {
    matches!(token, Token::Word(word)
        if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(name))
}

/// Whether it is one of these words.
pub fn is_any(token: &Token, names: &[&str]) -> bool {
    names.iter().any(|name| is(token, name))
}

/// The name that a token is, with or without quotes.
pub fn name(token: &Token) -> Option<&str> {
    match token {
        Token::Word(word) => Some(&word.value),
        _ => None,
    }
}

/// What is left behind the dots of a name.
pub fn unqualified(mut tokens: &[Token]) -> &[Token] {
    while let [_, Token::Period, rest @ ..] = tokens {
        tokens = rest;
    }
    tokens
}

fn opens(token: &Token) -> bool {
    matches!(token, Token::LParen | Token::LBracket) || is(token, "case")
}

fn closes(token: &Token) -> bool {
    matches!(token, Token::RParen | Token::RBracket) || is(token, "end")
}

/// How many tokens the first thing is: a group in parentheses, in brackets or from CASE to END, to
/// its end or to the end of all; or one token.
pub fn step(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if opens(token) {
            depth += 1;
        } else if closes(token) {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// What is in a group: all but its first and its last token.
pub fn inner(group: &[Token]) -> &[Token] {
    let end = if group.last().is_some_and(closes) { group.len() - 1 } else { group.len() };
    group.get(1..end).unwrap_or_default()
}

/// The places of those tokens outside of groups for which this is so.
pub fn places(tokens: &[Token], is_wanted: impl Fn(&Token) -> bool) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_wanted(&tokens[at]) {
            found.push(at);
        }
        at += step(&tokens[at..]);
    }
    found
}

/// The parts between those tokens outside of groups for which this is so.
pub fn split(tokens: &[Token], is_between: impl Fn(&Token) -> bool) -> Vec<&[Token]> {
    let mut parts = Vec::new();
    let mut start = 0;
    for at in places(tokens, is_between) {
        parts.push(&tokens[start..at]);
        start = at + 1;
    }
    parts.push(&tokens[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(parts: &[&[Token]]) -> Vec<String> {
        let words = |part: &&[Token]| part.iter().map(ToString::to_string).collect::<String>();
        parts.iter().map(words).collect()
    }

    #[test]
    fn groups_are_one_thing() {
        let all = tokens("a, f(b, (c)), CASE WHEN d THEN 1, 2 END, e[1, 2]").unwrap();
        let parts = split(&all, |token| *token == Token::Comma);
        assert_eq!(words(&parts), ["a", "f(b,(c))", "CASEWHENdTHEN1,2END", "e[1,2]"]);
        assert_eq!(words(&[inner(&parts[1][1..])]), ["b,(c)"]);
    }

    #[test]
    fn what_is_too_much_is_refused() {
        for text in ["x ".repeat(TEXT_LEN_MAX), "(".repeat(201), "a::b ".repeat(1_001)] {
            assert_eq!(tokens(&text).unwrap_err().sqlstate.0, "54000");
        }
        assert_eq!(tokens("SELECT 'open").unwrap_err().sqlstate.0, "42601");
    }

    proptest! {
        #[test]
        fn any_tokens_have_an_end(text in "[(){}\\[\\]a-c ,]{0,40}") {
            let all = tokens(&text).unwrap();
            for at in 0..all.len() {
                let len = step(&all[at..]);
                prop_assert!(len >= 1 && at + len <= all.len());
                let _ = inner(&all[at..at + len]);
            }
        }
    }
}
