//! The first bytes of a connection: TLS, a cancel request, or a client that wants to log in.

use super::authentication::authenticate;
use super::control::Control;
use super::error;
use super::lines::{self, Line};
use super::newcomers::Newcomer;
use super::policy::Policy;
use super::task::{Client, Parts};
use super::visit::Visit;
use super::welcome::{welcome, welcome_to_console};
use super::worker::Worker;
use crate::admin::{self, Right};
use crate::auth::Proven;
use crate::net::tls::hello::looks_like_tls;
use crate::net::{Chunk, Stream};
use crate::pooler::Pools;
use crate::protocol::error_response::{ErrorReport, printable};
use crate::protocol::frontend::TERMINATE_MESSAGE;
use crate::protocol::startup::{self, Packet, Startup};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// Packets before the startup packet: an SSLRequest and a GSSENCRequest, in either order.
const REQUESTS_MAX: usize = 3;

/// Why a connection ends before a client has logged in.
#[derive(Debug)]
pub(super) enum Ending {
    /// It was for something else, or went away: nobody is told.
    Quiet,
    /// It broke.
    Io(io::Error),
    /// The client is told why.
    Refused(ErrorReport),
}

impl From<io::Error> for Ending {
    fn from(error: io::Error) -> Self {
        Ending::Io(error)
    }
}

impl From<ErrorReport> for Ending {
    fn from(report: ErrorReport) -> Self {
        Ending::Refused(report)
    }
}

/// A connection whose client is not known yet.
pub(super) struct Opening {
    pub(super) stream: Stream,
    pub(super) inbox: Chunk,
}

/// Who a client says that it is.
pub(super) struct Claim {
    pub(super) startup: Startup,
    pub(super) user: String,
    pub(super) database: String,
}

/// How far a login has come, for whoever must say why it ended.
#[derive(Debug, Default)]
pub(super) enum Stage {
    /// Nobody is named yet.
    #[default]
    Unnamed,
    /// The client has said that it is this user.
    Named(String),
    /// The user has proven it, and waits for a server that says what its parameters come to.
    AwaitsServer(String, Arc<Pools>),
}

impl Stage {
    fn user(&self) -> &str {
        match self {
            Stage::Unnamed => "",
            Stage::Named(user) | Stage::AwaitsServer(user, _) => user,
        }
    }

    /// The servers of these pools are what the login waits for.
    pub(super) fn awaits(&mut self, pools: &Arc<Pools>) {
        if let Stage::Named(user) = self {
            *self = Stage::AwaitsServer(std::mem::take(user), pools.clone());
        }
    }

    /// `client_login_timeout` is over.
    fn timed_out(&self) -> ErrorReport {
        let Stage::AwaitsServer(_, pools) = self else { return error::login_timeout() };
        let host = pools.primary.host.address.to_string();
        error::login_waited(pools.primary.last_error().as_deref(), &host)
    }
}

/// What becomes of a login, before anybody is told.
enum Tried {
    Ended(Result<Admitted, Ending>),
    TimedOut,
    MustLeave,
}

/// Serves one connection from its first byte to its last.
pub(super) fn serve(
    worker: Rc<Worker>,
    stream: Stream,
    newcomer: Newcomer,
) -> impl Future<Output = ()> {
    let policy = worker.clients.policy.load_full();
    let worker = Present(worker);
    // A login needs room that an idle client must not keep: hence the box.
    let opening = Opening { stream, inbox: Chunk::default() };
    let login = Box::pin(log_in(worker.0.clone(), opening, policy, newcomer));
    async move {
        let _present = worker;
        match login.await {
            Some(Arrival::Client(client)) => client.live().await,
            Some(Arrival::Visit(visit)) => visit.await,
            None => {}
        }
    }
}

/// A connection that its worker counts, however it ends.
struct Present(Rc<Worker>);

impl Drop for Present {
    fn drop(&mut self) {
        self.0.client_left();
    }
}

