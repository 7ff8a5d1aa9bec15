//! The integration tests, in one binary: they share one PostgreSQL cluster (`support::postgres`).

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

mod admin;
mod cli;
mod demo;
mod login;
mod metrics;
mod postgres;
mod protocol;
mod spans;
mod support;
#[path = "support/tests.rs"]
mod support_tests;
mod tidy;
