//! What the integration tests are written with.
//!
//! * [`postgres`]: the PostgreSQL cluster that all tests share, a database each.
//! * [`Pgweir`]: the built binary, running on a configuration.
//! * [`Wire`]: a client of which the test decides every message.
//! * [`FakeServer`]: a PostgreSQL of which the test decides every message.
//! * [`pgbench`]: many clients at once.
//! * [`Trace`]: which host ran a statement.
//! * [`Link`]: a network that can be cut.
//!
//! Messages are made by [`frontend`] and [`backend`], apart from the library's own encoders: a test
//! that shared them would share their mistakes. Everything blocks, and everything has a timeout: a
//! test fails, it never hangs.

#![allow(
    dead_code,
    unused_imports,
    reason = "a room for all tests; not every piece is in use at every time"
)]

pub mod backend;
mod conversation;
mod fake_server;
pub mod frontend;
mod link;
mod message;
pub mod pgbench;
mod pgweir;
mod postgres;
mod trace;
mod wire;

use std::thread;
use std::time::{Duration, Instant};

pub use fake_server::{FakeServer, Opening, Peer};
pub use link::Link;
pub use message::{Fields, Message};
pub use pgweir::Pgweir;
pub use postgres::{Database, postgres};
pub use trace::{Ran, Trace};
pub use wire::{Wire, send_cancel};

/// How long anything may take before its test fails: far more than a loaded machine needs.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// A loopback port that nobody listens on at this moment.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Looks until it is so, for what other processes do and nobody announces. Fails the test at [`TIMEOUT`].
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let give_up = Instant::now() + TIMEOUT;
    while !is_so() {
        assert!(Instant::now() < give_up, "waited too long until {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
