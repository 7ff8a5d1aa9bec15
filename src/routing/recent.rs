//! The shapes of texts that were seen lately: one that differs from such a text in its literals only
//! has the same fingerprint, and comparing bytes is ten times cheaper than cutting them into tokens.
//!
//! A client of the simple protocol writes its values into the text, so the same few texts come again
//! and again with other values. Each is kept with its *holes*: literals of a kind whose end is found
//! without a lexer.

use memchr::memchr2;

use super::fingerprint::Fingerprint;
use super::lexer::Lexer;
use super::octets;
use super::token::{Kind, Token};

/// Texts that are kept, each in the place that its front tells. A power of two.
const PLACES: usize = 128;

/// The longest text that is kept, bytes. With [`PLACES`], at most 64 kB a worker; a longer text is
/// seldom sent twice with nothing but other values.
const TEXT_MAX: usize = 512;

/// Holes of one text.
const HOLES_MAX: usize = 16;

/// Bytes of the front that tell where a text is kept, at most.
const FRONT: usize = 48;

/// So many others must have come to a text's place, one after the other, before the next one takes it.
const PATIENCE: u8 = 4;

/// One worker's recent texts.
#[derive(Debug)]
pub struct Recent {
    places: Box<[Known]>,
}

impl Default for Recent {
    fn default() -> Self {
        Recent { places: (0..PLACES).map(|_| Known::default()).collect() }
    }
}

impl Recent {
    /// The fingerprint of `sql`, which may be any bytes: a recent text's, or what `tell` says.
    /// Allocates nothing once it has seen a few texts.
    pub fn fingerprint(
        &mut self,
        sql: &[u8],
        tell: impl FnOnce(&[u8]) -> Fingerprint,
    ) -> Fingerprint {
        if sql.len() > TEXT_MAX {
            return tell(sql);
        }
        let known = &mut self.places[place(sql)];
        if known.fits(sql) {
            known.strangers = 0;
            return known.fingerprint;
        }
        let fingerprint = tell(sql);
        known.strangers += 1;
        if known.text.is_empty() || known.strangers >= PATIENCE {
            known.learn(sql, fingerprint);
        }
        fingerprint
    }
}

/// Texts of one shape begin alike, up to the first value.
fn place(sql: &[u8]) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, _) = sql[..sql.len().min(FRONT)].as_chunks();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let sum = words
        .take_while(|word| !octets::may_hold_value(*word))
        .fold(0, |sum: u64, word| (sum ^ word).wrapping_mul(ODD));
    usize::try_from(sum >> 57).unwrap_or(0) % PLACES
}

/// A text, with the holes in it from the front to the end.
#[derive(Debug)]
struct Known {
    text: Vec<u8>,
    holes: Vec<Hole>,
    fingerprint: Fingerprint,
    /// Others that came to its place since it last fitted.
    strangers: u8,
}

impl Default for Known {
    fn default() -> Self {
        Known { text: Vec::new(), holes: Vec::new(), fingerprint: Fingerprint(0, 0), strangers: 0 }
    }
}

/// Where a literal stands in the text.
#[derive(Clone, Copy, Debug)]
struct Hole {
    start: usize,
    end: usize,
    content: Content,
}

#[derive(Clone, Copy, Debug)]
enum Content {
    /// Digits and nothing else; behind them stands what cannot go on a number.
    Digits,
    /// What is between two quotes: neither a quote nor a backslash.
    Quoted,
}

impl Known {
    /// Whether `sql` is the text with other literals in its holes.
    fn fits(&self, sql: &[u8]) -> bool {
        let (mut rest, mut from) = (sql, 0);
        for hole in &self.holes {
            let Some(behind) = rest.strip_prefix(&self.text[from..hole.start]) else {
                return false;
            };
            let Some(len) = hole.content.len(behind) else { return false };
            (rest, from) = (&behind[len..], hole.end);
        }
        !self.text.is_empty() && rest == &self.text[from..]
    }

    fn learn(&mut self, sql: &[u8], fingerprint: Fingerprint) {
        self.text.clear();
        self.text.extend_from_slice(sql);
        self.holes.clear();
        self.fingerprint = fingerprint;
        self.strangers = 0;
        let mut lexer = Lexer::new(sql);
        while let Some(token) = lexer.next()
            && self.holes.len() < HOLES_MAX
        {
            let end = lexer.position();
            self.holes.extend(hole(token, end, sql.get(end).copied()));
        }
    }
}

impl Content {
    /// How much of the front of `rest` may fill the hole.
    fn len(self, rest: &[u8]) -> Option<usize> {
        match self {
            Content::Digits => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                (digits > 0).then_some(digits)
            }
            Content::Quoted => memchr2(b'\'', b'\\', rest).filter(|at| rest[*at] == b'\''),
        }
    }
}

/// The hole that a token leaves which ends at `end`, with `next` behind it.
fn hole(token: Token<'_>, end: usize, next: Option<u8>) -> Option<Hole> {
    let start = end - token.text.len();
    match (token.kind, token.text) {
        (Kind::Number, digits) if digits.iter().all(u8::is_ascii_digit) && ends_number(next) => {
            Some(Hole { start, end, content: Content::Digits })
        }
        // The next token may be a string that goes on this one only after a line break, and what is
        // behind the hole stays as it is.
        (Kind::String, [b'\'', inner @ .., b'\'']) if memchr2(b'\'', b'\\', inner).is_none() => {
            Some(Hole { start: start + 1, end: end - 1, content: Content::Quoted })
        }
        _ => None,
    }
}

