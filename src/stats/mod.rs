//! Counters of what happened, kept per worker and added up when asked.

pub mod counter;
pub mod pool_stats;
pub mod routes;
pub mod tally;

pub use counter::Counter;
pub use pool_stats::{PoolStats, PoolTotals};
pub use routes::Routes;
pub use tally::Tally;
