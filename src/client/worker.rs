//! One worker: a thread's clients, and the letters that reach it.

use super::control::{Control, Signal};
use super::lines::{self, Line};
use super::logins::Logins;
use super::newcomers::{Newcomer, Newcomers};
use super::opening;
use super::policy::Policy;
use super::silence::{GRANULARITY, Silence};
use crate::admin::Console;
use crate::admin::console::is_console;
use crate::ids::WorkerId;
use crate::net::buffer::held_bytes;
use crate::net::{Accepted, Stream};
use crate::pooler::survey::{PART_LEN, SomeClients};
use crate::pooler::{Doing, Letter, Pooler, Who, Whom};
use crate::protocol::startup::CancelKey;
use crate::routing::Fingerprint;
use crate::routing::recent::Recent;
use crate::session::cancel_key::matches;
use arc_swap::ArcSwap;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Sender, UnboundedReceiver};
use tokio::sync::{Notify, oneshot};
use tokio::task::spawn_local;

/// How long clients may take to be told that the process ends now: those that read take it at once.
const STOP_LIMIT: Duration = Duration::from_secs(1);

/// What all workers know of clients.
#[derive(Debug)]
pub struct Clients {
    /// The settings.
    pub policy: ArcSwap<Policy>,
    /// Clients that have said who they are.
    pub count: AtomicUsize,
    /// How many have come, and why others were refused.
    pub logins: Logins,
    /// The virtual database.
    pub console: Arc<Console>,
}

/// One thread's clients.
#[derive(Debug)]
pub struct Worker {
    /// Its number.
    pub id: WorkerId,
    /// All pools.
    pub pooler: Arc<Pooler>,
    /// What all workers know of clients.
    pub clients: Arc<Clients>,
    controls: RefCell<HashMap<u32, Rc<Control>>>,
    next_key: Cell<u32>,
    phase: Cell<Phase>,
    pub(super) silence: Silence,
    emptied: Notify,
    /// Those that have not logged in yet.
    pub(super) newcomers: Newcomers,
    /// One more for each client that is being told why it ends.
    farewells: Rc<()>,
    /// The shapes of texts that its clients have sent lately.
    recent: RefCell<Recent>,
}

/// Where the worker is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Serving,
    /// Its clients end at their boundaries, and it ends with the last one.
    Draining,
    /// Its clients end now, and so does it.
    Stopping,
}

