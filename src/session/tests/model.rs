//! Random clients through a session on shared servers, against the same clients on a server of
//! their own: every reply must be the same.

use super::super::OPENED_MAX;
use super::super::request::Until;
use super::super::script::{Script, client, server_script};
use super::super::state::Session;
use super::super::unit::Plan;
use super::postgres::Postgres;
use crate::protocol::frame::Frames;
use proptest::prelude::*;
use std::collections::VecDeque;

const SERVERS: usize = 2;

/// Steps by chance of which nothing came, before everything is tried in turn.
const IDLE_STEPS: usize = 50;

/// What a client may do, weighted by repetition; each is one or more whole units.
const UNITS: &[&str] = &[
    "Q a",
    "Q ",
    "Q fail",
    "Q begin",
    "Q commit",
    "Q rollback",
    "Q show",
    "Q set CET",
    "Q set UTC",
    "Q copy in | d x | c",
    "Q copy in | d x | S | f no",
    "Q copy out",
    "P - a | B - - | D P - | E | S",
    "P - b | B - - | E | H | S",
    "P - b | S",
    "B - - | E | S",
    "D S - | S",
    "P s1 a | B - s1 | E | S",
    "P s1 b | S",
    "P s2 a | D S s2 | S",
    "P s4 rollback | B - s4 | E | S",
    "P s5 syntax | B - s5 | E | S",
    "P s3 fail | B - s3 | E | P s2 b | C S s1 | S",
    "B - s1 | E | S",
    "B - s2 | E | S",
    "B - s3 | E | B - s1 | S",
    "B - nosuch | P - c | P s1 c | Q a | S",
    "B - pgweir_1 | E | S",
    "C S s1 | S",
    "C S s2 | P s2 c | S",
    "C S - | S",
    "C P - | S",
    "S",
    "P - copy in | B - - | E | S | d x | c | S | C S - | S",
    "P - copy in | B - - | E | d x | f no | S | C S - | S",
    "Q fold",
    "P s6 fold | B - s6 | E | S",
    "B - s6 | E | S",
    "P - fold | B - - | E | S",
    "P - fold | S",
    "P - set CET | B - - | E | P s7 fold | B - s7 | E | S",
    "P - set UTC | B - - | E | P - fold | S",
    "B - s7 | E | S",
    "Q deallocate all",
    "Q deallocate s1",
    "P - deallocate all | B - - | E | S",
    "P - deallocate s1 | B - - | E | P s1 b | S",
    "P - deallocate s2 | B p - | B - s1 | E p | E | S",
    "Q discard all | P s1 c | B - s1 | E | S",
    "P - begin | B - - | E | P - a | B - - | E | S",
    "P - rollback | B - - | E | S",
];

struct Client {
    session: Session,
    at: Option<usize>,
    /// What it will still send, batch by batch: a batch waits until the last one is answered.
    batches: VecDeque<Vec<u8>>,
    from_client: Vec<u8>,
    answers: Vec<u8>,
    /// What a server of its own answers to each batch that was sent, and to those that were not.
    expected: Vec<u8>,
    direct: Postgres,
}

/// A server, what it has not read yet, and what it has said.
struct Host {
    postgres: Postgres,
    unread: Vec<u8>,
    replies: Vec<u8>,
}

/// Clients, servers, and the choice of what happens next.
struct World {
    script: Script,
    clients: Vec<Client>,
    hosts: Vec<Host>,
    random: u64,
}

impl World {
    fn new(clients: &[Vec<Vec<usize>>], seed: u64) -> Self {
        let script = Script::new();
        let clients = clients.iter().map(|batches| new_client(&script, batches)).collect();
        let host = |_| Host { postgres: Postgres::new(), unread: vec![], replies: vec![] };
        World { script, clients, hosts: (0..SERVERS).map(host).collect(), random: seed }
    }

    fn choose(&mut self, below: usize) -> usize {
        // Knuth's MMIX generator.
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.random = self.random.wrapping_add(1_442_695_040_888_963_406);
        (self.random >> 40) as usize % below
    }

    /// Lends the parts of a client and its server to the script for one step.
    fn with<T>(&mut self, who: usize, step: impl FnOnce(&mut Script) -> T) -> T {
        self.lend(who);
        let result = step(&mut self.script);
        self.lend(who);
        result
    }

    fn lend(&mut self, who: usize) {
        let client = &mut self.clients[who];
        std::mem::swap(&mut client.session, &mut self.script.session);
        std::mem::swap(&mut client.at, &mut self.script.at);
        std::mem::swap(&mut client.from_client, &mut self.script.from_client);
        std::mem::swap(&mut client.answers, &mut self.script.to_client);
    }

    fn run(mut self) {
        while self.by_chance() || self.in_turn() {}
        for client in &self.clients {
            let (got, wanted) = (server_script(&client.answers), server_script(&client.expected));
            assert_eq!(got, wanted);
            assert!(client.from_client.is_empty() && client.batches.is_empty());
        }
    }

    /// Steps by chance until nothing has come of many; whether any came to something.
    fn by_chance(&mut self) -> bool {
        let (mut moved, mut idle) = (false, 0);
        while idle < IDLE_STEPS {
            let who = self.choose(self.clients.len());
            let came = self.step(who);
            moved |= came;
            idle = if came { 0 } else { idle + 1 };
        }
        moved
    }

