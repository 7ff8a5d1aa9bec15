//! The worker threads: each an event loop of its own, with tasks that never move.

use crate::client::Worker;
use crate::client::worker::Clients;
use crate::config::section::process::Workers as Configured;
use crate::ids::WorkerId;
use crate::pooler::{Letter, Mailbox, Pooler};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
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

/// The threads.
#[derive(Debug)]
pub(super) struct Workers {
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts a thread for each mailbox.
    pub(super) fn start(
        letters: Vec<Letters>,
        pooler: &Arc<Pooler>,
        clients: &Arc<Clients>,
    ) -> io::Result<Workers> {
        let numbered = (0u16..).map(WorkerId).zip(letters);
        let start = |(id, letters)| start(id, letters, pooler.clone(), clients.clone());
        Ok(Workers { threads: numbered.map(start).collect::<io::Result<_>>()? })
    }

    /// Waits until all have ended; says whether they ended well.
    pub(super) fn join(self) -> bool {
        let ended = self.threads.into_iter().map(JoinHandle::join);
        ended.fold(true, |well, thread| well & thread.is_ok())
    }
}

fn start(
    id: WorkerId,
    letters: Letters,
    pooler: Arc<Pooler>,
    clients: Arc<Clients>,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(format!("pgweir-{id}")).spawn(move || {
        let tasks = LocalSet::new();
        let worker = Worker::new(id, pooler, clients);
        runtime.block_on(tasks.run_until(worker.run(letters)));
        // Letting go of the tasks closes their connections.
        drop(tasks);
        runtime.shutdown_background();
    })
}
