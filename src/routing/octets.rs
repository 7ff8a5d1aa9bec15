//! Eight bytes at a time, as one number: a question about each of them without a loop or a branch.
//!
//! An answer is the highest bit of each byte. Only the lower seven are ever added to, so nothing
//! is carried into the next byte.

/// A byte of this in each place.
const fn each(byte: u8) -> u64 {
    byte as u64 * 0x0101_0101_0101_0101
}

const HIGHEST: u64 = each(0x80);

/// Which bytes, without their highest bits, are from `first` to `last`.
const fn within(low: u64, first: u8, last: u8) -> u64 {
    (low + each(0x80 - first)) & !(low + each(0x7f - last)) & HIGHEST
}

/// The same with the capitals of ASCII made small.
pub(super) const fn lower_case(octets: u64) -> u64 {
    let capitals = within(octets & !HIGHEST, b'A', b'Z') & !octets;
    octets | capitals >> 2
}

/// How many of them go on an unquoted word, from the lowest: letters, digits, `_`, `$` and what
/// is not ASCII.
pub(super) const fn word_parts(octets: u64) -> usize {
    let low = octets & !HIGHEST;
    let letters = within(low | each(0x20), b'a', b'z');
    let others = within(low, b'0', b'9') | within(low, b'_', b'_') | within(low, b'$', b'$');
    let parts = letters | others | octets;
    (!parts & HIGHEST).trailing_zeros() as usize / 8
}

/// Whether one of eight bytes is a digit or a single quote, with which a value may begin.
pub(super) const fn may_hold_value(octets: u64) -> bool {
    let low = octets & !HIGHEST;
    (within(low, b'0', b'9') | within(low, b'\'', b'\'')) & !octets != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte in every place, among others that are not ASCII.
    fn for_each(mut check: impl FnMut(u8, usize, [u8; 8])) {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                let mut octets = [0xc3; 8];
                octets[at] = byte;
                check(byte, at, octets);
            }
        }
    }

    #[test]
    fn a_byte_is_made_small_wherever_it_stands() {
        for_each(|byte, at, octets| {
            let mut small = octets;
            small[at] = byte.to_ascii_lowercase();
            assert_eq!(lower_case(u64::from_le_bytes(octets)).to_le_bytes(), small, "{byte}");
        });
    }

    #[test]
    fn a_value_is_seen_wherever_it_begins() {
        for_each(|byte, at, octets| {
            let begins = byte.is_ascii_digit() || byte == b'\'';
            assert_eq!(may_hold_value(u64::from_le_bytes(octets)), begins, "{byte} at {at}");
        });
    }

    #[test]
    fn a_word_ends_before_the_first_byte_that_is_no_part_of_it() {
        for_each(|byte, at, octets| {
            let goes_on =
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80;
            let length = if goes_on { 8 } else { at };
            assert_eq!(word_parts(u64::from_le_bytes(octets)), length, "{byte} at {at}");
        });
    }
}