async fn log_in(
    worker: Rc<Worker>,
    mut opening: Opening,
    policy: Arc<Policy>,
    newcomer: Newcomer,
) -> Option<Arrival> {
    let mut stage = Stage::default();
    let startup = opening.startup(&worker, &policy, &newcomer, &mut stage);
    let tried = tokio::select! {
        ended = startup => Tried::Ended(ended),
        () = tokio::time::sleep(policy.login_timeout) => Tried::TimedOut,
        () = newcomer.must_leave() => Tried::MustLeave,
    };
    let ending = match tried {
        Tried::Ended(Ok(admitted)) => {
            worker.clients.logins.succeeded();
            return Some(admitted.arrive(&worker, opening));
        }
        Tried::Ended(Err(ending)) => ending,
        Tried::TimedOut => stage.timed_out().into(),
        Tried::MustLeave => error::too_many_newcomers().into(),
    };
    match ending {
        Ending::Quiet => {}
        Ending::Io(error) => tracing::debug!(%error, "connection ended before its login"),
        Ending::Refused(report) => {
            if let Some(left_out) = lines::pass(Line::Refused, Instant::now()) {
                tracing::warn!(user = stage.user(), error = %report, left_out, "login refused");
            }
            worker.clients.logins.refused(report.sqlstate);
            opening.refuse(&report, &policy).await;
        }
    }
    None
}

/// A client that has been let in.
enum Arrival {
    Client(Box<Client>),
    Visit(Pin<Box<dyn Future<Output = ()>>>),
}

/// A client that has been let in, but for its connection.
pub(super) enum Admitted {
    /// To a database.
    Client(Parts),
    /// To the console.
    Console { control: Rc<Control>, right: Right, entry: admin::Entry },
}

impl Admitted {
    fn arrive(self, worker: &Rc<Worker>, opening: Opening) -> Arrival {
        let Opening { stream, inbox } = opening;
        match self {
            Admitted::Client(parts) => Arrival::Client(Client::new(parts, stream, inbox)),
            Admitted::Console { control, right, entry } => {
                let worker = worker.clone();
                let visit = Visit { worker, stream, inbox, control, right, _entry: entry };
                Arrival::Visit(Box::pin(visit.live()))
            }
        }
    }
}

impl Opening {
    async fn startup(
        &mut self,
        worker: &Rc<Worker>,
        policy: &Policy,
        newcomer: &Newcomer,
        stage: &mut Stage,
    ) -> Result<Admitted, Ending> {
        let startup = self.negotiate(worker, policy).await?;
        if policy.tls.requires() && self.stream.tls().is_none() && self.is_remote() {
            return Err(error::tls_required().into());
        }
        let claim = Claim::read(startup)?;
        *stage = Stage::Named(claim.user.clone());
        let mut negotiation = Vec::new();
        claim.startup.negotiate(&mut negotiation);
        self.stream.out.supply(&negotiation);
        let proven = authenticate(self, policy, &claim).await?;
        if admin::console::is_console(&claim.database) {
            return self.enter_console(worker, policy, &claim, &proven, newcomer);
        }
        let seat = worker.seat(policy.max_clients);
        let seat = seat.ok_or_else(|| error::too_many_clients(policy.max_clients))?;
        newcomer.logged_in();
        welcome(self, worker, policy, claim, proven, seat, stage).await
    }

    fn enter_console(
        &mut self,
        worker: &Rc<Worker>,
        policy: &Policy,
        claim: &Claim,
        proven: &Proven,
        newcomer: &Newcomer,
    ) -> Result<Admitted, Ending> {
        let right = policy.console.right(&claim.user);
        let right = right.ok_or_else(|| admin::error::no_entry(&claim.user))?;
        let entry = worker.clients.console.enter();
        let entry = entry.ok_or_else(|| admin::error::too_many(admin::console::CLIENTS_MAX))?;
        newcomer.logged_in();
        let control = welcome_to_console(self, worker, policy, claim, proven, right);
        Ok(Admitted::Console { control, right, entry })
    }

    /// TLS runs over the network only, as in PostgreSQL.
    fn is_remote(&self) -> bool {
        !self.stream.socket().is_unix()
    }

    /// Answers requests for encryption until the client says who it is.
    async fn negotiate(&mut self, worker: &Rc<Worker>, policy: &Policy) -> Result<Startup, Ending> {
        self.more().await?;
        if self.inbox.bytes().first().copied().is_some_and(looks_like_tls) {
            self.begin_tls(policy, true).await?;
        }
        for _ in 0..REQUESTS_MAX {
            match self.packet().await? {
                Packet::Startup(startup) => return Ok(startup),
                Packet::Cancel(key) => {
                    // As PostgreSQL closes the connection when the signal has been sent
                    // (`processCancelRequest`): whoever waits for that may send its next statement.
                    let ended = worker.forward_cancel(key);
                    let _ = tokio::time::timeout(policy.cancel_wait_timeout, ended).await;
                    return Err(Ending::Quiet);
                }
                Packet::GssEncRequest => self.say(b"N").await?,
                Packet::SslRequest if self.stream.tls().is_some() || !self.may_encrypt(policy) => {
                    self.say(b"N").await?;
                }
                Packet::SslRequest => {
                    // Plain bytes behind the request would be taken for encrypted ones
                    // (CVE-2021-23214).
                    if !self.inbox.is_empty() {
                        return Err(error::violation(
                            "received unencrypted data after SSL request",
                        )
                        .into());
                    }
                    self.say(b"S").await?;
                    self.more().await?;
                    self.begin_tls(policy, false).await?;
                }
            }
        }
        Err(error::violation("too many requests before the startup packet").into())
    }

