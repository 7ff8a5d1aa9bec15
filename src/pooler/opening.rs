//! Logins: carried out beside the clients that wait for them, with back-off per host.

use super::pool::Pool;
use super::seen::Passport;
use crate::auth::Credential;
use crate::ids::WorkerId;
use crate::pool::Open;
use crate::routing::Role;
use crate::server::{Idle, OpenError, Welcome, login};
use std::sync::Arc;
use std::time::Instant;
use tokio::task::spawn_local;

impl Pool {
    /// Starts a login on this worker, if there is one to start.
    pub fn start(self: &Arc<Self>, open: Option<Open>, worker: WorkerId) {
        if let Some(open) = open {
            let pool = self.clone();
            spawn_local(async move { pool.log_in(open, worker).await });
        }
    }

    /// Tries until it succeeds, cannot succeed, or nobody wants it any more.
    async fn log_in(self: Arc<Self>, open: Open, worker: WorkerId) {
        let mut slot = LoginSlot { pool: &self, id: Some(open.0), worker };
        while let Some(id) = slot.id {
            if let Some(at) = self.host.retry_at() {
                tokio::time::sleep_until(at.into()).await;
                if !self.still_wanted(id) {
                    return;
                }
            }
            let begun = Instant::now();
            let tried = self.try_login(id, worker).await;
            self.host.logins.note(tried.as_ref().err(), begun.elapsed());
            match tried {
                Ok((idle, welcome, passport)) => {
                    slot.id = None;
                    self.host.succeeded();
                    self.logged_in(idle, welcome, passport, worker);
                }
                Err(error) if error.is_final() => {
                    tracing::warn!(pool = %self, %error, "server login refused");
                    slot.id = None;
                    self.refused(id, &Arc::new(error));
                }
                // A read can go elsewhere: nobody waits for a replica that cannot be reached.
                Err(error) if self.role == Role::Replica => {
                    slot.id = None;
                    self.warn_of(&error);
                    self.refused(id, &Arc::new(error));
                }
                Err(error) => {
                    self.warn_of(&error);
                    slot.id = self.login_failed(id, Arc::new(error)).map(|open| open.0);
                }
            }
        }
    }

    async fn try_login(
        self: &Arc<Self>,
        id: crate::ids::ServerId,
        worker: WorkerId,
    ) -> Result<(Idle, Welcome, Passport), OpenError> {
        let credential = Credential::clone(&self.credential.load());
        let opening = Box::pin(login::open(&self.target, credential, &self.shared, id));
        let (server, welcome) = opening.await?;
        let passport = Passport::of(&server);
        let clean = server.side.clean();
        let idle = clean.and_then(|clean| server.park(worker, clean));
        idle.map(|idle| (idle, welcome, passport))
            .ok_or_else(|| OpenError::NotPostgres("it spoke before it was asked".to_owned()))
    }

    /// The host backs off. One line a row of failures: the rest is for those who debug.
    fn warn_of(&self, error: &OpenError) {
        if self.host.failed(Instant::now()) {
            tracing::warn!(pool = %self, %error, "server login failed, trying again");
        } else {
            tracing::debug!(pool = %self, %error, "server login failed again");
        }
    }
}

/// The pool counts this login until it ends, however it ends.
struct LoginSlot<'p> {
    pool: &'p Arc<Pool>,
    id: Option<crate::ids::ServerId>,
    worker: WorkerId,
}

impl Drop for LoginSlot<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.pool.closed(id, self.worker);
        }
    }
}
