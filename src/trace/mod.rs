//! What a statement says of the trace that it belongs to, in a comment of its text.
//!
//! Instrumented applications put such a comment in front of a statement or behind it, in the form of
//! sqlcommenter (<https://google.github.io/sqlcommenter/spec/>):
//!
//! ```text
//!   SELECT 1 /*route='%2Fcart',traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'*/
//! ```
//!
//! * [`mod@comment`] finds it, and takes it out of a text that is to be shared.
//! * [`context`] reads its values, by the rules of W3C Trace Context.
//!
//! What does not follow the rules is no trace: nothing here is an error.

pub mod comment;
pub mod context;

pub use comment::{context_of, without_context};
pub use context::Context;
