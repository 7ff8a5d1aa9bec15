//! A client's place in a pool's queue.

use super::held::Held;
use super::pool::Pool;
use crate::ids::{WaiterId, WorkerId};
use crate::server::{Idle, OpenError};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// What a place in the queue has come to.
#[derive(Debug)]
pub(super) enum Slot {
    /// Nothing yet.
    Open(Option<Waker>),
    /// A server.
    Granted(Idle),
    /// The host said no.
    Failed(Arc<OpenError>),
}

impl Default for Slot {
    fn default() -> Self {
        Slot::Open(None)
    }
}

impl Slot {
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Slot::Open(_))
    }

    pub(super) fn wake_with(&mut self, waker: &Waker) {
        *self = Slot::Open(Some(waker.clone()));
    }

    pub(super) fn grant(&mut self, idle: Idle) {
        self.become_known(Slot::Granted(idle));
    }

    pub(super) fn fail(&mut self, error: Arc<OpenError>) {
        self.become_known(Slot::Failed(error));
    }

    fn become_known(&mut self, outcome: Slot) {
        if let Slot::Open(Some(waker)) = std::mem::replace(self, outcome) {
            waker.wake();
        }
    }
}

/// Why a waiter gets no server.
#[derive(Clone, Debug)]
pub struct Refusal(pub Arc<OpenError>);

/// Waits for a server. Dropped early, it leaves the queue; a server that was already on its way
/// goes to the next.
#[derive(Debug)]
#[must_use = "leaves the queue when it is dropped"]
pub struct Waiting {
    pool: Arc<Pool>,
    id: WaiterId,
    worker: WorkerId,
    done: bool,
}

impl Waiting {
    pub(super) fn new(pool: Arc<Pool>, id: WaiterId, worker: WorkerId) -> Self {
        Waiting { pool, id, worker, done: false }
    }

    /// Whose queue it is.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }
}

impl Future for Waiting {
    type Output = Result<Held, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match self.pool.look(self.id, cx.waker()) {
                Some(Slot::Open(_)) => return Poll::Pending,
                Some(Slot::Failed(error)) => {
                    self.done = true;
                    return Poll::Ready(Err(Refusal(error)));
                }
                Some(Slot::Granted(idle)) => {
                    let id = idle.id;
                    self.done = true;
                    let now = Instant::now();
                    if let Some(held) = self.pool.resume(Some(idle), id, self.worker, now) {
                        return Poll::Ready(Ok(held));
                    }
                }
                None => {}
            }
            // The server that was granted had gone: back to the queue.
            match self.pool.acquire(self.worker) {
                Ok(held) => return Poll::Ready(Ok(held)),
                Err(mut again) => {
                    std::mem::swap(&mut *self, &mut again);
                    again.done = true;
                }
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.done {
            self.pool.leave(self.id, self.worker);
        }
    }
}
