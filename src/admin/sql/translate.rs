//! PostgreSQL's spellings that SQLite does not have, put into its own.
//!
//! Token by token: casts are dropped, schemas of functions and tables too where there is only one,
//! regular expressions and a few key words become functions.

use crate::admin::error;
use crate::protocol::error_response::ErrorReport;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer, Word};

/// Bytes of a text that is translated; the questions of tools have some thousand.
const TEXT_LEN_MAX: usize = 100_000;

/// Key words that are functions without parentheses.
const BARE_FUNCTIONS: [&str; 5] =
    ["current_user", "session_user", "current_catalog", "current_role", "user"];

/// The text in SQLite's spelling.
///
/// # Errors
/// It is too long, or a quote or comment in it does not end.
pub fn translate(text: &str) -> Result<String, ErrorReport> {
    if text.len() > TEXT_LEN_MAX {
        return Err(error::limit(&format!("a SELECT has more than {TEXT_LEN_MAX} bytes")));
    }
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize();
    let tokens = tokens.map_err(|why| error::sql(&why.to_string()))?;
    let tokens: Vec<Token> =
        tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        at += piece(&tokens[at..], &mut out);
    }
    Ok(out.join(" "))
}

/// Translates what stands first; says how many tokens that were.
fn piece(tokens: &[Token], out: &mut Vec<String>) -> usize {
    match tokens {
        [Token::DoubleColon, rest @ ..] => 1 + type_len(rest),
        [Token::Word(operator), Token::LParen, rest @ ..] if is(operator, "operator") => {
            2 + operator_len(rest, out)
        }
        [Token::Word(array), open @ (Token::LParen | Token::LBracket), rest @ ..]
            if is(array, "array") =>
        {
            // There are no arrays: nothing that is asked for here has one.
            out.push("NULL".to_owned());
            2 + group_len(open, rest)
        }
        [Token::Word(collate), Token::Word(_), Token::Period, Token::Word(_), ..]
            if is(collate, "collate") =>
        {
            4
        }
        [Token::Word(schema), Token::Period, Token::Word(name), Token::LParen, ..]
            if is(schema, "pg_catalog") || is(schema, "information_schema") =>
        {
            out.push(name.to_string());
            3
        }
        [Token::Word(schema), Token::Period, ..] if is(schema, "public") => 2,
        [Token::Word(name), rest @ ..] => {
            out.push(word(name, rest));
            1
        }
        [token, ..] => {
            out.push(plain(token));
            1
        }
        [] => 1,
    }
}

fn is(word: &Word, name: &str) -> bool {
    word.value.eq_ignore_ascii_case(name)
}

fn word(name: &Word, rest: &[Token]) -> String {
    let is_call = matches!(rest, [Token::LParen, ..]);
    let is_part = matches!(rest, [Token::Period, ..]);
    let is_bare = name.quote_style.is_none() && !is_call && !is_part;
    if is_bare && BARE_FUNCTIONS.iter().any(|function| is(name, function)) && !is(name, "user") {
        return format!("{}()", name.value);
    }
    match name.quote_style {
        None if is(name, "ilike") => "LIKE".to_owned(),
        // Columns that SQLite takes for key words or does not.
        None if is(name, "user") || is(name, "default") => format!("\"{}\"", name.value),
        _ => name.to_string(),
    }
}

/// The tokens of a type behind `::`: names with dots, a length, brackets.
fn type_len(tokens: &[Token]) -> usize {
    let mut at = 0;
    while let [Token::Word(_), Token::Period, ..] = &tokens[at..] {
        at += 2;
    }
    at += usize::from(matches!(tokens.get(at), Some(Token::Word(_))));
    if matches!(tokens.get(at), Some(Token::Word(word)) if is(word, "precision") || is(word, "varying"))
    {
        at += 1;
    }
    if let [Token::LParen, rest @ ..] = &tokens[at..] {
        at += 2 + rest.iter().take_while(|token| **token != Token::RParen).count();
    }
    while let [Token::LBracket, Token::RBracket, ..] = &tokens[at.min(tokens.len())..] {
        at += 2;
    }
    at.min(tokens.len())
}

/// The tokens of a group to its end, from behind the sign that opens it.
fn group_len(open: &Token, tokens: &[Token]) -> usize {
    let close = if *open == Token::LParen { Token::RParen } else { Token::RBracket };
    let mut depth = 1;
    for (at, token) in tokens.iter().enumerate() {
        depth += usize::from(token == open);
        depth -= usize::from(*token == close);
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// `OPERATOR(pg_catalog.~)`, from behind its parenthesis.
fn operator_len(tokens: &[Token], out: &mut Vec<String>) -> usize {
    let len = tokens.iter().take_while(|token| **token != Token::RParen).count();
    out.extend(tokens[..len].last().map(plain));
    (len + 1).min(tokens.len())
}

fn plain(token: &Token) -> String {
    match token {
        Token::Tilde | Token::TildeAsterisk => "REGEXP".to_owned(),
        Token::ExclamationMarkTilde | Token::ExclamationMarkTildeAsterisk => {
            "NOT REGEXP".to_owned()
        }
        Token::DoubleTilde | Token::DoubleTildeAsterisk => "LIKE".to_owned(),
        Token::ExclamationMarkDoubleTilde | Token::ExclamationMarkDoubleTildeAsterisk => {
            "NOT LIKE".to_owned()
        }
        Token::EscapedStringLiteral(text) => format!("'{}'", text.replace('\'', "''")),
        Token::SingleQuotedString(text) => format!("'{}'", text.replace('\'', "''")),
        token => token.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_postgresql_become_those_of_sqlite() {
        for (text, expected) in [
            ("SELECT 1::int4, 'x'::pg_catalog.regclass::text", "SELECT 1 , 'x'"),
            ("SELECT x::numeric(10,2)[] FROM pools", "SELECT x FROM pools"),
            ("SELECT x::double precision, y", "SELECT x , y"),
            ("a OPERATOR(pg_catalog.~) '^(b)$' COLLATE pg_catalog.default", "a REGEXP '^(b)$'"),
            ("a !~ 'b' OR a ILIKE 'c%'", "a NOT REGEXP 'b' OR a LIKE 'c%'"),
            ("pg_catalog.quote_ident(a)", "quote_ident ( a )"),
            ("FROM pg_catalog.pg_class c", "FROM pg_catalog . pg_class c"),
            ("FROM public.pools", "FROM pools"),
            ("SELECT current_user, user, \"user\"", "SELECT current_user() , \"user\" , \"user\""),
            ("SELECT E'a\\nb', $1", "SELECT 'a\nb' , $1"),
            ("SELECT 'it''s' -- why", "SELECT 'it''s'"),
            ("SELECT ARRAY(SELECT (1)), array[1], x", "SELECT NULL , NULL , x"),
        ] {
            assert_eq!(translate(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_has_no_end_is_refused() {
        assert_eq!(translate("SELECT 'open").unwrap_err().sqlstate.0, "42601");
        assert_eq!(translate(&"x ".repeat(TEXT_LEN_MAX)).unwrap_err().sqlstate.0, "54000");
    }

    proptest! {
        #[test]
        fn any_text_is_translated_or_refused(text in ".{0,100}") {
            let _ = translate(&text);
        }

        #[test]
        fn any_tokens_are_translated_or_refused(
            words in proptest::collection::vec(
                "(::|OPERATOR|ARRAY|[(]|[)]|[.]|pg_catalog|public|user|~|COLLATE|\\[|\\]|x|precision)",
                0..12),
        ) {
            let _ = translate(&words.join(" "));
        }
    }
}
