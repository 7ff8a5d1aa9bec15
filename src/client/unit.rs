//! A unit of a client's work that waits to be sent: what all of it does.

use crate::routing::{Access, Class, Role, Step, Verb, hint};
use crate::session::unit::Extent;

/// A unit of work, judged as far as there is a choice of hosts.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// What it does: the most demanding of everything in it.
    pub(super) class: Class,
    /// The same without the BEGIN that it begins with.
    pub(super) rest: Class,
    /// What its first statement does to the transaction, and that statement, if it does anything:
    /// apart, because every client's task has room for a unit.
    shape: Option<Box<(Verb, Vec<u8>)>>,
    /// The role that a comment in it asks for.
    pub(super) hint: Option<Role>,
    /// Whether it leaves a cursor open.
    pub(super) cursor: bool,
    /// Whether it executes a portal that an earlier unit has opened.
    pub(super) continues: bool,
    /// Whether what it does was looked at.
    pub(super) judged: bool,
    /// How much of it was there to be looked at.
    pub(super) extent: Extent,
    statements: u16,
    /// How often something is executed in it.
    executions: u16,
    /// Something follows in it on what begins, ends or shapes a transaction.
    goes_on: bool,
}

impl Unit {
    /// Nothing, so far.
    pub(super) fn new(judged: bool) -> Self {
        Unit {
            class: Class::READ,
            rest: Class::READ,
            shape: None,
            hint: None,
            cursor: false,
            continues: false,
            judged,
            extent: Extent::Whole,
            statements: 0,
            executions: 0,
            goes_on: false,
        }
    }

    /// One more statement is in it.
    pub(super) fn add(&mut self, class: Class, text: &[u8]) {
        self.statements = self.statements.saturating_add(1);
        self.goes_on |= self.class.access == Access::Transaction;
        self.hint = self.hint.or_else(|| hint::role(text));
        let shapes = matches!(class.access, Access::Transaction | Access::Session);
        if self.statements == 1 && shapes {
            let verb = Verb::of(text);
            self.goes_on |= verb == Verb::Other && has_several(text);
            if verb != Verb::Other {
                self.shape = Some(Box::new((verb, text.to_vec())));
            }
        }
        let begins = self.statements == 1 && matches!(self.verb(), Verb::Begin { .. });
        if !begins {
            self.rest = self.rest.and(class);
        }
        self.class = self.class.and(class);
    }

    /// What its first statement does to the transaction.
    pub(super) fn verb(&self) -> &Verb {
        self.shape.as_ref().map_or(&Verb::Other, |shape| &shape.0)
    }

    /// That statement, if it does anything to it.
    pub(super) fn text(&self) -> &[u8] {
        self.shape.as_ref().map_or(&[], |shape| &shape.1)
    }

    /// Something is in it that cannot be looked at.
    pub(super) fn add_unread(&mut self) {
        self.statements = self.statements.saturating_add(1);
        self.executed();
        self.rest = self.rest.and(Class::UNREAD);
        self.class = self.class.and(Class::UNREAD);
    }

    /// Something that was bound in it is executed in it.
    pub(super) fn executed(&mut self) {
        self.executions = self.executions.saturating_add(1);
    }

    /// A portal of an earlier unit is executed in it.
    pub(super) fn continued(&mut self) {
        self.continues = true;
        self.executed();
    }

    /// Only so much of it is there, and it is not in a transaction that could wait for the rest.
    pub(super) fn is_part(&mut self) {
        self.extent = Extent::Part;
        self.add_unread();
    }

    /// Whether nothing of it is still to come.
    pub(super) fn is_whole(&self) -> bool {
        self.extent == Extent::Whole
    }

    /// As its transaction sees it. A statement does something to the transaction when it is executed, and
    /// what it does is known if it is the only one.
    pub(super) fn step(&self) -> Step<'_> {
        let alone = self.is_one_statement() && !self.continues && self.executions == 1;
        Step {
            class: if self.is_one_statement() { self.class } else { self.rest },
            verb: if alone { self.verb() } else { &Verb::Other },
            text: self.text(),
            executes: self.executions > 0,
            opens_cursor: self.cursor,
            continues: self.continues,
            whole: self.extent != Extent::Part,
            goes_on: self.goes_on,
        }
    }

    /// Whether it is one statement and nothing else.
    pub(super) fn is_one_statement(&self) -> bool {
        self.statements == 1
    }

    /// Whether reads that follow must see it.
    pub(super) fn writes(&self) -> bool {
        self.judged && matches!(self.class.access, Access::Write | Access::Transaction)
    }

    /// Whether it may run on a replica.
    pub(super) fn is_read(&self) -> bool {
        self.judged && self.class.access == Access::Read
    }
}

/// Whether a text may be more than one statement.
fn has_several(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    text.strip_suffix(b";").unwrap_or(text).contains(&b';')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::Modes;

    fn unit(statements: &[(Class, &str)]) -> Unit {
        let mut unit = Unit::new(true);
        statements.iter().for_each(|(class, text)| unit.add(*class, text.as_bytes()));
        unit
    }

    #[test]
    fn the_most_demanding_decides() {
        let unit = unit(&[(Class::READ, "SELECT 1"), (Class::UNREAD, "")]);
        assert_eq!((unit.class, unit.rest), (Class::UNREAD, Class::UNREAD));
        assert!(unit.writes() && !unit.is_one_statement());
    }

    #[test]
    fn a_begin_in_front_is_told_apart_from_what_it_begins() {
        let unit = unit(&[(Class::TRANSACTION, "BEGIN"), (Class::READ, "SELECT 1")]);
        assert_eq!(*unit.verb(), Verb::Begin { start: false, modes: Modes::default() });
        assert_eq!((unit.class, unit.rest), (Class::TRANSACTION, Class::READ));
    }

    #[test]
    fn only_what_is_executed_does_something_to_the_transaction() {
        let mut prepared = unit(&[(Class::TRANSACTION, "COMMIT")]);
        assert_eq!(*prepared.step().verb, Verb::Other);
        assert!(!prepared.step().executes);
        prepared.executed();
        assert_eq!(*prepared.step().verb, Verb::Commit);
        prepared.continued();
        assert_eq!(*prepared.step().verb, Verb::Other, "and something else, too");
    }

    #[test]
    fn what_follows_on_the_end_of_a_transaction_is_noticed() {
        let commit = (Class::TRANSACTION, "COMMIT");
        assert!(!unit(&[(Class::READ, "SELECT 1"), commit]).step().goes_on);
        assert!(unit(&[commit, (Class::READ, "SELECT 1")]).step().goes_on);
        assert!(unit(&[(Class::TRANSACTION, "COMMIT; SELECT 1")]).step().goes_on);
        assert!(!unit(&[(Class::TRANSACTION, "COMMIT ;")]).step().goes_on);
    }
}
