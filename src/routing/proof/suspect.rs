//! A second look at the tokens for what no read contains, whatever the parser made of them.

use super::super::objection::Objection;
use super::super::token::{Kind, Token};
use super::super::{Reason, functions};
use super::syntax::name;

/// Objects to a word sequence that only writes have, and to any call of a function of the
/// primary's. It may object to a harmless name: that costs a replica one read, the other way round
/// would cost an application its correctness.
pub(super) fn look_over(tokens: &[Token<'_>]) -> Result<(), Objection> {
    // For each open parenthesis, whether FOR between it and its like is followed by an operand.
    let mut lengths = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = tokens[..at].last();
        if token.is_mark("(") {
            lengths.push(before.is_some_and(|before| is_one_of(before, LENGTHS)));
        } else if token.is_mark(")") {
            lengths.pop();
        } else if lengths.last() != Some(&true) {
            locks(&tokens[at..])?;
        }
        look_at(&tokens[at..], before)?;
    }
    Ok(())
}

fn locks(tokens: &[Token<'_>]) -> Result<(), Objection> {
    match tokens {
        [first, second, ..] if first.is_word("for") && is_one_of(second, LOCKS) => {
            Err(Reason::Locking.into())
        }
        _ => Ok(()),
    }
}

fn look_at(tokens: &[Token<'_>], before: Option<&Token<'_>>) -> Result<(), Objection> {
    match tokens {
        [first, second, inside @ ..] if second.is_mark("(") => call(first, inside),
        [first, second, ..] if is_one_of(first, CHANGES) && is_name(second) => match before {
            Some(open) if open.is_mark("(") => Err(Reason::WritingCte.into()),
            _ if second.is_word("into") => Err(Reason::Write.into()),
            _ => Ok(()),
        },
        [first, ..] if first.is_word("into") => Err(Reason::SelectInto.into()),
        _ => Ok(()),
    }
}

/// `SUBSTRING(a FROM 1 FOR n)`: no query can stand there without parentheses of its own.
const LENGTHS: &[&str] = &["substring", "overlay"];

const LOCKS: &[&str] = &["update", "share", "no", "key"];

const CHANGES: &[&str] = &["insert", "update", "delete", "merge"];

fn is_one_of(token: &Token<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| token.is_word(word))
}

const fn is_name(token: &Token<'_>) -> bool {
    matches!(token.kind, Kind::Word | Kind::QuotedWord)
}

/// `inside` begins behind the parenthesis.
fn call(function: &Token<'_>, inside: &[Token<'_>]) -> Result<(), Objection> {
    if !is_name(function) {
        return Ok(());
    }
    let name = name(function)?;
    if functions::family(&name) || functions::is_in_doubt(&name, || arguments_min(inside)) {
        return Err(Objection::to(Reason::PrimaryFunction, name));
    }
    Ok(())
}

/// How many arguments there are at least: a list of literals counts as one, as the shape has it.
fn arguments_min(inside: &[Token<'_>]) -> usize {
    let (mut depth, mut commas) = (0_usize, 0);
    for token in inside {
        match (token.kind, token.text) {
            (Kind::Punctuation, b"(" | b"[") => depth += 1,
            (Kind::Punctuation, b")" | b"]") if depth == 0 => break,
            (Kind::Punctuation, b")" | b"]") => depth -= 1,
            (Kind::Punctuation, b",") if depth == 0 => commas += 1,
            _ => {}
        }
    }
    commas + 1
}
