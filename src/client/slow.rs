//! The log of statements that took long.

use super::lines::{self, Line};
use super::worker::Worker;
use crate::routing::Reason;
use crate::stats::queries::Key;
use crate::stats::{Call, Place};
use std::time::Instant;

/// Writes the line of one call, if there is room for it.
pub(super) fn log(
    worker: &Worker,
    place: &Place,
    key: Key,
    text: Option<&str>,
    call: &Call,
    now: Instant,
) {
    let Some(left_out) = lines::pass(Line::Slow, now) else { return };
    let known = if text.is_none() { worker.pooler.queries.text(worker.id, key) } else { None };
    let reason = Reason::ALL.get(usize::from(call.reason)).map(|reason| reason.as_str());
    let sqlstate = call.sqlstate.as_ref().and_then(|code| std::str::from_utf8(code).ok());
    tracing::info!(
        database = place.database,
        user = place.user,
        role = place.role,
        reason,
        duration_ms = ms(call.total_us()),
        wait_ms = ms(call.wait_us),
        server_ms = ms(call.server_us),
        write_ms = ms(call.write_us),
        rows = call.rows,
        sqlstate,
        left_out,
        statement = text.or(known.as_deref()),
        "slow statement"
    );
}

fn ms(us: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "285 years are exact")]
    let us = us as f64;
    us / 1_000.0
}
