//! The classifier: from a text's bytes to its class, remembered by shape.

use super::Reason;
use super::cache::{Cache, MAX_SHAPES};
use super::class::Class;
use super::fingerprint::{Fingerprint, Seed, fingerprint};
use super::proof::MAX_TOKENS;
use super::shape::Shape;
use super::statement::{self, Finding};
use super::token::{Kind, Token};

/// The longest text that is read at all. Cutting it into tokens takes its worker up to a
/// millisecond; what is longer is nearly always a bulk INSERT, and goes to the primary anyway.
pub const MAX_CLASSIFIED_BYTES: usize = 256 * 1024;

/// Tells reads from everything else. One for the whole process, shared by all workers.
pub struct Classifier {
    seed: Seed,
    cache: Cache,
}

impl std::fmt::Debug for Classifier {
    /// The seed stays secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Classifier").finish_non_exhaustive()
    }
}

impl Classifier {
    /// A classifier whose fingerprints are keyed with two random words.
    #[must_use]
    pub fn new(seed: [u64; 2]) -> Self {
        Self { seed: Seed::new(seed), cache: Cache::new(MAX_SHAPES) }
    }

    /// The class of a simple query's or a Parse message's text, without its terminating NUL.
    ///
    /// Any bytes are allowed; what cannot be understood is a write. A known shape costs one pass
    /// over the text and no allocation.
    #[must_use]
    pub fn classify(&self, sql: &[u8]) -> Class {
        self.class(sql, Strings::Unknown)
    }

    /// As [`Classifier::classify`], in a session where every string ends where the SQL standard
    /// says: [`Reason::Backslash`] is no objection then.
    #[must_use]
    pub fn classify_standard(&self, sql: &[u8]) -> Class {
        self.class(sql, Strings::Standard)
    }

    fn class(&self, sql: &[u8], strings: Strings) -> Class {
        if sql.len() > MAX_CLASSIFIED_BYTES {
            return Class::write(Reason::TooLong);
        }
        let shape = match strings {
            Strings::Unknown => self.fingerprint(sql),
            Strings::Standard => self.fingerprint(sql).among_others(),
        };
        if let Some(class) = self.cache.find(shape) {
            return class;
        }
        let class = examine(sql, strings).class;
        self.cache.remember(shape, class);
        class
    }

    /// What identifies the shape of `sql` within this process.
    #[must_use]
    pub fn fingerprint(&self, sql: &[u8]) -> Fingerprint {
        fingerprint(sql, &self.seed)
    }
}

/// What is known of where a session's strings end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strings {
    /// Nothing: a backslash may escape a quote.
    Unknown,
    /// Where the SQL standard says, and no byte of a character looks like a backslash.
    Standard,
}

/// The finding for a text, made without a cache. It depends on the text's shape and on `strings`
/// and on nothing else, apart from [`MAX_CLASSIFIED_BYTES`].
pub(crate) fn examine(sql: &[u8], strings: Strings) -> Finding {
    if sql.len() > MAX_CLASSIFIED_BYTES {
        return Class::write(Reason::TooLong).into();
    }
    let read = |token| if strings == Strings::Standard { standard(token) } else { token };
    let tokens: Vec<_> = Shape::new(sql).take(MAX_TOKENS + 1).map(read).collect();
    if let Some(unclear) = tokens.iter().find(|token| token.kind.is_unclear()) {
        return unclear_class(unclear).into();
    }
    if tokens.len() > MAX_TOKENS {
        return cut_off(&tokens).into();
    }
    most_demanding(&tokens)
}

/// The lexer has cut it where it ends by the standard.
fn standard(token: Token<'_>) -> Token<'_> {
    match token.kind {
        Kind::UnclearString => Token { kind: Kind::String, ..token },
        _ => token,
    }
}

/// Where such a token ends, or what it means, is not certain; nor is anything after it.
fn unclear_class(token: &Token<'_>) -> Class {
    match token.kind {
        Kind::UnclearString => Class::write(Reason::Backslash),
        _ => Class::write(Reason::Unparsed),
    }
}

/// Only the first words of so long a text are believed, and only if they tell of a write.
fn cut_off(tokens: &[Token<'_>]) -> Class {
    match statement::examine(&tokens[..1]).class {
        class if class == Class::write(Reason::Write) => class,
        _ => Class::write(Reason::TooLong),
    }
}

/// PostgreSQL runs all statements of one text on one host: the one that asks for most decides,
/// the first of its like.
fn most_demanding(tokens: &[Token<'_>]) -> Finding {
    let mut decisive = None;
    for statement in tokens.split(|token| token.is_mark(";")).filter(|s| !s.is_empty()) {
        let finding = statement::examine(statement);
        if decisive.as_ref().is_none_or(|d: &Finding| finding.class.demand() > d.class.demand()) {
            decisive = Some(finding);
        }
    }
    decisive.unwrap_or_else(|| statement::examine(&[]))
}

#[cfg(test)]
mod tests;
