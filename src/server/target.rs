//! Where a connection leads, and as whom.

use crate::auth::RequireAuth;
use crate::net::tls::ServerTls;
use crate::net::{Address, Keepalive};
use std::time::Duration;

/// Everything that does not change from one connection of a pool to the next.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where the host listens.
    pub address: Address,
    /// The name that its certificate must have under `verify-full`.
    pub host_name: String,
    /// How TLS is used towards it.
    pub tls: ServerTls,
    /// Who logs in.
    pub user: String,
    /// Into which database.
    pub database: String,
    /// `server_require_auth`.
    pub require_auth: RequireAuth,
    /// `server_connect_timeout`.
    pub connect_timeout: Duration,
    /// `tcp_keepalive` and its companions.
    pub keepalive: Keepalive,
    /// `max_prepared_statements`.
    pub prepared_max: usize,
}
