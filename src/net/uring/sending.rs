//! The sending half of a connection: what the kernel reads from until it says that it is done.
//!
//! ```text
//!             hand over                     all sent, or broken
//!   Nothing ─────────────> in flight ──────────────────────────> Nothing
//!                           │     ^
//!                           └─────┘ a part was sent: the rest goes again
//! ```

use super::operation::{Key, Operation};
use super::receiving::watch;
use crate::net::outgoing::{Outgoing, SLICES_MAX};
use io_uring::{opcode, squeue, types};
use std::io;
use std::mem::MaybeUninit;
use std::task::{Context, Poll, Waker};

/// Sends to the end, and never raises SIGPIPE.
const FLAGS: i32 = libc::MSG_WAITALL | libc::MSG_NOSIGNAL;

/// The sending half.
#[derive(Default)]
pub(super) struct Sending {
    /// What the kernel reads from. Its chunks do not move or change while it does.
    flight: Outgoing,
    /// Where the kernel finds the pieces, if there are several.
    header: Option<Box<Header>>,
    broken: Option<i32>,
    writer: Option<Waker>,
}

/// One `sendmsg`: the header points to the slices, and the slices to the bytes in flight.
pub(super) struct Header {
    message: libc::msghdr,
    slices: [libc::iovec; SLICES_MAX],
}

impl Header {
    pub(super) fn new() -> Box<Header> {
        // SAFETY: both are structs of C that consist of integers and pointers; zero is a value of
        // all of them.
        Box::new(unsafe { MaybeUninit::zeroed().assume_init() })
    }

    fn point_at(&mut self, flight: &Outgoing) -> *const libc::msghdr {
        let (slices, count) = flight.slices();
        for (to, slice) in self.slices.iter_mut().zip(&slices[..count]) {
            to.iov_base = slice.as_ptr().cast_mut().cast();
            to.iov_len = slice.len();
        }
        self.message.msg_iov = self.slices.as_mut_ptr();
        self.message.msg_iovlen = count as _;
        &raw const self.message
    }
}

/// Headers that are not in use, so that a busy ring allocates none.
#[derive(Default)]
#[expect(clippy::vec_box, reason = "a box goes in and out as it is; the kernel knows its address")]
pub(super) struct SpareHeaders(Vec<Box<Header>>);

impl SpareHeaders {
    /// More are freed: 64 are 19 kB.
    const MAX: usize = 64;

    fn take(&mut self) -> Box<Header> {
        self.0.pop().unwrap_or_else(Header::new)
    }

    fn give_back(&mut self, header: Option<Box<Header>>) {
        if self.0.len() < Self::MAX {
            self.0.extend(header);
        }
    }
}

impl Sending {
    /// Whether the kernel reads from it.
    pub(super) fn is_in_flight(&self) -> bool {
        !self.flight.is_empty()
    }

    /// Takes over what is outgoing, unless something is in flight. Says whether a send must be
    /// submitted.
    pub(super) fn poll_take(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut Outgoing,
    ) -> Poll<io::Result<bool>> {
        if let Some(errno) = self.broken {
            return Poll::Ready(Err(io::Error::from_raw_os_error(errno)));
        }
        if out.is_empty() {
            return Poll::Ready(Ok(false));
        }
        if self.is_in_flight() {
            watch(&mut self.writer, cx);
            return Poll::Pending;
        }
        self.flight = std::mem::take(out);
        Poll::Ready(Ok(true))
    }

    /// Ready when nothing is in flight.
    pub(super) fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.broken {
            Some(errno) => Poll::Ready(Err(io::Error::from_raw_os_error(errno))),
            None if self.is_in_flight() => {
                watch(&mut self.writer, cx);
                Poll::Pending
            }
            None => Poll::Ready(Ok(())),
        }
    }

    /// The operation that sends what is in flight.
    pub(super) fn entry(
        &mut self,
        fd: types::Fd,
        key: Key,
        spare: &mut SpareHeaders,
    ) -> squeue::Entry {
        let (slices, count) = self.flight.slices();
        let entry = if count == 1 {
            #[expect(clippy::cast_possible_truncation, reason = "a piece is at most a block")]
            let len = slices[0].len() as u32;
            opcode::Send::new(fd, slices[0].as_ptr(), len).flags(FLAGS).build()
        } else {
            let header = self.header.get_or_insert_with(|| spare.take());
            let message = header.point_at(&self.flight);
            opcode::SendMsg::new(fd, message).flags(FLAGS as u32).build()
        };
        entry.user_data(Operation::Send(key).to_user_data())
    }

    /// A send is complete. Says whether the rest must be submitted; `wanted` unless nobody cares
    /// any more.
    pub(super) fn sent(&mut self, result: i32, wanted: bool, spare: &mut SpareHeaders) -> bool {
        match usize::try_from(result) {
            Ok(bytes) if bytes > 0 && wanted => self.flight.advance(bytes),
            _ if -result == libc::EINTR && wanted => {}
            _ => {
                self.broken = Some(if result < 0 { -result } else { libc::EPIPE });
                self.flight = Outgoing::default();
            }
        }
        if self.is_in_flight() {
            return true;
        }
        spare.give_back(self.header.take());
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
        false
    }

    /// Nobody waits for it any more.
    pub(super) fn stop(&mut self) {
        self.writer = None;
    }
}

impl std::fmt::Debug for Sending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sending").field("flight", &self.flight).finish_non_exhaustive()
    }
}
