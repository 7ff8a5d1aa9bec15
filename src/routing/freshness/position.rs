//! A point in the write-ahead log: whose, on which timeline, and how far.

use std::fmt;
use std::str::FromStr;

/// Bytes of a page's header: what an insert position just past one has behind the boundary
/// (`SizeOfXLogShortPHD` in PostgreSQL's `access/xlog_internal.h`).
const SHORT_HEADER: u64 = 24;

/// The same at a segment's first page (`SizeOfXLogLongPHD`).
const LONG_HEADER: u64 = 40;

/// A position in the WAL, as `pg_lsn` is: bytes since its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

/// A text that is not a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a position in the WAL is written like 16/B374D848")]
pub struct BadLsn;

/// The sizes that a cluster was made with, in bytes: `wal_block_size` and `wal_segment_size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pages {
    /// A page of WAL.
    pub page: u64,
    /// A file of WAL.
    pub segment: u64,
}

/// Which cluster: `system_identifier` of `pg_control_system()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SystemId(pub u64);

/// Which history of the cluster: a promotion begins a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeline(pub u32);

/// How far one history of one cluster has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The cluster.
    pub system: SystemId,
    /// Its history.
    pub timeline: Timeline,
    /// How far.
    pub lsn: Lsn,
}

impl Default for Pages {
    /// As `initdb` makes them unless it is told otherwise.
    fn default() -> Self {
        Self { page: 8 * 1024, segment: 16 * 1024 * 1024 }
    }
}

impl Lsn {
    /// The end of the last record before this insert position.
    ///
    /// When a record ends with its page, the next one begins behind the next page's header, and
    /// that is the insert position. No record ends there: replay would not reach it before more is
    /// written. The record that counts ends at the boundary.
    #[must_use]
    pub const fn reachable(self, pages: Pages) -> Self {
        if pages.segment > LONG_HEADER && self.0 % pages.segment == LONG_HEADER {
            Self(self.0 - LONG_HEADER)
        } else if pages.page > SHORT_HEADER && self.0 % pages.page == SHORT_HEADER {
            Self(self.0 - SHORT_HEADER)
        } else {
            self
        }
    }
}

impl Position {
    /// Whether both are points of one history.
    #[must_use]
    pub fn is_comparable(self, other: Self) -> bool {
        (self.system, self.timeline) == (other.system, other.timeline)
    }
}

impl FromStr for Lsn {
    type Err = BadLsn;

    fn from_str(text: &str) -> Result<Self, BadLsn> {
        let (high, low) = text.split_once('/').ok_or(BadLsn)?;
        Ok(Self(half(high)? << 32 | half(low)?))
    }
}

/// One to eight hexadecimal digits, as PostgreSQL's `pg_lsn_in` takes them.
fn half(digits: &str) -> Result<u64, BadLsn> {
    let sized = (1..=8).contains(&digits.len());
    if !sized || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(BadLsn);
    }
    u64::from_str_radix(digits, 16).map_err(|_| BadLsn)
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xffff_ffff)
    }
}

impl fmt::Display for SystemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn positions_are_written_as_postgresql_writes_them() {
        assert_eq!("16/B374D848".parse(), Ok(Lsn(0x16_b374_d848)));
        assert_eq!("0/0".parse(), Ok(Lsn(0)));
        assert_eq!(Lsn(0x16_b374_d848).to_string(), "16/B374D848");
        for wrong in ["", "/", "1/", "/1", "16", "1/2/3", "+1/2", "g/1", "123456789/0", "1/ 2"] {
            assert_eq!(wrong.parse::<Lsn>(), Err(BadLsn), "{wrong}");
        }
    }

    #[test]
    fn a_position_just_past_a_page_header_is_the_boundary_before_it() {
        let pages = Pages::default();
        let reachable = |lsn: &str| lsn.parse::<Lsn>().unwrap().reachable(pages).to_string();
        assert_eq!(reachable("0/3002018"), "0/3002000");
        assert_eq!(reachable("0/3000028"), "0/3000000");
        for record_end in ["0/3002020", "0/3002028", "0/3000030", "0/3002000", "0/3000000"] {
            assert_eq!(reachable(record_end), record_end);
        }
    }

    #[test]
    fn a_segment_begins_where_the_cluster_says() {
        let small = Pages { segment: 1 << 20, ..Pages::default() };
        assert_eq!(Lsn(0x10_0028).reachable(small), Lsn(0x10_0000));
        assert_eq!(Lsn(0x10_0028).reachable(Pages::default()), Lsn(0x10_0028));
        assert_eq!(Lsn(24).reachable(Pages { page: 0, segment: 0 }), Lsn(24));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(lsn: u64) {
            prop_assert_eq!(Lsn(lsn).to_string().parse(), Ok(Lsn(lsn)));
        }

        #[test]
        fn a_reachable_position_is_never_later_and_less_than_a_header_earlier(lsn: u64) {
            let reachable = Lsn(lsn).reachable(Pages::default()).0;
            prop_assert!(reachable <= lsn && lsn - reachable <= LONG_HEADER);
        }

        #[test]
        fn any_text_is_a_position_or_an_error(text: String) {
            let _ = text.parse::<Lsn>();
        }
    }
}
