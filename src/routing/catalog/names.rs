//! Names as small numbers: a million relations are kept in some megabytes.

use std::hash::Hasher;

use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;

/// Hashes names with a secret of its own. Two names of a million share a hash with a probability of
/// one in ten million; who does not know the key cannot look for two.
#[derive(Debug)]
pub(super) struct Names {
    seed: SharedSeed,
}

impl Names {
    pub(super) const fn new(key: u64) -> Self {
        Self { seed: SharedSeed::from_u64(key) }
    }

    /// Of `schema.name`, or of a name in whatever schema. A name has no NUL, which ends each part.
    pub(super) fn hash(&self, schema: Option<&str>, name: &str) -> u64 {
        let mut hasher = FoldHasher::with_seed(0, &self.seed);
        if let Some(schema) = schema {
            hasher.write(schema.as_bytes());
            hasher.write_u8(0);
        }
        hasher.write(name.as_bytes());
        hasher.write_u8(0);
        hasher.finish()
    }
}
