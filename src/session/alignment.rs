//! What a server is told so that everything is set there as a client has it.
//!
//! An alignment that fails must not be followed by anything of the client's: that would run with
//! what another client has set. So a client's messages wait for its answer ([`Session::differs`]),
//! except where all that differs is a name that only people read.

use super::outbox::Outbox;
use super::parameters::{Parameter, ParameterSet, Parameters, compare};
use super::pipeline::{Entry, Owed};
use super::server_side::{ServerSide, UnnamedHere};
use super::state::Session;
use crate::protocol::frontend as tag;
use std::cmp::Ordering;
use std::fmt::Write;

/// Says who a statement runs as; where it says nothing, that is who the server has logged in as. In
/// this order: to become another user ends a role.
const WHO: [&[u8]; 2] = [b"session_authorization", b"role"];

/// Changes what people see of a session, and nothing of what its statements do: a statement that
/// runs with another's, because the alignment was cancelled, does nothing wrong.
const HARMLESS: &[u8] = b"application_name";

/// What has become of the last alignment of a server.
#[derive(Debug, Default)]
pub(super) enum Aligning {
    /// It has been carried out, or there was none.
    #[default]
    Done,
    /// It has been sent; this was set before.
    From(Parameters),
    /// The server has refused it, with this `ErrorResponse`. What was set before still is.
    Refused(Box<[u8]>),
}

impl Session {
    /// Whether something else than an application's name must be set on the server before anything
    /// of the client's is sent there.
    pub fn differs(&self, server: &ServerSide) -> bool {
        if server.parameters.same(&self.parameters) {
            return false;
        }
        let mut sides = side_by_side(&server.parameters, &self.parameters);
        sides.any(|(current, wanted)| {
            value(current) != value(wanted) && !is_harmless(current.or(wanted))
        })
    }

    /// Has the server set what differs.
    pub(super) fn align(&self, server: &mut ServerSide, to_server: &mut impl Outbox) {
        if server.parameters.same(&self.parameters) {
            return;
        }
        let before = std::mem::replace(&mut server.parameters, self.parameters.clone());
        if let Some(text) = alignment(&before, &self.parameters) {
            server.aligning = Aligning::From(before);
            server.ask(text.as_bytes(), Owed::Align, to_server);
        }
    }
}

impl ServerSide {
    /// Asks something of our own. A simple query, which destroys the unnamed statement.
    pub(super) fn ask(&mut self, text: &[u8], owed: Owed, to_server: &mut impl Outbox) {
        self.unnamed = UnnamedHere::Unknown;
        let mut query = Vec::new();
        tag::query(&mut query, text);
        to_server.supply(&query);
        self.pipeline.push(Entry::skip(owed));
    }

    /// The server has carried out an alignment, or has refused it.
    pub(super) fn aligned(&mut self) {
        if let Aligning::From(_) = self.aligning {
            self.aligning = Aligning::Done;
        }
    }

    /// The last alignment has failed: one query, so that nothing of it was done.
    pub(super) fn alignment_failed(&mut self, error: &[u8]) {
        let refused = Aligning::Refused(error.into());
        if let Aligning::From(before) = std::mem::replace(&mut self.aligning, refused) {
            self.parameters = before;
        }
    }

    /// The body of the `ErrorResponse` to the last alignment, if it was refused.
    pub fn take_refusal(&mut self) -> Option<Box<[u8]>> {
        match std::mem::take(&mut self.aligning) {
            Aligning::Refused(error) => Some(error),
            _ => None,
        }
    }
}

fn value(parameter: Option<&Parameter>) -> Option<&[u8]> {
    parameter.map(|parameter| &parameter.value[..])
}

fn is_harmless(parameter: Option<&Parameter>) -> bool {
    parameter.is_some_and(|parameter| parameter.name.eq_ignore_ascii_case(HARMLESS))
}

fn is_who(name: &[u8]) -> bool {
    WHO.iter().any(|who| who.eq_ignore_ascii_case(name))
}

/// The text of one `Query` of one statement that turns what `current` says into what `wanted` says,
/// if they differ.
///
/// `set_config` rather than `SET`: it takes a list (`search_path`) as the text that the server
/// reported it as, where `SET` would take it as one name; and a name of any length, of which `SET`
/// and `RESET` would only read the first 63 bytes. With NULL it resets.
pub fn alignment(current: &ParameterSet, wanted: &ParameterSet) -> Option<String> {
    let mut calls = Calls { text: String::new(), encoding: wanted.value(b"client_encoding") };
    let switches = WHO.iter().any(|who| current.value(who) != wanted.value(who));
    if switches {
        // With the rights of the login: the rest may need them.
        calls.reset(WHO[0]);
    }
    for side in side_by_side(current, wanted) {
        match side {
            (Some(stray), None) if *stray.name != *WHO[0] => calls.reset(&stray.name),
            (Some(current), Some(wanted)) if current.value == wanted.value => {}
            (_, Some(wanted)) if !is_who(&wanted.name) => calls.set(wanted),
            _ => {}
        }
    }
    let who = WHO.iter().filter(|_| switches).filter_map(|who| wanted.parameter(who));
    who.for_each(|parameter| calls.set(parameter));
    (!calls.text.is_empty()).then_some(calls.text)
}

/// Each name that either set has, and what both say of it.
pub(super) fn side_by_side<'a>(
    current: &'a ParameterSet,
    wanted: &'a ParameterSet,
) -> impl Iterator<Item = (Option<&'a Parameter>, Option<&'a Parameter>)> {
    let mut current = current.entries.iter().peekable();
    let mut wanted = wanted.entries.iter().peekable();
    std::iter::from_fn(move || {
        let order = match (current.peek(), wanted.peek()) {
            (Some(a), Some(b)) => compare(&a.name, &b.name),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return None,
        };
        let left = if order.is_le() { current.next() } else { None };
        let right = if order.is_ge() { wanted.next() } else { None };
        Some((left, right))
    })
}

