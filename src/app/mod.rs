//! The composition root: builds every room from the settings, and the phases of the process's life.
//!
//! ```text
//! starting ── settings, logs, sockets, workers ──> serving ──SIGTERM, SIGINT──> draining ──> ended
//!                                                  │     ^                         │
//!                                                  └─────┘ SIGHUP: reload          └ a second one,
//!                                                                                    or the deadline
//! ```
//!
//! * [`command`]: what each word of the command line does.
//! * [`process`]: the phases; [`workers`]: the threads; [`sockets`]: what is listened on.
//! * [`orders`], [`signals`]: what the console and signals ask of the process.
//! * [`build`], [`hosts`], [`users`]: from settings to what the rooms obey.
//! * [`logs`]: where log lines go; [`exit`]: with which status the process ends;
//!   [`cannot_start`]: why it does so at once.

pub mod build;
pub mod cannot_start;
pub mod command;
pub mod demo;
pub mod exit;
mod file_limit;
pub mod hosts;
pub mod logs;
pub mod orders;
pub mod process;
pub mod route;
pub mod signals;
pub mod sockets;
pub mod users;
pub mod workers;
