//! Equal catalogs are one: a thousand tenants whose schemas are alike keep it once.

use crate::routing::Catalog;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

/// The catalogs of the process. One that is equal to another has its generation too, and so the
/// classes of all shapes that were found with that one.
#[derive(Debug)]
pub(super) struct Equal {
    key: u64,
    known: Mutex<HashMap<u64, Weak<Catalog>>>,
}

impl Default for Equal {
    fn default() -> Equal {
        Equal { key: rand::random(), known: Mutex::default() }
    }
}

impl Equal {
    /// What keeps the hashes of names from being guessed: the same for all, so that they can be
    /// compared.
    pub(super) fn key(&self) -> u64 {
        self.key
    }

    /// The one that is known, if an equal one is; this one otherwise.
    pub(super) fn one(&self, catalog: Catalog) -> Arc<Catalog> {
        let digest = catalog.digest();
        let mut known = self.known.lock();
        let found = known.get(&digest).and_then(Weak::upgrade);
        if let Some(equal) = found.filter(|found| found.knows_the_same(&catalog)) {
            return equal;
        }
        if known.len() == known.capacity() {
            known.retain(|_, catalog| catalog.strong_count() > 0);
        }
        let catalog = Arc::new(catalog);
        known.insert(digest, Arc::downgrade(&catalog));
        catalog
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::catalog::{Answers, Row};

    fn table(oid: &str, name: &str, persistence: &str) -> Row {
        let columns = ["relation", oid, "public", name, "r", persistence];
        columns.map(|column| Some(column.to_owned())).to_vec()
    }

    fn built(equal: &Equal, generation: u64, rows: Vec<Row>) -> Arc<Catalog> {
        let answers = Answers::read(rows).unwrap();
        equal.one(Catalog::build(answers, equal.key(), generation).unwrap())
    }

    #[test]
    fn tenants_with_equal_schemas_keep_one_catalog() {
        let equal = Equal::default();
        let rows = |a, b| vec![table(a, "a", "p"), table(b, "b", "u")];
        let first = built(&equal, 10, rows("16400", "16401"));
        let again = built(&equal, 11, rows("17003", "17008"));
        assert!(Arc::ptr_eq(&first, &again));
        let other = built(&equal, 12, vec![table("16400", "a", "p"), table("16401", "b", "p")]);
        assert_eq!((first.generation(), other.generation()), (10, 12));
    }

    #[test]
    fn a_catalog_goes_with_its_last_database() {
        let equal = Equal::default();
        for generation in 10..1_000 {
            let _ = built(&equal, generation, vec![table("16400", &generation.to_string(), "p")]);
        }
        assert!(equal.known.lock().len() < 10);
    }
}
