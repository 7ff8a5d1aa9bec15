//! A session linked to its server, without sockets: units go in, and what would be sent is kept.

use super::messages::{PARSED, READY, SYNC, parse};
use pgweir::routing::{Catalog, Class, Classifier};
use pgweir::session::calls::{Label, What};
use pgweir::session::request::{Out, Until};
use pgweir::session::unit::{Judged, Plan};
use pgweir::session::{Outbox, ParameterSet, Parameters, ServerSide, Session, Shared};
use std::hint::black_box;
use std::ops::Range;

/// What a server reports at its login and follows a client, PostgreSQL 17.
const REPORTED: &[(&str, &str)] = &[
    ("application_name", "pgbench"),
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO, MDY"),
    ("default_transaction_read_only", "off"),
    ("IntervalStyle", "postgres"),
    ("scram_iterations", "4096"),
    ("search_path", "\"$user\", public"),
    ("standard_conforming_strings", "on"),
    ("TimeZone", "Europe/Berlin"),
];

/// Of a database that is not asked.
static NONE: Catalog = Catalog::none();

/// What `max_prepared_statements` is unless it is set.
pub(crate) const PREPARED_MAX: usize = 200;

/// The parameters of a session, some of them other than a server's.
pub(crate) fn parameters(others: &[(&str, &str)]) -> ParameterSet {
    let mut set = ParameterSet::default();
    for (name, value) in REPORTED.iter().chain(others) {
        set.set(name.as_bytes(), value.as_bytes(), true);
    }
    set
}

/// What goes to one side, in place of a socket's queue.
#[derive(Default)]
pub(crate) struct Sink {
    forwarded: Vec<Range<usize>>,
    supplied: Vec<u8>,
}

impl Outbox for Sink {
    fn forward(&mut self, range: Range<usize>) {
        self.forwarded.push(range);
    }

    fn supply(&mut self, bytes: &[u8]) {
        self.supplied.extend_from_slice(bytes);
    }
}

impl Sink {
    /// All of it is sent.
    fn flush(&mut self) {
        black_box((&self.forwarded, &self.supplied));
        self.forwarded.clear();
        self.supplied.clear();
    }
}

/// One client and one server.
pub(crate) struct Link {
    pub(crate) shared: Shared,
    pub(crate) session: Session,
    pub(crate) server: ServerSide,
    classifier: Option<Classifier>,
    to_server: Sink,
    to_client: Sink,
}

impl Link {
    /// Of a database on one host, with prepared statements.
    pub(crate) fn new(prepared_max: usize) -> Self {
        let shared = Shared::default();
        let set = shared.interner.intern(parameters(&[]));
        Link {
            session: Session::new(set.clone(), true),
            server: ServerSide::new(set, prepared_max),
            shared,
            classifier: None,
            to_server: Sink::default(),
            to_client: Sink::default(),
        }
    }

    /// The database has replicas: all of a unit is judged before it goes anywhere.
    pub(crate) fn judging(mut self) -> Self {
        self.classifier = Some(Classifier::new([1, 2]));
        self
    }

    /// Another client, which has set this, takes the place of the last one.
    pub(crate) fn become_client(&mut self, startup: &Parameters) {
        self.session = Session::new(startup.clone(), true);
    }

    /// One unit as a client's task carries it: plan, link, request, reply, and the proof that the
    /// server is clean.
    pub(crate) fn unit(&mut self, from_client: &[u8], from_server: &[u8]) {
        let answered = self.answer_locally(from_client);
        self.link();
        self.request(&from_client[answered..]);
        self.reply(from_server);
        assert!(self.server.clean().is_some(), "the unit is not at its end");
    }

    /// One unit's request, of which the answer is still to come.
    pub(crate) fn ask(&mut self, from_client: &[u8]) {
        self.link();
        self.request(from_client);
    }

    /// A client prepares `text` as `name`; the server has not heard of it.
    pub(crate) fn prepare(&mut self, name: &str, text: &str) {
        let request = [&parse(name, text)[..], SYNC].concat();
        self.unit(&request, &[PARSED, READY].concat());
    }

    /// What needs no server, and how long it is.
    fn answer_locally(&mut self, from_client: &[u8]) -> usize {
        if black_box(self.plan(from_client)).0 != Plan::Local {
            return 0;
        }
        let consumed = self.session.local(&self.shared, from_client, &mut self.to_client).unwrap();
        black_box(self.plan(&from_client[consumed..]));
        consumed
    }

    fn plan(&self, from_client: &[u8]) -> (Plan, Class) {
        let mut class = Class::READ;
        let mut judge = |what: Judged<'_>| {
            if let Some(classifier) = &self.classifier {
                class = class.and(judged(classifier, what));
            }
        };
        let judge: Option<&mut dyn FnMut(Judged<'_>)> =
            if self.classifier.is_some() { Some(&mut judge) } else { None };
        let plan = self.session.plan(&self.shared, from_client, judge).unwrap();
        (plan, class)
    }

    /// The server is aligned with the session, if it must be.
    pub(crate) fn link(&mut self) {
        self.server.begin_counting(true);
        self.session.link(&mut self.server, None, &mut self.to_server);
    }

    fn request(&mut self, piece: &[u8]) {
        let until = if self.classifier.is_some() { Until::UnitEnd } else { Until::End };
        let mut out = Out { server: &mut self.to_server, client: &mut self.to_client };
        let requested =
            self.session.request(&self.shared, &mut self.server, piece, until, &mut out);
        assert_eq!(requested.unwrap().consumed, piece.len(), "not all of the request went");
        while let Some(call) = self.server.next_unnamed_call() {
            if let What::Statement(statement) = &call.what {
                let _ = statement.mark.set([1, 2]);
            }
            call.what = What::Named(Label::default());
        }
        self.to_server.flush();
    }

    /// The server has said this.
    pub(crate) fn reply(&mut self, piece: &[u8]) {
        let replied =
            self.session.reply(&self.shared, &mut self.server, piece, &mut self.to_client);
        assert_eq!(replied.unwrap(), piece.len(), "not all of the reply went");
        black_box(self.server.take_tally());
        while let Some(call) = self.server.take_ended_call() {
            black_box(call);
        }
        self.to_client.flush();
    }
}

/// As a client's task asks: a prepared statement remembers its class.
fn judged(classifier: &Classifier, what: Judged<'_>) -> Class {
    match what {
        Judged::Text(text) => classifier.classify(text, &NONE),
        Judged::Opaque => Class::UNREAD,
        Judged::Cursor | Judged::Executes | Judged::Continues => Class::READ,
        Judged::Statement(statement) => {
            let epoch = classifier.epoch();
            let known = statement.class.get(epoch).and_then(Class::from_bits);
            known.unwrap_or_else(|| {
                let text = pgweir::protocol::frontend::text(&statement.prepared);
                let class = classifier.classify(text, &NONE);
                statement.class.set(epoch, class.to_bits());
                class
            })
        }
    }
}
