//! One statement and what is known of it.

use crate::stats::few::Few;
use crate::stats::histogram::Histogram;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Where statements run: one for each pool, so that they are told apart by a number.
#[derive(Debug)]
pub struct Place {
    /// The number.
    pub id: u32,
    /// The database, as clients ask for it.
    pub database: String,
    /// The user who is logged in to the host.
    pub user: String,
    /// `primary` or `replica`.
    pub role: &'static str,
}

impl Place {
    fn names(&self) -> (&str, &str, &str) {
        (&self.database, &self.user, self.role)
    }
}

/// Two replicas are one place.
impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.names() == other.names()
    }
}

impl Eq for Place {}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.names().hash(state);
    }
}

/// One call of a statement. Times are microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Rows that it returned or changed.
    pub rows: u64,
    /// The SQLSTATE with which it failed.
    pub sqlstate: Option<[u8; 5]>,
    /// Bytes from the client.
    pub received: u64,
    /// Bytes to the client.
    pub sent: u64,
    /// How long it waited for a server.
    pub wait_us: u64,
    /// How long the server worked at it.
    pub server_us: u64,
    /// How long its answer waited for the client.
    pub write_us: u64,
    /// The number of the reason for which it went where it went.
    pub reason: u8,
}

impl Call {
    /// All of its time, us.
    pub fn total_us(&self) -> u64 {
        self.wait_us.saturating_add(self.server_us).saturating_add(self.write_us)
    }
}

/// What is known of one statement.
#[derive(Clone, Debug)]
pub struct Query {
    /// What stands for its shape: the same as long as the process lives.
    pub shape: super::Shape,
    /// Where it ran.
    pub place: Arc<Place>,
    /// Its text, with a parameter in the place of each literal.
    pub text: Arc<str>,
    /// How often it ran.
    pub calls: u64,
    /// Rows that it returned or changed.
    pub rows: u64,
    /// How often it failed, by SQLSTATE.
    pub errors: Few<[u8; 5]>,
    /// Bytes from clients.
    pub received: u64,
    /// Bytes to clients.
    pub sent: u64,
    /// How long it waited for servers.
    pub wait_us: u64,
    /// How long servers worked at it.
    pub server_us: u64,
    /// How long its answers waited for clients.
    pub write_us: u64,
    /// How long its calls took, all of that together.
    pub times: Histogram,
    /// The numbers of the reasons for which it went where it went.
    pub reasons: Few<u8>,
}

impl Query {
    pub(super) fn new(shape: super::Shape, place: &Arc<Place>, text: &str) -> Self {
        Query {
            shape,
            place: place.clone(),
            text: text.into(),
            calls: 0,
            rows: 0,
            errors: Few::default(),
            received: 0,
            sent: 0,
            wait_us: 0,
            server_us: 0,
            write_us: 0,
            times: Histogram::default(),
            reasons: Few::default(),
        }
    }

    pub(super) fn add(&mut self, call: &Call) {
        self.calls += 1;
        self.rows += call.rows;
        if let Some(sqlstate) = call.sqlstate {
            self.errors.add(sqlstate, 1);
        }
        self.received += call.received;
        self.sent += call.sent;
        self.wait_us = self.wait_us.saturating_add(call.wait_us);
        self.server_us = self.server_us.saturating_add(call.server_us);
        self.write_us = self.write_us.saturating_add(call.write_us);
        self.times.record(call.total_us());
        self.reasons.add(call.reason, 1);
    }

    pub(super) fn merge(&mut self, other: &Query) {
        self.calls += other.calls;
        self.rows += other.rows;
        self.errors.merge(&other.errors);
        self.received += other.received;
        self.sent += other.sent;
        self.wait_us = self.wait_us.saturating_add(other.wait_us);
        self.server_us = self.server_us.saturating_add(other.server_us);
        self.write_us = self.write_us.saturating_add(other.write_us);
        self.times.merge(&other.times);
        self.reasons.merge(&other.reasons);
    }
}
