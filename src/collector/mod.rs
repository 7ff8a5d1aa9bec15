//! Sends spans to a collector, by OpenTelemetry's protocol (OTLP) over HTTP.
//!
//! One task of the process's own takes what the workers have queued, a batch at a time, and posts it. No
//! worker ever waits for it: where the collector is slow or gone, the queues are full, and what comes then is
//! lost and counted.
//!
//! * [`exporter`]: when batches go, how often they are tried, and the end.
//! * [`link`]: a connection to the collector, and one request on it.
//! * [`target`]: which collector, and what it is told of this process.
//! * [`counts`]: what came of the spans.

pub mod counts;
pub mod exporter;
pub mod link;
pub mod target;

pub use counts::Counts;
pub use exporter::Exporter;
pub use target::Target;
