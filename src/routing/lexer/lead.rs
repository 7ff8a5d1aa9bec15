//! What a token's first byte says about it, and which bytes go on a word: two tables, because
//! these questions are asked for every byte of every statement.

/// What may begin with a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// A word and nothing else.
    Word,
    /// A quoted token, or a word that happens to begin like one (`e`, `n`, `u&`).
    Quoted,
    Digit,
    Dot,
    Dollar,
    Punctuation,
    Operator,
    /// White space, which `blank` has skipped, and bytes that PostgreSQL refuses.
    Stray,
}

/// What begins with `byte`.
pub(super) const fn of(byte: u8) -> Lead {
    LEADS[byte as usize]
}

/// Whether `byte` goes on a word.
pub(super) const fn is_word_part(byte: u8) -> bool {
    WORD_PARTS[byte as usize]
}

pub(super) const fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

pub(super) const fn is_operator(byte: u8) -> bool {
    matches!(of(byte), Lead::Operator)
}

static LEADS: [Lead; 256] = {
    let mut leads = [Lead::Stray; 256];
    let mut byte = 0_u8;
    loop {
        leads[byte as usize] = lead(byte);
        if byte == u8::MAX {
            break leads;
        }
        byte += 1;
    }
};

static WORD_PARTS: [bool; 256] = {
    let mut parts = [false; 256];
    let mut byte = 0_u8;
    loop {
        parts[byte as usize] = is_word_start(byte) || byte.is_ascii_digit() || byte == b'$';
        if byte == u8::MAX {
            break parts;
        }
        byte += 1;
    }
};

const fn lead(byte: u8) -> Lead {
    match byte {
        b'\'' | b'"' | b'b' | b'B' | b'e' | b'E' | b'n' | b'N' | b'u' | b'U' | b'x' | b'X' => {
            Lead::Quoted
        }
        b'0'..=b'9' => Lead::Digit,
        b'.' => Lead::Dot,
        b'$' => Lead::Dollar,
        b'(' | b')' | b'[' | b']' | b',' | b';' | b':' => Lead::Punctuation,
        b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' | b'+' | b'-' | b'*'
        | b'/' | b'%' | b'<' | b'>' | b'=' => Lead::Operator,
        _ if is_word_start(byte) => Lead::Word,
        _ => Lead::Stray,
    }
}
