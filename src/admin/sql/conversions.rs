//! Casts, and functions over plain values that PostgreSQL has and SQLite has not.

use super::functions::Functions;
use rusqlite::Error;
use rusqlite::functions::Context;
use rusqlite::types::{Value, ValueRef};

/// Makes them known.
pub(super) fn register(to: &Functions<'_>) -> Result<(), Error> {
    to.add("to_int", 1, to_int)?;
    to.add("to_float", 1, to_float)?;
    to.add("to_bool", 1, to_bool)?;
    to.add("to_text", 1, |context| Ok(text(context, 0)))?;
    to.add("greatest", -1, |context| Ok(extreme(context, std::cmp::Ordering::Greater)))?;
    to.add("least", -1, |context| Ok(extreme(context, std::cmp::Ordering::Less)))?;
    to.add("floor", 1, |context| Ok(float(context)?.map(f64::floor)))?;
    for name in ["ceil", "ceiling"] {
        to.add(name, 1, |context| Ok(float(context)?.map(f64::ceil)))?;
    }
    to.add("left", 2, |context| Ok(part(context, true)))?;
    to.add("right", 2, |context| Ok(part(context, false)))?;
    to.add("split_part", 3, split_part)
}

/// A value's text.
pub(super) fn text(context: &Context<'_>, at: usize) -> Option<String> {
    match context.get_raw(at) {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

fn invalid(ty: &str, text: &str) -> Error {
    let shown: String = text.chars().take(60).collect();
    Error::UserFunctionError(format!("invalid input syntax for type {ty}: \"{shown}\"").into())
}

/// Half goes to the even neighbour, as with PostgreSQL's `float8`.
#[expect(clippy::cast_possible_truncation, reason = "what does not fit is cut to what does")]
fn to_int(context: &Context<'_>) -> Result<Option<i64>, Error> {
    match context.get_raw(0) {
        ValueRef::Integer(number) => Ok(Some(number)),
        ValueRef::Real(number) => Ok(Some(number.round_ties_even() as i64)),
        _ => match text(context, 0) {
            Some(text) => text.trim().parse().map(Some).map_err(|_| invalid("integer", &text)),
            None => Ok(None),
        },
    }
}

fn to_float(context: &Context<'_>) -> Result<Option<f64>, Error> {
    match text(context, 0) {
        Some(text) => text.trim().parse().map(Some).map_err(|_| invalid("double precision", &text)),
        None => Ok(None),
    }
}

/// A number is true if it is not 0; texts are those that PostgreSQL takes.
fn to_bool(context: &Context<'_>) -> Result<Option<bool>, Error> {
    let Some(text) = text(context, 0) else { return Ok(None) };
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Ok(Some(true)),
        "f" | "false" | "n" | "no" | "off" | "0" => Ok(Some(false)),
        other => match other.parse::<f64>() {
            Ok(number) => Ok(Some(number != 0.0)),
            Err(_) => Err(invalid("boolean", &text)),
        },
    }
}

fn float(context: &Context<'_>) -> Result<Option<f64>, Error> {
    to_float(context)
}

/// The greatest or the least of those that are not null; numbers before texts.
fn extreme(context: &Context<'_>, wanted: std::cmp::Ordering) -> Option<Value> {
    let values = (0..context.len()).filter_map(|at| Value::try_from(context.get_raw(at)).ok());
    let values = values.filter(|value| !matches!(value, Value::Null));
    values.reduce(|best, other| if order(&other, &best) == wanted { other } else { best })
}

#[expect(clippy::cast_precision_loss, reason = "only their order is asked for")]
fn order(one: &Value, other: &Value) -> std::cmp::Ordering {
    let number = |value: &Value| match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Real(number) => Some(*number),
        _ => None,
    };
    match (one, other, number(one), number(other)) {
        (Value::Integer(one), Value::Integer(other), ..) => one.cmp(other),
        (_, _, Some(one), Some(other)) => one.total_cmp(&other),
        (Value::Text(one), Value::Text(other), ..) => one.cmp(other),
        (_, _, Some(_), None) => std::cmp::Ordering::Less,
        _ => std::cmp::Ordering::Greater,
    }
}

