//! The keyed 128-bit hash of a text's shape.

use std::hash::Hasher;

use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;

use super::shape::Shape;
use super::token::{Kind, Token};

/// What two texts share if they differ in literals, comments, white space and the case of words.
///
/// Only comparable within one process: the seed is part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u64, pub u64);

/// The secret behind a process's fingerprints: whoever does not know it cannot look for two texts
/// that share one.
pub struct Seed {
    first: SharedSeed,
    second: SharedSeed,
}

impl Seed {
    /// A seed from two random words of the caller's.
    #[must_use]
    pub const fn new([first, second]: [u64; 2]) -> Self {
        Self { first: SharedSeed::from_u64(first), second: SharedSeed::from_u64(second) }
    }
}

/// The fingerprint of `sql`, which may be any bytes: one pass, no allocation.
#[must_use]
pub fn fingerprint(sql: &[u8], seed: &Seed) -> Fingerprint {
    let mut sponge = Sponge::new(seed);
    for token in Shape::new(sql) {
        sponge.absorb(token);
    }
    sponge.squeeze()
}

/// Enough for most statements; hashing is cheapest in one piece.
const BLOCK: usize = 256;

/// Gathers tokens into blocks and gives each block to both hashers.
struct Sponge<'s> {
    first: FoldHasher<'s>,
    second: FoldHasher<'s>,
    block: [u8; BLOCK],
    used: usize,
}

impl<'s> Sponge<'s> {
    fn new(seed: &'s Seed) -> Self {
        Self {
            first: FoldHasher::with_seed(0, &seed.first),
            second: FoldHasher::with_seed(1, &seed.second),
            block: [0; BLOCK],
            used: 0,
        }
    }

    /// A token's kind, which is smaller than any byte of a word, operator or punctuation and so
    /// ends the text before it; then its text. What may hold any byte is led by its length; a
    /// literal has no text. So no two shapes are the same bytes.
    fn absorb(&mut self, token: Token<'_>) {
        self.push(token.kind as u8);
        match token.kind {
            Kind::Word => self.extend(token.text, true),
            Kind::QuotedWord | Kind::Stray => {
                self.push_length(token.text.len());
                self.extend(token.text, false);
            }
            kind if kind.is_literal() => {}
            _ => self.extend(token.text, false),
        }
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    fn push_length(&mut self, mut length: usize) {
        while length >= 0x80 {
            self.push(length.to_le_bytes()[0] | 0x80);
            length >>= 7;
        }
        self.push(length.to_le_bytes()[0]);
    }

    fn push(&mut self, byte: u8) {
        if self.used == BLOCK {
            self.flush();
        }
        self.block[self.used] = byte;
        self.used += 1;
    }

    fn extend(&mut self, mut text: &[u8], fold_case: bool) {
        while !text.is_empty() {
            if self.used == BLOCK {
                self.flush();
            }
            let (now, later) = text.split_at(text.len().min(BLOCK - self.used));
            let room = &mut self.block[self.used..self.used + now.len()];
            for (to, from) in room.iter_mut().zip(now) {
                *to = if fold_case { from.to_ascii_lowercase() } else { *from };
            }
            self.used += now.len();
            text = later;
        }
    }

    fn flush(&mut self) {
        self.first.write(&self.block[..self.used]);
        self.second.write(&self.block[..self.used]);
        self.used = 0;
    }

    fn squeeze(mut self) -> Fingerprint {
        self.flush();
        Fingerprint(self.first.finish(), self.second.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Seed = Seed::new([1, 2]);

    fn of(sql: &str) -> Fingerprint {
        fingerprint(sql.as_bytes(), &SEED)
    }

    #[test]
    fn literals_comments_space_and_case_do_not_count() {
        let known = of("SELECT a FROM t WHERE b IN (1, 2) AND c = 'x'");
        assert_eq!(known, of("select a /* hi */ from T\n where B in (3) and c='y' -- end"));
    }

    #[test]
    fn words_quotes_operators_and_order_count() {
        let texts = [
            "select a",
            "select \"a\"",
            "select \"A\"",
            "select a b",
            "select ab",
            "select b a",
            "select 1",
            "select '1'",
            "select $1",
            "select a<b",
            "select a< b c",
            "select 'a\\'",
        ];
        for (n, one) in texts.iter().enumerate() {
            for other in &texts[n + 1..] {
                assert_ne!(of(one), of(other), "{one} and {other}");
            }
        }
    }

    #[test]
    fn another_seed_gives_another_fingerprint_in_both_halves() {
        let other = fingerprint(b"select 1", &Seed::new([3, 4]));
        assert_ne!(of("select 1").0, other.0);
        assert_ne!(of("select 1").1, other.1);
    }

    #[test]
    fn a_long_text_is_hashed_to_its_end() {
        let long = format!("select {}", "a, ".repeat(1000));
        assert_ne!(of(&format!("{long} b")), of(&format!("{long} c")));
    }
}
