//! What the benches have in common: how long they measure, the messages of both sides, a session
//! linked to its server, and a count of allocations.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each bench uses a part of it, and ends at the first thing that goes wrong"
)]

pub(crate) mod allocations;
pub(crate) mod link;
pub(crate) mod messages;

use criterion::Criterion;
use std::time::Duration;

/// Criterion as all benches here use it: what they measure is short and steady, so a second and a
/// half is enough, and all of them together take little more than a minute.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
        .sample_size(40)
        .without_plots()
        .configure_from_args()
}
