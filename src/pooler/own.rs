//! Connections of our own: opened as a pool's servers are, and used by no client.

use super::pool::Pool;
use super::seen::Passport;
use crate::ids::ServerId;
use crate::server::Server;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::sync::Notify;

/// Why a connection of ours is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// `RECONNECT`: it may be opened again at once.
    Reconnect = 1,
    /// Others need its place, or the database without it: it is not opened again soon as this user,
    /// in this database.
    MakeRoom = 2,
}

/// A connection of our own, seen from outside.
#[derive(Debug)]
pub struct OwnSeen {
    /// Its number.
    pub id: ServerId,
    /// The database, as clients ask for it.
    pub database: String,
    /// Its name on the host.
    pub dbname: String,
    /// Who is logged in.
    pub user: String,
    /// What was noted at its login.
    pub passport: Passport,
    /// A [`Leave`], or 0.
    told: AtomicU8,
    bell: Notify,
}

impl OwnSeen {
    /// Whether it is to be closed.
    pub fn is_told(&self) -> bool {
        self.told.load(Ordering::Acquire) != 0
    }
}

/// Those on one host: two for each list of hosts or database at the most.
#[derive(Debug, Default)]
pub struct Owns(Mutex<Vec<Arc<OwnSeen>>>);

impl Owns {
    /// All of them.
    pub fn all(&self) -> Vec<Arc<OwnSeen>> {
        self.0.lock().clone()
    }

    /// Has those closed that are meant.
    pub(super) fn tell(&self, leave: Leave, is_meant: impl Fn(&OwnSeen) -> bool) {
        for own in self.0.lock().iter().filter(|own| is_meant(own)) {
            own.told.fetch_max(leave as u8, Ordering::AcqRel);
            own.bell.notify_one();
        }
    }
}

/// A connection of our own is open, as long as this lives.
#[derive(Debug)]
pub(super) struct Own {
    pool: Arc<Pool>,
    seen: Arc<OwnSeen>,
}

impl Own {
    /// This one is, opened as the pool's servers are.
    pub(super) fn new(pool: Arc<Pool>, server: &Server) -> Own {
        let seen = Arc::new(OwnSeen {
            id: server.id,
            database: pool.database_asked.clone(),
            dbname: pool.target().database.clone(),
            user: pool.user.clone(),
            passport: Passport::of(server),
            told: AtomicU8::new(0),
            bell: Notify::new(),
        });
        pool.host.owns.0.lock().push(seen.clone());
        Own { pool, seen }
    }

    /// The pool as whose servers it was opened.
    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Why it is to be closed, if it is.
    pub(super) fn told(&self) -> Option<Leave> {
        match self.seen.told.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Leave::Reconnect),
            _ => Some(Leave::MakeRoom),
        }
    }

    /// Ready when it is to be closed. Cancel safe.
    pub(super) async fn until_told(&self) -> Leave {
        loop {
            let bell = self.seen.bell.notified();
            if let Some(leave) = self.told() {
                return leave;
            }
            bell.await;
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.pool.host.owns.0.lock().retain(|own| !Arc::ptr_eq(own, &self.seen));
    }
}
