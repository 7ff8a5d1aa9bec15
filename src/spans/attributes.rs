//! What a span says of its statement, in the words of OpenTelemetry's semantic conventions.
//!
//! The names are those of "Semantic conventions for database client spans" and "... for PostgreSQL
//! client operations", as stable since version 1.33; those in `pgweir.` are ours. docs/tracing.md explains
//! them.

use super::span::{Failure, Span};

/// The version of the conventions that the names are of.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.33.0";

/// Operations whose rows are returned; of all others they are changed.
const RETURNING: [&str; 7] = ["select", "table", "values", "fetch", "show", "explain", "with"];

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A text.
    Text(&'a str),
    /// A count.
    Whole(u64),
    /// Anything else that is a number.
    Real(f64),
    /// Whether something is so.
    Flag(bool),
}

impl Span {
    /// Gives `each` every attribute, once.
    pub fn attributes<'s>(&'s self, mut each: impl FnMut(&'static str, Value<'s>)) {
        let mut text = |key, value: Option<&'s str>| {
            if let Some(value) = value {
                each(key, Value::Text(value));
            }
        };
        let (origin, statement) = (&*self.origin, &self.statement);
        let address = Some(&*origin.address);
        text("db.system.name", Some("postgresql"));
        text("db.namespace", Some(&origin.namespace));
        text("db.operation.name", statement.operation.as_deref());
        text("db.collection.name", statement.collection.as_deref());
        text("db.query.summary", Some(&*statement.summary).filter(|summary| !summary.is_empty()));
        text("db.query.text", statement.text.as_deref());
        text("server.address", address);
        text("network.peer.address", address.filter(|_| origin.is_ip));
        text("client.address", self.client.as_deref());
        text("db.response.status_code", self.sqlstate());
        text("error.type", self.error_type());
        text("pgweir.user", Some(&origin.user));
        text("pgweir.role", Some(origin.role));
        text("pgweir.reason", Some(self.reason));
        self.numbers(each);
    }

    fn numbers<'s>(&'s self, mut each: impl FnMut(&'static str, Value<'s>)) {
        let port = self.origin.port.map(|port| Value::Whole(port.into()));
        if let Some(port) = port {
            each("server.port", port);
        }
        if let Some(port) = port.filter(|_| self.origin.is_ip) {
            each("network.peer.port", port);
        }
        if self.failure.is_none() {
            each(self.rows_key(), Value::Whole(self.rows));
        }
        each("pgweir.wait_ms", ms(self.wait_us));
        each("pgweir.server_ms", ms(self.server_us));
        each("pgweir.write_ms", ms(self.write_us));
        if self.retried {
            each("pgweir.retried", Value::Flag(true));
        }
    }

    /// The conventions count rows that are returned only.
    fn rows_key(&self) -> &'static str {
        let word = self.statement.summary.split(' ').next().unwrap_or_default();
        if RETURNING.iter().any(|returning| word.eq_ignore_ascii_case(returning)) {
            "db.response.returned_rows"
        } else {
            "pgweir.rows"
        }
    }

    /// The SQLSTATE with which it failed.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        match &self.failure {
            Some(Failure::Sqlstate(code)) => std::str::from_utf8(code).ok(),
            _ => None,
        }
    }

    /// Why it failed, in a word.
    #[must_use]
    pub fn error_type(&self) -> Option<&str> {
        match &self.failure {
            None => None,
            Some(Failure::Sqlstate(_)) => Some(self.sqlstate().unwrap_or("_OTHER")),
            Some(Failure::ClientLeft) => Some("client_left"),
        }
    }
}

