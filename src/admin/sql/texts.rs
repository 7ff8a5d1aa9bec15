//! Functions over texts that take as long as the texts are: SQLite's own ones can take the length of one
//! times that of another, and ask nobody meanwhile whether to stop.

use super::conversions::text;
use super::engine::VALUE_LEN_MAX;
use super::functions::Functions;
use rusqlite::Error;
use rusqlite::functions::Context;
use std::collections::HashSet;

/// Makes them known.
pub(super) fn register(to: &Functions<'_>) -> Result<(), Error> {
    to.add("concat", -1, concat)?;
    to.add("replace", 3, replaced)?;
    for name in ["strpos", "instr"] {
        to.add(name, 2, |context| Ok(text(context, 0).zip(text(context, 1)).map(place)))?;
    }
    for (name, left, right) in [
        ("trim", true, true),
        ("btrim", true, true),
        ("ltrim", true, false),
        ("rtrim", false, true),
    ] {
        to.add(name, 2, move |context| Ok(trimmed(context, left, right)))?;
    }
    Ok(())
}

fn short(len: usize) -> Result<(), Error> {
    let too_long = || Error::UserFunctionError("the result is too long".into());
    if len > VALUE_LEN_MAX { Err(too_long()) } else { Ok(()) }
}

fn concat(context: &Context<'_>) -> Result<String, Error> {
    let mut whole = String::new();
    for part in (0..context.len()).filter_map(|at| text(context, at)) {
        short(whole.len() + part.len())?;
        whole.push_str(&part);
    }
    Ok(whole)
}

fn replaced(context: &Context<'_>) -> Result<Option<String>, Error> {
    let (Some(whole), Some(old), Some(new)) =
        (text(context, 0), text(context, 1), text(context, 2))
    else {
        return Ok(None);
    };
    if old.is_empty() {
        return Ok(Some(whole));
    }
    let count = whole.matches(&old).count();
    short((whole.len() - count * old.len()).saturating_add(count.saturating_mul(new.len())))?;
    Ok(Some(whole.replace(&old, &new)))
}

/// The place of a text in another, in letters from 1; 0 where it is not in it.
fn place((text, wanted): (String, String)) -> i64 {
    let found = text.find(&wanted).map_or(0, |at| text[..at].chars().count() + 1);
    i64::try_from(found).unwrap_or(i64::MAX)
}

/// Without the letters of the second text at its ends.
fn trimmed(context: &Context<'_>, left: bool, right: bool) -> Option<String> {
    let (whole, letters) = (text(context, 0)?, text(context, 1)?);
    let letters: HashSet<char> = letters.chars().collect();
    let mut rest = whole.as_str();
    if left {
        rest = rest.trim_start_matches(|letter| letters.contains(&letter));
    }
    if right {
        rest = rest.trim_end_matches(|letter| letters.contains(&letter));
    }
    Some(rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::stop::Stop;
    use super::*;
    use rusqlite::Connection;
    use std::time::Duration;

    fn ask(sql: &str) -> Result<String, Error> {
        let (connection, stop) =
            (Connection::open_in_memory().unwrap(), Stop::after(Duration::from_secs(60)));
        register(&Functions::new(&connection, &stop)).unwrap();
        let text = format!("SELECT CAST(({sql}) AS TEXT)");
        connection.query_row(&text, (), |row| row.get(0))
    }

    #[test]
    fn they_are_those_of_postgresql() {
        for (sql, expected) in [
            ("concat('a', NULL, 1)", "a1"),
            ("strpos('pools', 'ol')", "3"),
            ("strpos('pools', 'x')", "0"),
            ("instr('äb', 'b')", "2"),
            ("replace('a-b-', '-', '++')", "a++b++"),
            ("replace('ab', '', 'x')", "ab"),
            ("trim('xaxyx', 'xy')", "a"),
            ("ltrim('xax', 'x')", "ax"),
            ("rtrim('xax', 'x')", "xa"),
        ] {
            assert_eq!(ask(sql).unwrap(), expected, "{sql}");
        }
    }

    #[test]
    fn long_texts_take_a_moment_and_results_have_a_limit() {
        let long = "WITH RECURSIVE n(x) AS (SELECT 'a' UNION ALL SELECT x || x FROM n LIMIT 20)";
        let of = |call: &str| {
            ask(&format!("{long} SELECT {call} FROM n ORDER BY length(x) DESC LIMIT 1"))
        };
        assert_eq!(of("strpos(x, substr(x, 1, 200000) || 'b')").unwrap(), "0");
        assert_eq!(of("length(replace(x, substr(x, 1, 200000) || 'b', ''))").unwrap(), "524288");
        assert_eq!(of("length(trim(x || 'b', x))").unwrap(), "1");
        assert!(of("replace(x, 'a', x)").unwrap_err().to_string().contains("too long"));
        assert!(of("concat(x, x, x)").unwrap_err().to_string().contains("too long"));
    }
}
