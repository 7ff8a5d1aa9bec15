//! How texts are compared with patterns: `LIKE`, `ILIKE` and `~`, as PostgreSQL has them.

use super::functions::Functions;
use regex_lite::RegexBuilder;
use rusqlite::Error;
use rusqlite::functions::Context;
use rusqlite::types::ValueRef;

/// Bytes of a pattern; those of psql and other tools are names.
const PATTERN_LEN_MAX: usize = 1_000;

/// Steps of one comparison with `LIKE`: some milliseconds, after which the next one is asked whether to stop.
/// Only a pattern that is made for it takes more than a few for each letter.
const STEPS_MAX: usize = 10_000_000;

/// Bytes of a text that is compared with a regular expression, and of that in memory, where some 2,000
/// states fit: each letter is at most compared with each of them.
const REGEX_TEXT_MAX: usize = 16 * 1024;
const REGEX_SIZE_MAX: usize = 100_000;

/// Makes them known: SQLite calls functions for `LIKE`, `REGEXP` and `MATCH`, which stands for ILIKE.
pub(super) fn register(to: &Functions<'_>) -> Result<(), Error> {
    let lower = |text: &str| text.to_lowercase();
    to.add("like", 2, |context| {
        with_texts(context, |pattern, text| is_like(short(pattern)?, text, Some('\\')))
    })?;
    to.add("like", 3, |context| {
        let escape = context.get::<String>(2)?.chars().next();
        with_texts(context, |pattern, text| is_like(short(pattern)?, text, escape))
    })?;
    to.add("match", 2, move |context| {
        with_texts(context, |pattern, text| {
            is_like(&lower(short(pattern)?), &lower(text), Some('\\'))
        })
    })?;
    to.add("regexp", 2, |context| with_texts(context, is_matched))
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

fn too_long(what: &str) -> Error {
    Error::UserFunctionError(format!("{what} is too long").into())
}

fn short(pattern: &str) -> Result<&str, Error> {
    if pattern.len() > PATTERN_LEN_MAX { Err(too_long("the pattern")) } else { Ok(pattern) }
}

fn is_matched(pattern: &str, text: &str) -> Result<bool, Error> {
    if text.len() > REGEX_TEXT_MAX {
        return Err(too_long("a text that is compared with a regular expression"));
    }
    let regex = RegexBuilder::new(short(pattern)?).size_limit(REGEX_SIZE_MAX).build();
    let regex = regex.map_err(|why| Error::UserFunctionError(why.to_string().into()))?;
    Ok(regex.is_match(text))
}

/// One sign of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Any,
    One,
    This(char),
}

/// `%` is any text, `_` any character, and `escape`, by default a backslash, takes the next one as it is
/// (manual, 9.7.1).
///
/// Where a `%` has to give back, only the last one does: each character of the text is tried at most
/// once for each sign.
fn is_like(pattern: &str, text: &str, escape: Option<char>) -> Result<bool, Error> {
    let (signs, text) = (signs(pattern, escape), text.chars().collect::<Vec<_>>());
    let mut steps = 0;
    let (mut sign, mut at) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < text.len() {
        steps += 1;
        if steps > STEPS_MAX {
            return Err(too_long("a text for this pattern"));
        }
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
                None => return Ok(false),
            },
        }
    }
    Ok(signs[sign..].iter().all(|sign| *sign == Sign::Any))
}

fn signs(pattern: &str, escape: Option<char>) -> Vec<Sign> {
    let mut letters = pattern.chars();
    let mut signs = Vec::new();
    while let Some(letter) = letters.next() {
        signs.push(match letter {
            letter if Some(letter) == escape => Sign::This(letters.next().unwrap_or(letter)),
            '%' => Sign::Any,
            '_' => Sign::One,
            letter => Sign::This(letter),
        });
    }
    signs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex_lite::Regex;

    fn likes(pattern: &str, text: &str) -> bool {
        is_like(pattern, text, Some('\\')).unwrap()
    }

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
            assert!(likes(pattern, text), "{text} LIKE {pattern}");
        }
        for (text, pattern) in
            [("pools", "POOLS"), ("axb", "a\\_b"), ("ab", "a"), ("a", "ab"), ("", "_")]
        {
            assert!(!likes(pattern, text), "{text} LIKE {pattern}");
        }
    }

    #[test]
    fn the_escape_can_be_another() {
        assert!(is_like("a!%", "a%", Some('!')).unwrap());
        assert!(!is_like("a!%", "ab", Some('!')).unwrap());
        assert!(is_like("a\\_", "a\\b", None).unwrap());
    }

    #[test]
    fn a_pattern_and_a_text_that_are_made_to_take_long_are_refused() {
        let (pattern, text) = (format!("%{}b%", "a".repeat(900)), "a".repeat(1_000_000));
        assert!(is_like(&pattern, &text, None).unwrap_err().to_string().contains("too long"));
        assert!(is_matched("(a|aa)+$", &"a".repeat(20_000)).is_err());
        assert!(is_matched("((a{30}){30}){30}", "a").is_err());
        assert!(!is_matched("(a|aa){100}b", &"a".repeat(16_000)).unwrap());
    }

    #[test]
    fn a_pattern_of_many_stars_ends() {
        assert!(!likes(&"%a".repeat(2_000), &"a".repeat(1_999)));
    }

    proptest! {
        #[test]
        fn it_is_the_regular_expression_that_it_stands_for(
            pattern in "[ab%_]{0,8}", text in "[ab]{0,12}",
        ) {
            let regex = format!("^{}$", pattern.replace('%', ".*").replace('_', "."));
            prop_assert_eq!(likes(&pattern, &text), Regex::new(&regex).unwrap().is_match(&text));
        }
    }
}
