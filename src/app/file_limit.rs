//! How many files the process may open.

use crate::config::Settings;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Every client and every server costs a file descriptor: takes as many as the system lets an
/// ordinary user have, and says if that is too few.
pub(super) fn raise_file_limit(settings: &Settings) {
    let limit = getrlimit(Resource::Nofile);
    let _ =
        setrlimit(Resource::Nofile, rustix::process::Rlimit { current: limit.maximum, ..limit });
    let have = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let wanted = u64::from(settings.pooler.pools.max_client_conn) + 100;
    if have < wanted {
        tracing::warn!(
            "only {have} files may be open, but max_client_conn needs {wanted}: raise the limit \
             (ulimit -n, LimitNOFILE) or lower max_client_conn"
        );
    }
}
