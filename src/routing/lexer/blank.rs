//! What separates tokens: white space, `--` comments and nested `/* */` comments.

/// The length of the blank at the start of `rest`; none if a comment never ends.
// Part of the lexer's loop, like `next`.
#[inline(always)]
pub(super) fn skip(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match &rest[at..] {
            [b, ..] if is_space(*b) => at += 1,
            [b'-', b'-', ..] => at += line_comment(&rest[at..]),
            [b'/', b'*', ..] => at += block_comment(&rest[at..])?,
            _ => return Some(at),
        }
    }
}

/// The length of the blank that may stand between two pieces of one string, if another piece
/// follows it: white space with a line break in it, and `--` comments, but no `/* */`.
pub(super) fn continuation(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut line_break = false;
    loop {
        match &rest[at..] {
            [b, ..] if is_space(*b) => {
                line_break |= is_line_break(*b);
                at += 1;
            }
            [b'-', b'-', ..] => at += line_comment(&rest[at..]),
            [b'\'', ..] if line_break => return Some(at),
            _ => return None,
        }
    }
}

pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// PostgreSQL ends a `--` comment at a carriage return, too.
const fn is_line_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

#[inline(never)]
fn line_comment(rest: &[u8]) -> usize {
    rest.iter().take_while(|b| !is_line_break(**b)).count()
}

#[inline(never)]
fn block_comment(rest: &[u8]) -> Option<usize> {
    let mut at = 2;
    let mut open = 1_usize;
    while open > 0 {
        match rest.get(at..)? {
            [b'/', b'*', ..] => (open, at) = (open + 1, at + 2),
            [b'*', b'/', ..] => (open, at) = (open - 1, at + 2),
            [_, ..] => at += 1,
            [] => return None,
        }
    }
    Some(at)
}
