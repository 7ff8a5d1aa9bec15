//! The virtual database `pgweir`, also named `pgbouncer`: what is seen and steered from outside.
//!
//! ```text
//! client's connection ── pipe ── session (pgwire) ── statement ─┬─ SHOW ──── tables
//!    (its worker)                (the process's own thread)     ├─ SELECT ── sql, over the tables
//!                                                               └─ others ── commands ── house
//! ```
//!
//! A console client logs in as any other; then its worker only carries bytes, and what it asks is
//! worked out on the process's own thread and on threads for work that blocks.
//!
//! * [`console`]: what all console clients share; [`access`]: who may do what.
//! * [`session`]: one console client, served by `pgwire`, in the [`simple`] and the [`extended`]
//!   protocol; [`form`] keeps from it what it could not read; [`running`]: one statement, perhaps
//!   [`prepared`]; [`answer`]: rows as they are sent.
//! * [`statement`]: what a text asks for, with [`text`] below it.
//! * [`tables`]: the one definition of every table, from which SHOW, SQL, HELP and docs/admin.md
//!   come; [`value`]: what they are made of; [`facts`]: what they are filled from; [`rates`]: the
//!   averages of SHOW STATS.
//! * [`sql`]: SELECT over the same tables.
//! * [`commands`]: PAUSE, KILL and the others; [`house`]: those that only the process can obey.
//! * [`manual`]: docs/admin.md; [`error`]: everything that a console client is told by us.

pub mod access;
pub mod answer;
pub mod commands;
pub mod console;
pub mod error;
pub mod extended;
pub mod facts;
pub mod form;
pub mod house;
pub mod manual;
pub mod prepared;
pub mod rates;
pub mod running;
#[cfg(test)]
mod sample;
pub mod session;
pub mod simple;
pub mod sql;
pub mod statement;
pub mod tables;
pub mod text;
pub mod value;

pub use access::{Access, Right};
pub use console::{Console, Entry};
pub use house::{Order, SettingSeen};
