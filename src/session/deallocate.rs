//! `DEALLOCATE` in both protocols: drivers close the protocol's statements with it too.
//!
//! PostgreSQL has one name space for SQL's `PREPARE` and the protocol's `Parse`, so PDO, Perl's
//! DBD::Pg and pgx free what they have prepared by this text. Servers do not know the client's
//! names, so one of these is freed here, as by a `Close`. `DEALLOCATE ALL` and `DISCARD ALL` go to the
//! server too, which may know others. No ROLLBACK brings a name back (manual, "DEALLOCATE").

use super::message::Message;
use super::outbox::Outbox;
use super::pipeline::{Entry, Owed, Undo, Unnamed};
use super::request::{Out, Step};
use super::server_name::{NAME_PREFIX, ServerName};
use super::server_side::ServerSide;
use super::state::Session;
use super::statements::Statement;
use crate::protocol::backend::{DEALLOCATED_MESSAGE, TransactionStatus, ready};
use crate::protocol::frontend as tag;
use std::sync::Arc;

/// Portals of one transaction that free names. Nobody needs two; of more than these the oldest is left
/// to the server, which does not know the names.
const FREEING_MAX: usize = 16;

/// What portals are bound to, where it matters before they are executed.
#[derive(Debug, Default)]
pub(super) enum Bound {
    /// Anything.
    #[default]
    Other,
    /// The last one, which has no name, to a BEGIN: it changes no setting.
    Begins,
    /// These to what frees names, the others to anything.
    Frees(Vec<Freeing>),
}

/// A portal that is bound to a statement that frees names.
#[derive(Debug)]
pub(super) struct Freeing {
    portal: Box<[u8]>,
    statement: Arc<Statement>,
}

impl Bound {
    /// A portal of this name is bound to a statement.
    #[inline]
    pub(super) fn note(&mut self, portal: &[u8], statement: &Arc<Statement>) {
        let text = tag::text(&statement.prepared).trim_ascii_start();
        let frees = matches!(text.first(), Some(b'd' | b'D')) && freed(text).is_some();
        if frees || matches!(self, Bound::Frees(_)) {
            return self.note_freeing(portal, statement, frees);
        }
        let begins = matches!(text.first(), Some(b'b' | b'B')) && portal.is_empty();
        *self = if begins && only_begins(text) { Bound::Begins } else { Bound::Other };
    }

    /// There is no portal of this name any more.
    #[inline]
    pub(super) fn close(&mut self, portal: &[u8]) {
        if let Bound::Frees(freeing) = self {
            freeing.retain(|bound| *bound.portal != *portal);
        }
    }

    fn note_freeing(&mut self, portal: &[u8], statement: &Arc<Statement>, frees: bool) {
        let mut freeing = match std::mem::take(self) {
            Bound::Frees(freeing) => freeing,
            _ => Vec::new(),
        };
        freeing.retain(|bound| *bound.portal != *portal);
        if frees {
            freeing.drain(..freeing.len().saturating_sub(FREEING_MAX - 1));
            freeing.push(Freeing { portal: portal.into(), statement: statement.clone() });
        }
        if !freeing.is_empty() {
            *self = Bound::Frees(freeing);
        }
    }
}

/// What a text frees, and does nothing else.
#[derive(Debug, PartialEq, Eq)]
enum Freed {
    One(Vec<u8>),
    All,
}

impl Session {
    /// `Execute`.
    pub(super) fn execute_message<S: Outbox>(
        &mut self,
        server: &mut ServerSide,
        message: Message<'_>,
        to_server: &mut S,
    ) -> Step {
        let undo = match self.freed_by(server, message) {
            _ if !message.is_whole() && matches!(server.bound, Bound::Frees(_)) => {
                return Step::Wait;
            }
            None => Undo::Nothing,
            Some(_) if server.pipeline.units().are_names_in_doubt() => return Step::Full,
            // What is still to be answered may end it.
            Some(_) if server.status == TransactionStatus::Failed => return Step::Full,
            Some(Freed::All) => Undo::Freed(Box::new(std::mem::take(&mut self.names))),
            Some(Freed::One(name)) => match self.names.remove(&name) {
                Some((name, known)) => {
                    let undo = Undo::Closed(name, Box::new(known));
                    let entry = Entry::forward(Owed::Supplied(DEALLOCATED_MESSAGE)).undo(undo);
                    server.pipeline.push(entry);
                    return Step::Next(message.header.frame_len());
                }
                None => Undo::Nothing,
            },
        };
        let begins = matches!(server.bound, Bound::Begins) && message.front().first() == Some(&0);
        if !begins {
            server.pipeline.units_mut().executes();
        }
        server.calls.execute(message);
        server.pipeline.push(Entry::forward(Owed::Execute).undo(undo));
        Step::Next(server.stream(message, to_server))
    }

