//! What a ring's thread keeps: its connections, and what completions mean to them.

use super::blocks::Blocks;
use super::connection::{Connection, Heir, Owner};
use super::operation::{Key, Operation, cancel, receive};
use super::queues::Queues;
use super::receiving::{Arrived, Ask, End};
use super::remote::{Letter, Remote};
use super::sending::SpareHeaders;
use io_uring::{cqueue, opcode, types};
use slab::Slab;
use std::io;
use std::time::{Duration, Instant};

/// How long a ring that ends waits for the kernel to let go of its memory; then that is leaked.
const END_LIMIT: Duration = Duration::from_secs(1);

/// The queues come first: they are closed before the memory that the kernel knows is freed.
pub(super) struct State {
    pub(super) queues: Queues,
    pub(super) connections: Slab<Connection>,
    blocks: Blocks,
    headers: SpareHeaders,
    /// What reading the bell writes to.
    rung: Box<u64>,
    /// The bell is being read.
    listens: bool,
    ending: bool,
}

impl State {
    pub(super) fn new() -> io::Result<State> {
        let queues = Queues::new()?;
        let blocks = Blocks::register(&queues.submitter())?;
        Ok(State {
            queues,
            connections: Slab::new(),
            blocks,
            headers: SpareHeaders::default(),
            rung: Box::new(0),
            listens: false,
            ending: false,
        })
    }

    /// Leaks what the kernel has not let go of.
    pub(super) fn forget(&mut self) {
        self.blocks.forget();
        std::mem::forget(std::mem::take(&mut self.connections));
        std::mem::forget(std::mem::take(&mut self.rung));
    }

    pub(super) fn ask(&mut self, key: Key, ask: Ask) {
        match ask {
            Ask::Nothing => {}
            Ask::Arm => {
                let entry = receive(self.connections[key.0].fd(), key);
                self.queues.push(&entry);
            }
            Ask::Disarm => self.queues.push(&cancel(Operation::Receive(key))),
        }
    }

    pub(super) fn rearm(&mut self, key: Key) {
        let ask = self.connections[key.0].receiving.rearm();
        self.ask(key, ask);
    }

    pub(super) fn send(&mut self, key: Key) {
        let connection = &mut self.connections[key.0];
        let fd = connection.fd();
        let entry = connection.sending.entry(fd, key, &mut self.headers);
        self.queues.push(&entry);
    }

    pub(super) fn abandon(&mut self, key: Key) {
        let connection = &mut self.connections[key.0];
        connection.owner = Owner::Gone;
        let ask = connection.receiving.stop();
        connection.sending.stop();
        let sends = connection.sending.is_in_flight();
        self.ask(key, ask);
        if sends {
            self.queues.push(&cancel(Operation::Send(key)));
        }
        self.free_if_over(key);
    }

    pub(super) fn listen_to_bell(&mut self, remote: &Remote) {
        let into: *mut u64 = &raw mut *self.rung;
        let entry = opcode::Read::new(types::Fd(remote.bell()), into.cast(), 8).build();
        self.queues.push(&entry.user_data(Operation::Bell.to_user_data()));
        self.listens = true;
    }

    pub(super) fn reap(&mut self, remote: &Remote) {
        while let Some(completion) = self.queues.next() {
            self.complete(&completion, remote);
        }
        self.blocks.publish();
    }

    fn complete(&mut self, completion: &cqueue::Entry, remote: &Remote) {
        match Operation::from_user_data(completion.user_data()) {
            Operation::Receive(key) => self.received(key, completion),
            Operation::Send(key) => self.sent(key, completion.result()),
            Operation::Cancel => {}
            Operation::Bell if self.ending => self.listens = false,
            Operation::Bell => self.listen_to_bell(remote),
        }
    }

    fn sent(&mut self, key: Key, result: i32) {
        let connection = &mut self.connections[key.0];
        let wanted = connection.is_kept();
        if connection.sending.sent(result, wanted, &mut self.headers) {
            self.send(key);
        }
        self.free_if_over(key);
    }

    fn received(&mut self, key: Key, completion: &cqueue::Entry) {
        let (result, flags) = (completion.result(), completion.flags());
        let block = cqueue::buffer_select(flags);
        let arrived = match (usize::try_from(result), block) {
            (Ok(0), _) => Arrived::End(End::Closed),
            (Ok(bytes), Some(block)) => Arrived::Bytes(self.blocks.take(block, bytes)),
            (Ok(_), None) => Arrived::Stopped,
            (Err(_), _) => match -result {
                libc::ENOBUFS | libc::ECANCELED | libc::EINTR => Arrived::Stopped,
                errno => Arrived::End(End::Broken(errno)),
            },
        };
        if result == 0
            && let Some(block) = block
        {
            drop(self.blocks.take(block, 0));
        }
        let connection = &mut self.connections[key.0];
        let ask = connection.receiving.arrived(arrived, cqueue::more(flags));
        connection.tell();
        self.ask(key, ask);
        self.go_on(key);
    }

    /// Listens on where somebody may still read it; otherwise lets go as soon as nothing is owed.
    fn go_on(&mut self, key: Key) {
        if self.connections[key.0].is_kept() {
            self.rearm(key);
        } else {
            self.free_if_over(key);
        }
    }

    fn free_if_over(&mut self, key: Key) {
        if !self.connections[key.0].is_over() {
            return;
        }
        let mut connection = self.connections.remove(key.0);
        if let Owner::Leaving(heir) = connection.owner {
            let (bytes, end) = connection.receiving.bequeath();
            // A ring that has gone wants nothing any more.
            let _ = heir.ring.send(Letter::Inherit(heir.key, bytes, end));
        }
    }

    pub(super) fn obey(&mut self, letter: Letter) {
        match letter {
            Letter::Close(key) => self.abandon(key),
            Letter::LetGo(key, heir) => self.let_go(key, heir),
            Letter::Inherit(key, bytes, end) => {
                let connection = &mut self.connections[key.0];
                connection.receiving.inherit(&bytes, end);
                connection.shared.forget_spoken();
                connection.tell();
                self.go_on(key);
            }
        }
    }

    fn let_go(&mut self, key: Key, heir: Heir) {
        let connection = &mut self.connections[key.0];
        connection.owner = Owner::Leaving(heir);
        let ask = connection.receiving.disarm();
        self.ask(key, ask);
        self.free_if_over(key);
    }

    /// Ends every operation, and waits until the kernel has let go of our memory; says whether it
    /// has.
    pub(super) fn end(&mut self, remote: &Remote) -> bool {
        for key in self.connections.iter().map(|(key, _)| Key(key)).collect::<Vec<_>>() {
            let connection = &mut self.connections[key.0];
            connection.receiving.expect_no_letter();
            if matches!(connection.owner, Owner::Parked) {
                connection.shared.mark_spoken();
            }
            if matches!(connection.owner, Owner::Leaving(_)) {
                // Its heir still gets what has arrived.
                self.free_if_over(key);
            } else {
                self.abandon(key);
            }
        }
        self.ending = true;
        self.queues.push(&cancel(Operation::Bell));
        let deadline = Instant::now() + END_LIMIT;
        while self.is_owed() && Instant::now() < deadline {
            self.queues.enter_for(END_LIMIT / 50);
            self.reap(remote);
        }
        !self.is_owed()
    }

    /// Whether the kernel may still use our memory.
    fn is_owed(&self) -> bool {
        self.listens || !self.connections.is_empty()
    }
}
