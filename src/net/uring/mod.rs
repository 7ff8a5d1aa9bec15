//! io_uring as a driver: one ring for each worker, which receives and sends for all its sockets.
//!
//! ```text
//!   a task ──poll──> Socket ──> Connection ──an operation──> submission queue ─┐
//!      ^                            │                                          │ one system call
//!      └────── waker ───────────────┴──<── completion queue <──────────────────┘ for all of them
//! ```
//!
//! A worker with a ring alternates between its tasks and `Ring::turn`: one `io_uring_enter`
//! submits everything that the tasks asked for, and waits where there is nothing else to do.
//! Receives are multishot: armed once, they complete whenever bytes arrive, in a block that the
//! kernel takes from a ring of them, so that an idle connection owns no block and costs no call.
//!
//! * [`ring`]: the loop; `state`: what completions mean; `queues`, `blocks`: what is shared
//!   with the kernel.
//! * `connection`, made of `receiving` and `sending`: one socket's state, without a kernel.
//! * [`socket`]: a task's hold on a connection; [`parked`]: a hold that can change its thread.
//! * `remote`: how other threads wake a ring and write letters to it.
//! * [`fn@available`]: whether this kernel can, and lets us.
//!
//! This is the only place with `unsafe`: the kernel reads and writes memory while Rust looks
//! elsewhere. What makes it sound is one rule, kept in `state`: *a connection, its blocks and its
//! headers live until the kernel has completed everything that was asked with them.*

pub mod available;
mod blocks;
mod connection;
mod operation;
pub mod parked;
mod queues;
mod receiving;
mod remote;
pub mod ring;
mod sending;
pub mod socket;
mod state;

pub use available::{Unavailable, available};
pub use parked::Parked;
pub use ring::Ring;
pub use socket::Socket;

#[cfg(test)]
mod tests;
