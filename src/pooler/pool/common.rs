//! What all pools have in common, and what is said of each in spans.

use crate::net::Address;
use crate::pool::IdSource;
use crate::pooler::database::{ANY_DATABASE, Database};
use crate::pooler::vacancy::Vacancy;
use crate::routing::Role;
use crate::server::Target;
use crate::session::StatementIds;
use crate::spans::Origin;
use crate::stats::Place;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Notify;

/// What all pools have in common.
#[derive(Clone, Debug)]
pub struct Common {
    /// Numbers for servers and waiters.
    pub ids: Arc<IdSource>,
    /// Numbers for prepared statements.
    pub statements: StatementIds,
    /// Wakes the janitor.
    pub alarm: Arc<Notify>,
    /// How many workers there are.
    pub workers: usize,
    /// Numbers for the places of statements.
    pub places: Arc<AtomicU32>,
    /// Told of pools that may go.
    pub(in crate::pooler) vacancy: Arc<Vacancy>,
}

impl Common {
    /// What is told when pools of this database may go: nothing, but under `"*"`.
    pub(in crate::pooler) fn vacancy_of(&self, database: &str) -> Option<Arc<Vacancy>> {
        (database == ANY_DATABASE).then(|| self.vacancy.clone())
    }

    pub(super) fn place(&self, database: &Database, user: &str, role: Role) -> Arc<Place> {
        let id = self.places.fetch_add(1, Ordering::Relaxed);
        let (database, user) = (database.name.clone(), user.to_owned());
        Arc::new(Place { id, database, user, role: role.as_str() })
    }
}

pub(super) fn origin(target: &Target, role: Role) -> Origin {
    let (address, port) = match &target.address {
        Address::Tcp(host, port) => (host.clone(), Some(*port)),
        Address::Unix(path) => (path.display().to_string(), None),
    };
    Origin {
        namespace: target.database.clone(),
        user: target.user.clone(),
        role: role.as_str(),
        is_ip: address.parse::<IpAddr>().is_ok(),
        address,
        port,
    }
}
