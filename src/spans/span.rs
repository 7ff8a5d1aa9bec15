//! What is known of one statement that is recorded.

use crate::trace::Context;
use std::sync::Arc;

/// Where statements run: the same for all of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The database on the host.
    pub namespace: String,
    /// The user who is logged in there.
    pub user: String,
    /// `primary` or `replica`.
    pub role: &'static str,
    /// The host's name or address, or the path of its socket.
    pub address: String,
    /// Its port; none of a socket.
    pub port: Option<u16>,
    /// Whether the address is an IP address: then it is the peer's, too.
    pub is_ip: bool,
}

/// Where a span stands in its trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids {
    /// The trace.
    pub trace_id: [u8; 16],
    /// The span itself.
    pub span_id: [u8; 8],
    /// The caller's span; none of a span that begins a trace.
    pub parent_id: Option<[u8; 8]>,
    /// What tracing systems say to each other.
    pub state: Option<Box<str>>,
}

impl Ids {
    /// Those of a span below `parent`, or of one that begins a trace. `random` must be random bytes.
    #[must_use]
    pub fn new(parent: Option<Context>, random: [u8; 24]) -> Ids {
        let (mut trace_id, mut span_id) = ([0; 16], [0; 8]);
        trace_id.copy_from_slice(&random[..16]);
        span_id.copy_from_slice(&random[16..]);
        // All zeros are not valid: once in 2^64 spans.
        span_id[7] |= u8::from(span_id == [0; 8]);
        trace_id[15] |= u8::from(trace_id == [0; 16]);
        match parent {
            None => Ids { trace_id, span_id, parent_id: None, state: None },
            Some(Context { trace_id, span_id: parent_id, state, .. }) => {
                Ids { trace_id, span_id, parent_id: Some(parent_id), state }
            }
        }
    }
}

/// What a statement says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Its operations and relations.
    pub summary: Box<str>,
    /// The operation, if there is one only.
    pub operation: Option<Box<str>>,
    /// The relation, if there is one only.
    pub collection: Option<Box<str>>,
    /// Its text, if it is shown.
    pub text: Option<Box<str>>,
}

/// Why a statement failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// With an error that has this SQLSTATE.
    Sqlstate([u8; 5]),
    /// The client went before it was answered.
    ClientLeft,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it stands in its trace.
    pub ids: Ids,
    /// Where it ran.
    pub origin: Arc<Origin>,
    /// What it says.
    pub statement: Statement,
    /// Where its client is; none on a Unix socket.
    pub client: Option<Box<str>>,
    /// When it ended, ns since 1970.
    pub ended_unix_ns: u64,
    /// How long it waited for a server.
    pub wait_us: u64,
    /// How long the server worked at it.
    pub server_us: u64,
    /// How long its answer waited for the client.
    pub write_us: u64,
    /// Rows that it returned or changed.
    pub rows: u64,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Why it went where it went.
    pub reason: &'static str,
    /// A replica has refused it, and this is its run on the primary.
    pub retried: bool,
}

impl Span {
    /// When it began, ns since 1970: its parts follow each other up to its end.
    #[must_use]
    pub fn began_unix_ns(&self) -> u64 {
        let total_us = self.wait_us.saturating_add(self.server_us).saturating_add(self.write_us);
        self.ended_unix_ns.saturating_sub(total_us.saturating_mul(1_000))
    }

    /// Its name: what it does, or else the database.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.statement.summary.is_empty() {
            &self.origin.namespace
        } else {
            &self.statement.summary
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_in_its_callers_trace() {
        let parent =
            Context { trace_id: [1; 16], span_id: [2; 8], flags: 1, state: Some("a=1".into()) };
        let ids = Ids::new(Some(parent), [9; 24]);
        assert_eq!((ids.trace_id, ids.parent_id), ([1; 16], Some([2; 8])));
        assert_eq!((ids.span_id, ids.state.as_deref()), ([9; 8], Some("a=1")));
    }

    #[test]
    fn a_span_without_a_caller_begins_a_trace() {
        let ids = Ids::new(None, [9; 24]);
        assert_eq!((ids.trace_id, ids.span_id, ids.parent_id), ([9; 16], [9; 8], None));
        let zeros = Ids::new(None, [0; 24]);
        assert!(zeros.trace_id != [0; 16] && zeros.span_id != [0; 8]);
    }
}