    /// What an `Execute` frees.
    fn freed_by(&self, server: &ServerSide, message: Message<'_>) -> Option<Freed> {
        let Bound::Frees(freeing) = &server.bound else { return None };
        let failed = server.status == TransactionStatus::Failed;
        if failed && !server.pipeline.units().is_any_owed() {
            return None; // It has no portals any more.
        }
        let portal = tag::text(message.body()?);
        let bound = freeing.iter().find(|bound| self.translates && *bound.portal == *portal)?;
        freed(tag::text(&bound.statement.prepared))
    }

    /// The client's own name that the query `text` frees, if it does that and nothing else.
    pub(super) fn deallocated(&self, text: &[u8]) -> Option<Vec<u8>> {
        if !self.translates || self.names.is_empty() {
            return None;
        }
        match freed(text) {
            Some(Freed::One(name)) => self.names.lookup(&name).map(|_| name),
            _ => None,
        }
    }

    /// Frees `name`. The query destroys the unnamed statement, as every simple query does.
    pub(super) fn deallocate(&mut self, name: &[u8], to_client: &mut impl Outbox) {
        self.names.remove(name);
        self.unnamed = Unnamed::Nothing;
        to_client.supply(DEALLOCATED_MESSAGE);
    }

    /// The same while linked, if the message is such a query: when all before it is answered, so
    /// that its answer can be told in its turn. In a failed transaction the server refuses it.
    pub(super) fn deallocate_message<S: Outbox, C: Outbox>(
        &mut self,
        server: &ServerSide,
        message: Message<'_>,
        out: &mut Out<'_, S, C>,
    ) -> Option<Step> {
        let text = tag::text(message.body()?);
        let in_doubt = self.translates && server.pipeline.units().are_names_in_doubt();
        if in_doubt && matches!(freed(text), Some(Freed::One(_))) {
            return Some(Step::Full);
        }
        let name = self.deallocated(text)?;
        if server.pipeline.awaits_sync() {
            return None;
        }
        // What is still to be answered may end a transaction that has failed, or let one fail.
        if !server.pipeline.is_empty() || !server.reply_rest.is_done() {
            return Some(Step::Full);
        }
        if server.status == TransactionStatus::Failed {
            return None;
        }
        self.deallocate(&name, out.client);
        out.client.supply(ready(server.status));
        Some(Step::UnitEnd(message.header.frame_len()))
    }
}

/// Whether a text is one `BEGIN`: it changes no setting.
pub(super) fn only_begins(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let one = text.strip_suffix(b";").unwrap_or(text);
    matches!(one.first(), Some(b'b' | b'B')) && begins(one, b"begin") && !one.contains(&b';')
}

/// Whether a query may free all names: all that follows waits for its answer.
pub(super) fn frees_all(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    matches!(text.first(), Some(b'd' | b'D'))
        && (begins(text, b"deallocate") || begins(text, b"discard"))
}

/// What is sent in the place of a text, or of what begins with one and its terminator, that calls a
/// statement by a name of ours: the client means a statement of its own. None if it does not.
///
/// Only what names statements in SQL is looked at, `DEALLOCATE`, `EXECUTE` and `PREPARE`, at its front.
pub(super) fn disguised(text: &[u8]) -> Option<Vec<u8>> {
    let rest = text.trim_ascii_start();
    if !matches!(rest.first(), Some(b'd' | b'D' | b'e' | b'E' | b'p' | b'P')) {
        return None;
    }
    let words: [&[u8]; 3] = [b"deallocate", b"execute", b"prepare"];
    let rest = words.iter().find_map(|word| keyword(rest, word))?;
    let rest = keyword(rest, b"prepare").unwrap_or(rest);
    let name = rest.strip_prefix(b"\"").unwrap_or(rest);
    let end = name.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
    let word = name[..end.unwrap_or(name.len())].to_ascii_lowercase();
    ServerName::disguise(&word)?;
    let at = text.len() - name.len();
    Some([&text[..at], NAME_PREFIX.as_bytes(), &text[at..]].concat())
}

