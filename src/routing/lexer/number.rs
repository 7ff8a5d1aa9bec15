//! Numbers: `1`, `1.5`, `.5`, `1e-3`, `1_000`, `0xff`, `0o17`, `0b11`.

/// The length of the number at the start of `rest`, which starts with a digit or with a dot and
/// a digit.
pub(super) fn length(rest: &[u8]) -> usize {
    match rest {
        [b'0', b'x' | b'X', tail @ ..] if starts(tail, u8::is_ascii_hexdigit) => {
            2 + digits(tail, u8::is_ascii_hexdigit)
        }
        [b'0', b'o' | b'O' | b'b' | b'B', tail @ ..] if starts(tail, u8::is_ascii_digit) => {
            2 + digits(tail, u8::is_ascii_digit)
        }
        _ => decimal(rest),
    }
}

fn decimal(rest: &[u8]) -> usize {
    let mut at = digits(rest, u8::is_ascii_digit);
    match rest.get(at..) {
        Some([b'.', b'.', ..]) => return at,
        Some([b'.', tail @ ..]) => at += 1 + digits(tail, u8::is_ascii_digit),
        _ => {}
    }
    at + exponent(&rest[at..])
}

fn exponent(rest: &[u8]) -> usize {
    match rest {
        [b'e' | b'E', b'+' | b'-', tail @ ..] if starts(tail, u8::is_ascii_digit) => {
            2 + digits(tail, u8::is_ascii_digit)
        }
        [b'e' | b'E', tail @ ..] if starts(tail, u8::is_ascii_digit) => {
            1 + digits(tail, u8::is_ascii_digit)
        }
        _ => 0,
    }
}

fn starts(tail: &[u8], is_digit: fn(&u8) -> bool) -> bool {
    tail.first().is_some_and(is_digit)
}

/// Digits, with single underscores between two of them (PostgreSQL 16).
fn digits(rest: &[u8], is_digit: fn(&u8) -> bool) -> usize {
    let mut at = 0;
    loop {
        match &rest[at..] {
            [b, ..] if is_digit(b) => at += 1,
            [b'_', b, ..] if at > 0 && is_digit(b) => at += 2,
            _ => return at,
        }
    }
}
