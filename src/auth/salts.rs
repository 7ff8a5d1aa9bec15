//! Salts made from user names, so that a user who does not exist looks like one who does.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::scram::{Iterations, Salting, Verifier, hmac};

/// Where the salts come from that no stored verifier brings along.
///
/// A salt is an HMAC of the user's name, as in PostgreSQL's `mock_scram_secret`
/// (`src/backend/libpq/auth-scram.c`): whoever asks twice gets the same one. Users with a plain
/// secret get theirs here too, and so cannot be told from users that do not exist. A user with a
/// stored verifier keeps the salt in it; to look like that over restarts and on all instances,
/// build the key from something that they share ([`Salts::from_secret`]). Nobody must be able to guess
/// that: whoever knows the key can tell made-up salts from stored ones, and a salt that came from a
/// guessable secret would let everybody try guesses.
pub struct Salts {
    key: Zeroizing<[u8; 32]>,
    iterations: Iterations,
}

impl Salts {
    /// Salts by a secret key, with the iteration count for all of them (`scram_iterations`).
    pub fn new(key: [u8; 32], iterations: Iterations) -> Self {
        Self { key: Zeroizing::new(key), iterations }
    }

    /// Salts by a key that is made from a secret of any length, the same from the same.
    pub fn from_secret(secret: &[u8], iterations: Iterations) -> Self {
        let purpose = &b"pgweir mock authentication nonce\0"[..];
        let key = Sha256::new().chain_update(purpose).chain_update(secret).finalize();
        Self::new(key.into(), iterations)
    }

    /// The salting of a user without a stored verifier.
    pub fn of(&self, user: &str) -> Salting {
        let mut salt = [0; SALT_BYTES];
        salt.copy_from_slice(&hmac(&self.key, &[b"salt", user.as_bytes()])[..SALT_BYTES]);
        Salting::short(salt, self.iterations)
    }

    /// A verifier that nobody has the password of.
    pub(super) fn mock(&self, user: &str) -> Verifier {
        let stored = hmac(&self.key, &[b"stored key", user.as_bytes()]);
        let server = hmac(&self.key, &[b"server key", user.as_bytes()]);
        Verifier::new(self.of(user), stored, server)
    }
}

/// PostgreSQL's own length (`SCRAM_DEFAULT_SALT_LEN`), or a made-up salt would show.
const SALT_BYTES: usize = 16;

impl fmt::Debug for Salts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Salts").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_salt_and_another_name_or_key_another() {
        let salts = Salts::new([7; 32], Iterations::DEFAULT);
        assert_eq!(salts.of("ann"), salts.of("ann"));
        assert_ne!(salts.of("ann"), salts.of("bob"));
        assert_ne!(salts.of("ann"), Salts::new([8; 32], Iterations::DEFAULT).of("ann"));
    }

    #[test]
    fn two_processes_with_one_secret_make_the_same_salts() {
        let salts = |secret: &str| Salts::from_secret(secret.as_bytes(), Iterations::DEFAULT);
        assert_eq!(salts("a long secret").of("ann"), salts("a long secret").of("ann"));
        assert_ne!(salts("a long secret").of("ann"), salts("another secret").of("ann"));
    }

    #[test]
    fn a_mock_has_the_salt_that_a_plain_secret_would_have() {
        let salts = Salts::new([7; 32], Iterations::DEFAULT);
        assert_eq!(salts.mock("ann").salting(), &salts.of("ann"));
    }
}
