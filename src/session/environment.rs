//! The settings that a `Parse` reads: a statement means what they made of its text.
//!
//! PostgreSQL folds literals by `TimeZone`, `DateStyle`, `standard_conforming_strings` and more when
//! it analyses a text (`parse_analyze`), looks names up in `search_path` as the role that is set, and
//! keeps the result. So a text that was parsed under one set of settings is another statement under
//! another set. What no parse reads is left out, so that clients that differ in it share statements.

use super::alignment::literal;
use super::parameters::{Interner, ParameterSet, Parameters};
use std::hash::{Hash, Hasher};

/// What no analysis of a text reads: names, limits, and how values are shown. The parameters of
/// extensions and applications (`app.tenant`) have a dot and are left out too: PostgreSQL reads them
/// when it executes.
const UNREAD: &[&[u8]] = &[
    b"application_name",
    b"bytea_output",
    b"client_min_messages",
    b"default_transaction_deferrable",
    b"default_transaction_isolation",
    b"default_transaction_read_only",
    b"extra_float_digits",
    b"idle_in_transaction_session_timeout",
    b"idle_session_timeout",
    b"in_hot_standby",
    b"is_superuser",
    b"jit",
    b"lock_timeout",
    b"maintenance_work_mem",
    b"scram_iterations",
    b"statement_timeout",
    b"synchronous_commit",
    b"tcp_keepalives_count",
    b"tcp_keepalives_idle",
    b"tcp_keepalives_interval",
    b"tcp_user_timeout",
    b"transaction_timeout",
    b"work_mem",
];

/// Whether a `Parse` may read a parameter of this name.
fn is_read(name: &[u8]) -> bool {
    !name.contains(&b'.') && !UNREAD.iter().any(|unread| unread.eq_ignore_ascii_case(name))
}

/// Whether a text means the same under all settings: it is not analysed and has no literal, and controls
/// a transaction. A failed transaction takes nothing else than its end (`exec_parse_message` in
/// postgres.c), and `BEGIN ISOLATION LEVEL` no query before it: nothing of ours may be in front of one.
pub(super) fn reads_none(text: &[u8]) -> bool {
    const CONTROL: &[&[u8]] = &[
        b"abort",
        b"begin",
        b"commit",
        b"end",
        b"release",
        b"rollback",
        b"savepoint",
        b"set",
        b"start",
    ];
    let text = text.trim_ascii_start();
    let end = text.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(text.len());
    CONTROL.iter().any(|word| text[..end].eq_ignore_ascii_case(word))
        && !text.iter().any(|byte| matches!(byte, b'\'' | b'"' | b'$' | b'\\' | 0x80..))
}

/// The part of a set that a `Parse` reads, kept with the set; none where that is all of it. It is no
/// part of what the set is, and a set that is changed has none.
#[derive(Debug, Default)]
pub(super) struct Environment(Option<Parameters>);

impl Clone for Environment {
    fn clone(&self) -> Self {
        Environment(None)
    }
}

impl PartialEq for Environment {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Environment {}

impl Hash for Environment {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Environment {
    /// Of a set that is about to be interned.
    pub(super) fn of(set: &ParameterSet, interner: &Interner) -> Self {
        let mut read = ParameterSet::default();
        for (name, value) in set.iter().filter(|(name, _)| is_read(name)) {
            read.set(&name.to_ascii_lowercase(), value, true);
        }
        Environment((read != *set).then(|| interner.intern(read)))
    }

    pub(super) fn part(&self) -> Option<&Parameters> {
        self.0.as_ref()
    }
}

impl Parameters {
    /// The part that a `Parse` reads, itself a set.
    pub fn environment(&self) -> &Parameters {
        self.part_read_by_parse().unwrap_or(self)
    }

    /// Whether both say the same; sets that were interned apart may do so too.
    pub(super) fn agrees(&self, other: &Parameters) -> bool {
        self.same(other) || **self == **other
    }
}

/// Two statements: one that makes of what `current` says what `wanted` says, until the transaction ends,
/// and one that takes that back. They keep what was set in between in parameters of ours, because the
/// client's own unit may have changed it in front of them.
pub(super) fn there_and_back(current: &ParameterSet, wanted: &ParameterSet) -> (String, String) {
    let strays = current.iter().filter(|(name, _)| wanted.value(name).is_none());
    let strays = strays.map(|(name, _)| (name, None));
    let others = wanted.iter().filter(|(name, value)| current.value(name) != Some(value));
    let changes = strays.chain(others.map(|(name, value)| (name, Some(value))));
    let (mut there, mut back) = (Vec::new(), Vec::new());
    for (number, (name, value)) in changes.enumerate() {
        let (mut said, mut wanted) = (String::new(), String::from("NULL"));
        literal(&mut said, name);
        if let Some(value) = value {
            wanted.clear();
            literal(&mut wanted, value);
        }
        let was = format!("'pgweir.was_{number}'");
        there.push(format!(
            "pg_catalog.set_config({was},pg_catalog.current_setting({said},true),true),\
             pg_catalog.set_config({said},{wanted},true)"
        ));
        back.push(format!(
            "pg_catalog.set_config({said},pg_catalog.current_setting({was},true),true)"
        ));
    }
    (format!("SELECT {}", there.join(",")), format!("SELECT {}", back.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> ParameterSet {
        let mut set = ParameterSet::default();
        pairs.iter().for_each(|(name, value)| set.set(name.as_bytes(), value.as_bytes(), true));
        set
    }

    #[test]
    fn what_no_parse_reads_is_left_out() {
        let interner = Interner::default();
        let of = |pairs: &[(&str, &str)]| interner.intern(set(pairs));
        let plain = of(&[("TimeZone", "UTC")]);
        let named = of(&[
            ("Application_Name", "a"),
            ("TIMEZONE", "UTC"),
            ("app.tenant", "7"),
            ("statement_timeout", "1s"),
        ]);
        assert!(plain.environment().same(named.environment()));
        assert!(!plain.environment().same(of(&[("TimeZone", "CET")]).environment()));
        assert!(!plain.environment().same(of(&[("TimeZone", "UTC"), ("role", "a")]).environment()));
        let changed = interner.with(&named, b"DateStyle", b"German");
        assert!(!changed.environment().same(named.environment()));
    }

    #[test]
    fn transaction_control_reads_no_setting() {
        for text in
            ["ROLLBACK", " begin isolation level serializable;", "End", "set transaction read only"]
        {
            assert!(reads_none(text.as_bytes()), "{text}");
        }
        for text in
            ["", "select 1", "commit prepared 'a'", "set x to 'a'", "ends", "rollback \"a\""]
        {
            assert!(!reads_none(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn what_is_set_for_one_message_is_taken_back() {
        let (from, to) = (set(&[("a", "1"), ("b", "2")]), set(&[("b", "it's")]));
        let (there, back) = there_and_back(&from, &to);
        assert_eq!(
            there,
            "SELECT pg_catalog.set_config('pgweir.was_0',pg_catalog.current_setting(E'a',true),true),\
             pg_catalog.set_config(E'a',NULL,true),\
             pg_catalog.set_config('pgweir.was_1',pg_catalog.current_setting(E'b',true),true),\
             pg_catalog.set_config(E'b',E'it''s',true)"
        );
        assert_eq!(
            back,
            "SELECT pg_catalog.set_config(E'a',pg_catalog.current_setting('pgweir.was_0',true),true),\
             pg_catalog.set_config(E'b',pg_catalog.current_setting('pgweir.was_1',true),true)"
        );
    }
}
