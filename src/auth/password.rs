//! A password in plain text, and the SCRAM keys that were already derived from it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::scram::{Salting, ScramKeys};

/// A password. It is wiped when dropped and shown by nothing.
///
/// Shared by `Arc` it also saves time: each derivation of keys is remembered, so that the second
/// login with one password costs microseconds. Logins that need the same keys at the same time wait
/// for the one that derives them.
pub struct Password {
    text: Zeroizing<Box<[u8]>>,
    /// The newest first.
    derived: Mutex<[Option<Arc<Derived>>; REMEMBERED]>,
}

/// The keys for one salting, or the wait for them.
struct Derived {
    salting: Salting,
    keys: OnceLock<Arc<ScramKeys>>,
}

/// A password meets two salts as a rule: ours towards clients and the server's towards us.
const REMEMBERED: usize = 2;

impl Password {
    /// What fits the longest message that PostgreSQL takes as one: 65,535 bytes with its length and
    /// the zero byte at its end (`PG_MAX_AUTH_TOKEN_LENGTH` in `src/include/libpq/auth.h`). Tokens
    /// of cloud providers do reach kilobytes.
    pub const MAX_BYTES: usize = 65_530;

    /// A password of any bytes: PostgreSQL does not require UTF-8 either.
    pub fn new(text: impl Into<Box<[u8]>>) -> Self {
        Self { text: Zeroizing::new(text.into()), derived: Mutex::default() }
    }

    /// Whether it has no bytes. An empty password lets nobody in, as in PostgreSQL and PgBouncer.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether `other` is the same password, in a time that tells neither place nor length.
    pub fn matches(&self, other: &Self) -> bool {
        let (ours, theirs) = (Sha256::digest(self.reveal()), Sha256::digest(other.reveal()));
        ours.ct_eq(&theirs).into()
    }

    /// The keys for this salting, when they were derived before; free of cost.
    pub fn keys(&self, salting: &Salting) -> Option<Arc<ScramKeys>> {
        let derived = self.derived.lock();
        derived.iter().flatten().find(|derived| derived.salting == *salting)?.keys.get().cloned()
    }

    /// Derives the keys for this salting and remembers them; costs what
    /// [`Derivation`](super::Derivation) says, and nothing but the wait if another thread is about
    /// it already.
    pub fn derive(&self, salting: &Salting) -> Arc<ScramKeys> {
        let derived = self.entry(salting);
        let derive = || Arc::new(ScramKeys::derive(self.reveal(), salting));
        derived.keys.get_or_init(derive).clone()
    }

    fn entry(&self, salting: &Salting) -> Arc<Derived> {
        let mut derived = self.derived.lock();
        if let Some(known) = derived.iter().flatten().find(|known| known.salting == *salting) {
            return known.clone();
        }
        let fresh = Arc::new(Derived { salting: salting.clone(), keys: OnceLock::new() });
        derived.rotate_right(1);
        derived[0] = Some(fresh.clone());
        fresh
    }

    /// The bytes: for a message to a server, or for a hash.
    pub(super) fn reveal(&self) -> &[u8] {
        &self.text
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::super::scram::Iterations;
    use super::*;

    fn salting(salt: &[u8]) -> Salting {
        Salting::new(salt, Iterations::new(2).unwrap()).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::new(text.as_bytes())
    }

    #[test]
    fn it_matches_itself_only() {
        assert!(password("pencil").matches(&password("pencil")));
        assert!(!password("pencil").matches(&password("pencils")));
        assert!(!password("pencil").matches(&password("")));
    }

    #[test]
    fn keys_are_remembered_for_the_two_newest_salts() {
        let password = password("pencil");
        assert!(password.keys(&salting(b"a")).is_none());
        let first = password.derive(&salting(b"a"));
        password.derive(&salting(b"b"));
        assert!(Arc::ptr_eq(&first, &password.keys(&salting(b"a")).unwrap()));
        password.derive(&salting(b"c"));
        assert!(password.keys(&salting(b"a")).is_none());
        assert!(password.keys(&salting(b"b")).is_some());
    }

    #[test]
    fn who_needs_the_same_keys_at_once_gets_those_of_one_derivation() {
        let (password, salting) = (password("pencil"), salting(b"a"));
        let start = std::sync::Barrier::new(8);
        let derive = || {
            start.wait();
            password.derive(&salting)
        };
        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(derive)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|one| Arc::ptr_eq(one, &keys[0])));
    }

    #[test]
    fn it_does_not_show_itself() {
        assert_eq!(format!("{:?}", password("pencil")), "Password(..)");
    }
}