/// Calls of `set_config` in one `SELECT`, which are carried out from left to right.
struct Calls<'a> {
    text: String,
    /// The encoding in which values were reported.
    encoding: Option<&'a [u8]>,
}

impl Calls<'_> {
    fn reset(&mut self, name: &[u8]) {
        self.begin(name);
        self.text.push_str("NULL,false)");
    }

    fn set(&mut self, wanted: &Parameter) {
        self.begin(&wanted.name);
        value_literal(&mut self.text, wanted, self.encoding);
        self.text.push_str(",false)");
    }

    fn begin(&mut self, name: &[u8]) {
        self.text.push_str(if self.text.is_empty() { "SELECT " } else { "," });
        self.text.push_str("pg_catalog.set_config(");
        literal(&mut self.text, name);
        self.text.push(',');
    }
}

/// A value as PostgreSQL will read it. What a server has reported is in the client's encoding; what
/// came with a startup packet is taken as it is, in the server's, and so are escapes.
pub(super) fn value_literal(out: &mut String, wanted: &Parameter, encoding: Option<&[u8]>) {
    let encoding = encoding.filter(|encoding| *encoding != b"SQL_ASCII");
    match encoding.filter(|_| wanted.reported && !wanted.value.is_ascii()) {
        None => literal(out, &wanted.value),
        Some(encoding) => {
            out.push_str("pg_catalog.convert_from(E'\\\\x");
            for byte in &wanted.value {
                let _ = write!(out, "{byte:02x}"); // writing to a String cannot fail
            }
            out.push_str("'::pg_catalog.bytea,");
            literal(out, encoding);
            out.push(')');
        }
    }
}

/// A string literal that means the same whatever `standard_conforming_strings` says. Bytes that
/// are not ASCII are written as escapes, so that it means the same in any `client_encoding` too.
pub(super) fn literal(out: &mut String, bytes: &[u8]) {
    out.push_str("E'");
    for byte in bytes {
        match byte {
            b'\'' => out.push_str("''"),
            b'\\' => out.push_str("\\\\"),
            0x20..=0x7e => out.push(char::from(*byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}"); // writing to a String cannot fail
            }
        }
    }
    out.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> ParameterSet {
        let mut set = ParameterSet::default();
        pairs.iter().for_each(|(name, value)| set.set(name.as_bytes(), value.as_bytes(), true));
        set
    }

    /// The calls of an alignment: names and values.
    fn calls(current: &[(&str, &str)], wanted: &[(&str, &str)]) -> Vec<String> {
        let text = alignment(&set(current), &set(wanted)).unwrap_or_default();
        let calls = text.split("pg_catalog.set_config(").skip(1);
        calls
            .map(|call| call.trim_end_matches(',').trim_end_matches(",false)").to_owned())
            .collect()
    }

    #[test]
    fn values_differ_by_case_and_by_any_length() {
        let long = "x".repeat(1000);
        let current = set(&[("application_name", "app"), ("search_path", "\"tenanta\"")]);
        let wanted = set(&[("application_name", &long), ("search_path", "\"TenantA\"")]);
        let text = alignment(&current, &wanted).unwrap();
        assert_eq!(
            text,
            format!(
                "SELECT pg_catalog.set_config(E'application_name',E'{long}',false),\
                 pg_catalog.set_config(E'search_path',E'\"TenantA\"',false)"
            )
        );
        assert_eq!(alignment(&wanted, &wanted), None);
    }

    #[test]
    fn what_a_client_does_not_have_is_reset_however_long_its_name_is() {
        let name = format!("my.{}", "x".repeat(100));
        let current = [("TimeZone", "UTC"), (name.as_str(), "1")];
        assert_eq!(calls(&current, &[("TimeZone", "UTC")]), [format!("E'{name}',NULL")]);
    }

    #[test]
    fn who_a_client_is_comes_behind_what_its_login_may_set() {
        let low = [("session_authorization", "low"), ("role", "lower"), ("TimeZone", "UTC")];
        let own = [("TimeZone", "CET")];
        let (zone, reset) = ("E'TimeZone',E'UTC'", "E'session_authorization',NULL");
        assert_eq!(
            calls(&own, &low),
            [reset, zone, "E'session_authorization',E'low'", "E'role',E'lower'"]
        );
        assert_eq!(calls(&low, &own), [reset, "E'role',NULL", "E'TimeZone',E'CET'"]);
        assert_eq!(calls(&low, &[low[0], low[1], ("TimeZone", "CET")]), ["E'TimeZone',E'CET'"]);
    }

    #[test]
    fn a_value_cannot_end_its_literal() {
        let mut text = String::new();
        literal(&mut text, b"a'b\\c\xff\n");
        assert_eq!(text, r"E'a''b\\c\xff\x0a'");
    }

    #[test]
    fn a_value_is_read_in_the_encoding_in_which_it_was_reported() {
        let mut wanted = set(&[("client_encoding", "LATIN1")]);
        wanted.set(b"search_path", b"\xe9", true);
        let current = set(&[("client_encoding", "LATIN1"), ("search_path", "a")]);
        let text = alignment(&current, &wanted).unwrap();
        assert!(text.contains(r"convert_from(E'\\xe9'::pg_catalog.bytea,E'LATIN1')"), "{text}");
        wanted.replace_unreported(b"search_path", b"\xe9");
        let text = alignment(&current, &wanted).unwrap();
        assert!(text.contains(r"(E'search_path',E'\xe9',false)"), "{text}");
    }
}
