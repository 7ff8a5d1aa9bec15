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

    /// The wait may take so long from its beginning on. One that had no limit is limited from now on.
    pub(super) fn relimit(&mut self, limit: Option<Duration>) {
        let Some((old, new)) = self.limit.zip(limit) else { return self.begin(limit) };
        if let Some(timer) = self.timer.as_mut().filter(|_| old != new) {
            let began = timer.deadline().checked_sub(old).unwrap_or_else(Instant::now);
            timer.as_mut().reset(began + new);
            self.limit = Some(new);
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

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// How long a wait with this limit takes that gets another one at once, seconds.
    fn lasts(limit: Option<Duration>, then: Option<Duration>) -> Option<u64> {
        let began = Instant::now();
        let mut patience = Patience::default();
        patience.begin(limit);
        patience.relimit(then);
        let end = patience.timer.as_ref().filter(|_| patience.limit.is_some())?.deadline();
        Some((end - began).as_secs())
    }

    #[tokio::test]
    async fn another_limit_counts_from_the_beginning_of_the_wait() {
        assert_eq!(lasts(Some(120 * SECOND), Some(30 * SECOND)), Some(30));
        assert_eq!(lasts(Some(20 * SECOND), Some(30 * SECOND)), Some(30));
        assert_eq!(lasts(Some(20 * SECOND), Some(20 * SECOND)), Some(20));
        assert_eq!(lasts(None, Some(5 * SECOND)), Some(5), "its beginning is not known");
        assert_eq!(lasts(Some(20 * SECOND), None), None);
    }
}
