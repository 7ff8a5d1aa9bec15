//! Logins: carried out beside the clients that wait for them, with a pause after each that failed.

use super::own::{Leave, OwnSeen};
use super::pool::Pool;
use super::seen::Passport;
use super::setback::Pause;
use crate::auth::Credential;
use crate::ids::{ServerId, WorkerId};
use crate::pool::Open;
use crate::protocol::sqlstate::SqlState;
use crate::routing::Role;
use crate::server::{Culprit, Idle, OpenError, Welcome, login};
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
            match self.pauses(id).await {
                Go::On => {}
                Go::Nowhere => return,
                Go::Away(why) => {
                    slot.id = self.refused(id, &why).map(|open| open.0);
                    continue;
                }
            }
            let begun = Instant::now();
            let tried = self.try_login(id, worker).await;
            self.host.logins.note(tried.as_ref().err(), begun.elapsed());
            match tried {
                Ok((idle, welcome, passport)) => {
                    slot.id = None;
                    self.succeeded();
                    self.logged_in(idle, welcome, passport, worker);
                }
                Err(error) => {
                    let error = Arc::new(error);
                    self.blame(&error);
                    // A read can go elsewhere: nobody waits for a replica that lets nobody in.
                    let open = if error.is_final() || self.role == Role::Replica {
                        self.refused(id, &error)
                    } else {
                        self.login_failed(id, error)
                    };
                    slot.id = open.map(|open| open.0);
                }
            }
        }
    }

    /// Waits until this login may be tried. Where the last one has met a definitive no, whoever waits is
    /// told of that at once, unless a server may yet come back to serve them.
    async fn pauses(&self, id: ServerId) -> Go {
        let mut waited = false;
        loop {
            let retry = self.host.retry();
            let Some(Pause { until, why }) = self.login_pause(Instant::now()) else { break };
            if why.is_final() && !self.has_servers() {
                return Go::Away(why);
            }
            waited = true;
            tokio::select! {
                () = tokio::time::sleep_until(until.into()) => {}
                () = retry => {}
            }
        }
        if waited && !self.still_wanted(id) { Go::Nowhere } else { Go::On }
    }

    async fn try_login(
        self: &Arc<Self>,
        id: ServerId,
        worker: WorkerId,
    ) -> Result<(Idle, Welcome, Passport), OpenError> {
        let credential = Credential::clone(&self.credential.load());
        let target = self.target();
        let opening = Box::pin(login::open(&target, credential, &self.shared, id));
        let (server, welcome) = opening.await?;
        let passport = Passport::of(&server);
        let clean = server.side.clean();
        let idle = clean.and_then(|clean| server.park(worker, clean));
        idle.map(|idle| (idle, welcome, passport))
            .ok_or_else(|| OpenError::NotPostgres("it spoke before it was asked".to_owned()))
    }

    /// The pause before the next login: one with a definitive no before the others, the longest of
    /// those.
    pub fn login_pause(&self, now: Instant) -> Option<Pause> {
        let all = [&self.setback, &*self.of_database, &self.host.setback];
        let pauses = all.into_iter().filter_map(|setback| setback.pause(now));
        pauses.max_by_key(|pause| (pause.why.is_final(), pause.until))
    }

    /// Whether reads may be sent here. A pool whose servers work goes on serving, whatever becomes of
    /// further logins, as long as its host answers.
    pub fn is_usable(&self) -> bool {
        let fails = self.setback.lasts() || self.of_database.lasts();
        let lets_in = || self.has_servers() || self.login_pause(Instant::now()).is_none();
        self.host.is_usable() && (!fails || lets_in())
    }

    /// A login has succeeded.
    fn succeeded(&self) {
        self.host.answered();
        self.of_database.end();
        self.setback.end();
    }

    /// Whatever kept logins from succeeding may have been mended: the next is tried at once.
    pub(super) fn forget_setbacks(&self) {
        self.setback.end();
        self.host.forget_setbacks();
    }

    /// Pauses the logins of whatever has failed: the host, the database, or this login. One line for a
    /// row of failures; the rest is for those who debug.
    fn blame(&self, error: &Arc<OpenError>) {
        let now = Instant::now();
        if error.sqlstate() == SqlState::TOO_MANY_CONNECTIONS.0 && !self.has_servers() {
            // The last places of a role are for clients. Those of other roles stay: without the one that asks
            // how fresh the host is, nobody could read there.
            let is_alike = |own: &OwnSeen| own.user == self.user;
            self.host.owns.tell(Leave::MakeRoom, is_alike);
        }
        let first = self.host.failed(error, now).unwrap_or_else(|| match error.culprit() {
            Culprit::Database => self.of_database.failed(error, now),
            Culprit::Host | Culprit::Login => self.setback.failed(error, now),
        });
        match (first, error.is_final()) {
            (true, true) => tracing::warn!(pool = %self, %error, "server login refused"),
            (true, false) => {
                tracing::warn!(pool = %self, %error, "server login failed, trying again");
            }
            (false, _) => tracing::debug!(pool = %self, %error, "server login failed again"),
        }
    }
}

