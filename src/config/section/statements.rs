//! `[pooler]`: what is kept and logged of statements.

use std::time::Duration;

use crate::config::kind::number::whole;
use crate::config::kind::time::OR_OFF;
use crate::config::setting::settings;

settings! {
    /// What is kept and logged of statements.
    pub struct Statements {
        /// Of how many statements each worker counts calls, rows, errors, bytes and times: those with
        /// the most time. Each takes about 1 kB. 0 counts none. It costs a simple query about 1 us, so
        /// it is off until somebody asks for it: `SET query_statistics = 1000` on the console does.
        query_statistics: u32 = whole(0, 10_000), default 0, at AtReload;
        /// Log every statement that took at least so long, without its values. "0" logs all of
        /// them, up to 20 lines a second and worker.
        log_min_duration: Option<Duration> = OR_OFF, default None, at AtReload;
    }
}
