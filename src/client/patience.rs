//! How long a client waits for a server: `query_wait_timeout`, and `read_wait` within it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// The timer of a client that has waited before, begun anew for each wait.
///
/// It is kept, because to put off a timer that has not fired costs next to nothing, while to make
/// one takes a lock that all timers of a thread share. A busy client waits for every second of its
/// statements.
#[derive(Debug, Default)]
pub(super) struct Patience {
    limit: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// A wait begins that may take so long; without a limit, for ever.
    pub(super) fn begin(&mut self, limit: Option<Duration>) {
        self.limit = limit;
        let Some(limit) = limit else { return };
        let end = Instant::now() + limit;
        match &mut self.timer {
            Some(timer) => timer.as_mut().reset(end),
            None => self.timer = Some(Box::pin(sleep_until(end))),
        }
    }

    /// Ready with the limit when the wait has taken so long.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Duration> {
        match (self.limit, &mut self.timer) {
            (Some(limit), Some(timer)) => timer.as_mut().poll(cx).map(|()| limit),
            _ => Poll::Pending,
        }
    }
}
