//! `DEALLOCATE name` as a simple query: drivers close the protocol's statements with it too.
//!
//! PostgreSQL has one name space for SQL's `PREPARE` and the protocol's `Parse`, so PDO, Perl's
//! DBD::Pg and pgx free what they have prepared by this text. Servers do not know the client's
//! names, so it is answered here, as a `Close` is.

use super::message::Message;
use super::outbox::Outbox;
use super::pipeline::Unnamed;
use super::request::{Out, Step};
use super::server_side::ServerSide;
use super::state::Session;
use crate::protocol::backend::{DEALLOCATED_MESSAGE, TransactionStatus, ready};
use crate::protocol::frontend as tag;

impl Session {
    /// The client's own name that the query `text` frees, if it does that and nothing else.
    pub(super) fn deallocated(&self, text: &[u8]) -> Option<Vec<u8>> {
        if !self.translates || self.names.is_empty() {
            return None;
        }
        deallocated(text).filter(|name| self.names.lookup(name).is_some())
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
        let name = self.deallocated(tag::text(message.body()?))?;
        if server.status == TransactionStatus::Failed || server.pipeline.awaits_sync() {
            return None;
        }
        if !server.pipeline.is_empty() || !server.reply_rest.is_done() {
            return Some(Step::Full);
        }
        self.deallocate(&name, out.client);
        out.client.supply(ready(server.status));
        Some(Step::UnitEnd(message.header.frame_len()))
    }
}

/// The name in `DEALLOCATE [PREPARE] name [;]`, as PostgreSQL would read it.
fn deallocated(text: &[u8]) -> Option<Vec<u8>> {
    let rest = keyword(text.trim_ascii(), b"deallocate")?;
    let rest = keyword(rest, b"prepare").unwrap_or(rest);
    let name = rest.strip_suffix(b";").unwrap_or(rest).trim_ascii();
    match name {
        [b'"', quoted @ .., b'"'] => unquoted(quoted),
        plain if plain.eq_ignore_ascii_case(b"all") => None,
        plain => is_plain(plain).then(|| plain.to_ascii_lowercase()),
    }
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
            ("DEALLOCATE all", None),
            ("DEALLOCATE PREPARE ALL", None),
            ("DEALLOCATE a; SELECT 1", None),
            ("DEALLOCATE a b", None),
            ("DEALLOCATE \"a\" \"b\"", None),
            ("DEALLOCATE \"", None),
            ("DEALLOCATE", None),
            ("DEALLOCATED a", None),
            ("DEALLOCATE 1a", None),
        ];
        for (text, name) in cases {
            let expected = name.map(|name| name.as_bytes().to_vec());
            assert_eq!(deallocated(text.as_bytes()), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_quoted_name_is_found_whatever_it_is(name in "[^\0]{1,20}") {
            let text = format!("DEALLOCATE \"{}\"", name.replace('"', "\"\""));
            prop_assert_eq!(deallocated(text.as_bytes()), Some(name.into_bytes()));
        }

        #[test]
        fn no_text_is_too_strange(text: Vec<u8>) {
            let _ = deallocated(&text);
        }
    }
}
