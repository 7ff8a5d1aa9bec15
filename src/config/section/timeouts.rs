//! `[pooler]`: how long anything may take.

use std::time::Duration;

use crate::config::kind::time::{NO_LIMIT, OR_NEVER, time_from_ms};
use crate::config::setting::settings;

const fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

settings! {
    /// How long anything may take; `None` is for ever.
    pub struct Timeouts {
        /// How long a client waits for a server before its statement fails. 0 waits for ever.
        query_wait_timeout: Option<Duration> = NO_LIMIT, default seconds(120), at AtReload;
        /// How long a server may be idle before it is closed, down to min_pool_size. 0 never
        /// closes it for that.
        server_idle_timeout: Option<Duration> = OR_NEVER, default seconds(600), at AtReload;
        /// How long a server is used before it is closed, once no client needs it. "1ms" uses
        /// each server about once; 0, which does that in PgBouncer, is not taken.
        server_lifetime: Duration =
            time_from_ms(1), default Duration::from_secs(3600), at AtReload;
        /// How long connecting and logging in to a server may take.
        server_connect_timeout: Duration =
            time_from_ms(1), default Duration::from_secs(15), at AtReload;
        /// How long a client may take to log in.
        client_login_timeout: Duration =
            time_from_ms(1), default Duration::from_secs(60), at AtReload;
        /// How long a client may be silent outside a transaction before it is disconnected: not
        /// earlier, and at most 20 ms later. A change holds for those who are silent already. 0 is for
        /// ever.
        client_idle_timeout: Option<Duration> = NO_LIMIT, default None, at AtReload;
        /// How long a client may be silent inside a transaction before it is disconnected and the
        /// transaction rolled back: not earlier, and at most 20 ms later. A change holds for those who are
        /// silent already. 0 is for ever.
        idle_transaction_timeout: Option<Duration> = NO_LIMIT, default None, at AtReload;
        /// How long a cancel request may take to reach the server.
        cancel_wait_timeout: Duration =
            time_from_ms(1), default Duration::from_secs(10), at AtReload;
    }
}
