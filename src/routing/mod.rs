//! Where a statement goes and why; pure.
//!
//! A standby cannot be written, so a misrouted write is an error; a misrouted read is a lie. What
//! is not proven to be a read therefore goes to the primary, and every decision has a [`Reason`].
//!
//! The way of a text, file by file:
//!
//! 1. `lexer` cuts it into `token`s as PostgreSQL would; `shape` takes its values out.
//! 2. [`fingerprint()`] hashes the shape, unless [`recent`] knows it from a text that was seen lately;
//!    `cache` knows the [`Class`] of shapes seen before.
//! 3. A new shape is split into statements. `statement` looks at the first words; a query goes to
//!    `proof`, which parses it and accepts only what it knows, with `functions` and `relations`
//!    telling which names are harmless, and the [`Catalog`] what the database's own are.
//! 4. [`Policy`] turns the class into a [`Role`]; [`freshness`] says which replicas may serve the
//!    session's read, and [`balance`] picks one of them.
//!
//! [`Classifier`] is 1 to 3; [`Explainer`] and [`run_lines`] show what it does, and [`normal`] writes
//! a shape for people, [`summary`] what it does. What the proof cannot see is listed in `docs/routing.md`.

mod alone;
pub mod ask;
pub mod balance;
pub mod cache;
pub mod catalog;
mod class;
mod classify;
pub mod explain;
pub mod fingerprint;
pub mod freshness;
mod functions;
pub mod hint;
pub mod lexer;
mod lines;
mod making;
pub mod normal;
mod objection;
mod octets;
mod policy;
mod proof;
mod reason;
pub mod recent;
mod refusals;
mod relations;
pub mod shape;
mod statement;
pub mod summary;
pub mod token;
mod transaction;
mod verb;

pub use alone::needs_alone;
pub use ask::Ask;
pub use catalog::Catalog;
pub use class::{Access, Class};
pub use classify::{Classifier, MAX_CLASSIFIED_BYTES, REFUSED_FOR};
pub use explain::{Explainer, Explanation};
pub use fingerprint::{Fingerprint, fingerprint};
pub use lines::{MAX_LINE_BYTES, run_json_lines, run_lines};
pub use making::makes_relation;
pub use policy::{Decision, NoReplica, Policy, ReadYourWrites, Role, Route, Split, WithoutReplica};
pub use proof::{MAX_DEPTH, MAX_TOKENS};
pub use reason::Reason;
pub use transaction::{Next, Step, Transaction, Transactions};
pub use verb::{Isolation, Modes, Verb};