/// Whether digits in front of this are a number of their own, whatever they are: `0` in front of `x`,
/// or a digit in front of `_1`, is not.
fn ends_number(next: Option<u8>) -> bool {
    next.is_none_or(|next| matches!(next, b' ' | b'\n' | b'\r' | b'\t' | b')' | b']' | b',' | b';'))
}

#[cfg(test)]
mod tests {
    use super::super::fingerprint::{Seed, fingerprint};
    use super::*;
    use proptest::prelude::*;
    use std::cell::Cell;

    const SEED: Seed = Seed::new([1, 2]);

    /// The texts one after the other; says for each whether it was cut into tokens.
    fn cut(texts: &[&str]) -> Vec<bool> {
        let mut recent = Recent::default();
        let of = |text: &&str| {
            let was_cut = Cell::new(false);
            let found = recent.fingerprint(text.as_bytes(), |sql| {
                was_cut.set(true);
                fingerprint(sql, &SEED)
            });
            assert_eq!(found, fingerprint(text.as_bytes(), &SEED), "{text}");
            was_cut.get()
        };
        texts.iter().map(of).collect()
    }

    #[test]
    fn other_values_in_a_known_text_are_known() {
        let texts = [
            "SELECT a FROM t WHERE id = 1 AND name = 'x' AND n IN (7, 8);",
            "SELECT a FROM t WHERE id = 12345 AND name = '' AND n IN (70, 8);",
            "SELECT a FROM t WHERE id = 0 AND name = 'it is -- long /*' AND n IN (7, 800);",
        ];
        assert_eq!(cut(&texts), [true, false, false]);
        assert_eq!(cut(&["SELECT 1", "SELECT 22"]), [true, false]);
    }

    #[test]
    fn what_the_lexer_may_read_in_another_way_is_cut() {
        for (known, other) in [
            ("SELECT 1", "SELECT 1x"),
            ("SELECT 1 AS a", "SELECT 1.5 AS a"),
            ("SELECT 12x", "SELECT 0x"),
            ("SELECT 1", "SELECT "),
            ("SELECT 1", "SELECT 1 "),
            ("SELECT 'a' FROM t", "SELECT 'a''b' FROM t"),
            ("SELECT 'a' FROM t", "SELECT 'a\\' FROM t"),
            ("SELECT 'a' FROM t", "SELECT 'a FROM t"),
            ("SELECT E'a'", "SELECT E'b'"),
            ("SELECT -1", "SELECT --1"),
            ("SELECT a", "SELECT b"),
            ("SELECT $1", "SELECT $2"),
        ] {
            assert_eq!(cut(&[known, other]), [true, true], "{known} and {other}");
        }
    }

    #[test]
    fn a_place_is_given_to_those_who_come_again() {
        let one = "SELECT a_rather_long_column FROM a_table_with_a_long_name WHERE a = 1";
        let other = "SELECT a_rather_long_column FROM a_table_with_a_long_name WHERE b = 1";
        assert_eq!(place(one.as_bytes()), place(other.as_bytes()));
        let texts = [one, other, one, other, other, other, other, other];
        let expected = [true, true, false, true, true, true, true, false];
        assert_eq!(cut(&texts), expected);
    }

    #[test]
    fn a_long_text_is_cut_each_time() {
        let long = format!("SELECT {}", "1, ".repeat(TEXT_MAX));
        assert_eq!(cut(&[&long, &long]), [true, true]);
    }

    const TEXT: &str = r#"(select |a|x|[0-9]{1,3}|'|[-eE$"._,;()\\\n /*]){0,8}"#;
    const PART: &str = r#"a|e|U&|\$|\.|_| |,|\(|'|''|\\|--|/\*|\n|-|""#;
    const VALUE: &str = r"[0-9]{1,4}|'[a 1\n-]{0,4}'|0x1|1e5|1_0|''''|'\\'";

    proptest! {
        #[test]
        fn a_recent_fingerprint_is_the_texts_own(
            texts in prop::collection::vec(TEXT, 1..12),
        ) {
            let mut recent = Recent::default();
            for text in &texts {
                let tell = |sql: &[u8]| fingerprint(sql, &SEED);
                prop_assert_eq!(recent.fingerprint(text.as_bytes(), tell), tell(text.as_bytes()));
            }
        }

        #[test]
        fn so_it_is_when_one_literal_is_another(
            parts in prop::collection::vec(PART, 0..6),
            at in 0usize..6,
            values in prop::collection::vec(VALUE, 2..6),
        ) {
            let mut recent = Recent::default();
            for value in &values {
                let mut parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                parts.insert(at.min(parts.len()), value);
                let text = parts.concat();
                let tell = |sql: &[u8]| fingerprint(sql, &SEED);
                prop_assert_eq!(recent.fingerprint(text.as_bytes(), tell), tell(text.as_bytes()), "{}", text);
            }
        }

        #[test]
        fn no_bytes_are_too_strange(texts: [Vec<u8>; 5]) {
            let mut recent = Recent::default();
            for text in &texts {
                let tell = |sql: &[u8]| fingerprint(sql, &SEED);
                prop_assert_eq!(recent.fingerprint(text, tell), tell(text));
            }
        }
    }
}