/// What `DEALLOCATE [PREPARE] name [;]`, `DEALLOCATE ALL` or `DISCARD ALL` frees, as PostgreSQL would
/// read it.
fn freed(text: &[u8]) -> Option<Freed> {
    let text = text.trim_ascii();
    let text = text.strip_suffix(b";").unwrap_or(text).trim_ascii_end();
    if let Some(rest) = keyword(text, b"discard") {
        return rest.eq_ignore_ascii_case(b"all").then_some(Freed::All);
    }
    let rest = keyword(text, b"deallocate")?;
    let name = keyword(rest, b"prepare").unwrap_or(rest);
    match name {
        [b'"', quoted @ .., b'"'] => unquoted(quoted).map(Freed::One),
        plain if plain.eq_ignore_ascii_case(b"all") => Some(Freed::All),
        plain => is_plain(plain).then(|| Freed::One(plain.to_ascii_lowercase())),
    }
}

fn begins(text: &[u8], word: &[u8]) -> bool {
    let next = text.get(word.len());
    text.get(..word.len()).is_some_and(|front| front.eq_ignore_ascii_case(word))
        && next.is_none_or(|next| !next.is_ascii_alphanumeric() && *next != b'_')
}

/// What follows a word that has a blank, or a quoted name, behind it.
fn keyword<'a>(text: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let (front, rest) = text.split_at_checked(word.len())?;
    let ends = rest.first().is_some_and(|next| next.is_ascii_whitespace() || *next == b'"');
    (ends && front.eq_ignore_ascii_case(word)).then(|| rest.trim_ascii_start())
}

fn is_plain(name: &[u8]) -> bool {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    let begins = name.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_');
    begins && name.iter().all(letter)
}

/// A quote inside is written twice; one alone ends the name before its end.
fn unquoted(quoted: &[u8]) -> Option<Vec<u8>> {
    let mut name = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter();
    while let Some(byte) = bytes.next() {
        if *byte == b'"' && bytes.next() != Some(&b'"') {
            return None;
        }
        name.push(*byte);
    }
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_read_as_postgresql_reads_it() {
        let cases: &[(&str, Option<&str>)] = &[
            ("DEALLOCATE pdo_stmt_00000001", Some("pdo_stmt_00000001")),
            (" deallocate  Prepare S_1 ; ", Some("s_1")),
            ("deallocate \"lrupsc_1_0\"", Some("lrupsc_1_0")),
            ("deallocate\"A \"\"b\"\"\";", Some("A \"b\"")),
            ("DEALLOCATE \"all\"", Some("all")),
            ("DEALLOCATE a; SELECT 1", None),
            ("DEALLOCATE a b", None),
            ("DEALLOCATE \"a\" \"b\"", None),
            ("DEALLOCATE \"", None),
            ("DEALLOCATE", None),
            ("DEALLOCATED a", None),
            ("DEALLOCATE 1a", None),
        ];
        for (text, name) in cases {
            let expected = name.map(|name| Freed::One(name.as_bytes().to_vec()));
            assert_eq!(freed(text.as_bytes()), expected, "{text}");
        }
        for text in ["DEALLOCATE all", "deallocate PREPARE ALL ;", " discard all"] {
            assert_eq!(freed(text.as_bytes()), Some(Freed::All), "{text}");
        }
        assert_eq!(freed(b"DISCARD PLANS"), None);
    }

    #[test]
    fn a_text_with_a_name_like_ours_is_told_apart() {
        for (text, sent) in [
            ("DEALLOCATE pgweir_47", "DEALLOCATE pgweir_pgweir_47"),
            (" execute Pgweir_1(1, 2)", " execute pgweir_Pgweir_1(1, 2)"),
            (
                "prepare \"pgweir_7\"(int) AS SELECT $1",
                "prepare \"pgweir_pgweir_7\"(int) AS SELECT $1",
            ),
            ("deallocate prepare pgweir_2;\0\0\0", "deallocate prepare pgweir_pgweir_2;\0\0\0"),
        ] {
            assert_eq!(disguised(text.as_bytes()), Some(sent.into()), "{text}");
        }
        for text in ["DEALLOCATE pgweir_x", "EXECUTE s1", "SELECT 'pgweir_1'", "execute", "PREPARE"]
        {
            assert_eq!(disguised(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_quoted_name_is_found_whatever_it_is(name in "[^\0]{1,20}") {
            let text = format!("DEALLOCATE \"{}\"", name.replace('"', "\"\""));
            prop_assert_eq!(freed(text.as_bytes()), Some(Freed::One(name.into_bytes())));
        }

        #[test]
        fn no_text_is_too_strange(text: Vec<u8>) {
            let _ = (freed(&text), disguised(&text));
        }
    }
}
