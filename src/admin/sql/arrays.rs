//! Arrays, of which SQLite has none: they are their texts, `{a,b}`, and `ANY` asks what is in one.

use super::functions::Functions;
use rusqlite::Error;
use rusqlite::functions::Context;
use rusqlite::types::ValueRef;

/// Makes the functions known that [`translate`](super::translate) writes.
pub(super) fn register(to: &Functions<'_>) -> Result<(), Error> {
    to.add("array_of", -1, |context| Ok(written((0..context.len()).map(|at| text(context, at)))))?;
    to.add("array_json", 1, |context| Ok(text(context, 0).map(|array| json(&items(&array)))))?;
    to.add("array_item", 2, |context| {
        let (array, at) = (text(context, 0), context.get::<Option<i64>>(1)?);
        let item = || items(&array?).into_iter().nth(usize::try_from(at?.checked_sub(1)?).ok()?)?;
        Ok(item())
    })?;
    to.add("string_to_array", 2, |context| {
        let (Some(text), Some(between)) = (text(context, 0), text(context, 1)) else {
            return Ok(None);
        };
        let parts: Vec<&str> = match between.as_str() {
            "" => vec![&text],
            between => text.split(between).collect(),
        };
        Ok(Some(written(parts.into_iter().map(|part| Some(part.to_owned())))))
    })?;
    to.add("parse_ident", 1, |context| {
        Ok(text(context, 0).map(|name| written(name_parts(&name).into_iter().map(Some))))
    })?;
    to.add("array_lower", 2, |context| {
        Ok(text(context, 0).filter(|array| !items(array).is_empty()).map(|_| 1_i64))
    })?;
    for name in ["array_length", "array_upper"] {
        to.add(name, 2, |context| {
            let count = text(context, 0).map_or(0, |array| items(&array).len());
            Ok(i64::try_from(count).ok().filter(|count| *count > 0))
        })?;
    }
    Ok(())
}

fn text(context: &Context<'_>, at: usize) -> Option<String> {
    match context.get_raw(at) {
        ValueRef::Null => None,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
    }
}

/// An array's text: what is not plain stands in quotes (manual, 8.15.6).
pub fn written(items: impl Iterator<Item = Option<String>>) -> String {
    let one = |item: Option<String>| match item {
        None => "NULL".to_owned(),
        Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    };
    format!("{{{}}}", items.map(one).collect::<Vec<_>>().join(","))
}

/// What is in an array of one dimension; a text that is none is one item.
fn items(array: &str) -> Vec<Option<String>> {
    let inner = array.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let Some(inner) = inner else { return vec![Some(array.to_owned())] };
    if inner.trim().is_empty() {
        return Vec::new();
    }
    let mut items = Vec::new();
    let (mut item, mut quoted, mut was_quoted) = (String::new(), false, false);
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => (quoted, was_quoted) = (!quoted, true),
            '\\' => item.extend(letters.next()),
            ',' if !quoted => {
                items.push(finished(&mut item, &mut was_quoted));
            }
            letter => item.push(letter),
        }
    }
    items.push(finished(&mut item, &mut was_quoted));
    items
}

fn finished(item: &mut String, was_quoted: &mut bool) -> Option<String> {
    let text = std::mem::take(item);
    match std::mem::take(was_quoted) {
        true => Some(text),
        false if text.trim().eq_ignore_ascii_case("null") => None,
        false => Some(text.trim().to_owned()),
    }
}

/// The parts of a name with dots, without their quotes.
fn name_parts(name: &str) -> Vec<String> {
    let (mut parts, mut quoted) = (vec![String::new()], false);
    for letter in name.chars() {
        match (letter, parts.last_mut()) {
            ('"', _) => quoted = !quoted,
            ('.', _) if !quoted => parts.push(String::new()),
            (letter, Some(part)) => part.push(letter),
            (_, None) => {}
        }
    }
    parts
}

/// For SQLite's `json_each`. Whole numbers are numbers, so that they equal a column's.
fn json(items: &[Option<String>]) -> String {
    let one = |item: &Option<String>| match item {
        None => "null".to_owned(),
        Some(text) => match text.parse::<i64>() {
            Ok(number) => number.to_string(),
            Err(_) => serde_json::Value::from(text.as_str()).to_string(),
        },
    };
    format!("[{}]", items.iter().map(one).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn arrays_are_read_as_postgresql_writes_them() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(items("{}"), []);
        assert_eq!(items("{a, b,NULL}"), [some("a"), some("b"), None]);
        assert_eq!(items(r#"{"a,\"b","NULL"}"#), [some("a,\"b"), some("NULL")]);
        assert_eq!(items("no array"), [some("no array")]);
        assert_eq!(name_parts("public.\"a.b\""), ["public", "a.b"]);
        assert_eq!(json(&[some("7"), some("a\"b"), None]), r#"[7,"a\"b",null]"#);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(texts in proptest::collection::vec(".{0,8}", 1..5)) {
            let all: Vec<_> = texts.into_iter().map(Some).collect();
            prop_assert_eq!(items(&written(all.clone().into_iter())), all);
        }

        #[test]
        fn any_text_has_items(text in ".{0,20}") {
            let _ = items(&text);
        }
    }
}
