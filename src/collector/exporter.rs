//! When batches of spans go to the collector, how often they are tried, and the end.

use super::counts::Counts;
use super::link::{Link, Outcome};
use super::target::Target;
use crate::pooler::Pooler;
use crate::spans::otlp::request;
use crate::stats::Throttle;
use arc_swap::ArcSwapOption;
use hyper::body::Bytes;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::sync::watch::Receiver;

/// Spans of one request: about half a megabyte, which a collector takes by default (the limit of
/// OpenTelemetry's is 20 MB), and which is written in about a millisecond.
const BATCH_MAX: usize = 512;

/// How often a batch is tried. While a collector is started anew that covers about 15 s; after that the
/// queues are what is kept.
const TRIES_MAX: u32 = 5;

/// The pause after the first try; doubled after each further one.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause that a collector may ask for.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// How long the end of the process waits for the last spans.
pub const FLUSH_LIMIT: Duration = Duration::from_secs(2);

/// Lines of the log in a second that say why spans could not be sent.
const LINES_MAX: u32 = 1;

/// Takes spans from the workers' queues and sends them.
#[derive(Debug)]
pub struct Exporter {
    pooler: Arc<Pooler>,
    target: ArcSwapOption<Target>,
    changed: Notify,
    /// What came of the spans.
    pub counts: Counts,
}

impl Exporter {
    /// Sends nothing yet.
    pub fn new(pooler: Arc<Pooler>) -> Exporter {
        Exporter {
            pooler,
            target: ArcSwapOption::empty(),
            changed: Notify::new(),
            counts: Counts::default(),
        }
    }

    /// Spans go there from now on, or nowhere.
    pub fn send_to(&self, target: Option<Target>) {
        self.target.store(target.map(Arc::new));
        self.changed.notify_one();
    }

    /// Sends until `ending` says that the process ends; then all that is left, each batch tried once.
    pub async fn run(self: Arc<Self>, mut ending: Receiver<bool>) {
        let mut sending =
            Sending { exporter: &self, link: Link::default(), lines: Throttle::default() };
        while !*ending.borrow() {
            let target = self.target.load_full();
            tokio::select! {
                () = self.pooler.spans_alarm.notified() => {}
                () = interval(target.as_deref()) => {}
                () = self.changed.notified() => continue,
                _ = ending.wait_for(|ends| *ends) => {}
            }
            sending.send_all(&mut ending).await;
        }
        sending.send_all(&mut ending).await;
    }
}

/// For ever, without a collector.
async fn interval(target: Option<&Target>) {
    match target {
        Some(target) => tokio::time::sleep(target.interval).await,
        None => pending().await,
    }
}

/// What the task has.
struct Sending<'e> {
    exporter: &'e Exporter,
    link: Link,
    lines: Throttle,
}

impl Sending<'_> {
    /// Sends what waits now, and what comes meanwhile.
    async fn send_all(&mut self, ending: &mut Receiver<bool>) {
        let spans = &self.exporter.pooler.spans;
        while let Some(target) = self.exporter.target.load_full() {
            let batch = spans.take(BATCH_MAX);
            if batch.is_empty() {
                return;
            }
            let body = Bytes::from(request(&target.resource, &batch));
            let count = batch.len() as u64;
            // Only the bytes are needed from here on.
            drop(batch);
            self.send(&target, body, count, ending).await;
        }
    }

    async fn send(
        &mut self,
        target: &Target,
        body: Bytes,
        count: u64,
        ending: &mut Receiver<bool>,
    ) {
        let counts = &self.exporter.counts;
        for tried in 1..=TRIES_MAX {
            let why = match self.link.post(target, body.clone()).await {
                Outcome::Taken(None) => return counts.sent(count, 0),
                Outcome::Taken(Some((refused, why))) => {
                    counts.sent(count, refused);
                    return self.complain(target, refused, &why);
                }
                Outcome::Refused(why) => {
                    counts.given_up(count);
                    return self.complain(target, count, &why);
                }
                Outcome::Later(after, why) => {
                    let pause = after.unwrap_or(PAUSE * 2_u32.pow(tried - 1)).min(PAUSE_MAX);
                    let ends = tried == TRIES_MAX || *ending.borrow();
                    if !ends && rest(pause, ending).await {
                        continue;
                    }
                    why
                }
            };
            counts.given_up(count);
            return self.complain(target, count, &why);
        }
    }

    fn complain(&mut self, target: &Target, count: u64, why: &str) {
        if self.lines.pass(Instant::now(), LINES_MAX).is_some() {
            tracing::warn!(collector = %target.url, spans = count, why, "spans were not taken");
        }
    }
}

/// Whether the pause went by before the process ends.
async fn rest(pause: Duration, ending: &mut Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(pause) => true,
        _ = ending.wait_for(|ends| *ends) => false,
    }
}
