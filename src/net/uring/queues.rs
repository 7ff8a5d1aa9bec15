//! The two queues that a ring shares with the kernel.

use io_uring::{IoUring, Submitter, cqueue, squeue, types};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

/// Operations that are submitted in one call; more cost a call more.
const SUBMISSIONS: u32 = 256;

/// Completions that fit before the kernel keeps them on a list of its own, which costs a call.
const COMPLETIONS: u32 = 4096;

/// What goes to the kernel, and what comes back.
pub(super) struct Queues {
    queues: IoUring,
    /// What could not be submitted yet, because the kernel is short of memory.
    backlog: VecDeque<squeue::Entry>,
}

impl Queues {
    /// One thread submits and reaps, and the kernel does its part of the work in that thread's own
    /// calls, not in interrupts of it (io_uring_setup(2), Linux 6.1).
    pub(super) fn new() -> io::Result<Queues> {
        let mut builder = IoUring::builder();
        builder.setup_single_issuer().setup_defer_taskrun().setup_taskrun_flag();
        builder.setup_submit_all().setup_cqsize(COMPLETIONS).dontfork();
        Ok(Queues { queues: builder.build(SUBMISSIONS)?, backlog: VecDeque::new() })
    }

    pub(super) fn submitter(&self) -> Submitter<'_> {
        self.queues.submitter()
    }

    /// Puts an operation into the queue, which is submitted early if it is full.
    pub(super) fn push(&mut self, entry: &squeue::Entry) {
        if !self.backlog.is_empty() || !self.try_push(entry) {
            self.backlog.push_back(entry.clone());
        }
    }

    fn try_push(&mut self, entry: &squeue::Entry) -> bool {
        // SAFETY: what the entry points to belongs to a connection, its header, the ring of blocks
        // or the bell. Each lives until the operation is complete: connections are freed only when
        // they are owed nothing, and all of them are leaked if the ring ends before that.
        let mut pushed = unsafe { self.queues.submission().push(entry) };
        if pushed.is_err() {
            // What has been taken makes room. Short of memory, the kernel takes none now.
            let _ = self.queues.submit();
            // SAFETY: as above.
            pushed = unsafe { self.queues.submission().push(entry) };
        }
        pushed.is_ok()
    }

    /// Submits everything and, if `wait`, waits for a completion. No system call where there is
    /// nothing to do.
    pub(super) fn enter(&mut self, wait: bool) -> io::Result<()> {
        self.push_backlog();
        if !wait {
            let submission = self.queues.submission();
            if submission.is_empty() && !submission.taskrun() && !submission.cq_overflow() {
                return Ok(());
            }
        }
        match self.queues.submit_and_wait(usize::from(wait)) {
            Ok(_) => Ok(()),
            // A signal, or completions to be reaped before more can be submitted.
            Err(error) if is_passing(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// As [`enter`](Queues::enter), but waits no longer than `limit`.
    pub(super) fn enter_for(&mut self, limit: Duration) {
        self.push_backlog();
        let limit = types::Timespec::from(limit);
        let limit = types::SubmitArgs::new().timespec(&limit);
        let _ = self.queues.submitter().submit_with_args(1, &limit);
    }

    /// The next completion that has come.
    pub(super) fn next(&mut self) -> Option<cqueue::Entry> {
        self.queues.completion().next()
    }

    fn push_backlog(&mut self) {
        while let Some(entry) = self.backlog.pop_front() {
            if !self.try_push(&entry) {
                self.backlog.push_front(entry);
                return;
            }
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINTR | libc::EBUSY | libc::EAGAIN))
}
