//! Asks hosts how far their WAL has got: one task and one connection for each host.
//!
//! A host that does not answer proves nothing, so whatever goes wrong here makes replicas stale, and
//! nothing makes them fresh. While nobody reads, hosts are asked only now and then, whether they are
//! still what they should be: a second primary must not go unseen. The connections stay open, because the
//! end of one is how a restart is noticed.

mod question;

use self::question::Question;
use super::clock;
use super::own::{Leave, Own};
use super::pool::Pool;
use super::registry::Pooler;
use super::watch::Watch;
use crate::auth::Credential;
use crate::routing::freshness::{HostIndex, Standing};
use crate::server::{AskError, Culprit, OpenError, Server, ask, open_to_ask};
use std::io;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::spawn_local;

/// How long an answer may take. A host that is slower than any `max_replica_lag` that makes sense
/// has to be asked on a new connection: the old one may be lost without a word.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Pause after a login that was refused: until somebody has changed something.
const REFUSED_PAUSE: Duration = Duration::from_secs(5);

/// How often a host that is connected is asked even though nobody reads. An alert on two primaries
/// can be no faster; a question takes a host less than a millisecond.
const LOOKED_AT: Duration = Duration::from_secs(10);

/// What a server may say unasked (parameters after its reload, notices) before the connection is
/// given up.
const UNASKED_MAX: usize = 8 * 1024;

/// Starts a task for each host of each new watch. Runs in a `LocalSet`, for ever. Cancel safe.
pub async fn run(pooler: Arc<Pooler>) {
    loop {
        for watch in pooler.new_watches() {
            start(&watch);
        }
        pooler.watch_alarm().notified().await;
    }
}

fn start(watch: &Arc<Watch>) {
    let replicas = watch.addresses().len().saturating_sub(1);
    let hosts = std::iter::once(HostIndex::Primary).chain((0..replicas).map(HostIndex::Replica));
    for host in hosts {
        let sampler = Sampler {
            host,
            ring: watch.ring(host),
            watch: Arc::downgrade(watch),
            connection: None,
            attempt: 0,
            not_before: None,
            standing: Standing::InPlace,
        };
        spawn_local(sampler.run());
    }
}

struct Sampler {
    host: HostIndex,
    ring: Arc<Notify>,
    /// Samplers end when nobody else has use for the watch.
    watch: Weak<Watch>,
    connection: Option<Connection>,
    /// Counts refused logins: the next user's is tried then.
    attempt: usize,
    /// After a failed login.
    not_before: Option<Instant>,
    /// What the host was when it last answered.
    standing: Standing,
}

struct Connection {
    server: Server,
    question: Question,
    own: Own,
    /// When it was last asked.
    asked: Instant,
}

/// Why a host cannot be asked.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("{0}")]
    Open(Arc<OpenError>),
    #[error(transparent)]
    Ask(#[from] AskError),
}

impl From<OpenError> for Failed {
    fn from(error: OpenError) -> Failed {
        Failed::Open(Arc::new(error))
    }
}

impl Sampler {
    async fn run(mut self) {
        while let Some(watch) = self.watch.upgrade() {
            let due = watch.due(self.host).map(clock::instant);
            let due = due.map(|due| self.not_before.map_or(due, |not_before| due.max(not_before)));
            let due = due.into_iter().chain(self.look_again()).min();
            if let Some(leave) = self.connection.as_ref().and_then(|open| open.own.told()) {
                self.leave(&watch, leave).await;
            } else if due.is_some_and(|due| due <= Instant::now()) {
                self.take_a_sample(&watch).await;
            } else {
                drop(watch);
                self.rest(due).await;
            }
        }
        if let Some(connection) = self.connection.take() {
            connection.server.close().await;
        }
    }

    /// When a host that is connected is looked at even though nobody reads.
    fn look_again(&self) -> Option<Instant> {
        self.connection.as_ref().map(|connection| connection.asked + LOOKED_AT)
    }