    /// Everything that could be done next, once, with pieces as long as can be. Chance may have
    /// been unlucky (it seldom reads enough at once for an error, which is looked at as a whole);
    /// when nothing comes of this either, nothing will.
    fn in_turn(&mut self) -> bool {
        (0..self.clients.len()).for_each(|who| self.release(who));
        (0..self.clients.len()).filter(|who| self.turn(*who)).count() > 0
    }

    fn turn(&mut self, who: usize) -> bool {
        let sent = self.send(who);
        let begun = self.begin(who);
        let Some(at) = self.clients[who].at else { return sent || begun };
        let asked = self.request(who, at, OPENED_MAX);
        let told = self.reply(who, at, OPENED_MAX);
        sent || asked || told
    }

    /// Whether bytes have moved.
    fn step(&mut self, who: usize) -> bool {
        let sent = self.send(who);
        match self.clients[who].at {
            None => self.begin(who) || sent,
            Some(at) => self.go_on(who, at) || sent,
        }
    }

    /// The next batch, once the last one is answered in full.
    fn send(&mut self, who: usize) -> bool {
        let client = &mut self.clients[who];
        if client.answers.len() < client.expected.len() {
            return false;
        }
        let Some(batch) = client.batches.pop_front() else { return false };
        client.expected.extend(client.direct.read(&batch));
        client.from_client.extend(batch);
        true
    }

    /// Without a server: answered locally, or linked to one that nobody has.
    fn begin(&mut self, who: usize) -> bool {
        if self.clients[who].at.is_some() {
            return false;
        }
        match self.with(who, |script| script.plan().unwrap()) {
            Plan::Local => {
                let before = self.clients[who].from_client.len();
                self.with(who, |script| script.client_bytes(b"").from_client.len()) < before
            }
            Plan::Link(_) => {
                self.link(who);
                false
            }
            _ => false,
        }
    }

    fn link(&mut self, who: usize) {
        let first = self.choose(SERVERS);
        let is_free = |to: &usize| self.clients.iter().all(|client| client.at != Some(*to));
        let free = (first..first + SERVERS).map(|to| to % SERVERS).find(is_free);
        if let Some(to) = free {
            self.with(who, |script| script.link(to).at);
            self.flush(to);
        }
    }

    fn go_on(&mut self, who: usize, at: usize) -> bool {
        match self.choose(3) {
            0 => {
                let max = 1 + self.choose(40);
                self.request(who, at, max)
            }
            1 => {
                let max = if self.choose(4) == 0 { OPENED_MAX } else { 1 + self.choose(60) };
                self.reply(who, at, max)
            }
            _ => {
                self.release(who);
                false
            }
        }
    }

    /// Carries at most `max` bytes; if no message is that short, all there is.
    fn request(&mut self, who: usize, at: usize, max: usize) -> bool {
        let before = self.clients[who].from_client.len();
        let left = self.with(who, |script| {
            let consumed = script.carry_request(Until::End, max).unwrap().consumed;
            script.from_client.drain(..consumed);
            if consumed == 0 {
                script.carry_requests(Until::End).unwrap();
            }
            script.from_client.len()
        });
        self.flush(at);
        left < before
    }

    fn reply(&mut self, who: usize, at: usize, max: usize) -> bool {
        self.script.from_server = std::mem::take(&mut self.hosts[at].replies);
        let consumed = self.with(who, |script| script.carry_reply(max).unwrap());
        self.hosts[at].replies = std::mem::take(&mut self.script.from_server);
        consumed > 0
    }

    fn release(&mut self, who: usize) {
        if let Some(at) = self.clients[who].at
            && self.script.servers[at].clean().is_some()
        {
            self.clients[who].at = None;
        }
    }

    /// What was sent reaches the server, whole messages at a time.
    fn flush(&mut self, at: usize) {
        let host = &mut self.hosts[at];
        host.unread.append(&mut self.script.to_server);
        let mut frames = Frames::new(&host.unread);
        while frames.next_frame().unwrap().is_some() {}
        let whole = frames.position();
        host.replies.extend(host.postgres.read(&host.unread[..whole]));
        host.unread.drain(..whole);
    }
}

fn new_client(script: &Script, batches: &[Vec<usize>]) -> Client {
    let units = |batch: &Vec<usize>| -> Vec<u8> {
        batch.iter().flat_map(|unit| client(UNITS[*unit])).collect()
    };
    let mut batches: VecDeque<Vec<u8>> = batches.iter().map(units).collect();
    batches.push_back(client("Q rollback")); // so that nobody keeps a server
    Client {
        session: Session::new(script.session.parameters().clone(), true),
        at: None,
        batches,
        from_client: Vec::new(),
        answers: Vec::new(),
        expected: Vec::new(),
        direct: Postgres::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_client_cannot_tell_a_session_from_a_server(
        clients in prop::collection::vec(
            prop::collection::vec(prop::collection::vec(0..UNITS.len(), 1..4), 1..8),
            1..3,
        ),
        seed in any::<u64>(),
    ) {
        World::new(&clients, seed).run();
    }
}
