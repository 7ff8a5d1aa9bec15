//! How one worker reaches another.

use super::pool::Pool;
use super::pulse::{Ended, Pulse};
use super::survey::{SomeClients, Whom};
use crate::ids::WorkerId;
use crate::net::Accepted;
use crate::pool::Open;
use crate::protocol::startup::CancelKey;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// What a worker is asked to do. What comes in is bounded by what causes it: connections by
/// `max_client_conn`, logins by the pools' limits, questions by the number of console clients.
#[derive(Debug)]
pub enum Letter {
    /// Serve a client.
    Client(Accepted),
    /// Cancel what the client with this key runs. The end of the sender says that it has been done.
    Cancel(CancelKey, oneshot::Sender<()>),
    /// End the oldest connection that has not logged in.
    MakeRoom,
    /// The configuration has changed: clients that wait look at what holds now.
    Reloaded,
    /// Start a login.
    Open(Arc<Pool>, Open),
    /// Show that your event loop turns.
    Tick,
    /// Say who your clients are, a part at a time.
    Survey(Sender<SomeClients>),
    /// End these clients now; say how many.
    Kill(Whom, oneshot::Sender<usize>),
    /// The settings that clients obey have changed.
    Policy,
    /// Let each client finish its transaction, then close it.
    Drain,
    /// Tell each client that it ends now, and end.
    Stop,
}

/// One worker's mailbox, from outside.
#[derive(Debug)]
pub struct Mailbox {
    sender: UnboundedSender<Letter>,
    clients: AtomicUsize,
    /// Those among them that have not logged in.
    newcomers: AtomicUsize,
    pulse: Pulse,
}

impl Mailbox {
    /// A mailbox and the end at which it is read.
    pub fn new() -> (Mailbox, UnboundedReceiver<Letter>) {
        let (sender, receiver) = unbounded_channel();
        let (clients, newcomers) = (AtomicUsize::new(0), AtomicUsize::new(0));
        (Mailbox { sender, clients, newcomers, pulse: Pulse::default() }, receiver)
    }

    /// Sends a letter. A worker that has ended has no use for it.
    pub fn send(&self, letter: Letter) {
        let _ = self.sender.send(letter);
    }

    /// Asks the worker, at once, to show that its event loop turns; ready when it has, or has ended.
    /// However many ask, one letter is on its way.
    pub fn tick(&self) -> impl Future<Output = Result<(), Ended>> {
        let answered = self.pulse.next();
        if self.pulse.ask() {
            self.send(Letter::Tick);
        }
        async {
            tokio::select! {
                biased;
                () = answered => Ok(()),
                () = self.sender.closed() => Err(Ended),
            }
        }
    }

    /// What the worker says when it is asked.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// How many clients the worker has.
    pub fn clients(&self) -> usize {
        self.clients.load(Ordering::Relaxed)
    }

    /// How many of them have not logged in.
    pub fn newcomers(&self) -> usize {
        self.newcomers.load(Ordering::Relaxed)
    }

    /// The worker has got a client, which has not logged in.
    pub fn client_came(&self) {
        self.clients.fetch_add(1, Ordering::Relaxed);
        self.newcomers.fetch_add(1, Ordering::Relaxed);
    }

    /// A client has logged in, or has ended before that.
    pub fn newcomer_left(&self) {
        self.newcomers.fetch_sub(1, Ordering::Relaxed);
    }

    /// The worker has lost a client.
    pub fn client_left(&self) {
        self.clients.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The mailbox with the fewest clients behind it.
pub fn least_busy(mailboxes: &[Mailbox]) -> Option<(WorkerId, &Mailbox)> {
    let numbered = (0u16..).map(WorkerId).zip(mailboxes);
    numbered.min_by_key(|(_, mailbox)| mailbox.clients())
}
