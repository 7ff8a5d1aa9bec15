//! Random scripts of messages, played directly and through pgweir: the answers must be the same.
//!
//! [`generate`] writes [`script`]s, in words that [`vocabulary`] has; [`notation`] says how they are written
//! down. A [`group`] of them is played at once ([`play`]) on a [`stage`] of two databases, first directly and then
//! through pgweir with a pool of two, and the [`transcript`]s are compared. [`owed`] knows which answers must
//! come: one that does not is a failure, and so is a server that is not idle when all clients have gone, a
//! worker that lets nobody in, and a row that is stored otherwise. [`campaign`] plays many groups, and
//! [`shrink`]s what fails. What may differ is in [`known`], with reasons.
//!
//! ```sh
//! cargo test --test differential -- --nocapture
//! PGWEIR_DIFFERENTIAL_SCRIPTS=20000 PGWEIR_DIFFERENTIAL_SEED=random cargo test --test differential
//! PGWEIR_DIFFERENTIAL_PLAY='Q{begin} | P s1{commit}, S | B - s1, E, S' cargo test --test differential
//! ```

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::needless_pass_by_value,
    reason = "this crate is a test"
)]

mod campaign;
mod caution;
mod connection;
mod encode;
mod generate;
mod group;
mod known;
mod notation;
mod owed;
mod play;
mod random;
mod script;
mod shrink;
mod stage;
#[path = "../it/support/mod.rs"]
mod support;
mod transcript;
mod vocabulary;

use stage::Setup;

const fn primary(name: &'static str, workers: usize) -> Setup {
    Setup { name, replica: false, transactions: "read_only", workers }
}

const fn replica(name: &'static str, transactions: &'static str, workers: usize) -> Setup {
    Setup { name, replica: true, transactions, workers }
}

#[test]
fn a_primary_answers_as_it_does_directly() {
    campaign::run(primary("primary, one worker", 1));
}

#[test]
fn a_primary_answers_so_to_two_workers() {
    campaign::run(primary("primary, two workers", 2));
}

#[test]
fn a_replica_answers_as_the_primary_does_directly() {
    campaign::run(replica("replica, one worker", "read_only", 1));
}

#[test]
fn a_replica_answers_so_to_two_workers() {
    campaign::run(replica("replica, two workers", "read_only", 2));
}

#[test]
fn optimistic_transactions_answer_as_the_primary_does_directly() {
    campaign::run(replica("optimistic, one worker", "optimistic", 1));
}

#[test]
fn optimistic_transactions_answer_so_to_two_workers() {
    campaign::run(replica("optimistic, two workers", "optimistic", 2));
}