    fn may_encrypt(&self, policy: &Policy) -> bool {
        self.is_remote() && policy.tls.accepts()
    }

    async fn begin_tls(&mut self, policy: &Policy, direct: bool) -> Result<(), Ending> {
        if !self.may_encrypt(policy) {
            tracing::debug!("TLS is not offered (client_tls_sslmode)");
            return Err(Ending::Quiet);
        }
        let session = policy.tls.accept().map_err(io::Error::other)?;
        let received = std::mem::take(&mut self.inbox);
        self.stream.secure(session, received).await?;
        match self.stream.tls() {
            // Without the agreed name, another protocol's bytes could be smuggled in
            // (PostgreSQL manual, "Application-Layer Protocol Negotiation").
            Some(tls) if direct => tls.require_alpn().map_err(|e| io::Error::other(e).into()),
            _ => Ok(()),
        }
    }

    /// The next packet. A client that takes its leave instead is not told anything, as PostgreSQL
    /// tells nothing (`ProcessStartupPacket` in `src/backend/tcop/backend_startup.c`).
    async fn packet(&mut self) -> Result<Packet, Ending> {
        loop {
            let bytes = self.inbox.bytes();
            if bytes.starts_with(TERMINATE_MESSAGE) {
                return Err(Ending::Quiet);
            }
            if !bytes.is_empty() && TERMINATE_MESSAGE.starts_with(bytes) {
                self.more().await?;
                continue;
            }
            if let Some(len) = startup::packet_len(bytes).map_err(error::bad_startup)?
                && let Some(packet) = bytes.get(..len)
            {
                let packet = startup::parse(packet).map_err(error::bad_startup)?;
                self.inbox.advance(len);
                return Ok(packet);
            }
            self.more().await?;
        }
    }

    /// Receives more; the end of the connection is an ending.
    pub(super) async fn more(&mut self) -> Result<(), Ending> {
        match self.stream.recv(&mut self.inbox).await? {
            0 => Err(Ending::Quiet),
            _ => Ok(()),
        }
    }

    async fn say(&mut self, bytes: &[u8]) -> Result<(), Ending> {
        self.stream.out.supply(bytes);
        Ok(self.stream.flush().await?)
    }

    async fn refuse(mut self, report: &ErrorReport, policy: &Policy) {
        let mut message = Vec::new();
        report.encode(&mut message);
        self.stream.out.supply(&message);
        // A client that does not read its error must not stay for it.
        let _ = tokio::time::timeout(policy.login_timeout, self.stream.close()).await;
    }
}

impl Claim {
    fn read(startup: Startup) -> Result<Claim, ErrorReport> {
        let text = |name: &[u8], what| match startup.parameter(name) {
            Some(value) => {
                let text = std::str::from_utf8(value).map_err(|_| error::not_text(what))?;
                Ok(Some(text.to_owned()))
            }
            None => Ok(None),
        };
        let user = text(b"user", "user name")?.filter(|user| !user.is_empty());
        let user = user.ok_or_else(error::no_user)?;
        let database = text(b"database", "database name")?.filter(|name| !name.is_empty());
        let database = database.unwrap_or_else(|| user.clone());
        match startup.parameter(b"replication") {
            None | Some(b"false" | b"off" | b"no" | b"0") => Ok(Claim { startup, user, database }),
            Some(_) => Err(error::replication()),
        }
    }

    /// For a log line.
    pub(super) fn shown(&self) -> String {
        printable(format!("{}@{}", self.user, self.database).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of the future that a function of three arguments returns.
    fn future_len<A, B, C, F>(_: impl FnOnce(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    /// Ten thousand idle clients are ten thousand of these, each with a boxed [`Client`].
    #[test]
    fn an_idle_client_is_small() {
        let (task, client) = (future_len(serve), size_of::<Client>());
        assert!(task <= 1152, "the future of a client's task has {task} bytes");
        assert!(client <= 448, "a client has {client} bytes");
    }
}
