//! How a pool's logins end that fail, and what is told of them.

use super::Pool;
use crate::ids::ServerId;
use crate::pool::{Core, Open};
use crate::server::OpenError;
use std::sync::Arc;
use std::time::Instant;

impl Pool {
    /// Whether a login that failed should go on trying.
    pub(in crate::pooler) fn still_wanted(&self, id: ServerId) -> bool {
        self.state.lock().core.still_wanted(id)
    }

    /// A login has failed and may be tried again: the login to try, if any is wanted.
    pub(in crate::pooler) fn login_failed(
        &self,
        id: ServerId,
        error: Arc<OpenError>,
    ) -> Option<Open> {
        *self.last_error.lock() = Some(error);
        let now = Instant::now();
        self.state.lock().core.login_failed(id, now)
    }

    /// A login has failed, and whoever waits is told, unless a server may come back to serve them: the
    /// login to try next, if any is wanted.
    pub(in crate::pooler) fn refused(
        self: &Arc<Self>,
        id: ServerId,
        error: &Arc<OpenError>,
    ) -> Option<Open> {
        *self.last_error.lock() = Some(error.clone());
        let now = Instant::now();
        let mut state = self.state.lock();
        let (told, open) = state.core.login_refused(id, now);
        for waiter in told {
            if let Some(slot) = state.waiting.get_mut(&waiter.id) {
                slot.fail(error.clone());
            }
        }
        self.ring(&mut state);
        if state.core.is_empty() {
            self.say_vacant();
        }
        open
    }

    /// It has no server left.
    pub(in crate::pooler) fn say_vacant(&self) {
        if let Some(vacancy) = &self.vacancy {
            vacancy.say();
        }
    }

    /// Whether it may say now that clients wait behind idle transactions: once a second.
    pub(in crate::pooler) fn may_say(&self, now: Instant) -> bool {
        self.throttle.lock().pass(now, 1).is_some()
    }

    /// Whether any server has logged in and is left.
    pub(in crate::pooler) fn has_servers(&self) -> bool {
        self.ask(Core::has_servers)
    }

    /// What the last login of this pool failed of, until one succeeds.
    pub fn last_error(&self) -> Option<Arc<OpenError>> {
        self.last_error.lock().clone()
    }
}
