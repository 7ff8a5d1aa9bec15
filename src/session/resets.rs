//! RESET and its like lead a session back to what its client started with; and the role, which
//! servers do not report, is asked for where a text may have changed it.
//!
//! A server logs in with its user and its database alone, so what it leads back to are its own
//! settings. [`Session::settle`] then sets again what the client has started with, in a query of our
//! own, before anything else of the client's is sent.
//!
//! ```text
//!         a text that may reset, or                 the unit has ended
//!         a tag or a report that says so            and has not failed
//!   None ───────────────────────────────> Sent ───────────────────────> Due
//!    ^                                                                   │
//!    └──────────────────────────── settled ──────────────────────────────┘
//! ```

use super::alignment::{literal, side_by_side, value_literal};
use super::outbox::Outbox;
use super::parameters::ParameterSet;
use super::pipeline::{Copy, Owed};
use super::request::is_commit;
use super::server_side::ServerSide;
use super::state::{Session, Shared};
use crate::protocol::backend::TransactionStatus;

/// Whether a server may have been led back to what was set at its login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Resetting {
    /// It has not.
    #[default]
    None,
    /// It may be, in the unit that is on its way.
    Sent(Scope),
    /// It may have been.
    Due(Scope),
}

/// For how long a setting holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Session,
    /// `SET LOCAL`: until the transaction ends.
    Transaction,
}

/// Whether it is known which role is set on a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RoleHere {
    /// The one that its parameters say.
    #[default]
    Known,
    /// A text was sent that may have set another.
    Touched,
}

impl Session {
    /// Says to a server that is ready what must be said before the client goes on; says whether
    /// there was anything. With `keeps`, the client keeps its server.
    pub fn settle(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        keeps: bool,
        to_server: &mut impl Outbox,
    ) -> bool {
        if !server.is_quiet() {
            return false;
        }
        match server.resetting {
            Resetting::Due(scope) => self.lead_back(shared, server, scope, to_server),
            _ if keeps => return false,
            _ => return server.ask_role(to_server),
        }
        true
    }

    /// One more query.
    fn lead_back(
        &self,
        shared: &Shared,
        server: &mut ServerSide,
        scope: Scope,
        to_server: &mut impl Outbox,
    ) {
        let text = leading_back(&server.login, &self.startup, scope);
        server.ask(text.as_bytes(), Owed::LeadBack, to_server);
        server.resetting = Resetting::None;
        if scope == Scope::Session {
            let own = |set: &mut ParameterSet| set.take_unreported(&self.parameters);
            server.parameters = shared.interner.changed(&server.parameters, own);
        }
    }

    /// The unit that may have reset something has ended; if it has failed, it has reset nothing.
    pub(super) fn reset_ended(&self, shared: &Shared, server: &mut ServerSide) {
        let Resetting::Sent(scope) = server.resetting else { return };
        server.doubt_unreported(shared);
        let failed = server.status == TransactionStatus::Failed;
        server.resetting = match failed || !differs(&server.login, &self.startup) {
            true => Resetting::None,
            false => Resetting::Due(scope),
        };
    }

    /// The answer to the question for the role.
    pub(super) fn learn_role(&mut self, shared: &Shared, server: &mut ServerSide, role: &[u8]) {
        server.role = RoleHere::Known;
        let told = |set: &mut ParameterSet| match role {
            b"none" => set.remove(b"role"),
            role => set.set(b"role", role, false),
        };
        self.parameters = shared.interner.changed(&self.parameters, told);
        server.parameters = shared.interner.changed(&server.parameters, told);
    }

    /// Who the session is from now on, as its server reports it.
    pub(super) fn becomes(&mut self, shared: &Shared, server: &mut ServerSide, user: &[u8]) {
        const NAME: &[u8] = b"session_authorization";
        let is_login = server.login.value(NAME) == Some(user);
        let told = |set: &mut ParameterSet| match is_login {
            true => set.remove(NAME),
            false => set.set(NAME, user, true),
        };
        server.parameters = shared.interner.changed(&server.parameters, told);
        if !server.is_aligning() {
            self.parameters = shared.interner.changed(&self.parameters, told);
        }
    }

    /// After `DISCARD ALL` nothing is left but what servers report, and what the client started with.
    pub(super) fn discarded(&mut self, shared: &Shared) {
        let own = |set: &mut ParameterSet| set.take_unreported(&self.startup);
        self.parameters = shared.interner.changed(&self.parameters, own);
    }
}

impl ServerSide {
    /// Whether it waits for the client, at the end of a unit.
    fn is_quiet(&self) -> bool {
        self.pipeline.is_empty()
            && !self.pipeline.awaits_sync()
            && self.pipeline.copy() == Copy::None
            && !self.is_mid_message()
    }

    /// Whether nothing of the client's next unit may be sent yet.
    pub(super) fn must_settle_first(&self) -> bool {
        self.resetting != Resetting::None
            && !self.pipeline.awaits_sync()
            && self.request_rest.is_done()
    }

