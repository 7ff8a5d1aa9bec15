//! What an operator does to the pools of a database, or of all.

use super::own::Leave;
use super::pool::Pool;
use super::registry::{Listed, Pooler};
use crate::pool::Core;
use std::sync::Arc;

/// Why a command about databases cannot be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotCommand {
    /// There is no such database.
    #[error("no such database")]
    NoSuchDatabase,
    /// Nothing is paused.
    #[error("it is not paused")]
    NotPaused,
    /// Too many names are paused or disabled.
    #[error("too many databases are paused or disabled")]
    TooMany,
}

impl std::fmt::Display for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}@{}", self.database, self.user, self.host.address)
    }
}

impl Pool {
    /// Nobody gets a server; idle servers are closed now, the others as they are released.
    pub(super) fn pause(self: &Arc<Self>) {
        let _ = self.order(|core, _| core.pause());
    }

    /// Whether no server is left.
    pub fn is_drained(&self) -> bool {
        self.ask(Core::is_empty)
    }

    /// Whether a server is left that was there before the last RECONNECT.
    pub fn has_marked(&self) -> bool {
        self.ask(Core::has_marked)
    }
}

impl Pooler {
    /// From now on no client of these databases gets a server. They are paused at once, and
    /// drained when [`Pool::is_drained`] says so of each.
    ///
    /// # Errors
    /// There is no such database, or too many are paused.
    pub fn pause(&self, name: Option<&str>) -> Result<(), CannotCommand> {
        self.must_know(name)?;
        if !self.standing.lock().pause(name) {
            return Err(CannotCommand::TooMany);
        }
        self.of(name).for_each(|pool| pool.pause());
        Ok(())
    }

    /// Clients get servers again.
    ///
    /// # Errors
    /// There is no such database, or it is not paused.
    pub fn resume(self: &Arc<Self>, name: Option<&str>) -> Result<(), CannotCommand> {
        self.must_know(name)?;
        if !self.standing.lock().resume(name) {
            return Err(CannotCommand::NotPaused);
        }
        for pool in self.of(name) {
            let (opens, _) = pool.order(Core::resume);
            opens.into_iter().for_each(|open| self.post(&pool, open));
        }
        self.alarm().notify_one();
        Ok(())
    }

    /// Every server is closed as soon as no client uses it.
    ///
    /// # Errors
    /// There is no such database.
    pub fn reconnect(self: &Arc<Self>, name: Option<&str>) -> Result<(), CannotCommand> {
        self.must_know(name)?;
        for pool in self.of(name) {
            pool.forget_setbacks();
            let asked = &pool.database_asked;
            pool.host.owns.tell(Leave::Reconnect, |own| own.database == *asked);
            pool.retire().into_iter().for_each(|open| self.post(&pool, open));
        }
        self.alarm().notify_one();
        Ok(())
    }

    /// Nobody may log in to this database any more.
    ///
    /// # Errors
    /// There is no such database, or too many are disabled.
    pub fn disable(&self, name: &str) -> Result<(), CannotCommand> {
        self.must_know(Some(name))?;
        if self.standing.lock().disable(name) { Ok(()) } else { Err(CannotCommand::TooMany) }
    }

    /// Clients may log in to it again.
    ///
    /// # Errors
    /// There is no such database.
    pub fn enable(&self, name: &str) -> Result<(), CannotCommand> {
        self.must_know(Some(name))?;
        self.standing.lock().enable(name);
        Ok(())
    }

    /// Whether nobody may log in to this database.
    pub fn is_disabled(&self, name: &str) -> bool {
        self.standing.lock().is_disabled(name)
    }

    /// Whether no client of this database gets a server.
    pub fn is_paused(&self, name: &str) -> bool {
        self.standing.lock().is_paused(name)
    }

    /// Whether `PAUSE` was said of all databases.
    pub fn is_all_paused(&self) -> bool {
        self.standing.lock().is_all_paused()
    }

    /// Every pool of these databases that exists.
    pub fn of(&self, name: Option<&str>) -> impl Iterator<Item = Arc<Pool>> + use<> {
        let name = name.map(str::to_owned);
        let is_meant = move |listed: &Listed| name.as_ref().is_none_or(|n| *n == listed.database);
        let pools = self.listed().into_iter().filter(is_meant);
        pools.flat_map(|listed| listed.pools.iter().cloned().collect::<Vec<_>>())
    }

    /// Whether there is such a database.
    ///
    /// # Errors
    /// There is none.
    pub fn must_know(&self, name: Option<&str>) -> Result<(), CannotCommand> {
        match name {
            Some(name) if self.database(name).is_none() => Err(CannotCommand::NoSuchDatabase),
            _ => Ok(()),
        }
    }
}
