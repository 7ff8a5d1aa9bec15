//! What can be seen of a server from outside.

use crate::ids::ServerId;
use crate::pool::ServerState;
use crate::server::Server;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

/// What is noted of a server at its login: it does not change.
#[derive(Clone, Debug)]
pub struct Passport {
    /// Where the host is; none on a Unix socket.
    pub peer: Option<SocketAddr>,
    /// Our own end.
    pub local: Option<SocketAddr>,
    /// The number of the host's process.
    pub process_id: Option<u32>,
    /// The version and the cipher of TLS, if it is used.
    pub tls: Option<String>,
    /// When it was ready.
    pub since: SystemTime,
}

impl Passport {
    /// Of a server that has just logged in.
    pub(super) fn of(server: &Server) -> Self {
        let (peer, local) = server.stream.socket().ends();
        let process_id = server.cancel.process_id();
        Passport {
            peer,
            local,
            process_id,
            tls: server.stream.tls_words(),
            since: SystemTime::now(),
        }
    }
}

/// A server as `SHOW SERVERS` sees it.
#[derive(Clone, Debug)]
pub struct ServerSeen {
    /// Its number.
    pub id: ServerId,
    /// What it is doing.
    pub state: ServerState,
    /// Whether it is to be closed once its client is done with it.
    pub close_needed: bool,
    /// Prepared statements on it, if it is idle: of others, the client that has it knows.
    pub prepared: usize,
    /// What was noted at its login; none before that.
    pub passport: Option<Arc<Passport>>,
}
