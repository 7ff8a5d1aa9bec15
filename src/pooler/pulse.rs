//! Whether a worker's event loop turns, and what it says when it is asked.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// The worker answers nobody any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended;

/// Written by the worker when it gets a letter that asks it to.
#[derive(Debug, Default)]
pub struct Pulse {
    /// A letter is on its way.
    asked: AtomicBool,
    ticks: AtomicU64,
    held_bytes: AtomicUsize,
    answered: Notify,
}

impl Pulse {
    /// Ready at the next answer after this was called.
    pub(super) fn next(&self) -> impl Future<Output = ()> {
        self.answered.notified()
    }

    /// Whether a letter must be sent: one is enough, however many ask.
    pub(super) fn ask(&self) -> bool {
        !self.asked.swap(true, Ordering::AcqRel)
    }

    /// The worker has got the letter, and holds so many bytes of blocks.
    pub fn answer(&self, held_bytes: usize) {
        self.held_bytes.store(held_bytes, Ordering::Relaxed);
        self.ticks.fetch_add(1, Ordering::Relaxed);
        self.asked.store(false, Ordering::Release);
        self.answered.notify_waiters();
    }

    /// How often it has answered.
    pub fn ticks(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// Bytes of blocks that it held when it answered last.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::mailbox::{Letter, Mailbox};
    use super::*;
    use std::pin::pin;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    #[test]
    fn one_letter_answers_everybody_who_asks() {
        runtime().block_on(async {
            let (mailbox, mut letters) = Mailbox::new();
            let (one, other) = (pin!(mailbox.tick()), pin!(mailbox.tick()));
            let worker = async {
                assert!(matches!(letters.recv().await, Some(Letter::Tick)));
                tokio::task::yield_now().await;
                assert!(letters.try_recv().is_err(), "a second letter");
                mailbox.pulse().answer(7);
            };
            let (one, other, ()) = tokio::join!(one, other, worker);
            assert_eq!((one, other), (Ok(()), Ok(())));
            assert_eq!((mailbox.pulse().ticks(), mailbox.pulse().held_bytes()), (1, 7));
        });
    }

    #[test]
    fn a_worker_that_has_ended_is_not_waited_for() {
        runtime().block_on(async {
            let (mailbox, letters) = Mailbox::new();
            drop(letters);
            assert_eq!(mailbox.tick().await, Err(Ended));
        });
    }
}
