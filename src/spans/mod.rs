//! What a tracing system is told of statements: a span for each that is recorded; pure.
//!
//! ```text
//!   a statement ──> Sampler: is it recorded? ──> Span ──> Spans: a short queue for each worker
//!                                                              │ taken in batches
//!                                                              └──> otlp: bytes for a collector
//! ```
//!
//! * [`sampler`] decides, by what the caller has decided where there is one.
//! * [`span`] is what is known of one statement; [`attributes`] says it in the words of
//!   OpenTelemetry's conventions.
//! * [`queue`] keeps spans until they are sent, within limits.
//! * [`otlp`] writes them, as OpenTelemetry's protocol has it.

pub mod attributes;
pub mod otlp;
pub mod queue;
pub mod sampler;
pub mod span;

pub use queue::{Limits, Pushed, Shown, Spans};
pub use sampler::Sampler;
pub use span::{Failure, Ids, Origin, Span, Statement};
