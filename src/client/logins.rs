//! How many clients have logged in, and why others were refused.

use crate::protocol::sqlstate::SqlState;
use crate::stats::Tally;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why a login is refused: the names that PostgreSQL's manual has for the SQLSTATEs
/// ("PostgreSQL Error Codes").
const REASONS: &[(SqlState, &str)] = &[
    (SqlState::INVALID_PASSWORD, "invalid_password"),
    (SqlState::INVALID_AUTHORIZATION, "invalid_authorization_specification"),
    (SqlState::NO_SUCH_DATABASE, "invalid_catalog_name"),
    (SqlState::TOO_MANY_CONNECTIONS, "too_many_connections"),
    (SqlState::QUERY_CANCELED, "query_canceled"),
    (SqlState::PROTOCOL_VIOLATION, "protocol_violation"),
    (SqlState::CONNECTION_FAILURE, "connection_failure"),
    (SqlState::FEATURE_NOT_SUPPORTED, "feature_not_supported"),
    (SqlState::INVALID_PARAMETER, "invalid_parameter_value"),
    (SqlState::LIMIT_EXCEEDED, "program_limit_exceeded"),
];

/// The names alone.
static NAMES: [&str; REASONS.len()] = {
    let mut names = [""; REASONS.len()];
    let mut at = 0;
    while at < REASONS.len() {
        names[at] = REASONS[at].1;
        at += 1;
    }
    names
};

/// Counts of clients' logins.
#[derive(Debug)]
pub struct Logins {
    succeeded: AtomicU64,
    refused: Tally,
}

impl Default for Logins {
    fn default() -> Self {
        Logins { succeeded: AtomicU64::new(0), refused: Tally::new(&NAMES) }
    }
}

impl Logins {
    pub(super) fn succeeded(&self) {
        self.succeeded.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self, sqlstate: SqlState) {
        let found = REASONS.iter().find(|(state, _)| *state == sqlstate);
        self.refused.add(found.map_or(sqlstate.0, |(_, name)| name));
    }

    /// Clients that have logged in.
    pub fn succeeded_total(&self) -> u64 {
        self.succeeded.load(Ordering::Relaxed)
    }

    /// Clients that were refused, by the reason.
    pub fn refused_totals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.refused.totals()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_counts_under_the_name_of_its_sqlstate() {
        let logins = Logins::default();
        logins.refused(SqlState::INVALID_PASSWORD);
        logins.refused(SqlState::INTERNAL);
        let counted: Vec<_> = logins.refused_totals().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [("invalid_password", 1), ("other", 1)]);
    }
}