/// What becomes of a login that wants to be tried.
enum Go {
    /// It is tried.
    On,
    /// Nobody needs it any more.
    Nowhere,
    /// The last one has met a definitive no.
    Away(Arc<OpenError>),
}

/// The pool counts this login until it ends, however it ends.
struct LoginSlot<'p> {
    pool: &'p Arc<Pool>,
    id: Option<ServerId>,
    worker: WorkerId,
}

impl Drop for LoginSlot<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.pool.closed(id, self.worker);
        }
    }
}

#[cfg(test)]
pub(super) mod fixture {
    use super::super::registry::Databases;
    use super::super::{Database, HostTarget, Mailbox, Pooler, Pools, ServerLogin};
    use super::*;
    use crate::auth::RequireAuth;
    use crate::net::tls::{ServerTls, ServerTlsPem, SslMode};
    use crate::net::{Address, Keepalive};
    use crate::pool::Limits;
    use crate::routing::{Classifier, Policy};
    use crate::session::PoolMode;
    use std::time::Duration;

    fn database(name: &str) -> Arc<Database> {
        let pem = ServerTlsPem { ca: None, cert: None, key: None };
        let primary = HostTarget {
            address: Address::Tcp("10.0.0.1".into(), 5432),
            host_name: String::new(),
            tls: ServerTls::new(SslMode::Disable, pem).unwrap(),
            weight: 1,
        };
        Arc::new(Database {
            name: name.into(),
            dbname: None,
            user: None,
            credential: None,
            primary,
            replicas: Vec::new(),
            limits: Limits::new(20, 0).unwrap(),
            mode: PoolMode::Transaction,
            policy: Policy::default(),
            query_wait_timeout: None,
            reset_query: String::new(),
            login: ServerLogin {
                require_auth: RequireAuth::Any,
                connect_timeout: Duration::from_secs(1),
                keepalive: Keepalive::default(),
                prepared_max: 0,
            },
            catalog_refresh: Duration::from_secs(60),
            log_min_duration: None,
            identity: 0,
        })
    }

    pub(in crate::pooler) fn databases(names: &[&str]) -> Databases {
        names.iter().map(|name| ((*name).to_owned(), database(name))).collect()
    }

    /// A pooler with these databases, which nobody serves.
    pub(in crate::pooler) fn pooler_of(names: &[&str]) -> Pooler {
        Pooler::new(databases(names), vec![Mailbox::new().0], Classifier::new(rand::random()))
    }

    pub(in crate::pooler) fn pools(pooler: &Pooler, database: &str, user: &str) -> Arc<Pools> {
        let known = pooler.database(database).unwrap();
        pooler.pools(database, &known, user, &Credential::Nothing).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pooler;
    use super::fixture::{databases, pooler_of, pools};
    use super::*;

    const NAMES: &[&str] = &["one", "two"];

    fn pooler() -> Pooler {
        pooler_of(NAMES)
    }

    fn pool(pooler: &Pooler, database: &str, user: &str) -> Arc<Pool> {
        pools(pooler, database, user).primary.clone()
    }

    fn refused(sqlstate: &str) -> Arc<OpenError> {
        Arc::new(OpenError::Refused { sqlstate: sqlstate.into(), message: "no".into() })
    }

    fn cut() -> Arc<OpenError> {
        Arc::new(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into())
    }

    /// Which of four pools wait after a login of the first has failed like this: another user's, another
    /// database's, one that has nothing in common with it but the host.
    fn wait_after(error: &Arc<OpenError>) -> [bool; 4] {
        let pooler = pooler();
        let pools = [("one", "me"), ("one", "you"), ("two", "me"), ("two", "you")];
        let pools = pools.map(|(database, user)| pool(&pooler, database, user));
        pools[0].blame(error);
        pools.map(|pool| pool.login_pause(Instant::now()).is_some())
    }

    #[test]
    fn whatever_has_failed_is_paused_and_nothing_else() {
        assert_eq!(wait_after(&refused("53300")), [true, false, false, false]);
        assert_eq!(wait_after(&refused("28P01")), [true, false, false, false]);
        assert_eq!(wait_after(&refused("3D000")), [true, true, false, false]);
        assert_eq!(wait_after(&refused("57P03")), [true; 4]);
        assert_eq!(wait_after(&cut()), [true; 4]);
    }

    #[test]
    fn a_reload_ends_every_pause() {
        for error in [refused("53300"), refused("3D000"), cut()] {
            let pooler = pooler();
            let pool = pool(&pooler, "one", "me");
            pool.blame(&error);
            pooler.reload(databases(NAMES));
            assert!(pool.login_pause(Instant::now()).is_none(), "{error}");
            assert!(pool.is_usable());
        }
    }

    #[test]
    fn a_success_ends_every_pause_that_it_disproves() {
        let pooler = pooler();
        let (mine, yours) = (pool(&pooler, "one", "me"), pool(&pooler, "one", "you"));
        mine.blame(&refused("28P01"));
        yours.blame(&cut());
        yours.succeeded();
        assert!(mine.login_pause(Instant::now()).is_some(), "that one still knows no password");
        assert!(yours.login_pause(Instant::now()).is_none());
    }
}
