//! Who the workers' clients are, asked of each worker by letter.

use super::mailbox::Letter;
use super::registry::Pooler;
use crate::ids::ServerId;
use crate::protocol::error_response::printable;
use parking_lot::Mutex;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{mpsc, oneshot};

/// Clients that a worker tells of at once: more would keep its other clients waiting.
pub const PART_LEN: usize = 1_000;

/// What is kept of an application's name, bytes, as of any name in PostgreSQL (`NAMEDATALEN`).
const APPLICATION_NAME_MAX: usize = 63;

/// How long workers may take. One that is silent for so long has ended, or is stuck.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// What is noted of a client at its login: but for its name, it does not change.
#[derive(Debug)]
pub struct Who {
    /// The user who has logged in.
    pub user: String,
    /// The database that it asked for.
    pub database: String,
    /// What the application calls itself.
    pub application_name: ApplicationName,
    /// Where it is; none on a Unix socket.
    pub peer: Option<SocketAddr>,
    /// Our own end.
    pub local: Option<SocketAddr>,
    /// The version and the cipher of TLS, if it is used.
    pub tls: Option<String>,
    /// When it logged in.
    pub since: SystemTime,
}

/// What an application calls itself: a text that can be shown, and that can change.
#[derive(Debug, Default)]
pub struct ApplicationName(Mutex<Box<str>>);

impl ApplicationName {
    /// As a client has sent it.
    pub fn new(name: &[u8]) -> Self {
        let own = ApplicationName::default();
        own.set(name);
        own
    }

    /// It is another from now on.
    pub fn set(&self, name: &[u8]) {
        let shown = printable(&name[..name.len().min(APPLICATION_NAME_MAX)]);
        *self.0.lock() = shown.into_boxed_str();
    }

    /// What it is now.
    pub fn get(&self) -> String {
        self.0.lock().to_string()
    }
}

/// Why a client keeps its server although its transaction is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// Its database is in session mode.
    SessionMode,
    /// A message has been sent only in part.
    HalfMessage,
    /// It uses the extended protocol, and has not sent the Sync that ends a unit of it.
    NoSync,
}

impl Pin {
    /// All of them.
    pub const ALL: [Pin; 3] = [Pin::SessionMode, Pin::HalfMessage, Pin::NoSync];

    /// The word for the console.
    pub const fn as_str(self) -> &'static str {
        match self {
            Pin::SessionMode => "session_mode",
            Pin::HalfMessage => "half_message",
            Pin::NoSync => "no_sync",
        }
    }

    /// The same in a sentence.
    pub const fn explanation(self) -> &'static str {
        match self {
            Pin::SessionMode => "pool_mode is session: the client keeps its server until it leaves",
            Pin::HalfMessage => "the client has sent a message in part, and has to send the rest",
            Pin::NoSync => "the client has not sent the Sync that ends what it has asked",
        }
    }
}

/// What a client is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Nothing that needs a server.
    Idle,
    /// It has a server.
    Active,
    /// It has a server and is silent in its transaction: others wait for that server.
    IdleInTransaction,
    /// It waits for one.
    Waiting,
}

/// A client as `SHOW CLIENTS` sees it.
#[derive(Clone, Debug)]
pub struct ClientSeen {
    /// The number that `KILL_CLIENT` takes.
    pub id: u32,
    /// Who it is.
    pub who: Arc<Who>,
    /// What it does.
    pub doing: Doing,
    /// The server that it has.
    pub server: Option<ServerId>,
    /// When it last asked for something that needs a server.
    pub asked: Option<Instant>,
    /// Prepared statements that it has made.
    pub prepared: usize,
    /// Why it keeps its server, if it does without a transaction.
    pub pin: Option<Pin>,
    /// Prepared statements of the server that it has.
    pub server_prepared: usize,
}

/// At most [`PART_LEN`] clients of one worker.
pub type SomeClients = Vec<ClientSeen>;

/// Which clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// The one with this number.
    Client(u32),
    /// Those of this database.
    Database(String),
    /// All.
    All,
}

/// A worker did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a worker did not answer within {ANSWER_LIMIT:?}")]
pub struct NoAnswer;

impl Pooler {
    /// Every client that has logged in.
    ///
    /// # Errors
    /// A worker does not answer.
    pub async fn survey(&self) -> Result<Vec<ClientSeen>, NoAnswer> {
        let (tell, mut told) = mpsc::channel(self.mailboxes().len().max(1));
        self.mailboxes().iter().for_each(|mailbox| mailbox.send(Letter::Survey(tell.clone())));
        drop(tell);
        let gather = async {
            let mut clients = Vec::new();
            while let Some(part) = told.recv().await {
                clients.extend(part);
            }
            clients
        };
        tokio::time::timeout(ANSWER_LIMIT, gather).await.map_err(|_| NoAnswer)
    }

    /// Ends these clients now; says how many.
    ///
    /// # Errors
    /// A worker does not answer.
    pub async fn kill(&self, whom: &Whom) -> Result<usize, NoAnswer> {
        let ask = |mailbox: &super::Mailbox| {
            let (tell, told) = oneshot::channel();
            mailbox.send(Letter::Kill(whom.clone(), tell));
            told
        };
        let asked: Vec<_> = self.mailboxes().iter().map(ask).collect();
        let gather = async {
            let mut killed = 0;
            for told in asked {
                killed += told.await.unwrap_or(0);
            }
            killed
        };
        tokio::time::timeout(ANSWER_LIMIT, gather).await.map_err(|_| NoAnswer)
    }
}
