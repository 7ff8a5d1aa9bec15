//! pgweir, a PostgreSQL connection pooler and read/write router.
//!
//! Five floors; an arrow only goes down (`docs/architecture.md` has the reasons):
//!
//! | floor | modules | what it knows |
//! |---|---|---|
//! | 4 house | [`app`] [`args`] [`collector`] [`config`] [`demo`] [`metrics`] | how a process is put together |
//! | 3 workers | [`client`] [`admin`] [`pooler`] [`server`] | tokio tasks: read, ask a rule, carry out its orders, write |
//! | 2 wires | [`net`] | sockets, TLS, buffers; nothing of PostgreSQL |
//! | 1 rules | [`session`] [`routing`] [`auth`] [`pool`] [`stats`] [`spans`] | pure: bytes, events and `now` in, next state and orders out |
//! | 0 bytes | [`protocol`] [`ids`] [`trace`] | pure: bytes to messages and back |
//!
//! A newcomer reads [`client`] first: a client's task is where every other room is used.

pub mod admin;
pub mod app;
pub mod args;
pub mod auth;
pub mod client;
pub mod collector;
pub mod config;
pub mod demo;
pub mod ids;
pub mod metrics;
pub mod net;
pub mod pool;
pub mod pooler;
pub mod protocol;
pub mod routing;
pub mod server;
pub mod session;
pub mod spans;
pub mod stats;
pub mod trace;
