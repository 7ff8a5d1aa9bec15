//! The worker threads: each an event loop of its own, with tasks that never move.

use super::exit::Exit;
use crate::client::Worker;
use crate::client::worker::Clients;
use crate::config::section::process::{Io, Workers as Configured};
use crate::ids::WorkerId;
use crate::net::uring;
use crate::pooler::{Letter, Mailbox, Pooler};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::thread::JoinHandle;
use tokio::runtime::{Handle, LocalOptions};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::LocalSet;

/// Letters of a worker that has not started.
pub(super) type Letters = UnboundedReceiver<Letter>;

/// How many workers the settings ask for.
pub(super) fn count(configured: Configured) -> usize {
    match configured {
        Configured::Fixed(count) => usize::from(count.get()),
        Configured::Auto => std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// A mailbox for each worker, and the ends at which they are read.
pub(super) fn mailboxes(count: usize) -> (Vec<Mailbox>, Vec<Letters>) {
    (0..count).map(|_| Mailbox::new()).unzip()
}

/// What carries the workers' sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Driver {
    Uring,
    Epoll,
}

impl Driver {
    /// What the settings ask for, as far as it can be had; one line of the log says what it is.
    ///
    /// # Errors
    /// io_uring is asked for and cannot be used.
    pub(super) fn choose(io: Io) -> Result<Driver, uring::Unavailable> {
        let tried = match io {
            Io::Epoll => return Ok(Driver::Epoll),
            Io::Auto | Io::Uring => uring::available(),
        };
        match tried {
            Ok(()) => {
                tracing::info!("sockets are read and written by io_uring");
                Ok(Driver::Uring)
            }
            Err(unavailable) if io == Io::Auto => {
                tracing::info!("sockets are read and written by epoll: {unavailable}");
                Ok(Driver::Epoll)
            }
            Err(unavailable) => Err(unavailable),
        }
    }
}

/// The threads.
#[derive(Debug)]
pub(super) struct Workers {
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts a thread for each mailbox. What the workers use of tokio beside their sockets is
    /// driven by `process`, where they have no event loop of tokio's own.
    pub(super) fn start(
        letters: Vec<Letters>,
        driver: Driver,
        process: &Handle,
        pooler: &Arc<Pooler>,
        clients: &Arc<Clients>,
    ) -> io::Result<Workers> {
        let numbered = (0u16..).map(WorkerId).zip(letters);
        let start = |(id, letters)| {
            let seat = Seat { id, letters, pooler: pooler.clone(), clients: clients.clone() };
            match driver {
                Driver::Epoll => seat.start_with_epoll(),
                Driver::Uring => seat.start_with_uring(process.clone()),
            }
        };
        Ok(Workers { threads: numbered.map(start).collect::<io::Result<_>>()? })
    }

    /// Waits until all have ended; says whether they ended well.
    pub(super) fn join(self) -> bool {
        let ended = self.threads.into_iter().map(JoinHandle::join);
        ended.fold(true, |well, thread| well & thread.is_ok())
    }
}

/// Ends the process where a worker itself panics, not one of its tasks.
///
/// Its thread is gone then with all of its clients, and what all workers share (pools, queues) may have
/// been left in the middle of a change. To go on without it would mean less of everything until
/// somebody notices, and clients of the others who wait for servers that nobody gives back. Whoever
/// supervises the process starts a whole one.
struct Unwinding {
    id: WorkerId,
    end: fn(WorkerId),
}

impl Drop for Unwinding {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.end)(self.id);
        }
    }
}

/// A panic in a task is caught by the task, whose future it unwinds first.
async fn guarded(id: WorkerId, work: impl Future<Output = ()>) {
    guarded_by(Unwinding { id, end: end_process }, work).await;
}

async fn guarded_by(guard: Unwinding, work: impl Future<Output = ()>) {
    work.await;
    drop(guard);
}

fn end_process(id: WorkerId) {
    tracing::error!(worker = %id, "a worker has failed: the process ends, and its clients with it");
    super::logs::flush();
    std::process::exit(i32::from(Exit::Internal.status()));
}

