//! Which kind of error a SQLSTATE is: a short list, so that errors can be counted by it.
//!
//! Source: PostgreSQL manual, appendix "PostgreSQL Error Codes": the first two characters of a code
//! are its class.

/// Classes that are counted apart: those that say who has to do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ErrorClass(u8);

/// The classes' codes. A code of five characters is counted apart from the class that it is of:
/// statements are cancelled every day, while the rest of class 57 is a server that goes away. The
/// last one is for all others.
const CODES: [&str; ErrorClass::COUNT] = [
    "08", "0A", "22", "23", "25", "26", "28", "40", "42", "53", "54", "55", "57", "57014", "58",
    "P0", "XX", "other",
];

impl ErrorClass {
    /// How many there are.
    pub const COUNT: usize = 18;

    /// The class of this SQLSTATE.
    pub fn of(sqlstate: &[u8]) -> Self {
        let place = |code: &[u8]| CODES.iter().position(|known| known.as_bytes() == code);
        let class = || place(sqlstate.get(..2)?);
        let found = place(sqlstate).filter(|_| sqlstate.len() == 5).or_else(class);
        let found = found.and_then(|found| u8::try_from(found).ok());
        found.map_or(Self::OTHER, ErrorClass)
    }

    #[expect(clippy::cast_possible_truncation, reason = "there are less than 256")]
    const OTHER: ErrorClass = ErrorClass(Self::COUNT as u8 - 1);

    /// Every class.
    pub fn all() -> impl Iterator<Item = ErrorClass> {
        (0..=Self::OTHER.0).map(ErrorClass)
    }

    /// Its place among all of them.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Its code, or `other`.
    pub fn code(self) -> &'static str {
        CODES[self.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::sqlstate::SqlState;

    #[test]
    fn a_code_is_of_its_class() {
        let classes = [
            ("40P01", "40"),
            ("57014", "57014"),
            ("57P01", "57"),
            ("XX001", "XX"),
            ("P0001", "P0"),
            ("AB123", "other"),
            ("other", "other"),
            ("57", "57"),
            ("5", "other"),
            ("", "other"),
        ];
        for (sqlstate, class) in classes {
            assert_eq!(ErrorClass::of(sqlstate.as_bytes()).code(), class, "{sqlstate}");
        }
        assert_eq!(ErrorClass::of(SqlState::TOO_MANY_CONNECTIONS.0.as_bytes()).code(), "53");
    }

    #[test]
    fn each_has_a_place_of_its_own() {
        let all: Vec<_> = ErrorClass::all().collect();
        assert_eq!(all.len(), ErrorClass::COUNT);
        assert!(all.iter().enumerate().all(|(at, class)| class.index() == at));
    }
}
