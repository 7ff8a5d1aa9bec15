//! A span for each statement that is recorded: what is noted of it while its text is there, and what is
//! known at its end.

use super::super::task::Client;
use super::Relay;
use super::measure::TEXT_MAX;
use crate::pooler::Pool;
use crate::protocol::error_response::ErrorReport;
use crate::protocol::frame::{Frame, Frames};
use crate::protocol::frontend::{self as tag, Bind, Parse, text};
use crate::routing::Reason;
use crate::routing::normal::{front, normalised};
use crate::routing::summary::summary;
use crate::session::calls::{Call, Traced, What};
use crate::spans::{Failure, Ids, Pushed, Shown, Span, Statement};
use crate::stats::Lap;
use crate::stats::histogram::micros;
use crate::trace::{Context, context_of};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What is known of a statement at its end.
struct Ended {
    traced: Traced,
    lap: Lap,
    rows: u64,
    failure: Option<Failure>,
    reason: &'static str,
}

impl Relay<'_> {
    /// A call has come to its end; `failure` if that is not its server's word.
    pub(super) fn end_span(&self, call: &mut Call, lap: Lap, failure: Option<Failure>) {
        let What::Named(label) = &mut call.what else { return };
        let Some(traced) = label.traced.take() else { return };
        let failure = call.sqlstate.map(Failure::Sqlstate).or(failure);
        let reason = Reason::ALL.get(usize::from(label.reason)).map_or("", |it| it.as_str());
        let ended = Ended { traced: *traced, lap, rows: call.rows, failure, reason };
        self.client.record(self.held.pool(), ended);
    }

    /// The link ends, and what has not been answered will not be.
    pub(super) fn end_spans(&mut self, failure: Failure) {
        if !self.watched.traced {
            return;
        }
        let mut rest = self.held.stopwatch.lap(Instant::now(), true);
        while let Some(mut call) = self.held.side.take_unanswered_call() {
            self.end_span(&mut call, std::mem::take(&mut rest), Some(failure));
        }
    }
}

impl Client {
    /// What is noted of a call that was sent, if it is recorded.
    pub(super) fn traced(&self, call: &Call, piece: &[u8], retried: bool) -> Option<Box<Traced>> {
        let parent = match &call.what {
            What::Text { range, .. } => context_of(&piece[range.clone()]),
            _ => call.parent.clone(),
        };
        if !self.records(parent.as_ref()) {
            return None;
        }
        let (sql, whole) = match &call.what {
            What::Text { range, whole } => (Some(&piece[range.clone()]), *whole),
            What::Statement(statement) => (Some(text(&statement.prepared)), true),
            What::Marked(id, _) => {
                let statement = self.session.statement(*id);
                (statement.map(|statement| text(&statement.prepared)), true)
            }
            What::Unknown | What::Named(_) => (None, true),
        };
        let text = sql.map(|sql| self.shown(sql, whole)).unwrap_or_default();
        Some(Box::new(Traced { parent, text, retried }))
    }

    /// The client's unit got no server, for so long.
    pub(in super::super) fn record_refused(&mut self, report: &ErrorReport, waited: Duration) {
        if !self.worker.pooler.spans.is_on() {
            return;
        }
        let inbox = self.inbox.clone();
        let mut frames = Frames::new(inbox.bytes());
        let Some((parent, text)) = frames
            .next_frame()
            .ok()
            .flatten()
            .and_then(|frame| self.first_of_unit(frame))
            .filter(|(parent, _)| self.records(parent.as_ref()))
        else {
            return;
        };
        let ended = Ended {
            traced: Traced { parent, text, retried: false },
            lap: Lap { wait: waited, ..Lap::default() },
            rows: 0,
            failure: Some(Failure::Sqlstate(report.sqlstate.code())),
            reason: self.route.reason.as_str(),
        };
        self.record(&self.pools.primary, ended);
    }

    /// The statement that a unit begins with, and for whom it is.
    fn first_of_unit(&mut self, frame: Frame<'_>) -> Option<(Option<Context>, Box<str>)> {
        match frame.tag {
            tag::QUERY => {
                let sql = text(frame.body());
                Some((context_of(sql), self.shown(sql, true)))
            }
            tag::PARSE => {
                let sql = text(Parse::open(frame.body()).ok()?.prepared);
                Some((context_of(sql), self.shown(sql, true)))
            }
            tag::BIND => {
                let bind = Bind::parse(frame.body()).ok()?;
                let (statement, parent) = self.session.to_bind(bind.statement);
                let statement = statement?.clone();
                Some((parent, self.shown(text(&statement.prepared), true)))
            }
            _ => None,
        }
    }

    fn records(&self, parent: Option<&Context>) -> bool {
        self.worker.pooler.spans.sampler.records(parent, rand::random)
    }

    /// As much of a text as spans may have; `whole` if nothing of it is still to come.
    fn shown(&self, sql: &[u8], whole: bool) -> Box<str> {
        if self.worker.pooler.spans.shown() == Shown::Full {
            let cut = &sql[..sql.len().min(TEXT_MAX)];
            return String::from_utf8_lossy(cut).into();
        }
        if whole {
            return normalised(sql, TEXT_MAX).into();
        }
        // Where a text is cut may be in the middle of a value.
        let mut text = normalised(front(sql), TEXT_MAX);
        text.push_str(" ...");
        text.into()
    }

    fn record(&self, pool: &Pool, ended: Ended) {
        let Ended { traced, lap, rows, failure, reason } = ended;
        let spans = &self.worker.pooler.spans;
        let what = summary(traced.text.as_bytes());
        let is_shown = spans.shown() != Shown::Summary && !traced.text.is_empty();
        let span = Span {
            ids: Ids::new(traced.parent, rand::random()),
            origin: pool.origin.clone(),
            statement: Statement {
                summary: what.text.into(),
                operation: what.operation.map(Into::into),
                collection: what.collection.map(Into::into),
                text: is_shown.then_some(traced.text),
            },
            client: self.control.who.peer.map(|peer| peer.ip().to_string().into()),
            ended_unix_ns: unix_ns(SystemTime::now()),
            wait_us: micros(lap.wait),
            server_us: micros(lap.server),
            write_us: micros(lap.write),
            rows,
            failure,
            reason,
            retried: traced.retried,
        };
        if spans.push(self.worker.id, span) == Pushed::HalfFull {
            self.worker.pooler.spans_alarm.notify_one();
        }
    }
}

/// Until the year 2554.
fn unix_ns(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
