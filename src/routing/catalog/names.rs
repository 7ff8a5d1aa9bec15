//! Names as small numbers: a million relations are kept in some megabytes.

use std::hash::Hasher;

use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;

/// Hashes names with a secret of its own. Two names of a million share a hash with a probability of
/// one in ten million; who does not know the key cannot look for two.
#[derive(Debug)]
pub(super) struct Names {
    key: u64,
    seed: SharedSeed,
}

/// With one key, one name has one hash.
impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Names {}

impl Names {
    pub(super) const fn new(key: u64) -> Self {
        Self { key, seed: SharedSeed::from_u64(key) }
    }

    /// Of `schema.name`, or of a name in whatever schema. The length tells `a` from `aaa`: the hasher
    /// takes up to three bytes by their first, middle and last one.
    pub(super) fn hash(&self, schema: Option<&str>, name: &str) -> u64 {
        let mut hasher = FoldHasher::with_seed(0, &self.seed);
        for part in schema.into_iter().chain([name]) {
            hasher.write_usize(part.len());
            hasher.write(part.as_bytes());
        }
        hasher.finish()
    }
}
