//! A role that a session asks for: `pgweir.role`.

use crate::routing::Role;

/// What it has asked for, for itself and for its transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    session: Option<Role>,
    /// `SET LOCAL`, until the transaction ends; the inner `None` is `auto`.
    local: Option<Local>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Local(Option<Role>);

impl Wish {
    /// The session has asked for this from its beginning.
    pub(super) fn new(role: Option<Role>) -> Self {
        Wish { session: role, local: None }
    }

    /// What holds now.
    pub(super) fn role(self) -> Option<Role> {
        self.local.map_or(self.session, |Local(role)| role)
    }

    /// `SET pgweir.role`; with `local`, until the transaction ends.
    pub(super) fn set(&mut self, role: Option<Role>, local: bool) {
        if local {
            self.local = Some(Local(role));
        } else {
            *self = Wish::new(role);
        }
    }

    /// The transaction has ended.
    pub(super) fn end_transaction(&mut self) {
        self.local = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_local_ends_with_the_transaction() {
        let mut wish = Wish::new(Some(Role::Replica));
        wish.set(None, true);
        assert_eq!(wish.role(), None);
        wish.end_transaction();
        assert_eq!(wish.role(), Some(Role::Replica));
        wish.set(Some(Role::Primary), false);
        assert_eq!(wish.role(), Some(Role::Primary));
    }
}
