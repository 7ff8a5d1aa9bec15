//! Texts as they come: statements between semicolons, and the words of one.

/// What a text is made of, as far as the console has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// White space, or a comment.
    Blank,
    /// A string or a name in quotes, to its end or to the end of the text.
    Quoted,
    /// A semicolon.
    End,
    /// Anything else, one character.
    Other,
}

/// The length of the first piece of a text that is not empty, bytes, and what it is.
fn first(text: &str) -> (usize, Piece) {
    let bytes = text.as_bytes();
    match bytes[0] {
        b';' => (1, Piece::End),
        quote @ (b'\'' | b'"') => (quoted_len(bytes, quote), Piece::Quoted),
        b'-' if text.starts_with("--") => (text.find('\n').unwrap_or(text.len()), Piece::Blank),
        b'/' if text.starts_with("/*") => (comment_len(text), Piece::Blank),
        byte if is_blank(byte.into()) => (1, Piece::Blank),
        _ => (text.chars().next().map_or(1, char::len_utf8), Piece::Other),
    }
}

/// PostgreSQL's white space (`space` in `scan.l`); Unicode has more, which is a name's.
const fn is_blank(sign: char) -> bool {
    matches!(sign, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

/// A quote within is written twice.
fn quoted_len(bytes: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return at + 1;
        }
    }
    bytes.len()
}

/// Comments nest (PostgreSQL manual, "Comments").
fn comment_len(text: &str) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) else { return text.len() };
        let step = match rest {
            rest if rest.starts_with("*/") => {
                depth -= 1;
                2
            }
            rest if rest.starts_with("/*") => {
                depth += 1;
                2
            }
            rest => rest.chars().next().map_or(1, char::len_utf8),
        };
        at += step;
    }
    at
}

/// The statements of a text, without the semicolons between them; empty ones are left out.
pub fn statements(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let (mut start, mut at, mut is_empty) = (0, 0, true);
    while at < text.len() {
        let (len, piece) = first(&text[at..]);
        if piece == Piece::End {
            if !is_empty {
                all.push(text[start..at].trim_matches(is_blank));
            }
            (start, is_empty) = (at + len, true);
        }
        is_empty &= matches!(piece, Piece::Blank | Piece::End);
        at += len;
    }
    if !is_empty {
        all.push(text[start..].trim_matches(is_blank));
    }
    all
}

/// One word of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// As it stands there.
    Bare(String),
    /// What stood in quotes.
    Quoted(String),
    /// `=`.
    Equals,
}

impl Word {
    /// Whether it is this key word.
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Word::Bare(own) if own.eq_ignore_ascii_case(word))
    }

    /// What it says, with or without quotes.
    pub fn said(&self) -> &str {
        match self {
            Word::Bare(text) | Word::Quoted(text) => text,
            Word::Equals => "=",
        }
    }
}

/// The words of a command; names may hold anything but blanks, quotes and `=`.
pub fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut bare = String::new();
    let mut at = 0;
    while at < text.len() {
        let (len, piece) = first(&text[at..]);
        let part = &text[at..at + len];
        at += len;
        if piece == Piece::Other && part != "=" {
            bare.push_str(part);
            continue;
        }
        if !bare.is_empty() {
            words.push(Word::Bare(std::mem::take(&mut bare)));
        }
        match piece {
            Piece::Quoted => words.push(Word::Quoted(unquoted(part))),
            Piece::Other => words.push(Word::Equals),
            Piece::Blank | Piece::End => {}
        }
    }
    if !bare.is_empty() {
        words.push(Word::Bare(bare));
    }
    words
}

fn unquoted(part: &str) -> String {
    let quote = &part[..1];
    let inner = &part[1..];
    inner.strip_suffix(quote).unwrap_or(inner).replace(&quote.repeat(2), quote)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn semicolons_in_quotes_and_comments_end_nothing() {
        assert_eq!(statements("a; b ;;"), ["a", "b"]);
        assert_eq!(statements("SELECT ';' ; -- ;\nx"), ["SELECT ';'", "-- ;\nx"]);
        assert_eq!(
            statements("/* ; /* ; */ */ a \";\" ; 'it''s;'"),
            ["/* ; /* ; */ */ a \";\"", "'it''s;'"]
        );
        assert_eq!(statements(" ; -- nothing\n /* */ ;"), [""; 0]);
    }

    #[test]
    fn words_are_split_at_blanks_and_equals() {
        let said = |text| words(text).iter().map(|w| w.said().to_owned()).collect::<Vec<_>>();
        assert_eq!(said("PAUSE my-db"), ["PAUSE", "my-db"]);
        assert_eq!(said("set a='b c' -- d"), ["set", "a", "=", "b c"]);
        assert_eq!(said("KILL \"it\"\"s\"/**/x"), ["KILL", "it\"s", "x"]);
        assert_eq!(said("'never closed"), ["never closed"]);
        assert!(words("Pause")[0].is("PAUSE") && !words("'Pause'")[0].is("PAUSE"));
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart(text in ".{0,200}") {
            let all = statements(&text);
            prop_assert!(all.iter().map(|s| s.len()).sum::<usize>() <= text.len());
            for statement in all {
                prop_assert!(!statement.is_empty());
                words(statement);
            }
        }

        #[test]
        fn any_text_of_these_signs_is_taken_apart(text in "[-/*'\";= a\n]{0,60}") {
            statements(&text).into_iter().for_each(|statement| drop(words(statement)));
        }
    }
}
