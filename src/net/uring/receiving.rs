//! The receiving half of a connection: what has arrived, and whether the kernel listens.
//!
//! ```text
//!             arm                      too much waits
//!   Resting ───────> Armed ───────────────────────────> Disarming
//!      ^               │ last completion                    │ last completion
//!      └───────────────┴────────────────────────────────────┘
//!
//!   Elsewhere: another thread's ring still listens; its letter makes it Resting.
//! ```

use crate::net::buffer::Chunk;
use std::collections::VecDeque;
use std::io;
use std::task::{Context, Poll, Waker};

/// Pieces that may wait to be read before the kernel is asked to stop: with blocks of 16 kB, 64 kB
/// for each connection, and what had arrived before it stopped.
const WAITING_MAX: usize = 4;

/// Why nothing more will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The peer has ended its stream.
    Closed,
    /// The connection is broken; an error number of the system.
    Broken(i32),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Resting,
    Armed,
    Disarming,
    Elsewhere,
}

/// What the ring must submit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Nothing.
    Nothing,
    /// A receive.
    Arm,
    /// The end of the receive.
    Disarm,
}

/// One completion of a receive.
#[derive(Debug)]
pub(super) enum Arrived {
    /// Bytes.
    Bytes(Chunk),
    /// The end.
    End(End),
    /// Nothing: the receive was stopped, or there was no block for it.
    Stopped,
}

/// The receiving half.
#[derive(Debug, Default)]
pub(super) struct Receiving {
    state: State,
    /// Empty or not, it costs no allocation: few connections ever have a second piece waiting.
    first: Chunk,
    more: VecDeque<Chunk>,
    end: Option<End>,
    reader: Option<Waker>,
}

impl Receiving {
    /// While another ring still listens.
    pub(super) fn elsewhere() -> Self {
        Receiving { state: State::Elsewhere, ..Receiving::default() }
    }

    /// Whether the kernel, or another ring, may still bring something.
    pub(super) fn is_listening(&self) -> bool {
        self.state != State::Resting
    }

    /// Whether something waits to be read.
    pub(super) fn has_spoken(&self) -> bool {
        !self.first.is_empty() || self.end.is_some()
    }

    /// Whether bytes wait to be read.
    pub(super) fn is_ahead(&self) -> bool {
        !self.first.is_empty()
    }

    /// Takes what has arrived into `inbox`. Not ready, it wakes the task when something has.
    pub(super) fn poll_take(
        &mut self,
        cx: &mut Context<'_>,
        inbox: &mut Chunk,
    ) -> Poll<io::Result<usize>> {
        if !self.first.is_empty() {
            return Poll::Ready(Ok(self.take(inbox)));
        }
        match self.end {
            Some(End::Closed) => Poll::Ready(Ok(0)),
            Some(End::Broken(errno)) => Poll::Ready(Err(io::Error::from_raw_os_error(errno))),
            None => {
                watch(&mut self.reader, cx);
                Poll::Pending
            }
        }
    }

    fn take(&mut self, inbox: &mut Chunk) -> usize {
        let taken = inbox.take_from(&mut self.first);
        if self.first.is_empty() {
            self.first = self.more.pop_front().unwrap_or_default();
        }
        taken
    }

    /// Lets the kernel listen, unless too much waits to be read.
    pub(super) fn rearm(&mut self) -> Ask {
        let rests = self.state == State::Resting && self.end.is_none();
        if rests && self.waiting() < WAITING_MAX {
            self.state = State::Armed;
            return Ask::Arm;
        }
        Ask::Nothing
    }

    /// Nobody waits for it now.
    pub(super) fn unwatch(&mut self) {
        self.reader = None;
    }

    /// Nobody will ever read it.
    pub(super) fn stop(&mut self) -> Ask {
        self.unwatch();
        self.first = Chunk::default();
        self.more = VecDeque::new();
        self.disarm()
    }

    /// Nothing more shall come through this ring.
    pub(super) fn disarm(&mut self) -> Ask {
        if self.state == State::Armed {
            self.state = State::Disarming;
            return Ask::Disarm;
        }
        Ask::Nothing
    }

    /// A completion; `more` if the kernel goes on listening.
    pub(super) fn arrived(&mut self, arrived: Arrived, more: bool) -> Ask {
        if !more {
            self.state = State::Resting;
        }
        match arrived {
            Arrived::Bytes(chunk) => self.push(chunk),
            Arrived::End(end) => self.end = Some(end),
            Arrived::Stopped => return Ask::Nothing,
        }
        self.wake();
        if self.waiting() >= WAITING_MAX { self.disarm() } else { Ask::Nothing }
    }

    /// No ring can pass on anything any more.
    pub(super) fn expect_no_letter(&mut self) {
        if self.state == State::Elsewhere {
            self.state = State::Resting;
        }
    }

    /// What another ring had heard before it stopped listening.
    pub(super) fn inherit(&mut self, bytes: &[u8], end: Option<End>) {
        self.state = State::Resting;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (chunk, taken) = Chunk::copied(rest);
            self.push(chunk);
            rest = &rest[taken..];
        }
        self.end = end;
        if self.has_spoken() {
            self.wake();
        }
    }

    /// What has arrived and nobody has read, for the ring that takes over.
    pub(super) fn bequeath(&mut self) -> (Vec<u8>, Option<End>) {
        let first = std::mem::take(&mut self.first);
        let pieces = std::iter::once(first).chain(self.more.drain(..));
        (pieces.flat_map(|piece| piece.bytes().to_vec()).collect(), self.end)
    }

    fn wake(&self) {
        if let Some(reader) = &self.reader {
            reader.wake_by_ref();
        }
    }

    fn push(&mut self, chunk: Chunk) {
        if self.first.is_empty() {
            self.first = chunk;
        } else {
            self.more.push_back(chunk);
        }
    }

    fn waiting(&self) -> usize {
        usize::from(!self.first.is_empty()) + self.more.len()
    }
}

/// Remembers whom to wake; a waker that wakes the same task is not cloned again.
pub(super) fn watch(kept: &mut Option<Waker>, cx: &Context<'_>) {
    if !kept.as_ref().is_some_and(|kept| kept.will_wake(cx.waker())) {
        *kept = Some(cx.waker().clone());
    }
}
