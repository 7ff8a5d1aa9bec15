//! What is known of one database beside PostgreSQL's own: the second layer of classification.
//!
//! A text names functions, relations, operators and types; only the database knows whether a call
//! writes, or whether a table exists on a standby. `questions` are what is asked of it, `answers`
//! what it says, `build` makes the facts of them, and `text` examines what the database itself
//! has been told to run: views, row security policies, checks and defaults.

mod answers;
mod build;
mod facts;
mod names;
mod questions;
mod text;

use super::objection::Objection;
use super::statement::Finding;
use super::token::{Kind, Token};
use super::{Access, Class, Reason, functions, proof, relations};
pub use answers::{Answers, NotUnderstood, Row, unspelled, views_in};
pub use build::TooLarge;
use facts::Facts;
pub use questions::{load, probe, views};

/// What is known of the functions, relations, operators and types of one database.
#[derive(Debug)]
pub struct Catalog {
    generation: u64,
    known: Known,
}

#[derive(Debug)]
enum Known {
    Nothing,
    Unreadable,
    Facts(Box<Facts>),
}

/// Generations below this one are of catalogs without facts.
pub(super) const FIRST_GENERATION: u64 = 2;

impl Catalog {
    /// Of a database that is not asked: functions that are not PostgreSQL's own may write, and
    /// relations are what they seem.
    #[must_use]
    pub const fn none() -> Self {
        Self { generation: 0, known: Known::Nothing }
    }

    /// Of a database that could not be read, or has changed since: whatever depends on it is taken
    /// for a write.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { generation: 1, known: Known::Unreadable }
    }

    /// Of a database that answered so. `key` is a random word of the caller's that keeps the
    /// hashes of names from being guessed; no other catalog of the process has this generation.
    ///
    /// # Errors
    /// If it has more functions or relations than are kept.
    pub fn build(answers: Answers, key: u64, generation: u64) -> Result<Self, TooLarge> {
        build::build(answers, key).map(|facts| Self::of(facts, generation))
    }

    fn of(facts: Facts, generation: u64) -> Self {
        Self { generation, known: Known::Facts(Box::new(facts)) }
    }

    /// Tells this catalog from all others of the process.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the database could be read.
    #[must_use]
    pub const fn is_readable(&self) -> bool {
        !matches!(self.known, Known::Unreadable)
    }

    /// Whether both know the same of their databases. They may have other generations; only catalogs
    /// with one key can be compared.
    #[must_use]
    pub fn knows_the_same(&self, other: &Self) -> bool {
        self.is_readable() == other.is_readable() && self.facts() == other.facts()
    }

    /// A number that is equal for all that know the same.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.facts().map_or(0, Facts::digest)
    }

    const fn facts(&self) -> Option<&Facts> {
        match &self.known {
            Known::Facts(facts) => Some(facts),
            Known::Nothing | Known::Unreadable => None,
        }
    }

    /// Why a call of `schema.function` keeps a statement from a replica.
    ///
    /// Without a schema, all functions of that name are meant, PostgreSQL's own among them: which
    /// one PostgreSQL will choose depends on the arguments and the session's `search_path`.
    pub(super) fn call(&self, schema: Option<&str>, function: &str) -> Option<Reason> {
        let built_in = match schema {
            None | Some("pg_catalog") => functions::objection(function),
            Some(_) => Some(Reason::UnknownFunction),
        };
        let own = self.facts().and_then(|facts| facts.function(schema, function));
        match (built_in, own) {
            (Some(Reason::UnknownFunction), Some(true)) => None,
            (Some(Reason::UnknownFunction) | None, Some(false)) => Some(Reason::VolatileFunction),
            (built_in, _) => built_in,
        }
    }

    /// Whether users have a function of this name, in whatever schema; `true` if nobody knows.
    pub(super) fn has_function(&self, name: &str) -> bool {
        self.facts().is_none_or(|facts| facts.function(None, name).is_some())
    }

    /// Whether there is a type that runs something where a value becomes one of it.
    pub(super) fn has_unsafe_types(&self) -> bool {
        self.facts().is_some_and(|facts| facts.types.values().any(|not_safe| *not_safe > 0))
    }

    /// Why naming `schema.relation` in FROM keeps a statement from a replica.
    pub(super) fn relation(&self, schema: Option<&str>, relation: &str) -> Option<Reason> {
        let is_system = matches!(schema, Some("pg_catalog" | "information_schema"));
        match self.look_up(schema, relation) {
            Ok(objection) => objection,
            Err(NotListed) if is_system => None,
            Err(NotListed) => Some(Reason::UnknownRelation),
        }
    }

    /// The same for a name that may also be a WITH query's, a column's or an alias's: nothing
    /// speaks against one that no relation has.
    pub(super) fn name(&self, schema: Option<&str>, name: &str) -> Option<Reason> {
        self.look_up(schema, name).unwrap_or(None)
    }

    fn look_up(&self, schema: Option<&str>, relation: &str) -> Result<Option<Reason>, NotListed> {
        if let Some(reason) = relations::objection(schema, relation) {
            return Ok(Some(reason));
        }
        match self.facts() {
            Some(facts) => facts.relation(schema, relation).ok_or(NotListed),
            None => Ok(None),
        }
    }

    /// Objects to operators, types and fields whose names may stand for a function that writes.
    pub(super) fn look_over(&self, tokens: &[Token<'_>]) -> Result<(), Objection> {
        let Some(facts) = self.facts().filter(|facts| facts.has_unsafe_words()) else {
            return Ok(());
        };
        if facts.hidden {
            return Err(Reason::UnsafeOperator.into());
        }
        let mut behind_dot = false;
        for token in tokens {
            look_at(facts, token, behind_dot)?;
            behind_dot = token.is_mark(".");
        }
        Ok(())
    }

    /// A text's finding once the catalog has had its say: without one there is no proof.
    pub(super) fn judge(&self, finding: Finding) -> Finding {
        let depends = finding.class.access == Access::Read
            || matches!(finding.class.reason, Reason::Cursor | Reason::UnknownFunction);
        if depends && !self.is_readable() {
            return Class::write(Reason::CatalogUnknown).into();
        }
        finding
    }
}

/// No relation of that name was there when the catalog was read.
struct NotListed;

fn look_at(facts: &Facts, token: &Token<'_>, behind_dot: bool) -> Result<(), Objection> {
    match token.kind {
        Kind::Operator => {
            let operator = String::from_utf8_lossy(token.text);
            match facts.is_unsafe_operator(&operator) {
                true => Err(Objection::to(Reason::UnsafeOperator, operator)),
                false => Ok(()),
            }
        }
        Kind::Word | Kind::QuotedWord => {
            let word = proof::name(token)?;
            if facts.is_unsafe_type(&word) {
                Err(Objection::to(Reason::UnsafeType, word))
            } else if behind_dot && facts.is_unsafe_field(&word) {
                Err(Objection::to(Reason::VolatileFunction, word))
            } else {
                Ok(())
            }
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(super) mod tests;
