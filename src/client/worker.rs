//! One worker: a thread's clients, and the letters that reach it.

use super::control::{Control, Signal, Waits};
use super::lines::{self, Line};
use super::logins::Logins;
use super::newcomers::{Newcomer, Newcomers};
use super::opening;
use super::policy::Policy;
use crate::admin::Console;
use crate::admin::console::is_console;
use crate::ids::WorkerId;
use crate::net::buffer::held_bytes;
use crate::net::{Accepted, Stream};
use crate::pooler::survey::{PART_LEN, SomeClients};
use crate::pooler::{Letter, Pooler, Who, Whom};
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

/// How often silent clients are looked for, while a setting asks for that.
const TICK: Duration = Duration::from_secs(1);

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
    draining: Cell<bool>,
    /// Counts [`TICK`]s, while silent clients are looked for.
    tick: Cell<u32>,
    emptied: Notify,
    /// Those that have not logged in yet.
    pub(super) newcomers: Newcomers,
    /// The shapes of texts that its clients have sent lately.
    recent: RefCell<Recent>,
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
        Rc::new(Worker {
            id,
            pooler,
            clients,
            controls: RefCell::default(),
            next_key: Cell::new(1),
            draining: Cell::new(false),
            tick: Cell::new(0),
            emptied: Notify::new(),
            newcomers: Newcomers::default(),
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
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let watching = self.clients.policy.load().watches_silence();
            tokio::select! {
                letter = letters.recv() => match letter {
                    None | Some(Letter::Stop) => return,
                    Some(letter) => self.obey(letter),
                },
                _ = ticks.tick(), if watching => self.look_for_silence(),
                () = self.emptied.notified(), if self.draining.get() => {}
            }
            if self.draining.get() && self.mailbox_clients() == 0 {
                return;
            }
        }
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
            Letter::Drain => {
                self.draining.set(true);
                self.controls.borrow().values().for_each(|control| control.signal(Signal::Drain));
            }
            Letter::Stop => {}
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
        if self.draining.get() {
            control.signal(Signal::Drain);
        }
        controls.insert(process_id, control.clone());
        control
    }

    /// A client has left.
    pub(super) fn dismiss(&self, control: &Control) {
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

    /// Counts seconds while silent clients are looked for.
    pub(super) fn tick(&self) -> u32 {
        self.tick.get()
    }

    fn look_for_silence(&self) {
        let now = self.tick.get().wrapping_add(1);
        self.tick.set(now);
        let policy = self.clients.policy.load();
        for control in self.controls.borrow().values() {
            let (waits, since) = control.waiting();
            let limit = match waits {
                Waits::Idle => policy.idle_timeout,
                Waits::InTransaction => policy.idle_transaction_timeout,
                Waits::Server => None,
            };
            let silent = TICK * now.wrapping_sub(since);
            if limit.is_some_and(|limit| silent > limit) {
                control.signal(Signal::Silence);
            }
        }
    }
}