/// One of `max_client_conn`.
#[derive(Debug)]
pub struct Seat(Arc<Clients>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Worker {
    /// A worker without clients.
    pub fn new(id: WorkerId, pooler: Arc<Pooler>, clients: Arc<Clients>) -> Rc<Worker> {
        let silence = Silence::new(clients.policy.load().silence());
        Rc::new(Worker {
            id,
            pooler,
            clients,
            controls: RefCell::default(),
            next_key: Cell::new(1),
            phase: Cell::new(Phase::Serving),
            silence,
            emptied: Notify::new(),
            newcomers: Newcomers::default(),
            farewells: Rc::default(),
            recent: RefCell::default(),
        })
    }

    /// The fingerprint of a text.
    pub(super) fn fingerprint(&self, sql: &[u8]) -> Fingerprint {
        let mut recent = self.recent.borrow_mut();
        recent.fingerprint(sql, |sql| self.pooler.classifier.fingerprint(sql))
    }

    /// Obeys letters until it is told to stop, or has been drained.
    pub async fn run(self: Rc<Self>, mut letters: UnboundedReceiver<Letter>) {
        spawn_local(self.clone().end_silent_clients());
        loop {
            tokio::select! {
                letter = letters.recv() => match letter {
                    None => return,
                    Some(letter) => self.obey(letter),
                },
                () = self.emptied.notified(), if self.phase.get() == Phase::Draining => {}
            }
            match self.phase.get() {
                Phase::Draining if self.mailbox_clients() == 0 => return,
                Phase::Stopping => return self.stop().await,
                _ => {}
            }
        }
    }

    /// Every client is told that it ends, as far as it lets itself be told.
    async fn stop(&self) {
        let told = async {
            while !self.controls.borrow().is_empty() || Rc::strong_count(&self.farewells) > 1 {
                self.emptied.notified().await;
            }
        };
        let _ = tokio::time::timeout(STOP_LIMIT, told).await;
    }

    /// Held while a client is told why it ends.
    pub(super) fn farewell(&self) -> Rc<()> {
        self.farewells.clone()
    }

    fn obey(self: &Rc<Self>, letter: Letter) {
        match letter {
            Letter::Client(accepted) => self.serve(accepted),
            Letter::Cancel(key, ended) => self.cancel(&key, ended),
            Letter::MakeRoom => {
                if self.newcomers.end_oldest() {
                    self.newcomer_left();
                }
            }
            Letter::Reloaded => self.wake_waiting(),
            Letter::Open(pool, open) => pool.start(Some(open), self.id),
            Letter::Tick => {
                if let Some(mailbox) = self.pooler.mailboxes().get(usize::from(self.id.0)) {
                    mailbox.pulse().answer(held_bytes());
                }
            }
            Letter::Survey(tell) => {
                spawn_local(self.clone().survey(tell));
            }
            Letter::Kill(whom, tell) => {
                let _ = tell.send(self.kill(&whom));
            }
            Letter::Policy => {
                self.silence.obey(self.clients.policy.load().silence());
                let (controls, now) = (self.controls.borrow(), Instant::now());
                controls.values().for_each(|control| self.silence.watch_anew(control, now));
            }
            Letter::Drain => self.enter(Phase::Draining),
            Letter::Stop => self.enter(Phase::Stopping),
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.controls.borrow().values().for_each(|control| self.tell_phase(control));
    }

    fn tell_phase(&self, control: &Control) {
        match self.phase.get() {
            Phase::Serving => {}
            Phase::Draining => control.signal(Signal::Drain),
            Phase::Stopping => control.signal(Signal::Stop),
        }
    }

    fn serve(self: &Rc<Self>, accepted: Accepted) {
        let newcomer = Newcomer::new(self.clone());
        match Stream::new(accepted) {
            Ok(stream) => {
                spawn_local(opening::serve(self.clone(), stream, newcomer));
            }
            Err(error) => {
                if let Some(left_out) = lines::pass(Line::Unwatched, Instant::now()) {
                    tracing::warn!(%error, left_out, "cannot watch a new connection");
                }
                self.client_left();
            }
        }
    }

    /// A connection has logged in, has ended before that, or has been told to make room.
    pub(super) fn newcomer_left(&self) {
        if let Some(mailbox) = self.pooler.mailboxes().get(usize::from(self.id.0)) {
            mailbox.newcomer_left();
        }
    }

    /// A connection has ended, whether or not its client had logged in.
    pub(super) fn client_left(&self) {
        if let Some(mailbox) = self.pooler.mailboxes().get(usize::from(self.id.0)) {
            mailbox.client_left();
        }
        self.emptied.notify_one();
    }

    fn mailbox_clients(&self) -> usize {
        let mailbox = self.pooler.mailboxes().get(usize::from(self.id.0));
        mailbox.map_or(0, crate::pooler::Mailbox::clients)
    }

    /// A seat for a client, if one is free.
    pub(super) fn seat(&self, max: usize) -> Option<Seat> {
        let count = &self.clients.count;
        let taken = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            (count < max).then_some(count + 1)
        });
        taken.ok().map(|_| Seat(self.clients.clone()))
    }

    /// The part of a new client that others reach it by. Its process number says which worker
    /// has it.
    pub(super) fn admit(&self, secret: Box<[u8]>, who: Arc<Who>) -> Rc<Control> {
        let workers = u32::try_from(self.pooler.mailboxes().len().max(1)).unwrap_or(1);
        let mut controls = self.controls.borrow_mut();
        let process_id = loop {
            let count = self.next_key.get();
            // PostgreSQL's process numbers are positive.
            self.next_key.set(count % (0x7fff_ffff / workers - 1) + 1);
            let candidate = count * workers + u32::from(self.id.0);
            if !controls.contains_key(&candidate) {
                break candidate;
            }
        };
        let control = Rc::new(Control::new(CancelKey { process_id, secret }, who));
        self.tell_phase(&control);
        controls.insert(process_id, control.clone());
        control
    }

    /// A client has left.
    pub(super) fn dismiss(&self, control: &Control) {
        self.silence.forget(control);
        self.controls.borrow_mut().remove(&control.key.process_id);
    }

    /// Hands a cancel request to the worker that has the client. Ready, with whatever, when it has been
    /// carried out, or there is nothing to cancel.
    pub(super) fn forward_cancel(&self, key: CancelKey) -> oneshot::Receiver<()> {
        let mailboxes = self.pooler.mailboxes();
        let (ended, until_ended) = oneshot::channel();
        if let Some(mailbox) = mailboxes.get(key.process_id as usize % mailboxes.len().max(1)) {
            mailbox.send(Letter::Cancel(key, ended));
        }
        until_ended
    }

    fn cancel(&self, key: &CancelKey, ended: oneshot::Sender<()>) {
        let controls = self.controls.borrow();
        if let Some(control) = controls.get(&key.process_id)
            && matches(&control.key, key)
        {
            control.cancel(ended);
        }
    }

    /// Clients that wait for a server look how long they may.
    fn wake_waiting(&self) {
        let controls = self.controls.borrow();
        let waiting = controls.values().filter(|control| control.seen().doing == Doing::Waiting);
        waiting.for_each(|control| control.wake());
    }

    /// Tells of all clients, with a pause for the others after each part.
    async fn survey(self: Rc<Self>, tell: Sender<SomeClients>) {
        let all: Vec<u32> = self.controls.borrow().keys().copied().collect();
        for some in all.chunks(PART_LEN) {
            let seen = {
                let controls = self.controls.borrow();
                some.iter()
                    .filter_map(|id| controls.get(id))
                    .map(|control| control.seen())
                    .collect()
            };
            if tell.send(seen).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    fn kill(&self, whom: &Whom) -> usize {
        let controls = self.controls.borrow();
        let is_meant = |control: &Control| match whom {
            Whom::Client(id) => control.key.process_id == *id,
            Whom::Database(name) => control.who.database == *name,
            Whom::All => !is_console(&control.who.database),
        };
        let meant = controls.values().filter(|control| is_meant(control));
        meant.map(|control| control.signal(Signal::Kill)).count()
    }

    /// Tells clients that are silent for too long to end.
    async fn end_silent_clients(self: Rc<Self>) {
        loop {
            self.silence.is_due().await;
            let now = Instant::now();
            while let Some(process_id) = self.silence.take_due(now) {
                if let Some(control) = self.controls.borrow().get(&process_id) {
                    self.silence.look_at(control, now);
                }
            }
            tokio::time::sleep(GRANULARITY).await;
        }
    }
}