/// A worker that has no thread yet.
struct Seat {
    id: WorkerId,
    letters: Letters,
    pooler: Arc<Pooler>,
    clients: Arc<Clients>,
}

impl Seat {
    /// tokio's event loop carries everything. Its tasks are the runtime's own: to wake one of a
    /// `LocalSet` from the event loop would cost a system call.
    fn start_with_epoll(self) -> io::Result<JoinHandle<()>> {
        let (made, is_made) = std::sync::mpsc::sync_channel(1);
        let thread = self.thread().spawn(move || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            match builder.enable_all().build_local(LocalOptions::default()) {
                Ok(runtime) => {
                    let _ = made.send(Ok(()));
                    let worker = Worker::new(self.id, self.pooler, self.clients);
                    runtime.block_on(guarded(self.id, worker.run(self.letters)));
                    // Letting go of the tasks closes their connections.
                    runtime.shutdown_background();
                }
                Err(error) => drop(made.send(Err(error))),
            }
        })?;
        is_made.recv().unwrap_or_else(|gone| Err(io::Error::other(gone)))?;
        Ok(thread)
    }

    /// A ring carries the sockets; timers and whatever else is tokio's go to the process's own
    /// event loop. Returns when the ring is there: only its own thread can make it.
    fn start_with_uring(self, process: Handle) -> io::Result<JoinHandle<()>> {
        let (made, is_made) = std::sync::mpsc::sync_channel(1);
        let thread = self.thread().spawn(move || {
            let _tokio = process.enter();
            let _guard = Unwinding { id: self.id, end: end_process };
            match uring::Ring::install() {
                Ok(ring) => {
                    let _ = made.send(Ok(()));
                    self.work_with(ring);
                }
                Err(error) => drop(made.send(Err(error))),
            }
        })?;
        is_made.recv().unwrap_or_else(|gone| Err(io::Error::other(gone)))?;
        Ok(thread)
    }

    fn work_with(self, ring: Rc<uring::Ring>) {
        let (id, mut tasks) = (self.id, LocalSet::new());
        let worker = Worker::new(id, self.pooler, self.clients);
        // A task among the others: what stands beside them is polled at every turn of the ring.
        let work = tasks.spawn_local(guarded(id, worker.run(self.letters)));
        let ran = ring.run(poll_fn(|cx| {
            let _ = Pin::new(&mut tasks).poll(cx);
            if work.is_finished() { Poll::Ready(()) } else { Poll::Pending }
        }));
        if let Err(error) = ran {
            // Its clients could be neither served nor told.
            tracing::error!(worker = %id, %error, "io_uring failed");
            end_process(id);
        }
        // Letting go of the tasks closes their connections.
        drop(tasks);
        ring.uninstall();
    }

    fn thread(&self) -> std::thread::Builder {
        std::thread::Builder::new().name(format!("pgweir-{}", self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        static ENDED: Cell<Option<WorkerId>> = const { Cell::new(None) };
    }

    fn guard() -> Unwinding {
        Unwinding { id: WorkerId(7), end: |id| ENDED.set(Some(id)) }
    }

    fn runtime() -> tokio::runtime::LocalRuntime {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.build_local(LocalOptions::default()).unwrap()
    }

    #[test]
    fn a_worker_that_panics_ends_the_process_wherever_it_runs() {
        let fails = || guarded_by(guard(), async { panic!("on purpose") });
        let caught = std::panic::catch_unwind(|| runtime().block_on(fails()));
        assert!(caught.is_err());
        assert_eq!(ENDED.take(), Some(WorkerId(7)), "epoll: it unwinds the thread");

        let tasks = LocalSet::new();
        let work = tasks.spawn_local(fails());
        runtime().block_on(tasks);
        assert!(work.is_finished());
        assert_eq!(ENDED.take(), Some(WorkerId(7)), "io_uring: its task catches it");
    }

    #[test]
    fn a_client_that_panics_ends_nothing_else() {
        runtime().block_on(guarded_by(guard(), async {
            assert!(tokio::task::spawn_local(async { panic!("on purpose") }).await.is_err());
        }));
        assert_eq!(ENDED.take(), None);
    }
}