/// `left(text, n)` and `right(text, n)`: all but the last, or first, -n where n is negative.
fn part(context: &Context<'_>, is_left: bool) -> Option<String> {
    let (text, count) = (text(context, 0)?, context.get::<i64>(1).ok()?);
    let letters: Vec<char> = text.chars().collect();
    let count = match usize::try_from(count) {
        Ok(count) => count.min(letters.len()),
        Err(_) => letters.len().saturating_sub(usize::try_from(count.unsigned_abs()).ok()?),
    };
    let taken = if is_left { &letters[..count] } else { &letters[letters.len() - count..] };
    Some(taken.iter().collect())
}

/// The n-th of the parts between a text's separators, from 1; from the end where n is negative.
fn split_part(context: &Context<'_>) -> Result<Option<String>, Error> {
    let (Some(whole), Some(between)) = (text(context, 0), text(context, 1)) else {
        return Ok(None);
    };
    let number = context.get::<i64>(2)?;
    let parts: Vec<&str> =
        if between.is_empty() { vec![&whole] } else { whole.split(&between).collect() };
    let at = match usize::try_from(number) {
        Ok(0) => return Err(Error::UserFunctionError("field position must not be zero".into())),
        Ok(number) => Some(number - 1),
        Err(_) => {
            usize::try_from(number.unsigned_abs()).ok().and_then(|n| parts.len().checked_sub(n))
        }
    };
    Ok(Some(at.and_then(|at| parts.get(at)).copied().unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::stop::Stop;
    use super::*;
    use rusqlite::Connection;

    fn ask(sql: &str) -> Result<Value, Error> {
        let connection = Connection::open_in_memory().unwrap();
        let stop = Stop::after(std::time::Duration::from_secs(10));
        register(&Functions::new(&connection, &stop)).unwrap();
        connection.query_row(&format!("SELECT {sql}"), (), |row| row.get(0))
    }

    fn text_of(sql: &str) -> String {
        match ask(sql).unwrap() {
            Value::Null => "null".to_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => format!("{number:?}"),
            Value::Text(text) => text,
            Value::Blob(_) => "blob".to_owned(),
        }
    }

    #[test]
    fn values_are_converted_as_postgresql_converts_them() {
        for (sql, expected) in [
            ("to_int(' 5 ')", "5"),
            ("to_int(2.5)", "2"),
            ("to_int(3.5)", "4"),
            ("to_int(NULL)", "null"),
            ("to_float(3)", "3.0"),
            ("to_float('1.5')", "1.5"),
            ("to_bool('yes')", "1"),
            ("to_bool(0)", "0"),
            ("to_text(5)", "5"),
        ] {
            assert_eq!(text_of(sql), expected, "{sql}");
        }
        for sql in ["to_int('x')", "to_int('1.5')", "to_float('x')", "to_bool('maybe')"] {
            assert!(ask(sql).unwrap_err().to_string().contains("invalid input syntax"), "{sql}");
        }
    }

    #[test]
    fn functions_over_values_are_those_of_postgresql() {
        for (sql, expected) in [
            ("greatest(1, NULL, 3, 2.5)", "3"),
            ("least('b', 'a')", "a"),
            ("greatest(NULL)", "null"),
            ("floor(-1.5)", "-2.0"),
            ("ceil(1.2)", "2.0"),
            ("left('pools', 2)", "po"),
            ("left('pools', -2)", "poo"),
            ("right('pools', 2)", "ls"),
            ("right('ab', 7)", "ab"),
            ("split_part('a:b:c', ':', 2)", "b"),
            ("split_part('a:b:c', ':', -1)", "c"),
            ("split_part('a:b', ':', 7)", ""),
        ] {
            assert_eq!(text_of(sql), expected, "{sql}");
        }
        assert!(ask("split_part('a', ':', 0)").is_err());
    }
}
