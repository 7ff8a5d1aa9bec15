//! What goes by on a link is counted: for its pool, and for each statement.

use super::super::slow;
use super::super::task::Client;
use super::Relay;
use crate::net::Chunk;
use crate::protocol::error_class::ErrorClass;
use crate::protocol::frontend::text;
use crate::routing::Fingerprint;
use crate::routing::normal::{front, normalised};
use crate::session::Mark;
use crate::session::calls::{Call, Label, What};
use crate::session::tally::Tally;
use crate::stats::histogram::micros;
use crate::stats::queries::Key;
use crate::stats::{Call as Called, Lap};
use std::time::Instant;

/// The longest text of a statement that is kept, bytes: PostgreSQL's own limit for what
/// `pg_stat_activity` shows (`track_activity_query_size`).
pub(super) const TEXT_MAX: usize = 1024;

/// The mark of calls whose text is not known: prepared statements in session mode, function calls.
const NO_TEXT: (Mark, &[u8]) = ([0; 2], b"(text not known)");

/// Who wants to know what is executed on a link.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watched {
    /// The statistics of statements, or the log of slow ones.
    pub(super) counted: bool,
    /// Whoever traces.
    pub(super) traced: bool,
}

impl Relay<'_> {
    /// The client has got its server.
    pub(super) fn begin_counting(&mut self) {
        let (pooler, database) = (&self.client.worker.pooler, &self.client.pools.database);
        self.watched = Watched {
            counted: pooler.queries.is_on() || database.log_min_duration.is_some(),
            traced: pooler.spans.is_on(),
        };
        self.held.side.begin_counting(self.watched.counted || self.watched.traced);
        self.client.session.trace(self.watched.traced);
        let part = self.held.pool().stats.of(self.client.worker.id);
        let waited = micros(self.held.stopwatch.waited());
        part.server_assignment_count.add(1);
        part.wait_time.add(waited);
        part.times().wait.record(waited);
    }

    /// So much of the client's bytes was consumed, and it was answered with so many of ours.
    pub(super) fn count_request(&mut self, piece: &Chunk, consumed: usize, answered: usize) {
        let part = self.held.pool().stats.of(self.client.worker.id);
        part.received.add(consumed as u64);
        part.sent.add(answered as u64);
        part.client_parse_count.add(self.client.session.take_parses().into());
        if !self.held.stopwatch.is_running() && !self.held.side.pipeline().is_empty() {
            self.held.stopwatch.send(Instant::now());
        }
        let (client, place) = (&*self.client, self.held.pool().place.id);
        while let Some(call) = self.held.side.next_unnamed_call() {
            let (bytes, retried) = (piece.bytes(), self.retried);
            let traced = self.watched.traced.then(|| client.traced(call, bytes, retried)).flatten();
            let label = match self.watched.counted {
                true => client.label(&call.what, piece.bytes(), place, self.reason),
                false => Label { reason: self.reason, ..Label::default() },
            };
            call.what = What::Named(Label { traced, ..label });
        }
    }

    /// So many bytes went to the client.
    pub(super) fn count_reply(&mut self, bytes: usize) {
        let tally = self.held.side.take_tally();
        let part = self.held.pool().stats.of(self.client.worker.id);
        part.sent.add(bytes as u64);
        part.rows.add(tally.rows);
        if tally.errors > 0 {
            let counted = ErrorClass::all().zip(tally.classes).filter(|(_, count)| *count > 0);
            counted.for_each(|(class, count)| part.failed(class, count.into()));
        }
        part.server_parse_count.add(tally.server_parses.into());
        part.bind_count.add(tally.binds.into());
        let done = self.held.side.pipeline().is_empty();
        if done || tally.queries > 0 || self.held.side.has_ended_call() {
            self.lap(tally, done);
        }
    }

    /// Something has been answered in full: the time of it is counted.
    fn lap(&mut self, tally: Tally, done: bool) {
        let now = Instant::now();
        let lap = self.held.stopwatch.lap(now, done);
        // Those that end together share no time: it is the first one's.
        let mut rest = lap;
        while let Some(call) = self.held.side.take_ended_call() {
            self.end_call(call, std::mem::take(&mut rest), now);
        }
        let mut stopwatch = std::mem::take(&mut *self.held.stopwatch);
        let part = self.held.pool().stats.of(self.client.worker.id);
        let times = part.times();
        part.query_time.add(micros(lap.server));
        part.query_count.add(tally.queries.into());
        for _ in 0..tally.queries {
            let unit = stopwatch.end_unit();
            times.server.record(micros(unit.server));
            times.write.record(micros(unit.write));
        }
        part.xact_count.add(tally.transactions.into());
        for _ in 0..tally.transactions {
            let took = micros(stopwatch.end_transaction(now));
            part.xact_time.add(took);
            times.transaction.record(took);
        }
        *self.held.stopwatch = stopwatch;
    }

    fn end_call(&self, mut call: Call, lap: Lap, now: Instant) {
        if self.watched.traced {
            self.end_span(&mut call, lap, None);
        }
        let What::Named(label) = call.what else { return };
        if !self.watched.counted {
            return;
        }
        let called = Called {
            rows: call.rows,
            sqlstate: call.sqlstate,
            received: call.received,
            sent: call.sent,
            wait_us: micros(lap.wait),
            server_us: micros(lap.server),
            write_us: micros(lap.write),
            reason: label.reason,
        };
        let place = &self.held.pool().place;
        let key = Key { shape: label.mark, place: place.id };
        let worker = &self.client.worker;
        worker.pooler.queries.add(worker.id, key, place, label.text.as_deref(), &called);
        let limit = self.client.pools.database.log_min_duration;
        if limit.is_some_and(|limit| lap.total() >= limit) {
            slow::log(worker, place, key, label.text.as_deref(), &called, now);
        }
    }
}

impl Client {
    /// What a call is counted as. Its text is written only if it is not known yet.
    fn label(&self, what: &What, piece: &[u8], place: u32, reason: u8) -> Label {
        let whole = !matches!(what, What::Text { whole: false, .. });
        let (mark, mut sql) = match what {
            What::Named(label) => return label.clone(),
            What::Unknown => (NO_TEXT.0, Some(NO_TEXT.1)),
            What::Text { range, .. } => {
                let sql = &piece[range.clone()];
                let sql = if whole { sql } else { front(sql) };
                (self.mark(sql), Some(sql))
            }
            What::Statement(statement) => {
                let sql = text(&statement.prepared);
                (*statement.mark.get_or_init(|| self.mark(sql)), Some(sql))
            }
            What::Marked(_, mark) => (*mark, None),
        };
        let queries = &self.worker.pooler.queries;
        if queries.knows(self.worker.id, Key { shape: mark, place }) {
            return Label { mark, reason, ..Label::default() };
        }
        if let What::Marked(id, _) = what {
            sql = self.session.statement(*id).map(|statement| text(&statement.prepared));
        }
        let written = sql.map(|sql| {
            let mut written = normalised(sql, TEXT_MAX);
            if !whole {
                written.push_str(" ...");
            }
            written.into()
        });
        Label { mark, text: written, reason, ..Label::default() }
    }

    fn mark(&self, sql: &[u8]) -> Mark {
        let Fingerprint(one, other) = self.worker.fingerprint(sql);
        [one, other]
    }
}
