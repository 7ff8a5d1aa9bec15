//! `[pooler]`: how clients share servers.

use std::time::Duration;

use crate::config::kind::choice::{choice, one_of};
use crate::config::kind::number::{Whole, whole};
use crate::config::kind::text::Text;
use crate::config::kind::time::OR_NEVER;
use crate::config::setting::settings;

choice! {
    /// How long a client keeps a server.
    pub enum PoolMode {
        /// Until it disconnects.
        Session = "session",
        /// Until its transaction ends.
        Transaction = "transaction",
        /// Until its statement ends; transactions of several statements are refused.
        Statement = "statement",
    }
}

/// A pool's servers: far above what one PostgreSQL can bear, far below what memory can.
pub(crate) const POOL_SIZE: Whole<u32> = whole(1, 10_000);

/// Servers that a pool may do without.
pub(crate) const SPARE_SIZE: Whole<u32> = whole(0, 10_000);

settings! {
    /// What holds for every pool whose database or user does not say otherwise.
    pub struct Pools {
        /// How long a client keeps a server: until it disconnects, until its transaction ends, or
        /// until its statement ends.
        pool_mode: PoolMode = one_of(), default PoolMode::Transaction, at AtReload;
        /// How many clients may be connected, over all databases.
        max_client_conn: u32 = whole(1, 1_000_000), default 10_000, at AtReload;
        /// How many servers a pool may hold, over all workers. There is a pool for each database,
        /// user and host that are used together.
        default_pool_size: u32 = POOL_SIZE, default 20, at AtReload;
        /// How many servers a pool keeps open although nobody needs them.
        min_pool_size: u32 = SPARE_SIZE, default 0, at AtReload;
        /// How many servers a pool may hold beyond its size once a client has waited for
        /// reserve_pool_timeout.
        reserve_pool_size: u32 = SPARE_SIZE, default 0, at AtReload;
        /// How long a client waits before the reserve is opened. 0 never opens it.
        reserve_pool_timeout: Option<Duration> = OR_NEVER,
            default Some(Duration::from_secs(5)), at AtReload;
        /// How many prepared statements are kept on each server; clients share those with the same
        /// text. 0 leaves prepared statements to sessions that keep their server.
        max_prepared_statements: u32 = whole(0, 100_000), default 200, at AtReload;
        /// What a server runs before another client gets it, in session mode only. "" runs
        /// nothing.
        server_reset_query: String = Text, default "DISCARD ALL".to_owned(), at AtReload;
    }
}
