//! Cuts any bytes into tokens as PostgreSQL's scanner would: one pass, no allocation, no panic.
//!
//! The model is `src/backend/parser/scan.l` (PostgreSQL manual, 4.1 "Lexical Structure").
//! Where versions differ, the reading is chosen that cannot hide a word or a parenthesis.

mod blank;
mod lead;
mod number;
mod quoted;

use super::octets;
use super::token::{Kind, Token};
use lead::{Lead, is_operator, is_word_part};

/// The longest operator's name, `NAMEDATALEN - 1` in PostgreSQL, which refuses longer ones. The
/// bound keeps a run of a million signs, which are a million operators, linear.
const MAX_OPERATOR_BYTES: usize = 63;

/// The tokens of one text. Copying it is a bookmark: the copy reads on from the same place.
#[derive(Clone, Copy, Debug)]
pub struct Lexer<'a> {
    sql: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    /// Starts at the beginning of `sql`, which may be any bytes.
    #[must_use]
    pub const fn new(sql: &'a [u8]) -> Self {
        Self { sql, at: 0 }
    }

    /// How many bytes have been consumed.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }

    /// The next byte that is not white space; it may begin a token or a comment.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.rest().iter().copied().find(|b| !blank::is_space(*b))
    }

    fn rest(&self) -> &'a [u8] {
        &self.sql[self.at..]
    }

    fn take(&mut self, kind: Kind, length: usize) -> Token<'a> {
        let (text, _) = self.rest().split_at(length);
        self.at += length;
        Token { kind, text }
    }

    fn take_rest(&mut self) -> Token<'a> {
        self.take(Kind::Unfinished, self.rest().len())
    }

    fn take_maybe_finished(&mut self, ended: Option<(Kind, usize)>) -> Token<'a> {
        match ended {
            Some((kind, length)) => self.take(kind, length),
            None => self.take_rest(),
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    // Asked for every token of every statement: a call would cost more than most of them do.
    #[inline(always)]
    fn next(&mut self) -> Option<Token<'a>> {
        match blank::skip(self.rest()) {
            Some(length) => self.at += length,
            None => return Some(self.take_rest()),
        }
        let rest = self.rest();
        Some(match lead::of(*rest.first()?) {
            Lead::Word => self.take(Kind::Word, word_length(rest)),
            Lead::Quoted => self.quoted(),
            Lead::Digit => self.take(Kind::Number, number::length(rest)),
            Lead::Dot => self.dot(),
            Lead::Dollar => self.dollar(),
            Lead::Punctuation => self.take(Kind::Punctuation, punctuation_length(rest)),
            Lead::Operator => self.operator(),
            Lead::Stray => self.take(Kind::Stray, 1),
        })
    }
}

impl<'a> Lexer<'a> {
    fn quoted(&mut self) -> Token<'a> {
        let rest = self.rest();
        match quoted::prefix(rest) {
            Some(prefix) => self.take_maybe_finished(quoted::end(rest, prefix)),
            None => self.take(Kind::Word, word_length(rest)),
        }
    }

    fn dot(&mut self) -> Token<'a> {
        let rest = self.rest();
        match rest.get(1) {
            Some(digit) if digit.is_ascii_digit() => self.take(Kind::Number, number::length(rest)),
            _ => self.take(Kind::Punctuation, punctuation_length(rest)),
        }
    }

    fn operator(&mut self) -> Token<'a> {
        let length = operator_length(self.rest());
        let known = length <= MAX_OPERATOR_BYTES;
        self.take(if known { Kind::Operator } else { Kind::Stray }, length)
    }

    /// `$1`, `$tag$..$tag$`, or a dollar sign that starts neither.
    fn dollar(&mut self) -> Token<'a> {
        let rest = self.rest();
        let digits = rest[1..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits > 0 {
            return self.take(Kind::Parameter, 1 + digits);
        }
        match quoted::dollar_tag(rest) {
            Some(tag) => self.take_maybe_finished(quoted::dollar_end(rest, tag)),
            None => self.take(Kind::Stray, 1),
        }
    }
}

/// Most words end within the first eight bytes, and in a place that no processor can foresee.
fn word_length(rest: &[u8]) -> usize {
    let mut length = 0;
    while let Some(octets) = rest[length..].first_chunk() {
        let parts = octets::word_parts(u64::from_le_bytes(*octets));
        length += parts;
        if parts < 8 {
            return length;
        }
    }
    length + rest[length..].iter().take_while(|b| is_word_part(**b)).count()
}

fn punctuation_length(rest: &[u8]) -> usize {
    match rest {
        [b':', b':' | b'=', ..] | [b'.', b'.', ..] => 2,
        _ => 1,
    }
}

/// The longest operator at the start of `rest`: it ends before a comment, and it may only end in
/// a sign if it holds a character that standard SQL's operators do not have.
fn operator_length(rest: &[u8]) -> usize {
    if !rest.get(1).is_some_and(|b| is_operator(*b)) {
        return 1;
    }
    let run = rest.iter().take(MAX_OPERATOR_BYTES + 2).take_while(|b| is_operator(**b)).count();
    let comment = rest[..run].windows(2).position(|w| w == b"--" || w == b"/*");
    let mut length = comment.unwrap_or(run).max(1);
    let unusual = rest[..length].iter().position(|b| !b"+-*/<>=".contains(b));
    while length > 1
        && matches!(rest[length - 1], b'+' | b'-')
        && unusual.is_none_or(|at| at >= length - 1)
    {
        length -= 1;
    }
    length
}

#[cfg(test)]
mod tests;
