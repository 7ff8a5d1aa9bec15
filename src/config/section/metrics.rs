//! `[metrics]`: where numbers can be fetched.

use crate::config::kind::choice::{choice, one_of};
use crate::config::kind::endpoint::{Endpoint, ListenEndpoint};
use crate::config::setting::settings;

choice! {
    /// Which hosts must take connections for `/readyz` to say that pgweir is ready.
    pub enum ReadyRequires {
        /// None: a database that is down takes no pooler out of service.
        None = "none",
        /// The primary of every database.
        Primary = "primary",
        /// Some host of every database.
        Any = "any",
    }
}

settings! {
    /// Where numbers can be fetched.
    pub struct Metrics {
        /// The address and port for /metrics, /livez and /readyz; "" is none. Who can reach it may
        /// read the names of databases, users and hosts; it asks for no login. Port 0 takes any free
        /// port, which the log then names.
        listen: Option<ListenEndpoint> = Endpoint, default None, at AtRestart;
        /// Which hosts must take connections for /readyz to say "ready". "none" asks no host: else a
        /// database that is down takes every pooler out of service with it. "primary" asks the
        /// primary of every database, "any" some host of each.
        ready_requires: ReadyRequires = one_of(), default ReadyRequires::None, at AtReload;
    }
}
