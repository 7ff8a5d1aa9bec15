//! A throwaway PostgreSQL cluster with pgweir in front of it, for trying it out and for tests.
//!
//! [`Cluster`] is a primary and its streaming replicas in one scratch folder; the integration tests
//! use it as it is. [`Demo`] adds a database to play with, the text of a `pooler.toml` that points
//! at the cluster, and what `pgweir demo` prints. Both block: nothing here needs an event loop.
//!
//! From the inside out: `binaries` finds PostgreSQL's programs, `account` picks the user that they
//! run as, `keeper` is the process that stops everything and deletes the folder whatever happens to
//! ours, `programs` runs a program with all three, and `host` is one PostgreSQL.

mod account;
mod banner;
mod binaries;
mod cluster;
mod error;
mod host;
mod keeper;
mod package;
mod programs;
mod stage;
mod traffic;

pub use binaries::Binaries;
pub use cluster::{Cluster, MAX_REPLICAS};
pub use error::ClusterError;
pub use host::Host;
pub use stage::{Demo, run};
pub use traffic::{Traffic, traffic_line};
