//! Who gets which server and when: the rules of one pool; pure, in virtual time.
//!
//! A pool is the servers of one database, user and host. Several workers share its [`Core`] behind
//! a mutex that the floor above owns, so each method is short and answers with orders that are
//! carried out after the lock is let go.
//!
//! | noun | what it knows |
//! |---|---|
//! | [`Core`] | every transition of a server or a waiter, one method each |
//! | [`ServerState`] | the states, as `SHOW POOLS` spells them, and the table of transitions |
//! | [`Limits`] | how many servers, and for how long |
//! | [`Acquired`] [`Released`] [`Order`] | what `Core` answers |
//! | [`CloseReason`] | why a server has to go, in words for a log |
//! | [`Counts`] | the numbers of `SHOW POOLS` |
//! | [`Backoff`] | when a host that refused a login is asked again |
//! | [`Jitter`] | a random number that spreads times |
//! | [`IdSource`] | ids that no two pools share |
//!
//! `Core` is made of four smaller nouns, private to it: the servers and the tally of their states,
//! the idle ones of each worker, the waiters of each worker, and the alarm of the janitor.
//!
//! Start with [`state`]: its table is the whole room on one page.

pub mod answers;
pub mod backoff;
pub mod close_reason;
pub mod core;
pub mod counts;
pub mod id_source;
pub mod jitter;
pub mod limits;
pub mod state;

mod alarm;
mod idle;
mod per_worker;
mod servers;
mod waiters;

#[cfg(test)]
mod tests;

pub use self::answers::{Acquired, Open, Order, Released, Then, Waiter};
pub use self::backoff::Backoff;
pub use self::close_reason::CloseReason;
pub use self::core::Core;
pub use self::counts::Counts;
pub use self::id_source::IdSource;
pub use self::jitter::Jitter;
pub use self::limits::{Limits, LimitsError};
pub use self::state::ServerState;