    /// A statement with this text is sent.
    #[inline]
    pub(super) fn note_text(&mut self, text: &[u8]) {
        let text = behind_comments(text);
        match text.first() {
            Some(b'c' | b'C' | b'e' | b'E') => self.commits |= is_commit(text),
            Some(b's' | b'S' | b'r' | b'R' | b'd' | b'D') => self.note_setting(text),
            _ => {}
        }
    }

    /// A query with this text is sent, of one statement or of several.
    #[inline]
    pub(super) fn note_query(&mut self, text: &[u8]) {
        self.note_text(text);
        let end = memchr::memchr(b';', text).map(|at| &text[at + 1..]);
        let is_more = end.is_some_and(|rest| !rest.trim_ascii().is_empty());
        if is_more && has(text, b"set") && has(text, b"role") {
            self.touch_role();
        }
    }

    fn note_setting(&mut self, text: &[u8]) {
        let (word, rest) = first_word(text);
        let is = |other: &[u8]| word.eq_ignore_ascii_case(other);
        let is_local = is(b"set") && first_word(rest).0.eq_ignore_ascii_case(b"local");
        if is(b"reset") || is(b"discard") || (is(b"set") && has(rest, b"default")) {
            let scope = if is_local { Scope::Transaction } else { Scope::Session };
            self.resetting = Resetting::Sent(scope);
        }
        let who = || has(rest, b"role") || has(rest, b"authorization");
        let sets = is(b"set") && !is_local;
        if (is(b"reset") || sets || (is(b"select") && sets_by_call(rest))) && who() {
            self.touch_role();
        }
    }

    /// A server that reports its role need not be asked.
    pub(super) fn touch_role(&mut self) {
        if self.login.value(b"role").is_none() {
            self.role = RoleHere::Touched;
        }
    }

    pub(super) fn knows_role(&self) -> bool {
        self.role == RoleHere::Known
    }

    /// Asks outside a transaction which role is set, if that is not known.
    pub fn ask_role(&mut self, to_server: &mut impl Outbox) -> bool {
        let asks = !self.knows_role() && self.status == TransactionStatus::Idle;
        if asks {
            self.ask(b"SELECT pg_catalog.current_setting('role')", Owed::Role, to_server);
        }
        asks
    }
}

/// A text without the comments in front of it.
fn behind_comments(text: &[u8]) -> &[u8] {
    let mut text = text.trim_ascii_start();
    while let [b'/', b'*', ..] | [b'-', b'-', ..] = text {
        let end: &[u8] = if text[0] == b'/' { b"*/" } else { b"\n" };
        let at = memchr::memmem::find(text, end).map_or(text.len(), |at| at + end.len());
        text = text[at..].trim_ascii_start();
    }
    text
}

/// A word, and what follows it.
fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let end = text.iter().position(|byte| !byte.is_ascii_alphabetic());
    text.split_at(end.unwrap_or(text.len()))
}

/// Whether `text` contains `word`, which is in lower case, in any case.
fn has(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

/// `SELECT set_config(..., false)`.
fn sets_by_call(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    let begins =
        |word: &[u8]| rest.get(..word.len()).is_some_and(|front| front.eq_ignore_ascii_case(word));
    (begins(b"set_config") || begins(b"pg_catalog.set_config")) && has(rest, b"false")
}

/// Whether the client has started with anything that is not set at a server's login.
fn differs(login: &ParameterSet, startup: &ParameterSet) -> bool {
    strays(login, startup).next().is_some()
}

fn strays<'a>(
    login: &'a ParameterSet,
    startup: &'a ParameterSet,
) -> impl Iterator<Item = &'a super::parameters::Parameter> {
    side_by_side(login, startup).filter_map(|(login, startup)| {
        startup.filter(|own| login.is_none_or(|login| login.value != own.value))
    })
}

/// Sets again what the client has started with, where the session has not set it itself since. The
/// view does not show parameters of an application's own (`app.tenant`) or the role; for them to be
/// empty is to be reset.
fn leading_back(login: &ParameterSet, startup: &ParameterSet, scope: Scope) -> String {
    let local = scope == Scope::Transaction;
    let mut rows = String::new();
    for own in strays(login, startup) {
        rows.push_str(if rows.is_empty() { "(" } else { ",(" });
        literal(&mut rows, &own.name);
        rows.push(',');
        value_literal(&mut rows, own, startup.value(b"client_encoding"));
        rows.push(')');
    }
    format!(
        "SELECT pg_catalog.set_config(own.name,own.value,{local}) \
         FROM (VALUES {rows}) own(name,value) LEFT JOIN pg_catalog.pg_settings now \
         ON pg_catalog.lower(now.name)=pg_catalog.lower(own.name) \
         WHERE CASE WHEN now.name IS NULL \
         THEN COALESCE(pg_catalog.current_setting(own.name,true),'') IN ('','none') \
         ELSE now.source<>'session' END"
    )
}
