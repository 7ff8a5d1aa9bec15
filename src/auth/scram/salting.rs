//! How a password is salted: by which salt, and with how many iterations.

use std::fmt;

/// A salt and an iteration count. Neither is secret; both must agree for keys to fit a verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salting {
    salt: Box<[u8]>,
    iterations: Iterations,
}

impl Salting {
    /// PostgreSQL makes salts of 16 bytes. Longer ones exist elsewhere, and this many still fit a
    /// message of [`MAX_MESSAGE_BYTES`](super::MAX_MESSAGE_BYTES).
    pub const MAX_SALT_BYTES: usize = 256;

    /// A salting, unless the salt is empty or longer than [`Self::MAX_SALT_BYTES`].
    pub fn new(salt: &[u8], iterations: Iterations) -> Option<Self> {
        let fits = (1..=Self::MAX_SALT_BYTES).contains(&salt.len());
        fits.then(|| Self { salt: salt.into(), iterations })
    }

    /// A salting by a salt of PostgreSQL's length.
    pub(in crate::auth) fn short(salt: [u8; 16], iterations: Iterations) -> Self {
        Self { salt: salt.into(), iterations }
    }

    /// The salt's bytes.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// The iteration count.
    pub fn iterations(&self) -> Iterations {
        self.iterations
    }
}

/// A count of PBKDF2 iterations, from 1 to [`Iterations::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Iterations(u32);

impl Iterations {
    /// PostgreSQL's default of `scram_iterations`, and the least that RFC 7677 section 4 advises.
    pub const DEFAULT: Self = Self(4096);

    /// Above the 600,000 that is the current advice for PBKDF2 with SHA-256, and less than a second
    /// of CPU: what a hostile server can make us spend on a login.
    pub const MAX: Self = Self(1_000_000);

    /// A count, unless it is 0 or more than [`Self::MAX`].
    pub fn new(count: u32) -> Option<Self> {
        (1..=Self::MAX.0).contains(&count).then_some(Self(count))
    }

    /// Parses decimal digits; no sign, no space.
    pub(super) fn parse(digits: &[u8]) -> Option<Self> {
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        std::str::from_utf8(digits).ok()?.parse().ok().and_then(Self::new)
    }

    /// The number.
    pub fn count(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Iterations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iterations_are_bounded_and_plain_digits() {
        assert_eq!(Iterations::parse(b"4096"), Some(Iterations::DEFAULT));
        assert_eq!(Iterations::parse(b"1000000"), Some(Iterations::MAX));
        for refused in ["", "0", "1000001", "99999999999999999999", "+1", "-1", " 1", "1e3"] {
            assert_eq!(Iterations::parse(refused.as_bytes()), None, "{refused}");
        }
    }

    #[test]
    fn a_salt_is_neither_empty_nor_endless() {
        assert!(Salting::new(b"", Iterations::DEFAULT).is_none());
        assert!(Salting::new(&[0; 256], Iterations::DEFAULT).is_some());
        assert!(Salting::new(&[0; 257], Iterations::DEFAULT).is_none());
    }
}
