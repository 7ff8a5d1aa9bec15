//! Prepared statements: shared by text, parameter types and the settings that their `Parse` read,
//! under our names on the servers.
//!
//! A client's `s1` and another's `lookup` that prepare the same text under the same settings are one
//! [`Statement`]. A server knows it as `pgweir_<id>`. What it has parsed under that name gets old: a
//! table is made anew, a function is replaced. So each `Parse` is sent to a server, as the client
//! could have it, and each has a [`Moment`]: no server serves a client with what was parsed there
//! before the client's own `Parse`.

use super::memo::Memo;
use super::parameters::Parameters;
use super::server_name::ServerName;
use crate::ids::StatementId;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// When a `Parse` was sent, as a number that only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub(super) u64);

/// Counts statements and moments over all registries that it is given to: a client may outlive the
/// pools whose registry it used, and its statements must not be taken for others.
#[derive(Clone, Debug, Default)]
pub struct StatementIds(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    statements: AtomicU64,
    moments: AtomicU64,
}

impl StatementIds {
    pub(super) fn next(&self) -> StatementId {
        StatementId(self.0.statements.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Later than every one before.
    pub(super) fn moment(&self) -> Moment {
        Moment(self.0.moments.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// What stands for the shape of a statement's text, among those who count statements.
pub type Mark = [u64; 2];

/// A statement as it is prepared: text and parameter types, and the settings that it is prepared and
/// used under.
#[derive(Debug)]
pub struct Statement {
    /// Its number, and so its name on servers.
    pub id: StatementId,
    /// Text, terminator, parameter types: a `Parse` after its name.
    pub prepared: Arc<[u8]>,
    /// What routing said of the text, kept so that it is asked once in each epoch.
    pub class: Memo,
    /// Its mark, once it has been counted.
    pub mark: OnceLock<Mark>,
    /// Not known before the unit that prepares it has ended, if that may have changed settings.
    settings: OnceLock<Settings>,
    room: Room,
}

/// The settings of a statement, of each what a `Parse` reads.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Those of its `Parse`, which made of its text what it means.
    pub(super) parsed: Parameters,
    /// Those under which it is bound. PostgreSQL may analyse it again then: after a change of its
    /// tables, or under another search_path (`RevalidateCachedQuery` in plancache.c).
    pub(super) used: Parameters,
}

impl Settings {
    /// A statement that is used as it was parsed.
    pub(super) fn of(parameters: &Parameters) -> Self {
        let parsed = parameters.environment().clone();
        Settings { used: parsed.clone(), parsed }
    }
}

/// The bytes that a statement takes, and where they are counted until it goes.
#[derive(Debug)]
pub(super) struct Room {
    bytes: u64,
    counted: Arc<AtomicU64>,
}

impl Room {
    pub(super) fn take(bytes: usize, counted: &Arc<AtomicU64>) -> Self {
        let bytes = bytes as u64;
        counted.fetch_add(bytes, Ordering::Relaxed);
        Room { bytes, counted: counted.clone() }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.counted.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Statement {
    pub(super) fn new(
        id: StatementId,
        prepared: Arc<[u8]>,
        settings: Option<Settings>,
        room: Room,
    ) -> Self {
        Statement {
            id,
            prepared,
            class: Memo::default(),
            mark: OnceLock::new(),
            settings: settings.map_or_else(OnceLock::new, OnceLock::from),
            room,
        }
    }

    /// Its name on servers.
    pub fn name(&self) -> ServerName {
        ServerName::of(self.id)
    }

    /// The bytes that it is counted with.
    pub(super) fn bytes(&self) -> usize {
        usize::try_from(self.room.bytes).unwrap_or(usize::MAX)
    }

    /// The settings of its `Parse`, as far as that reads them; none as long as they are not known.
    pub(super) fn parsed_under(&self) -> Option<&Parameters> {
        self.settings.get().map(|settings| &settings.parsed)
    }

    /// Whether it may be bound under these.
    pub(super) fn is_for(&self, environment: &Parameters) -> bool {
        self.settings.get().is_none_or(|settings| settings.used.agrees(environment))
    }

    /// Whether it is this one.
    pub(super) fn is(&self, prepared: &[u8], parsed: &Parameters, used: &Parameters) -> bool {
        let same = |own: &Settings| own.parsed.same(parsed) && own.used.same(used);
        *self.prepared == *prepared && self.settings.get().is_some_and(same)
    }

    /// The unit that prepares it has ended under these settings.
    pub(super) fn settle(&self, parameters: &Parameters) {
        let _ = self.settings.set(Settings::of(parameters));
    }
}

impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Statement {}
