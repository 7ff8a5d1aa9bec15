//! How texts are compared with patterns: `LIKE`, `ILIKE` and `~`, as PostgreSQL has them.

use regex_lite::Regex;
use rusqlite::functions::Context;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error};

/// Bytes of a pattern; those of psql and other tools are names. A text is at most compared with each
/// sign of its pattern.
const PATTERN_LEN_MAX: usize = 1_000;

/// Makes them known: SQLite calls functions for `LIKE`, `REGEXP` and `MATCH`, which stands for ILIKE.
pub(super) fn register(connection: &Connection) -> Result<(), Error> {
    let lower = |text: &str| text.to_lowercase();
    super::functions::add(connection, "like", 2, |context| {
        with_texts(context, |pattern, text| short(pattern).map(|pattern| is_like(pattern, text)))
    })?;
    super::functions::add(connection, "match", 2, move |context| {
        with_texts(context, |pattern, text| {
            short(pattern).map(|pattern| is_like(&lower(pattern), &lower(text)))
        })
    })?;
    super::functions::add(connection, "regexp", 2, |context| with_texts(context, is_matched))
}

/// SQLite's operators give the pattern first. Numbers are compared by their texts.
fn with_texts(
    context: &Context<'_>,
    compare: impl Fn(&str, &str) -> Result<bool, Error>,
) -> Result<Option<bool>, Error> {
    let text = |at| match context.get_raw(at) {
        ValueRef::Null => None,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
    };
    match (text(0), text(1)) {
        (Some(pattern), Some(text)) => compare(&pattern, &text).map(Some),
        _ => Ok(None),
    }
}

fn short(pattern: &str) -> Result<&str, Error> {
    let too_long = || Error::UserFunctionError("the pattern is too long".into());
    if pattern.len() > PATTERN_LEN_MAX { Err(too_long()) } else { Ok(pattern) }
}

fn is_matched(pattern: &str, text: &str) -> Result<bool, Error> {
    let regex = Regex::new(short(pattern)?)
        .map_err(|why| Error::UserFunctionError(why.to_string().into()))?;
    Ok(regex.is_match(text))
}

/// One sign of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Any,
    One,
    This(char),
}

/// `%` is any text, `_` any character, and a backslash takes the next one as it is (manual, 9.7.1).
///
/// Where a `%` has to give back, only the last one does: each character of the text is tried at most
/// once for each sign.
fn is_like(pattern: &str, text: &str) -> bool {
    let (signs, text) = (signs(pattern), text.chars().collect::<Vec<_>>());
    let (mut sign, mut at) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < text.len() {
        match signs.get(sign) {
            Some(Sign::Any) => {
                back = Some((sign + 1, at));
                sign += 1;
            }
            Some(Sign::One) => (sign, at) = (sign + 1, at + 1),
            Some(Sign::This(letter)) if *letter == text[at] => (sign, at) = (sign + 1, at + 1),
            _ => match back {
                Some((behind, begun)) => {
                    back = Some((behind, begun + 1));
                    (sign, at) = (behind, begun + 1);
                }
                None => return false,
            },
        }
    }
    signs[sign..].iter().all(|sign| *sign == Sign::Any)
}

fn signs(pattern: &str) -> Vec<Sign> {
    let mut letters = pattern.chars();
    let mut signs = Vec::new();
    while let Some(letter) = letters.next() {
        signs.push(match letter {
            '%' => Sign::Any,
            '_' => Sign::One,
            '\\' => Sign::This(letters.next().unwrap_or('\\')),
            letter => Sign::This(letter),
        });
    }
    signs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_are_those_of_postgresql() {
        for (text, pattern) in [
            ("pools", "pools"),
            ("pools", "po%"),
            ("pools", "%ls"),
            ("pools", "p_o%s"),
            ("pools", "%o%o%"),
            ("a_b", "a\\_b"),
            ("aaab", "%ab"),
            ("", "%"),
            ("ä", "_"),
        ] {
            assert!(is_like(pattern, text), "{text} LIKE {pattern}");
        }
        for (text, pattern) in
            [("pools", "POOLS"), ("axb", "a\\_b"), ("ab", "a"), ("a", "ab"), ("", "_")]
        {
            assert!(!is_like(pattern, text), "{text} LIKE {pattern}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_ends() {
        assert!(!is_like(&"%a".repeat(2_000), &"a".repeat(1_999)));
    }

    proptest! {
        #[test]
        fn it_is_the_regular_expression_that_it_stands_for(
            pattern in "[ab%_]{0,8}", text in "[ab]{0,12}",
        ) {
            let regex = format!("^{}$", pattern.replace('%', ".*").replace('_', "."));
            prop_assert_eq!(is_like(&pattern, &text), Regex::new(&regex).unwrap().is_match(&text));
        }
    }
}
