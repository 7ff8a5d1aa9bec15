//! A SCRAM secret that checks passwords in clear, and the one that it has accepted last.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Password;
use super::scram::Verifier;

/// A stored verifier. Checking a password against one costs what
/// [`Derivation`](super::Derivation) says; so the one that fitted is remembered, and the logins of one
/// user cost that once.
///
/// A password is compared with the remembered one as [`Password::matches`] does, and it is kept no
/// longer than the secret that it fits. The pools of the user have it in memory in any case, to log in
/// to servers.
pub struct StoredSecret {
    verifier: Verifier,
    accepted: Mutex<Option<Arc<Password>>>,
}

impl StoredSecret {
    pub(super) fn new(verifier: Verifier) -> Self {
        Self { verifier, accepted: Mutex::new(None) }
    }

    /// What checks a SCRAM proof.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The password, if it is the one that was accepted last; free of cost.
    pub(super) fn recall(&self, shown: &Password) -> Option<Arc<Password>> {
        let accepted = self.accepted.lock().clone();
        accepted.filter(|accepted| accepted.matches(shown))
    }

    /// The password, if it fits. Where many wait for the same, the first pays.
    pub(super) fn check(&self, shown: Password) -> Option<Arc<Password>> {
        if let Some(accepted) = self.recall(&shown) {
            return Some(accepted);
        }
        let keys = shown.derive(self.verifier.salting());
        if !self.verifier.accepts(&keys) {
            return None;
        }
        let accepted = Arc::new(shown);
        *self.accepted.lock() = Some(accepted.clone());
        Some(accepted)
    }
}

impl fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verifier.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{password, salts};
    use super::*;

    fn shown(text: &str) -> Password {
        Password::new(text.as_bytes())
    }

    #[test]
    fn the_password_that_fits_is_remembered_and_no_other() {
        let salting = salts().of("a stored salt");
        let stored = StoredSecret::new(password("pencil").derive(&salting).verifier());
        assert!(stored.recall(&shown("pencil")).is_none());
        assert!(stored.check(shown("pen")).is_none() && stored.recall(&shown("pen")).is_none());
        let accepted = stored.check(shown("pencil")).unwrap();
        assert!(Arc::ptr_eq(&accepted, &stored.recall(&shown("pencil")).unwrap()));
        assert!(Arc::ptr_eq(&accepted, &stored.check(shown("pencil")).unwrap()));
        assert!(stored.check(shown("pen")).is_none());
    }
}
