//! `[databases.NAME]`: the hosts behind a name, how to log in to them, and its pools.

use std::time::Duration;

use super::pools::{POOL_SIZE, PoolMode, SPARE_SIZE};
use super::tls::SslMode;
use crate::auth::RequireAuth;
use crate::config::kind::choice::one_of;
use crate::config::kind::maybe::{Maybe, NotYet};
use crate::config::kind::require_auth::Methods;
use crate::config::kind::secret::Secret;
use crate::config::kind::server::{OneServer, ServerList};
use crate::config::kind::text::Text;
use crate::config::kind::time::{NO_LIMIT, OR_NEVER, OR_OFF, time_from_ms};
use crate::config::secret::SecretText;
use crate::config::setting::settings;
use crate::config::url::ServerUrl;

settings! {
    /// What was written of a database's hosts and login, before it is put together.
    #[derive(Default)]
    pub struct Target {
        /// The host that takes writes. A postgres:// URL may also bring user, password, dbname
        /// and sslmode.
        primary: Option<ServerUrl> =
            Maybe(OneServer), unset "none, it must be written", like "\"127.0.0.1:5432\"",
            at AtReload;
        /// The hosts that follow the primary and serve reads. One with a weight of 2 gets twice
        /// the share of one without.
        replicas: Option<Vec<ServerUrl>> =
            Maybe(ServerList), unset "none", like "[\"127.0.0.1:5433\", \"127.0.0.1:5434?weight=2\"]",
            at AtReload;
        /// Hosts whose roles are found by asking them.
        hosts: () =
            NotYet("roles are not followed yet, write primary and replicas"),
            unset "none", like "[\"127.0.0.1:5432\", \"127.0.0.1:5433\"]",
            at AtReload, note "it is refused in this version: roles are not followed yet";
        /// The database on the hosts.
        dbname: Option<String> =
            Maybe(Text), unset "the table's name; under \"*\" what the client asks for",
            like "\"app\"", at AtReload;
        /// The user that logs in to the hosts, whoever the client is.
        user: Option<String> =
            Maybe(Text), unset "the client's own user", like "\"app\"", at AtReload;
        /// The password of user. It may be kept out of the file.
        password: Option<SecretText> =
            Maybe(Secret), unset "what the client's user has in [users] or auth_file",
            like "\"file:/run/secrets/app\"", at AtReload;
    }
}

settings! {
    /// The pools of a database; what its table does not say is what `[pooler]` says.
    pub struct PoolSettings {
        /// How long a client keeps a server.
        pool_mode: PoolMode = one_of(), unset "[pooler] pool_mode", like "\"session\"", at AtReload;
        /// How many servers each pool may hold.
        pool_size: u32 =
            POOL_SIZE, unset "[pooler] default_pool_size", like "40", at AtReload;
        /// How many servers each pool keeps open.
        min_pool_size: u32 =
            SPARE_SIZE, unset "[pooler] min_pool_size", like "5", at AtReload;
        /// How many servers each pool may hold beyond its size.
        reserve_pool_size: u32 =
            SPARE_SIZE, unset "[pooler] reserve_pool_size", like "5", at AtReload;
        /// How long a client waits for a server.
        query_wait_timeout: Option<Duration> =
            NO_LIMIT, unset "[pooler] query_wait_timeout", like "\"30s\"", at AtReload;
        /// How long a server is used.
        server_lifetime: Duration =
            time_from_ms(1), unset "[pooler] server_lifetime", like "\"30min\"", at AtReload;
        /// How long a server may be idle.
        server_idle_timeout: Option<Duration> =
            OR_NEVER, unset "[pooler] server_idle_timeout", like "\"5min\"", at AtReload;
        /// Log every statement that took at least so long.
        log_min_duration: Option<Duration> =
            OR_OFF, unset "[pooler] log_min_duration", like "\"1s\"", at AtReload;
        /// TLS with this database's hosts.
        server_tls_sslmode: SslMode =
            one_of(), unset "[pooler] server_tls_sslmode", like "\"require\"", at AtReload;
        /// How this database's hosts may ask who we are.
        server_require_auth: RequireAuth =
            Methods, unset "[pooler] server_require_auth", like "\"scram-sha-256\"", at AtReload;
    }
}