    /// Until something is due, somebody calls, or the connection ends.
    async fn rest(&mut self, due: Option<Instant>) {
        let until = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        let ended = async {
            match &mut self.connection {
                Some(Connection { server, own, .. }) => tokio::select! {
                    why = ended(server) => Some(why),
                    _ = own.until_told() => None,
                },
                None => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            () = until => None,
            () = self.ring.notified() => None,
            why = ended => why,
        };
        if let (Some(why), Some(watch)) = (ended, self.watch.upgrade()) {
            self.lose(&watch, &AskError::Io(why).into());
        }
    }

    /// Closes the connection, because an operator says so, or clients need its place.
    async fn leave(&mut self, watch: &Watch, leave: Leave) {
        watch.lost(self.host);
        if let Some(connection) = self.connection.take() {
            connection.server.close().await;
        }
        if leave == Leave::MakeRoom {
            self.try_next_login(watch);
        }
    }

    async fn take_a_sample(&mut self, watch: &Arc<Watch>) {
        let taken = match self.connection.take() {
            Some(connection) => self.sample(watch, connection).await,
            None => self.connect(watch).await,
        };
        match taken {
            Ok(connection) => self.connection = connection,
            Err(why) => self.lose(watch, &why),
        }
    }

    async fn sample(
        &mut self,
        watch: &Arc<Watch>,
        mut connection: Connection,
    ) -> Result<Option<Connection>, Failed> {
        let sent = watch.asked(self.host);
        connection.asked = Instant::now();
        let Connection { server, question, .. } = &mut connection;
        let rows = ask(server, question.text(), ANSWER_LIMIT).await?;
        let answer = question.answer(&rows)?;
        let standing = watch.answered(self.host, answer, sent);
        self.say(standing, connection.own.pool());
        Ok(Some(connection))
    }

    /// Opens a connection, if there is a way and it is time.
    async fn connect(&mut self, watch: &Arc<Watch>) -> Result<Option<Connection>, Failed> {
        let Some(pool) = watch.login(self.host, self.attempt) else {
            self.not_before = Some(Instant::now() + REFUSED_PAUSE);
            return Ok(None);
        };
        if let Some(pause) = pool.login_pause(Instant::now()) {
            match pause.why.culprit() {
                Culprit::Host => self.not_before = Some(pause.until),
                Culprit::Database | Culprit::Login => self.try_next_login(watch),
            }
            return Ok(None);
        }
        match open(pool).await {
            Ok(connection) => {
                connection.own.pool().host.answered();
                connection.own.pool().host.note_asked(None);
                self.not_before = None;
                watch.connected(self.host);
                Ok(Some(connection))
            }
            Err((pool, why)) => {
                self.blame(watch, &pool, &why);
                Err(why)
            }
        }
    }

    /// Backs off: as long as the host does, or until somebody may have changed a setting.
    fn blame(&mut self, watch: &Watch, pool: &Arc<Pool>, why: &Failed) {
        let now = Instant::now();
        pool.host.note_asked(Some(why.to_string()));
        let of_host = match why {
            Failed::Open(error) => pool.host.failed(error, now),
            Failed::Ask(_) => None,
        };
        match of_host {
            Some(first) => {
                if first {
                    tracing::warn!(%pool, %why, "server login failed, trying again");
                }
                self.not_before = pool.host.setback.pause(now).map(|pause| pause.until);
            }
            None => {
                if self.attempt == 0 {
                    tracing::warn!(%pool, %why, "cannot ask how fresh the host is");
                }
                self.try_next_login(watch);
            }
        }
    }

    /// The host is asked as another user: at once, or after a pause when each of them was refused.
    fn try_next_login(&mut self, watch: &Watch) {
        self.attempt = self.attempt.wrapping_add(1);
        let all_were = self.attempt.is_multiple_of(watch.logins_len().max(1));
        self.not_before = all_were.then(|| Instant::now() + REFUSED_PAUSE);
    }

    fn lose(&mut self, watch: &Watch, why: &Failed) {
        if let Some(address) = watch.address(self.host) {
            tracing::debug!(host = %address, %why, "the host cannot be asked how fresh it is");
        }
        self.connection = None;
        watch.lost(self.host);
    }

    /// One line when a host ceases to be what it should be, and one when it is again.
    fn say(&mut self, standing: Standing, pool: &Pool) {
        if standing == Standing::PrimaryUnknown || standing == self.standing {
            return;
        }
        self.standing = standing;
        let host = &pool.host.address;
        match standing {
            Standing::InPlace => tracing::info!(%host, "the host may serve reads again"),
            Standing::NotInRecovery => {
                tracing::error!(%host, why = %standing, "a second host takes writes");
            }
            _ => {
                tracing::warn!(%host, why = %standing, "no replica is fresh by what this host says");
            }
        }
    }
}

/// Logs in as the pool does, and prepares the question.
async fn open(pool: Arc<Pool>) -> Result<Connection, (Arc<Pool>, Failed)> {
    match try_open(&pool).await {
        Ok((server, question)) => {
            let own = Own::new(pool, &server);
            Ok(Connection { server, question, own, asked: Instant::now() })
        }
        Err(why) => Err((pool, why)),
    }
}

async fn try_open(pool: &Pool) -> Result<(Server, Question), Failed> {
    let credential = Credential::clone(&pool.credential.load());
    let (target, shared, id) = (pool.target(), &pool.shared, pool.server_id());
    let opening = open_to_ask::<Failed>(&target, credential, shared, id, ANSWER_LIMIT);
    let mut server = Box::pin(opening).await?;
    let rows = ask(&mut server, question::PREPARATION, ANSWER_LIMIT).await?;
    Ok((server, Question::new(&rows)?))
}

/// Ready when the connection has ended, or has said too much unasked. Cancel safe.
async fn ended(server: &mut Server) -> io::Error {
    loop {
        match server.stream.recv(&mut server.inbox).await {
            Ok(0) => return io::Error::from(io::ErrorKind::UnexpectedEof),
            Ok(_) if server.inbox.len() <= UNASKED_MAX => {}
            Ok(_) => return io::Error::other("the server spoke unasked"),
            Err(error) => return error,
        }
    }
}
