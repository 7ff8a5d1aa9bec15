//! Tokens of texts that are cut in unexpected places.

use proptest::prelude::*;

use super::*;

/// The tokens as `kind:text`, one string for easy reading.
fn cut(sql: &str) -> Vec<String> {
    let show = |t: Token<'_>| format!("{:?}:{}", t.kind, String::from_utf8_lossy(t.text));
    Lexer::new(sql.as_bytes()).map(show).collect()
}

/// The texts alone.
fn texts(sql: &str) -> Vec<String> {
    let tokens = Lexer::new(sql.as_bytes());
    tokens.map(|t| String::from_utf8_lossy(t.text).into_owned()).collect()
}

fn kinds(sql: &str) -> Vec<Kind> {
    Lexer::new(sql.as_bytes()).map(|t| t.kind).collect()
}

#[test]
fn words_keep_dollars_digits_and_bytes_above_127() {
    assert_eq!(texts("a1 _b$c é\u{a0}x"), ["a1", "_b$c", "é\u{a0}x"]);
}

#[test]
fn comments_nest_and_a_carriage_return_ends_a_line() {
    assert_eq!(texts("a /* b /* c */ d */ e -- f\n g"), ["a", "e", "g"]);
    assert_eq!(texts("a -- b\r; c"), ["a", ";", "c"]);
    assert_eq!(kinds("a /* b /* c */"), [Kind::Word, Kind::Unfinished]);
}

#[test]
fn strings_end_where_postgresql_ends_them() {
    for (sql, string) in [
        ("'it''s' x", "'it''s'"),
        ("E'it\\'s' x", "E'it\\'s'"),
        ("e'\\\\' x", "e'\\\\'"),
        ("U&'\\0041''' x", "U&'\\0041'''"),
        ("n'a' x", "n'a'"),
        ("$$ ' $a$ $$ x", "$$ ' $a$ $$"),
        ("$a$ $$ $b$ $a$ x", "$a$ $$ $b$ $a$"),
        ("'a' -- c\n 'b' x", "'a' -- c\n 'b'"),
        ("E'a'\n'\\'' x", "E'a'\n'\\''"),
    ] {
        assert_eq!(cut(sql), [format!("String:{string}"), "Word:x".to_owned()]);
    }
}

#[test]
fn strings_side_by_side_on_one_line_are_two() {
    assert_eq!(kinds("'a' 'b'"), [Kind::String; 2]);
    assert_eq!(kinds("'a'/* */\n'b'"), [Kind::String; 2]);
}

#[test]
fn a_string_whose_end_depends_on_the_session_is_unclear() {
    for sql in ["'a\\'", "n'\\'", "'a'\n'\\'", "'\\'' OR true --'", "E'\u{e9}\\''"] {
        assert_eq!(kinds(sql)[0], Kind::UnclearString, "{sql}");
    }
    for sql in ["'\u{e9}\\\\'", "'\\\\\\' --'", "'a''\\'"] {
        assert_eq!(kinds(sql)[0], Kind::UnclearString, "{sql}");
    }
    assert_eq!(kinds("'never '' ends"), [Kind::Unfinished]);
    assert_eq!(kinds("'\\ never ends"), [Kind::Unfinished]);
}

#[test]
fn a_backslash_that_escapes_no_quote_leaves_no_doubt() {
    for sql in ["'\\d+'", "'\\\\'", "'a''\\b'", "'\u{e9}\\\\x'", "n'\\a'\n'\\\\'"] {
        assert_eq!(kinds(sql), [Kind::String], "{sql}");
    }
}

#[test]
fn quoted_words_and_bits() {
    assert_eq!(
        cut("\"a\"\"b\" U&\"\\0041\" x'ff' B'01'"),
        ["QuotedWord:\"a\"\"b\"", "UnicodeWord:U&\"\\0041\"", "Bits:x'ff'", "Bits:B'01'"]
    );
}

#[test]
fn numbers_stop_where_a_word_may_begin() {
    assert_eq!(
        texts("1 1.5 .5 1.e5 1e-3 1_000 0xfF 0o17 0b11 1..2 1e 0x"),
        [
            "1", "1.5", ".5", "1.e5", "1e-3", "1_000", "0xfF", "0o17", "0b11", "1", "..", "2", "1",
            "e", "0", "x"
        ]
    );
}

#[test]
fn parameters_and_dollars() {
    assert_eq!(cut("$1 $ $2a"), ["Parameter:$1", "Stray:$", "Parameter:$2", "Word:a"]);
}

#[test]
fn operators_end_before_comments_and_lose_trailing_signs() {
    for (sql, expected) in [
        ("a=-1", vec!["a", "=", "-", "1"]),
        ("a<-1", vec!["a", "<", "-", "1"]),
        ("a@-1", vec!["a", "@-", "1"]),
        ("a->>'x'", vec!["a", "->>", "'x'"]),
        ("a+--b\nc", vec!["a", "+", "c"]),
        ("a*/*b*/c", vec!["a", "*", "c"]),
        ("a::int:=b", vec!["a", "::", "int", ":=", "b"]),
        ("- - +1", vec!["-", "-", "+", "1"]),
    ] {
        assert_eq!(texts(sql), expected, "{sql}");
    }
}

#[test]
fn an_operator_longer_than_postgresql_takes_is_no_operator() {
    assert_eq!(kinds(&"@".repeat(63)), [Kind::Operator]);
    assert_eq!(kinds(&"@".repeat(64)), [Kind::Stray]);
}

/// A quadratic reading of one of these would take minutes.
#[test]
fn hard_inputs_of_a_megabyte_are_read_in_one_pass() {
    for piece in
        ["+", "'a',", "$a$", "$a $", "/*", "'a'\n--\n", "(", "1,", "E'\\'", "\"", "a.", "@-"]
    {
        let sql = piece.repeat(1_000_000 / piece.len());
        let end = Lexer::new(sql.as_bytes()).map(|t| t.text.len()).sum::<usize>();
        assert!(end <= sql.len(), "{piece}");
    }
}

/// Pieces that make a lexer stumble when they meet.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "'", "''", "\"", "\\", "\\'", "$", "$$", "$a$", "$1", "/*", "*/", "--", "\n", "\r", " ",
        "E'", "U&'", "U&\"", "N'", "x'", "(", ")", ";", ",", "1", "1.", ".", "e", "0x", "a", "é",
        "+", "-", "@", ":", "=", "`", "{", "\0",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn any_bytes_are_cut_in_order_and_without_loss(
        sql in prop_oneof![soup(), prop::collection::vec(any::<u8>(), 0..100)]
    ) {
        let mut lexer = Lexer::new(&sql);
        let mut at = 0;
        while let Some(token) = lexer.next() {
            prop_assert!(!token.text.is_empty());
            let start = lexer.position() - token.text.len();
            prop_assert!(start >= at);
            prop_assert_eq!(token.text, &sql[start..lexer.position()]);
            at = lexer.position();
        }
        prop_assert_eq!(lexer.position(), sql.len());
    }
}
