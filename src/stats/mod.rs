//! Counters of what happened, kept per worker and added up when asked.
//!
//! * [`pool_stats`]: what is counted for one pool, and how long things took there.
//! * [`routes`]: how often statements went where, and why.
//! * [`queries`]: the same for each statement; [`few`] bounds what is counted by name there.
//! * [`histogram`]: how often something took how long; [`stopwatch`] says how long.
//! * [`tally`]: counts by the words of a list, of what happens seldom.
//! * [`throttle`]: how often something may be said.

pub mod counter;
pub mod few;
pub mod histogram;
pub mod pool_stats;
pub mod queries;
pub mod routes;
pub mod stopwatch;
pub mod tally;
pub mod throttle;

pub use counter::Counter;
pub use histogram::{Histogram, Recorder};
pub use pool_stats::{PoolStats, PoolTimes, PoolTotals};
pub use queries::{Call, Place, Queries, Query};
pub use routes::Routes;
pub use stopwatch::{Lap, Stopwatch};
pub use tally::Tally;
pub use throttle::Throttle;
