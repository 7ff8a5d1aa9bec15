//! `[users.NAME]`: what a client proves when it logs in, and its own pools.

use super::pools::{POOL_SIZE, PoolMode};
use crate::config::kind::choice::one_of;
use crate::config::kind::maybe::Maybe;
use crate::config::kind::secret::Secret;
use crate::config::secret::SecretText;
use crate::config::setting::settings;

settings! {
    /// One user that clients may log in as.
    #[derive(Default)]
    pub struct User {
        /// The user's secret: a password, "md5..." or "SCRAM-SHA-256$...". It may be kept out of
        /// the file.
        password: Option<SecretText> =
            Maybe(Secret), unset "what auth_file says", like "\"change-me\"",
            at AtReload;
        /// How long this user's clients keep a server.
        pool_mode: Option<PoolMode> =
            Maybe(one_of()), unset "the database's", like "\"session\"", at AtReload,
            note "it has no effect in this version";
        /// How many servers each of this user's pools may hold.
        pool_size: Option<u32> =
            Maybe(POOL_SIZE), unset "the database's", like "10", at AtReload,
            note "it has no effect in this version";
    }
}
