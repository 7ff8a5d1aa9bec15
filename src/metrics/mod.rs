//! What can be fetched over HTTP: numbers, and whether the process lives and is ready.
//!
//! Each metric is defined once, in a table: name, kind, one sentence, and how its value is read from
//! a row of what was seen. `/metrics` and docs/observability.md are both written from the tables, so
//! neither can say what the other does not. Nothing is kept for a scrape: it reads the same counters
//! that everything else reads, at the moment when it is asked.
//!
//! * [`metric`]: what a metric is; [`text`]: the two formats.
//! * [`process`], [`clients`], [`workers`], [`databases`], [`hosts`], [`pools`], [`totals`],
//!   [`times`], [`spans`]: the tables.
//! * [`snapshot`]: what one scrape sees, within limits, and all tables in their order.
//! * [`source`]: where a scrape looks; [`status`]: what the process says of itself.
//! * [`health`]: `/livez` and `/readyz`; [`http`]: the port; [`manual`]: the documentation.

pub mod clients;
pub mod databases;
pub mod health;
pub mod hosts;
pub mod http;
pub mod manual;
pub mod metric;
pub mod pools;
pub mod process;
pub mod snapshot;
pub mod source;
pub mod spans;
pub mod status;
pub mod text;
pub mod times;
pub mod totals;
pub mod workers;

#[cfg(test)]
mod tests;

pub use http::Port;
pub use source::Source;
pub use status::{Certificate, Status};
