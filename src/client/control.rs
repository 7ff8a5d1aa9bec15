//! How others reach a client's task: a few flags and a waker.

use super::error;
use super::silence::Silence;
use crate::admin::console::is_console;
use crate::ids::ServerId;
use crate::pooler::{ClientSeen, Doing, Pin, Who};
use crate::protocol::error_response::ErrorReport;
use crate::protocol::startup::CancelKey;
use crate::session::Parameters;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;
use tokio::sync::oneshot;

/// Requests to cancel that a client's task has taken: whoever has sent them waits until this is dropped.
pub type Cancels = Vec<oneshot::Sender<()>>;

/// What is asked of a client's task. Each is taken where it can be obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// End at the next transaction boundary.
    Drain,
    /// It was silent for too long.
    Silence,
    /// End now: an administrator says so.
    Kill,
    /// End now: the process does.
    Stop,
}

/// What a client waits for, seen from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Waits {
    /// For nothing: it has just said something, or is not there yet.
    #[default]
    Busy,
    /// For the client, outside a transaction.
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
    /// What it is asked to cancel; as many as there are connections that ask it.
    cancels: RefCell<Cancels>,
    waker: RefCell<Option<Waker>>,
    pub(super) waits: Cell<Waits>,
    /// When that began, where it has a limit.
    pub(super) since: Cell<Option<Instant>>,
    /// When it is to be looked whether it was silent for too long.
    pub(super) due: Cell<Option<Instant>>,
    /// The server that it has.
    server: Cell<Option<ServerId>>,
    /// When it last asked for a server.
    asked: Cell<Option<Instant>>,
    prepared: Cell<usize>,
    /// The parameters that its name was last taken from.
    parameters: RefCell<Option<Parameters>>,
    /// Why it keeps its server while nothing runs.
    pin: Cell<Option<Pin>>,
    /// Prepared statements of its server.
    server_prepared: Cell<usize>,
}

impl Control {
    /// For a new client.
    pub fn new(key: CancelKey, who: Arc<Who>) -> Self {
        Control {
            key,
            who,
            signals: Cell::new(0),
            cancels: RefCell::default(),
            waker: RefCell::new(None),
            waits: Cell::default(),
            since: Cell::new(None),
            due: Cell::new(None),
            server: Cell::new(None),
            asked: Cell::new(None),
            prepared: Cell::new(0),
            parameters: RefCell::new(None),
            pin: Cell::new(None),
            server_prepared: Cell::new(0),
        }
    }

    /// Asks something of the task.
    pub fn signal(&self, signal: Signal) {
        self.signals.set(self.signals.get() | 1 << signal as u8);
        self.wake();
    }

    /// Has the task look at everything anew.
    pub fn wake(&self) {
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    /// Asks the task to cancel what it runs, or its waiting. One that does neither has nothing to
    /// cancel: the request has ended then, and does not wait for its next statement.
    pub fn cancel(&self, ended: oneshot::Sender<()>) {
        if self.seen().doing != Doing::Idle || is_console(&self.who.database) {
            self.cancels.borrow_mut().push(ended);
            self.wake();
        }
    }

    /// The requests to cancel that have come since, if any have.
    pub fn take_cancels(&self) -> Option<Cancels> {
        let mut cancels = self.cancels.borrow_mut();
        (!cancels.is_empty()).then(|| std::mem::take(&mut *cancels))
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

    /// The task waits for this now.
    pub(super) fn waits(&self, waits: Waits, silence: &Silence) {
        if self.waits.replace(waits) != waits {
            silence.began(self);
        }
    }

    /// The client has said something: a silence that follows is another one.
    pub(super) fn speaks(&self) {
        self.waits.set(Waits::Busy);
        self.take(Signal::Silence);
    }

    /// What the client is told if it is to end now.
    pub(super) fn ends_now(&self) -> Option<ErrorReport> {
        match () {
            () if self.is_asked(Signal::Kill) => Some(error::killed()),
            () if self.is_asked(Signal::Stop) => Some(error::shutdown()),
            () => None,
        }
    }

    /// It asks for a server.
    pub fn asks(&self, now: Instant) {
        self.asked.set(Some(now));
    }

    /// What it has set, and how many prepared statements it has made. Costs the comparison of two
    /// pointers, as long as it sets nothing.
    pub fn shows(&self, parameters: &Parameters, prepared: usize) {
        self.prepared.set(prepared);
        let mut known = self.parameters.borrow_mut();
        if known.as_ref().is_some_and(|known| known.same(parameters)) {
            return;
        }
        // What it started with it was called at its login.
        if let Some(name) = parameters.value(b"application_name").filter(|_| known.is_some()) {
            self.who.application_name.set(name);
        }
        *known = Some(parameters.clone());
    }

    /// Why it keeps its server, and how many statements are prepared on that.
    pub fn keeps(&self, pin: Option<Pin>, server_prepared: usize) {
        self.pin.set(pin);
        self.server_prepared.set(server_prepared);
    }

    /// It has this server from now on, or none.
    pub fn has(&self, server: Option<ServerId>) {
        self.server.set(server);
    }

    /// Whether it has a server.
    pub(super) fn is_linked(&self) -> bool {
        self.server.get().is_some()
    }

    /// The client as it is now.
    pub fn seen(&self) -> ClientSeen {
        let doing = match (self.server.get(), self.waits.get()) {
            (Some(_), Waits::InTransaction) => Doing::IdleInTransaction,
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
            pin: self.pin.get().filter(|_| doing == Doing::Active),
            server_prepared: self.server_prepared.get(),
        }
    }
}
