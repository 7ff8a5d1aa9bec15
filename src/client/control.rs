//! How others reach a client's task: a few flags and a waker.

use crate::ids::ServerId;
use crate::pooler::{ClientSeen, Doing, Who};
use crate::protocol::startup::CancelKey;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

/// What is asked of a client's task. Each is taken where it can be obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Cancel what it runs, or its waiting.
    Cancel,
    /// End at the next transaction boundary.
    Drain,
    /// It was silent for too long.
    Silence,
    /// End now.
    Kill,
}

/// What a client waits for, seen from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Waits {
    /// For the client, outside a transaction.
    #[default]
    Idle,
    /// For the client, inside a transaction.
    InTransaction,
    /// For a server.
    Server,
}

/// The part of a client that its worker keeps.
#[derive(Debug)]
pub struct Control {
    /// What it must show to be cancelled.
    pub key: CancelKey,
    /// Who it is.
    pub who: Arc<Who>,
    signals: Cell<u8>,
    waker: RefCell<Option<Waker>>,
    waits: Cell<Waits>,
    /// The worker's tick when that began.
    since: Cell<u32>,
    /// The server that it has.
    server: Cell<Option<ServerId>>,
    /// When it last asked for a server.
    asked: Cell<Option<Instant>>,
    prepared: Cell<usize>,
}

impl Control {
    /// For a new client.
    pub fn new(key: CancelKey, who: Arc<Who>) -> Self {
        Control {
            key,
            who,
            signals: Cell::new(0),
            waker: RefCell::new(None),
            waits: Cell::default(),
            since: Cell::new(0),
            server: Cell::new(None),
            asked: Cell::new(None),
            prepared: Cell::new(0),
        }
    }

    /// Asks something of the task.
    pub fn signal(&self, signal: Signal) {
        self.signals.set(self.signals.get() | 1 << signal as u8);
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    /// Whether something is asked; it is not asked any more.
    pub fn take(&self, signal: Signal) -> bool {
        let bit = 1 << signal as u8;
        let asked = self.signals.get();
        self.signals.set(asked & !bit);
        asked & bit != 0
    }

    /// Whether something is asked; it stays so.
    pub fn is_asked(&self, signal: Signal) -> bool {
        self.signals.get() & (1 << signal as u8) != 0
    }

    /// Signals wake the task with this waker from now on.
    pub fn watch(&self, waker: &Waker) {
        let mut kept = self.waker.borrow_mut();
        if !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
            *kept = Some(waker.clone());
        }
    }

    /// The task now waits for this, since `tick`.
    pub fn waits(&self, waits: Waits, tick: u32) {
        if self.waits.replace(waits) != waits || waits == Waits::Server {
            self.since.set(tick);
        }
    }

    /// It asks for a server, and has made so many prepared statements.
    pub fn asks(&self, now: Instant, prepared: usize) {
        self.asked.set(Some(now));
        self.prepared.set(prepared);
    }

    /// It has this server from now on, or none.
    pub fn has(&self, server: Option<ServerId>) {
        self.server.set(server);
    }

    /// The client as it is now.
    pub fn seen(&self) -> ClientSeen {
        let doing = match (self.server.get(), self.waits.get()) {
            (Some(_), _) => Doing::Active,
            (None, Waits::Server) => Doing::Waiting,
            (None, _) => Doing::Idle,
        };
        ClientSeen {
            id: self.key.process_id,
            who: self.who.clone(),
            doing,
            server: self.server.get(),
            asked: self.asked.get(),
            prepared: self.prepared.get(),
        }
    }

    /// What the task waits for, and since which tick.
    pub fn waiting(&self) -> (Waits, u32) {
        (self.waits.get(), self.since.get())
    }
}
