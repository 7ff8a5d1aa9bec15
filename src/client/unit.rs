//! A unit of a client's work that waits to be sent: what all of it does.

use crate::routing::{Access, Class, Role, Step, Verb, hint};

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
    /// Whether what it does was looked at.
    pub(super) judged: bool,
    /// Whether nothing of it is still to come.
    pub(super) whole: bool,
    statements: u32,
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
            judged,
            whole: true,
            statements: 0,
        }
    }

    /// One more statement is in it.
    pub(super) fn add(&mut self, class: Class, text: &[u8]) {
        self.statements += 1;
        self.hint = self.hint.or_else(|| hint::role(text));
        let shapes = matches!(class.access, Access::Transaction | Access::Session);
        if self.statements == 1 && shapes {
            let verb = Verb::of(text);
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
        self.statements += 1;
        self.rest = self.rest.and(Class::UNREAD);
        self.class = self.class.and(Class::UNREAD);
    }

    /// As its transaction sees it.
    pub(super) fn step(&self) -> Step<'_> {
        let (class, verb) = match self.is_one_statement() {
            true => (self.class, self.verb()),
            false => (self.rest, &Verb::Other),
        };
        Step { class, verb, text: self.text(), opens_cursor: self.cursor }
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
}
