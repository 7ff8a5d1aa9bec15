//! The keyed 128-bit hash of a text's shape.

use std::hash::Hasher;

use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;

use super::octets::lower_case;
use super::shape::Shape;
use super::token::{Kind, Token};

/// What two texts share if they differ in literals, comments, white space and the case of words.
///
/// Only comparable within one process: the seed is part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u64, pub u64);

impl Fingerprint {
    /// The same shape's, where something beside the shape decides, too.
    #[must_use]
    pub(super) const fn among_others(self) -> Self {
        Self(!self.0, self.1)
    }

    /// What identifies the shape in a database whose catalog is of this `generation`. One half is
    /// enough to tell generations apart, and numbers that differ do so after a multiplication by
    /// an odd one, too.
    #[must_use]
    pub const fn within(self, generation: u64) -> Self {
        Self(self.0, self.1 ^ generation.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

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

/// Words of a block. Enough for most statements; hashing is cheapest in one piece.
const BLOCK: usize = 32;

/// Gathers tokens into blocks of words and gives each block to both hashers.
struct Sponge<'s> {
    first: FoldHasher<'s>,
    second: FoldHasher<'s>,
    block: [[u8; 8]; BLOCK],
    used: usize,
}

impl<'s> Sponge<'s> {
    fn new(seed: &'s Seed) -> Self {
        Self {
            first: FoldHasher::with_seed(0, &seed.first),
            second: FoldHasher::with_seed(1, &seed.second),
            block: [[0; 8]; BLOCK],
            used: 0,
        }
    }

    /// A token's text, eight bytes to a word, and its kind as the last byte of its last word: a
    /// kind is smaller than any byte of a word, operator or punctuation, so there is no doubt
    /// where a token ends. What may hold any byte is led by its length; a literal has no text. So
    /// no two shapes are the same words.
    fn absorb(&mut self, token: Token<'_>) {
        let kind = u64::from(token.kind as u8) << 56;
        match token.kind {
            Kind::Word => self.extend(token.text, kind, lower_case),
            Kind::QuotedWord | Kind::Stray => {
                self.push(kind | token.text.len() as u64);
                self.extend(token.text, 0, |word| word);
            }
            literal if literal.is_literal() => self.push(kind),
            _ => self.extend(token.text, kind, |word| word),
        }
    }

    fn extend(&mut self, text: &[u8], end: u64, spelling: impl Fn(u64) -> u64) {
        let (words, rest) = text.as_chunks();
        for word in words {
            self.push(spelling(u64::from_le_bytes(*word)));
        }
        self.push(spelling(few(rest)) | end);
    }

    fn push(&mut self, word: u64) {
        if self.used == BLOCK {
            self.flush();
        }
        self.block[self.used] = word.to_le_bytes();
        self.used += 1;
    }

    fn flush(&mut self) {
        let bytes = self.block[..self.used].as_flattened();
        self.first.write(bytes);
        self.second.write(bytes);
        self.used = 0;
    }

    fn squeeze(mut self) -> Fingerprint {
        self.flush();
        Fingerprint(self.first.finish(), self.second.finish())
    }
}

/// Up to seven bytes, the first one lowest.
fn few(bytes: &[u8]) -> u64 {
    if let (Some(front), Some(back)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let [front, back] = [front, back].map(|half| u64::from(u32::from_le_bytes(*half)));
        return front | back << (8 * (bytes.len() - 4)); // What both have is the same.
    }
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn two_shapes_have_one_fingerprint_only_if_they_are_one(
            texts in prop::collection::vec("[aAbB\"'$1;,.<>=+ \0\x01\x03]{0,20}", 2),
        ) {
            let shape = |text: &str| -> Vec<_> {
                let same = |t: Token<'_>| match t.kind {
                    Kind::Word => (t.kind, t.text.to_ascii_lowercase()),
                    kind => (kind, t.text.to_vec()),
                };
                Shape::new(text.as_bytes()).map(same).collect()
            };
            let same = shape(&texts[0]) == shape(&texts[1]);
            prop_assert_eq!(of(&texts[0]) == of(&texts[1]), same);
        }

        #[test]
        fn few_bytes_are_one_word(bytes in prop::collection::vec(any::<u8>(), 0..8)) {
            prop_assert_eq!(&few(&bytes).to_le_bytes()[..bytes.len()], &bytes[..]);
        }
    }
}
