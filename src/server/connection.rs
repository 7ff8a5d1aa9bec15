//! A server that is ready: in use by a task, or idle in its pool.

use super::cancel::CancelTarget;
use crate::ids::{ServerId, WorkerId};
use crate::net::{Chunk, Parked, Stream};
use crate::protocol::frontend::TERMINATE_MESSAGE;
use crate::session::{Clean, ServerSide};
use crate::stats::Stopwatch;
use std::io;
use std::sync::Arc;

/// A server in use. It belongs to one task on one worker.
#[derive(Debug)]
pub struct Server {
    /// Its number in its pool.
    pub id: ServerId,
    /// The connection.
    pub stream: Stream,
    /// What has been received and not been looked at yet.
    pub inbox: Chunk,
    /// What is known of it.
    pub side: Box<ServerSide>,
    /// How what it runs can be cancelled.
    pub cancel: Arc<CancelTarget>,
    /// Where the time of its link goes.
    pub stopwatch: Box<Stopwatch>,
}

/// A server that nobody uses: clean, without buffers, free to go to another worker.
#[derive(Debug)]
pub struct Idle {
    /// Its number in its pool.
    pub id: ServerId,
    /// The worker whose event loop watches it.
    pub home: WorkerId,
    parked: Parked,
    side: Box<ServerSide>,
    cancel: Arc<CancelTarget>,
    stopwatch: Box<Stopwatch>,
}

impl Server {
    /// Lets go of a clean server. `None` where something has arrived that nobody asked for: the
    /// connection is closed then.
    pub fn park(self, home: WorkerId, _proof: Clean) -> Option<Idle> {
        if !self.inbox.is_empty() {
            return None;
        }
        let parked = self.stream.park()?;
        let Server { id, side, cancel, stopwatch, .. } = self;
        Some(Idle { id, home, parked, side, cancel, stopwatch })
    }

    /// Takes leave of the server.
    pub async fn close(mut self) {
        if !self.side.is_mid_request() {
            self.stream.out.supply(TERMINATE_MESSAGE);
        }
        self.stream.close().await;
    }
}

impl Idle {
    /// Uses the server again. `None` where it has gone, or has spoken, while nobody listened.
    ///
    /// Costs no system call on the worker where it was parked.
    pub fn resume(self, worker: WorkerId) -> io::Result<Option<Server>> {
        let stream = self.parked.resume(self.home != worker)?;
        Ok(stream.map(|stream| Server {
            id: self.id,
            stream,
            inbox: Chunk::default(),
            side: self.side,
            cancel: self.cancel,
            stopwatch: self.stopwatch,
        }))
    }

    /// How many statements are prepared on it.
    pub fn prepared_len(&self) -> usize {
        self.side.prepared_len()
    }

    /// Whether nothing has arrived while nobody listened; no system call.
    pub fn is_quiet(&self) -> bool {
        self.parked.is_quiet()
    }

    /// Takes leave of the server without waiting: what cannot be said at once is not said.
    pub fn dismiss(self) {
        self.parked.farewell(TERMINATE_MESSAGE);
    }
}
