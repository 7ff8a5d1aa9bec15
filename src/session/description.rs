//! What a statement takes and returns, as a server has described it: a number that stands for it.

use crate::protocol::reader::{Reader, UnexpectedEnd};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU64;

/// Stands for the types of a statement's parameters, and the names and types of its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Description(NonZeroU64);

impl Description {
    /// One that was too long to be read: it is taken for every other.
    const UNREAD: Description = Description(NonZeroU64::MAX);

    /// Of the body of a `ParameterDescription`, as a number, and that of the `RowDescription` behind
    /// it, if all of it is there; it is empty for a statement that returns no rows.
    pub(super) fn of(parameters: u64, columns: Option<&[u8]>) -> Self {
        let mut hasher = DefaultHasher::new();
        parameters.hash(&mut hasher);
        match columns.map(|body| hash_columns(body, &mut hasher)) {
            Some(Ok(())) => {
                NonZeroU64::new(hasher.finish()).map_or(Description::UNREAD, Description)
            }
            _ => Description::UNREAD,
        }
    }

    /// Whether a client that was told the one may get the other.
    pub(super) fn suits(self, told: Description) -> bool {
        self == told || self == Description::UNREAD || told == Description::UNREAD
    }

    /// Stands for the body of a `ParameterDescription`.
    pub(super) fn of_parameters(body: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        hasher.finish()
    }
}

/// Which table a column is of may change, as PostgreSQL sees it (`equalTupleDescs` in tupdesc.c, as
/// plancache.c calls it): a table that was made anew has another number.
fn hash_columns(body: &[u8], hasher: &mut impl Hasher) -> Result<(), UnexpectedEnd> {
    let mut reader = Reader::new(body.get(2..).unwrap_or_default());
    while !reader.is_empty() {
        reader.cstr()?.hash(hasher);
        reader.take(6)?; // the table, and the column's number in it
        reader.take(10)?.hash(hasher); // its type, that one's length, its modifier
        reader.take(2)?; // the format
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, table: u8, kind: u8) -> Vec<u8> {
        let numbers = [0, 0, 0, table, 0, 1, 0, 0, 0, kind, 0, 4, 0xff, 0xff, 0xff, 0xff, 0, 0];
        [&[0, 1], name.as_bytes(), &[0], &numbers[..]].concat()
    }

    #[test]
    fn names_and_types_matter_and_tables_do_not() {
        let of = |name, table, kind| Description::of(1, Some(&column(name, table, kind)));
        assert!(of("a", 1, 23).suits(of("a", 2, 23)));
        assert!(!of("a", 1, 23).suits(of("b", 1, 23)));
        assert!(!of("a", 1, 23).suits(of("a", 1, 25)));
        assert!(!Description::of(1, Some(b"")).suits(Description::of(2, Some(b""))));
    }

    #[test]
    fn what_cannot_be_read_is_taken_for_every_other() {
        let whole = column("a", 1, 23);
        let of = |columns| Description::of(1, columns);
        assert!(of(Some(&whole[..10])).suits(of(Some(&whole))));
        assert!(of(Some(&whole)).suits(of(None)));
    }
}