fn ms<'a>(us: u64) -> Value<'a> {
    #[expect(clippy::cast_precision_loss, reason = "285 years are exact")]
    let us = us as f64;
    Value::Real(us / 1_000.0)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::span::{Ids, Origin, Statement};
    use super::*;
    use std::collections::HashMap;
    use std::sync::Arc;

    /// A read on a replica.
    pub(in crate::spans) fn span() -> Span {
        let text = |text: &str| Some(Box::from(text));
        Span {
            ids: Ids {
                trace_id: [0x11; 16],
                span_id: [0x22; 8],
                parent_id: Some([0x33; 8]),
                state: text("a=1"),
            },
            origin: Arc::new(Origin {
                namespace: "shop".into(),
                user: "app".into(),
                role: "replica",
                address: "10.0.0.2".into(),
                port: Some(5432),
                is_ip: true,
            }),
            statement: Statement {
                summary: "SELECT users".into(),
                operation: text("SELECT"),
                collection: text("users"),
                text: text("SELECT * FROM users WHERE id = $1"),
            },
            client: text("10.1.0.7"),
            ended_unix_ns: 1_700_000_000_000_000_000,
            wait_us: 1_500,
            server_us: 2_000,
            write_us: 500,
            rows: 3,
            failure: None,
            reason: "read",
            retried: false,
        }
    }

    fn attributes(span: &Span) -> HashMap<&'static str, Value<'_>> {
        let mut all = HashMap::new();
        span.attributes(|key, value| assert!(all.insert(key, value).is_none(), "{key} twice"));
        all
    }

    #[test]
    fn a_read_says_what_and_where_and_why_and_how_long() {
        let span = span();
        let all = attributes(&span);
        for (key, value) in [
            ("db.system.name", Value::Text("postgresql")),
            ("db.namespace", Value::Text("shop")),
            ("db.operation.name", Value::Text("SELECT")),
            ("db.collection.name", Value::Text("users")),
            ("db.query.summary", Value::Text("SELECT users")),
            ("db.query.text", Value::Text("SELECT * FROM users WHERE id = $1")),
            ("server.address", Value::Text("10.0.0.2")),
            ("server.port", Value::Whole(5432)),
            ("network.peer.address", Value::Text("10.0.0.2")),
            ("network.peer.port", Value::Whole(5432)),
            ("client.address", Value::Text("10.1.0.7")),
            ("db.response.returned_rows", Value::Whole(3)),
            ("pgweir.user", Value::Text("app")),
            ("pgweir.role", Value::Text("replica")),
            ("pgweir.reason", Value::Text("read")),
            ("pgweir.wait_ms", Value::Real(1.5)),
            ("pgweir.server_ms", Value::Real(2.0)),
            ("pgweir.write_ms", Value::Real(0.5)),
        ] {
            assert_eq!(all.get(key), Some(&value), "{key}");
        }
        assert_eq!(all.len(), 18);
        assert_eq!(span.began_unix_ns(), 1_699_999_999_996_000_000);
        assert_eq!(span.name(), "SELECT users");
    }

    #[test]
    fn what_failed_says_why_and_no_rows() {
        let span = Span { failure: Some(Failure::Sqlstate(*b"42P01")), retried: true, ..span() };
        let all = attributes(&span);
        assert_eq!(all["db.response.status_code"], Value::Text("42P01"));
        assert_eq!(all["error.type"], Value::Text("42P01"));
        assert_eq!(all["pgweir.retried"], Value::Flag(true));
        assert!(!all.contains_key("db.response.returned_rows"));
        let span = Span { failure: Some(Failure::ClientLeft), ..span };
        let all = attributes(&span);
        assert_eq!(all["error.type"], Value::Text("client_left"));
        assert!(!all.contains_key("db.response.status_code"));
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let mut span = span();
        span.statement = Statement::default();
        span.client = None;
        span.origin = Arc::new(Origin {
            is_ip: false,
            port: None,
            address: "/run/postgresql/.s.PGSQL.5432".into(),
            ..Origin::clone(&span.origin)
        });
        let all = attributes(&span);
        for key in ["db.query.text", "db.query.summary", "server.port", "network.peer.address"] {
            assert!(!all.contains_key(key), "{key}");
        }
        assert_eq!(all["pgweir.rows"], Value::Whole(3));
        assert_eq!(span.name(), "shop");
    }
}
