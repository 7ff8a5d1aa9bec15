//! The proof that a query only reads: its syntax tree, walked to every leaf.
//!
//! Three steps. `syntax` hands our tokens, not the text, to sqlparser, so that both cut the text
//! the same way. `walk` takes the tree's nodes one by one and accepts only those it knows, all
//! the way down. `suspect` looks over the tokens once more, independently of the tree, for what no
//! read can contain. A statement is a read if none of them objects.
//!
//! The parser does not know all of PostgreSQL's grammar. Where it or `walk` gives up, `tokens` takes
//! the place of both. `plpgsql` proves the bodies of functions with them.

mod dialect;
mod expression;
mod groups;
mod keywords;
mod plpgsql;
mod stack;
mod suspect;
mod syntax;
mod table;
mod tokens;
mod walk;

use super::Reason;
use super::catalog::Catalog;
use super::objection::Objection;
use super::token::Token;

pub(crate) use plpgsql::body;
pub(crate) use syntax::name;
pub use syntax::{MAX_DEPTH, MAX_TOKENS};

/// Whether `tokens`, one statement, are a query that a replica of a database with this `catalog`
/// may run.
pub(crate) fn query(tokens: &[Token<'_>], catalog: &Catalog) -> Result<(), Objection> {
    match stack::with_room(tokens.len(), || parse_and_walk(tokens, catalog)) {
        Err(Objection { reason: Reason::Unparsed, .. }) => {
            suspect::look_over(tokens)?;
            tokens::read(tokens, catalog)?;
        }
        Ok(()) => suspect::look_over(tokens)?,
        objection => return objection,
    }
    catalog.look_over(tokens)
}

fn parse_and_walk(tokens: &[Token<'_>], catalog: &Catalog) -> Result<(), Objection> {
    let tree = syntax::parse(tokens)?;
    walk::walk(&tree, catalog)
}
