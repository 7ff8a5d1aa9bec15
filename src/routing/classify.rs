//! The classifier: from a text's bytes to its class, remembered by shape.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use super::Reason;
use super::cache::{Cache, MAX_SHAPES};
use super::catalog::{Catalog, FIRST_GENERATION};
use super::class::Class;
use super::fingerprint::{Fingerprint, Seed, fingerprint};
use super::proof::MAX_TOKENS;
use super::refusals::Refusals;
use super::shape::Shape;
use super::statement::{self, Finding};
use super::token::{Kind, Token};

pub use super::refusals::REFUSED_FOR;

/// The longest text that is read at all. Cutting it into tokens takes its worker up to a
/// millisecond; what is longer is nearly always a bulk INSERT, and goes to the primary anyway.
pub const MAX_CLASSIFIED_BYTES: usize = 256 * 1024;

/// Tells reads from everything else. One for the whole process, shared by all workers.
pub struct Classifier {
    seed: Seed,
    cache: Cache,
    refusals: Refusals,
    /// How many were learnt.
    count: AtomicU64,
    epoch: AtomicU32,
    generations: AtomicU64,
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
        Self {
            seed: Seed::new(seed),
            cache: Cache::new(MAX_SHAPES),
            refusals: Refusals::default(),
            count: AtomicU64::new(0),
            epoch: AtomicU32::new(0),
            generations: AtomicU64::new(FIRST_GENERATION),
        }
    }

    /// The class of a simple query's or a Parse message's text, without its terminating NUL, in a
    /// database with this `catalog`.
    ///
    /// Any bytes are allowed; what cannot be understood is a write. A known shape costs one pass
    /// over the text and no allocation.
    #[must_use]
    pub fn classify(&self, sql: &[u8], catalog: &Catalog) -> Class {
        self.classify_by(sql, catalog, |sql| self.fingerprint(sql))
    }

    /// As [`Classifier::classify`], where somebody else may know the fingerprint: `tell` says what
    /// [`Classifier::fingerprint`] would.
    #[must_use]
    pub fn classify_by(
        &self,
        sql: &[u8],
        catalog: &Catalog,
        tell: impl FnOnce(&[u8]) -> Fingerprint,
    ) -> Class {
        self.class(sql, Strings::Unknown, catalog, tell)
    }

    /// As [`Classifier::classify`], in a session where every string ends where the SQL standard
    /// says: [`Reason::Backslash`] is no objection then.
    #[must_use]
    pub fn classify_standard(&self, sql: &[u8], catalog: &Catalog) -> Class {
        self.class(sql, Strings::Standard, catalog, |sql| self.fingerprint(sql))
    }

    fn class(
        &self,
        sql: &[u8],
        strings: Strings,
        catalog: &Catalog,
        tell: impl FnOnce(&[u8]) -> Fingerprint,
    ) -> Class {
        if sql.len() > MAX_CLASSIFIED_BYTES {
            return Class::write(Reason::TooLong);
        }
        let shape = shape(tell(sql), strings, catalog);
        if let Some(class) = self.cache.find(shape) {
            return class;
        }
        let class = match examine(sql, strings, catalog).class {
            Class::READ if self.refusals.contains(shape) => Class::write(Reason::Refused),
            class => class,
        };
        self.cache.remember(shape, class);
        class
    }

    /// What identifies the shape of `sql` within this process.
    #[must_use]
    pub fn fingerprint(&self, sql: &[u8]) -> Fingerprint {
        fingerprint(sql, &self.seed)
    }

    /// Counts everything that may change the class of a text that has one. A class that was kept
    /// elsewhere is good for as long as the number that was read before it was asked for.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Another catalog is in use, or what is known of one is not so any more: to be called after
    /// the change can be seen.
    pub fn changed(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// A number for a catalog that no other one of the process has had.
    #[must_use]
    pub fn next_generation(&self) -> u64 {
        self.generations.fetch_add(1, Ordering::Relaxed)
    }

    /// A standby has refused `sql` although it was taken for a read: its shape is a write for
    /// [`REFUSED_FOR`].
    pub fn refused(&self, sql: &[u8], catalog: &Catalog, now: Instant) {
        // Which of the two it was looked up as, its session knows.
        for strings in [Strings::Unknown, Strings::Standard] {
            let shape = shape(self.fingerprint(sql), strings, catalog);
            if let Some(forgotten) = self.refusals.learn(shape, now) {
                self.cache.forget(forgotten);
            }
            // Only what was taken for a read can be refused.
            if self.cache.find(shape) == Some(Class::READ) {
                self.cache.remember(shape, Class::write(Reason::Refused));
            }
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.changed();
    }

    /// Forgets the refusals whose time is over; says when the next one's is.
    pub fn expire(&self, now: Instant) -> Option<Instant> {
        let (over, next) = self.refusals.expire(now);
        over.iter().for_each(|shape| self.cache.forget(*shape));
        if !over.is_empty() {
            self.changed();
        }
        next
    }

    /// How many refusals were learnt since the process began.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// What a class is remembered by.
fn shape(fingerprint: Fingerprint, strings: Strings, catalog: &Catalog) -> Fingerprint {
    let shape = fingerprint.within(catalog.generation());
    match strings {
        Strings::Unknown => shape,
        Strings::Standard => shape.among_others(),
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

/// The finding for a text, made without a cache. It depends on the text's shape, on `strings` and
/// the catalog, and on nothing else, apart from [`MAX_CLASSIFIED_BYTES`].
pub(crate) fn examine(sql: &[u8], strings: Strings, catalog: &Catalog) -> Finding {
    if sql.len() > MAX_CLASSIFIED_BYTES {
        return Class::write(Reason::TooLong).into();
    }
    let read = |token| if strings == Strings::Standard { standard(token) } else { token };
    let tokens: Vec<_> = Shape::new(sql).take(MAX_TOKENS + 1).map(read).collect();
    if let Some(unclear) = tokens.iter().find(|token| token.kind.is_unclear()) {
        return unclear_class(unclear).into();
    }
    if tokens.len() > MAX_TOKENS {
        return cut_off(&tokens, catalog).into();
    }
    catalog.judge(most_demanding(&tokens, catalog))
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
fn cut_off(tokens: &[Token<'_>], catalog: &Catalog) -> Class {
    match statement::examine(&tokens[..1], catalog).class {
        class if class == Class::write(Reason::Write) => class,
        _ => Class::write(Reason::TooLong),
    }
}

/// PostgreSQL runs all statements of one text on one host: the one that asks for most decides,
/// the first of its like.
fn most_demanding(tokens: &[Token<'_>], catalog: &Catalog) -> Finding {
    let mut decisive = None;
    for statement in tokens.split(|token| token.is_mark(";")).filter(|s| !s.is_empty()) {
        let finding = statement::examine(statement, catalog);
        if decisive.as_ref().is_none_or(|d: &Finding| finding.class.demand() > d.class.demand()) {
            decisive = Some(finding);
        }
    }
    decisive.unwrap_or_else(|| statement::examine(&[], catalog))
}

#[cfg(test)]
mod tests;
