//! Everything between quotes or dollar tags, and where it ends.

use super::super::token::Kind;
use super::blank;
use super::lead::{is_word_part, is_word_start};
use memchr::{memchr, memchr2};

/// How a quoted token begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    /// `'` or `N'`: backslashes mean something only if standard_conforming_strings is off.
    Plain(usize),
    /// `E'`: backslashes escape.
    Escaped(usize),
    /// `U&'`: PostgreSQL refuses it while standard_conforming_strings is off.
    Unicode(usize),
    /// `B'` or `X'`.
    Bits(usize),
    /// `"`.
    Word(usize),
    /// `U&"`.
    UnicodeWord(usize),
}

/// The quoted token that starts here, with the length up to and including its first quote.
pub(super) fn prefix(rest: &[u8]) -> Option<Prefix> {
    Some(match rest {
        [b'\'', ..] => Prefix::Plain(1),
        [b'"', ..] => Prefix::Word(1),
        [b'n' | b'N', b'\'', ..] => Prefix::Plain(2),
        [b'e' | b'E', b'\'', ..] => Prefix::Escaped(2),
        [b'b' | b'B' | b'x' | b'X', b'\'', ..] => Prefix::Bits(2),
        [b'u' | b'U', b'&', b'\'', ..] => Prefix::Unicode(3),
        [b'u' | b'U', b'&', b'"', ..] => Prefix::UnicodeWord(3),
        _ => return None,
    })
}

/// The kind and whole length of the quoted token at the start of `rest`; none if it never ends.
pub(super) fn end(rest: &[u8], prefix: Prefix) -> Option<(Kind, usize)> {
    match prefix {
        Prefix::Plain(open) => plain(rest, open),
        Prefix::Escaped(open) => escaped(rest, open),
        Prefix::Unicode(open) => Some((Kind::String, pieces(rest, open)?)),
        Prefix::Bits(open) => Some((Kind::Bits, pieces(rest, open)?)),
        Prefix::Word(open) => Some((Kind::QuotedWord, doubled(rest, open, b'"')?)),
        Prefix::UnicodeWord(open) => Some((Kind::UnicodeWord, doubled(rest, open, b'"')?)),
    }
}

/// Up to and including the closing quote; a doubled one is content.
fn doubled(rest: &[u8], open: usize, quote: u8) -> Option<usize> {
    let mut at = open;
    loop {
        at += 1 + memchr(quote, rest.get(at..)?)?;
        if rest.get(at) != Some(&quote) {
            return Some(at);
        }
        at += 1;
    }
}

/// A string of one or more pieces, each in quotes, with a line break before every further one
/// (PostgreSQL manual 4.1.2.1).
fn pieces(rest: &[u8], open: usize) -> Option<usize> {
    let mut at = doubled(rest, open, b'\'')?;
    while let Some(blank) = blank::continuation(&rest[at..]) {
        at = doubled(rest, at + blank + 1, b'\'')?;
    }
    Some(at)
}

/// Its end is unclear if a quote in it may have been escaped: without standard_conforming_strings
/// the string would go on there. Its length is that of the standard.
fn plain(rest: &[u8], open: usize) -> Option<(Kind, usize)> {
    let length = pieces(rest, open)?;
    let string = &rest[..length];
    let unclear = memchr(b'\\', string).is_some() && may_escape_quote(string);
    Some((if unclear { Kind::UnclearString } else { Kind::String }, length))
}

/// Whether an odd number of backslashes stands before a quote. Behind a byte with its high bit set
/// the first one may be half of a character, in client encodings like SJIS and GBK, and then an
/// even number escapes, too.
fn may_escape_quote(string: &[u8]) -> bool {
    let mut run = 0_usize;
    let mut after_high = false;
    for (at, byte) in string.iter().enumerate() {
        match byte {
            b'\\' => {
                after_high = if run == 0 { string[at - 1] >= 0x80 } else { after_high };
                run += 1;
            }
            b'\'' if run % 2 == 1 || (run > 0 && after_high) => return true,
            _ => run = 0,
        }
    }
    false
}

fn escaped(rest: &[u8], open: usize) -> Option<(Kind, usize)> {
    let (mut at, mut clear) = escaped_piece(rest, open)?;
    while let Some(blank) = blank::continuation(&rest[at..]) {
        let (end, piece_clear) = escaped_piece(rest, at + blank + 1)?;
        (at, clear) = (end, clear && piece_clear);
    }
    Some((if clear { Kind::String } else { Kind::UnclearString }, at))
}

/// The end of one piece of `E'..'`, and whether it is certain: in client encodings like SJIS and
/// GBK a backslash after a byte with its high bit set may be the second half of a character.
fn escaped_piece(rest: &[u8], open: usize) -> Option<(usize, bool)> {
    let mut at = open;
    let mut clear = true;
    loop {
        at += memchr2(b'\'', b'\\', rest.get(at..)?)?;
        match &rest[at..] {
            [b'\\', _, ..] => {
                clear &= rest[at - 1] < 0x80;
                at += 2;
            }
            [b'\'', b'\'', ..] => at += 2,
            [b'\'', ..] => return Some((at + 1, clear)),
            _ => return None,
        }
    }
}

/// The opening `$tag$` at the start of `rest`.
pub(super) fn dollar_tag(rest: &[u8]) -> Option<&[u8]> {
    let name = rest.get(1..)?.iter().take_while(|b| is_word_part(**b) && **b != b'$').count();
    let starts_well = name == 0 || is_word_start(rest[1]);
    (starts_well && rest.get(1 + name) == Some(&b'$')).then(|| &rest[..name + 2])
}

/// The whole length of a dollar-quoted string; none if its tag does not come again.
///
/// Linear: two comparisons never cover the same byte, because a tag has no `$` inside.
pub(super) fn dollar_end(rest: &[u8], tag: &[u8]) -> Option<(Kind, usize)> {
    let mut at = tag.len();
    loop {
        at += memchr(b'$', rest.get(at..)?)?;
        if rest[at..].starts_with(tag) {
            return Some((Kind::String, at + tag.len()));
        }
        at += 1;
    }
}
