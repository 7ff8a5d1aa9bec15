//! The one definition of every setting, a file for each group of them.
//!
//! | file | what it defines |
//! |---|---|
//! | `process` | `[pooler]`: threads, logging, the end of the process |
//! | `listen` | `[pooler]`: where clients connect, and TCP keepalive |
//! | `pools` | `[pooler]`: how clients share servers |
//! | `timeouts` | `[pooler]`: how long anything may take |
//! | `statements` | `[pooler]`: what is kept and logged of statements |
//! | `login` | `[pooler]`: who may log in, and how that is proven |
//! | `tls` | `[pooler]`: TLS on both sides |
//! | `routing` | `[routing]`: which statements go where |
//! | `database` | `[databases.NAME]` |
//! | `user` | `[users.NAME]` |
//! | `metrics` | `[metrics]` |
//! | `tracing` | `[tracing]` |
//! | `name` | the sections themselves, and finding a definition in them |

pub mod database;
pub mod listen;
pub mod login;
pub mod metrics;
mod name;
pub mod pools;
pub mod process;
pub mod routing;
pub mod statements;
pub mod timeouts;
pub mod tls;
pub mod tracing;
pub mod user;

pub use name::{Group, Section};
