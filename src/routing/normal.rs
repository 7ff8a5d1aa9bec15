//! A text as people read it in statistics: one for each shape, and without any value.
//!
//! As `pg_stat_statements` does, a parameter stands in the place of each literal. What is written
//! is made from the shape's tokens alone, so nothing that the fingerprint does not see can be seen.

use super::lexer::Lexer;
use super::shape::Shape;
use super::token::{Kind, Token};

/// What stands for the rest of a text.
const MORE: &str = "...";

/// Writes `sql` without comments and with `$1`, `$2` in the place of literals, in at most `max` bytes.
#[must_use]
pub fn normalised(sql: &[u8], max: usize) -> String {
    let mut writing = Writing { text: String::new(), parameters: 0, before: None };
    for token in Shape::new(sql) {
        if token.kind == Kind::UnicodeWord || token.kind == Kind::Unfinished {
            writing.end();
            break;
        }
        writing.token(token);
        // Where such a string ends is not certain: a value might follow.
        let unclear = token.kind == Kind::UnclearString;
        if unclear || writing.text.len() > max {
            writing.end();
            break;
        }
    }
    shortened(writing.text, max)
}

/// The front of a text up to its first value: what texts too long to be read have in common.
#[must_use]
pub fn front(sql: &[u8]) -> &[u8] {
    let mut lexer = Lexer::new(sql);
    let mut end = 0;
    while let Some(token) = lexer.next()
        && !token.kind.is_literal()
        && !token.kind.is_unclear()
    {
        end = lexer.position();
    }
    &sql[..end]
}

/// What was written so far.
struct Writing<'a> {
    text: String,
    parameters: usize,
    before: Option<Token<'a>>,
}

impl<'a> Writing<'a> {
    fn token(&mut self, token: Token<'a>) {
        if self.before.is_some_and(|before| is_apart(before, token)) {
            self.text.push(' ');
        }
        if token.kind.is_literal() || token.kind == Kind::UnclearString {
            self.parameters += 1;
            self.text.push('$');
            self.text.push_str(itoa::Buffer::new().format(self.parameters));
        } else {
            self.text.push_str(&String::from_utf8_lossy(token.text));
        }
        self.before = Some(token);
    }

    fn end(&mut self) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(MORE);
    }
}

/// Whether there is a space between two tokens.
fn is_apart(before: Token<'_>, token: Token<'_>) -> bool {
    let opens = |text: &[u8]| matches!(text, b"(" | b"[" | b"." | b"::" | b":");
    let closes =
        |text: &[u8]| matches!(text, b")" | b"]" | b"." | b"::" | b":" | b"," | b";" | b"[");
    let is_name = matches!(before.kind, Kind::Word | Kind::QuotedWord) && !is_keyword(before.text);
    !(before.kind == Kind::Punctuation && opens(before.text)
        || token.kind == Kind::Punctuation && closes(token.text)
        || is_name && token.is_mark("("))
}

/// Words before a parenthesis that do not name a function.
fn is_keyword(word: &[u8]) -> bool {
    const KEYWORDS: [&str; 19] = [
        "in", "values", "and", "or", "not", "exists", "on", "using", "as", "from", "where",
        "select", "over", "filter", "by", "with", "join", "when", "then",
    ];
    KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword.as_bytes()))
}

fn shortened(mut text: String, max: usize) -> String {
    if text.len() > max {
        let room = max.saturating_sub(MORE.len());
        let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push_str(&MORE[..MORE.len().min(max)]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(sql: &str) -> String {
        normalised(sql.as_bytes(), 1024)
    }

    #[test]
    fn values_and_comments_are_gone() {
        assert_eq!(
            of("select a.b, 'secret' /* x */ from t where c in (1, 2,3) and d = $7::int -- y"),
            "select a.b, $1 from t where c in ($2) and d = $3::int"
        );
        assert_eq!(of("INSERT INTO t (a) VALUES (1, 'x')"), "INSERT INTO t(a) VALUES ($1, $2)");
        assert_eq!(of("SELECT count(*), x[1] FROM \"T\"; "), "SELECT count(*), x[$1] FROM \"T\";");
    }

    #[test]
    fn what_may_hold_a_value_ends_it() {
        assert_eq!(of(r"select 'a\', secret, '"), "select $1 ...");
        assert_eq!(of("select 'secret"), "select ...");
        assert_eq!(of("select $$secret"), "select ...");
        assert_eq!(of("'"), "...");
    }

    #[test]
    fn it_is_as_long_as_it_may_be() {
        let long = format!("select {}", "größe, ".repeat(1000));
        for max in 0..40 {
            let text = normalised(long.as_bytes(), max);
            assert!(text.len() <= max && text.ends_with(&MORE[..MORE.len().min(max)]), "{text}");
        }
    }

    #[test]
    fn long_texts_share_what_comes_before_their_first_value() {
        assert_eq!(front(b"INSERT INTO t (a) VALUES (17, 'x"), b"INSERT INTO t (a) VALUES (");
        assert_eq!(front(b"select a"), b"select a");
        assert_eq!(front(b"'x"), b"");
    }

    proptest! {
        #[test]
        fn no_value_is_shown(before in "[a-z =(,]{0,9}", value in "[0-9]{5,9}", after in "[a-z =),']{0,9}") {
            for text in [format!("{before} '{value}' {after}"), format!("{before} {value} {after}")] {
                prop_assert!(!of(&text).contains(&value), "{text} is {}", of(&text));
            }
        }

        #[test]
        fn any_bytes_are_written(sql in prop::collection::vec(any::<u8>(), 0..200), max in 0..100usize) {
            prop_assert!(normalised(&sql, max).len() <= max);
            prop_assert!(sql.starts_with(front(&sql)));
        }

        #[test]
        fn one_shape_has_one_text(sql in "[aA1'\"(),.;: =-]{0,30}") {
            let spaced = format!("/* x */ {sql} ");
            prop_assert_eq!(of(&sql), of(&spaced));
        }
    }
}
