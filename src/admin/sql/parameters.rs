//! Parameters of SQL: their types, as the text tells them, and their values as a Bind has them.

use super::arrays::written;
use super::tokens::{Token, is, is_any, name, tokens};
use super::typing::{cast_to, compares};
use crate::admin::error;
use crate::admin::prepared::Prepared;
use crate::admin::tables::{self, Table, from_pg_micros};
use crate::admin::value::{Kind, Value};
use crate::protocol::error_response::ErrorReport;
use crate::protocol::reader::{Reader, UnexpectedEnd};
use pgwire::api::Type;
use pgwire::api::portal::Portal;
use std::sync::Arc;

/// Places of parameters that are looked at; the parameters of longer lists are texts.
const PLACES_MAX: usize = 1_000;

/// The types of a text's parameters: what the client has said, else what the place takes where the
/// parameter stands, else text. Drivers encode values by them.
pub fn types(text: &str, said: &[Option<Type>]) -> Vec<Type> {
    // What is wrong with a text is told when it runs.
    let tokens = tokens(text).unwrap_or_default();
    let numbers = || tokens.iter().filter_map(number);
    let mut types = vec![None; numbers().max().unwrap_or(0).max(said.len())];
    if numbers().count() <= PLACES_MAX {
        let mut tables: Vec<_> =
            tokens.iter().filter_map(|token| tables::named(name(token)?)).collect();
        tables.sort_by_key(|table| table.name);
        tables.dedup_by_key(|table| table.name);
        for (at, token) in tokens.iter().enumerate() {
            if let Some(known) = number(token).and_then(|number| types.get_mut(number - 1))
                && known.is_none()
            {
                *known = Place { tables: &tables, tokens: &tokens, at }.wants();
            }
        }
    }
    let known = |at: usize| said.get(at).cloned().flatten().filter(|ty| *ty != Type::UNKNOWN);
    let or_told = |(at, told): (usize, Option<Type>)| known(at).or(told).unwrap_or(Type::TEXT);
    types.into_iter().enumerate().map(or_told).collect()
}

/// The number of `$1`.
fn number(token: &Token) -> Option<usize> {
    match token {
        Token::Placeholder(name) => {
            let number = name.strip_prefix('$')?.parse().ok()?;
            // The protocol counts parameters in two bytes.
            (1..=usize::from(u16::MAX)).contains(&number).then_some(number)
        }
        _ => None,
    }
}

/// Where a parameter stands.
struct Place<'q> {
    /// Those that the question names.
    tables: &'q [&'static Table],
    tokens: &'q [Token],
    at: usize,
}

impl Place<'_> {
    /// What it takes.
    fn wants(&self) -> Option<Type> {
        let (before, behind) = (&self.tokens[..self.at], &self.tokens[self.at + 1..]);
        if let [Token::DoubleColon, rest @ ..] = behind {
            return cast(rest);
        }
        if let [operator, rest @ ..] = behind
            && compares(operator)
            && let Some(kind) = first_name(rest).and_then(|name| self.kind(name))
        {
            return Some(kind.wire());
        }
        match before {
            [.., limit] if is_any(limit, &["limit", "offset"]) => Some(Type::INT8),
            [rest @ .., between] if is(between, "between") => self.column(rest),
            [rest @ .., between, _, and] if is(and, "and") && is(between, "between") => {
                self.column(rest)
            }
            [rest @ .., operator, any, Token::LParen]
                if compares(operator) && is_any(any, &["any", "some", "all"]) =>
            {
                self.column(rest).as_ref().and_then(array_of)
            }
            [rest @ .., operator] if compares(operator) => self.column(rest),
            _ => self.column(before_list(before)?),
        }
    }

    /// The type of the column that stands last there.
    fn column(&self, before: &[Token]) -> Option<Type> {
        let before = match before {
            [rest @ .., not] if is(not, "not") => rest,
            before => before,
        };
        Some(self.kind(name(before.last()?)?)?.wire())
    }

    /// The type of a column, where the tables that are named agree on it.
    fn kind(&self, column: &str) -> Option<Kind> {
        let columns = self.tables.iter().flat_map(|table| table.columns);
        let mut kinds = columns.filter(|own| own.name == column).map(|column| column.kind);
        let first = kinds.next()?;
        kinds.all(|kind| kind == first).then_some(first)
    }
}

/// The column's name in `a.b` or `b`.
fn first_name(tokens: &[Token]) -> Option<&str> {
    match tokens {
        [_, Token::Period, column, ..] | [column, ..] => name(column),
        [] => None,
    }
}

/// What stands before `IN (1, 2,`.
fn before_list(before: &[Token]) -> Option<&[Token]> {
    let open = before.iter().rposition(|token| {
        !matches!(
            token,
            Token::Comma | Token::Placeholder(_) | Token::Number(..) | Token::SingleQuotedString(_)
        )
    })?;
    match &before[..=open] {
        [rest @ .., word, Token::LParen] if is(word, "in") => match rest {
            [rest @ .., not] if is(not, "not") => Some(rest),
            rest => Some(rest),
        },
        _ => None,
    }
}

/// The type behind `::`.
fn cast(tokens: &[Token]) -> Option<Type> {
    let tokens = match tokens {
        [_, Token::Period, rest @ ..] => rest,
        tokens => tokens,
    };
    let ty = match name(tokens.first()?)?.to_ascii_lowercase().as_str() {
        // Of a numeric, only its whole part would fit.
        "numeric" | "decimal" => Type::NUMERIC,
        "regclass" | "interval" | "date" | "json" | "jsonb" | "uuid" => Type::TEXT,
        word => cast_to(word).wire(),
    };
    match tokens.get(1) {
        Some(Token::LBracket) => array_of(&ty),
        _ => Some(ty),
    }
}

fn array_of(ty: &Type) -> Option<Type> {
    Some(match *ty {
        Type::INT4 => Type::INT4_ARRAY,
        Type::INT8 | Type::NUMERIC => Type::INT8_ARRAY,
        Type::TEXT => Type::TEXT_ARRAY,
        Type::BOOL => Type::BOOL_ARRAY,
        Type::FLOAT8 => Type::FLOAT8_ARRAY,
        _ => return None,
    })
}

/// The values of a portal.
///
/// # Errors
/// As many as there are parameters it must be; a value that is not of its type, or a type that is not
/// known here.
pub fn values(portal: &Portal<Arc<Prepared>>) -> Result<Vec<Value>, ErrorReport> {
    let types = &portal.statement.statement.parameters;
    let given = portal.parameters.len();
    if given != types.len() {
        let wanted = types.len();
        return Err(error::violation(&format!(
            "bind message supplies {given} parameters, but the statement has {wanted}"
        )));
    }
    let value = |(at, ty): (usize, &Type)| match &portal.parameters[at] {
        None => Ok(Value::Null),
        Some(bytes) => {
            let is_binary = portal.parameter_format.is_binary(at);
            let value = if is_binary { binary(ty, bytes)? } else { text(ty, bytes) };
            value.ok_or_else(|| error::bad_parameter(at + 1, ty.name()))
        }
    };
    types.iter().enumerate().map(value).collect()
}

fn text(ty: &Type, bytes: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    let float = || text.trim().parse().ok().map(Value::Float);
    let whole = || text.trim().parse().ok().map(Value::Int);
    match *ty {
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => whole(),
        Type::NUMERIC => whole().or_else(float),
        Type::FLOAT4 | Type::FLOAT8 => float(),
        Type::BOOL => match text.trim().to_ascii_lowercase().as_str() {
            "t" | "true" | "1" | "on" | "yes" => Some(Value::Bool(true)),
            "f" | "false" | "0" | "off" | "no" => Some(Value::Bool(false)),
            _ => None,
        },
        Type::TIMESTAMPTZ | Type::TIMESTAMP => {
            tables::micros(text).map(|micros| Value::from(tables::stamp(micros)))
        }
        _ => Some(Value::text(text)),
    }
}

/// None where the bytes are no value of the type.
///
/// # Errors
/// A type whose binary form is not known here.
fn binary(ty: &Type, bytes: &[u8]) -> Result<Option<Value>, ErrorReport> {
    fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
        bytes.try_into().ok()
    }
    Ok(match *ty {
        Type::INT2 => fixed(bytes).map(|b| Value::Int(i16::from_be_bytes(b).into())),
        Type::INT4 => fixed(bytes).map(|b| Value::Int(i32::from_be_bytes(b).into())),
        Type::INT8 => fixed(bytes).map(|b| Value::Int(i64::from_be_bytes(b))),
        Type::OID => fixed(bytes).map(|b| Value::Int(u32::from_be_bytes(b).into())),
        Type::FLOAT4 => fixed(bytes).map(|b| Value::Float(f32::from_be_bytes(b).into())),
        Type::FLOAT8 => fixed(bytes).map(|b| Value::Float(f64::from_be_bytes(b))),
        Type::BOOL => fixed::<1>(bytes).map(|b| Value::Bool(b == [1])),
        Type::NUMERIC => numeric(bytes).ok(),
        Type::TIMESTAMPTZ | Type::TIMESTAMP => {
            fixed(bytes).map(|b| Value::from(from_pg_micros(i64::from_be_bytes(b))))
        }
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN => {
            text(&Type::TEXT, bytes)
        }
        _ => match item_of(ty) {
            Some(item) => array(&item, bytes)?,
            None => {
                let what = format!("parameters of type {} cannot be binary here", ty.name());
                return Err(error::unsupported(what));
            }
        },
    })
}

fn item_of(array: &Type) -> Option<Type> {
    Some(match *array {
        Type::INT2_ARRAY => Type::INT2,
        Type::INT4_ARRAY => Type::INT4,
        Type::INT8_ARRAY => Type::INT8,
        Type::OID_ARRAY => Type::OID,
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::NAME_ARRAY => Type::TEXT,
        Type::BOOL_ARRAY => Type::BOOL,
        Type::FLOAT8_ARRAY => Type::FLOAT8,
        _ => return None,
    })
}

/// PostgreSQL's binary form of an array of one dimension (`array_send`): dimensions, whether there are
/// nulls, the type; the length and the first index; then each item behind its length.
fn array(item: &Type, bytes: &[u8]) -> Result<Option<Value>, ErrorReport> {
    let mut reader = Reader::new(bytes);
    let mut items = Vec::new();
    let mut read = || -> Result<Vec<Option<Vec<u8>>>, UnexpectedEnd> {
        let (dimensions, _, _) = (reader.i32()?, reader.i32()?, reader.i32()?);
        if dimensions == 0 {
            return Ok(Vec::new());
        }
        let (count, _) = (reader.i32()?, reader.i32()?);
        let mut parts = Vec::new();
        for _ in 0..count {
            parts.push(match reader.i32()? {
                -1 => None,
                len => {
                    Some(reader.take(usize::try_from(len).map_err(|_| UnexpectedEnd)?)?.to_vec())
                }
            });
        }
        if dimensions == 1 && reader.is_empty() { Ok(parts) } else { Err(UnexpectedEnd) }
    };
    let Ok(parts) = read() else { return Ok(None) };
    for part in parts {
        items.push(match part {
            None => None,
            Some(part) => match binary(item, &part)? {
                Some(value) => Some(value.words(Kind::Text).into_owned()),
                None => return Ok(None),
            },
        });
    }
    Ok(Some(Value::from(written(items.into_iter()))))
}

/// The other way of what `Value` writes (`numeric_recv`).
#[expect(clippy::cast_precision_loss, reason = "a number that is not whole is a float here")]
fn numeric(bytes: &[u8]) -> Result<Value, UnexpectedEnd> {
    let mut reader = Reader::new(bytes);
    let mut word = || Ok(i16::from_be_bytes([reader.u8()?, reader.u8()?]));
    let (count, weight, sign, _) = (word()?, i32::from(word()?), word()?, word()?);
    let digits = (0..count).map(|_| word()).collect::<Result<Vec<i16>, UnexpectedEnd>>()?;
    if !matches!(sign, 0 | 0x4000) || !reader.is_empty() {
        return Err(UnexpectedEnd);
    }
    let sign = if sign == 0 { 1 } else { -1 };
    let places = (weight + 1 - i32::from(count)).max(0);
    let is_whole = i32::from(count) <= weight + 1;
    let whole = digits.iter().chain(std::iter::repeat_n(&0, usize::try_from(places).unwrap_or(0)));
    let whole = whole
        .take(6)
        .try_fold(0_i64, |sum, digit| sum.checked_mul(10_000)?.checked_add(i64::from(*digit)));
    if let (true, true, Some(whole)) = (is_whole, weight < 5, whole) {
        return Ok(Value::Int(sign * whole));
    }
    let value = |(at, digit): (i32, &i16)| f64::from(*digit) * 10_000_f64.powi(weight - at);
    Ok(Value::Float(sign as f64 * (0..).zip(&digits).map(value).sum::<f64>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_highest_number_counts() {
        assert_eq!(types("SELECT $2, '$7', $1 -- $9", &[]).len(), 2);
        assert_eq!(types("SELECT 1", &[]).len(), 0);
        assert_eq!(types("SELECT 'open", &[]).len(), 0);
        assert_eq!(types("SELECT $70000", &[]).len(), 0);
    }

    #[test]
    fn what_the_client_does_not_say_the_place_does() {
        for (text, expected) in [
            ("SELECT $1", vec![Type::TEXT]),
            ("SELECT $1::int4, $2::pg_catalog.text[]", vec![Type::INT4, Type::TEXT_ARRAY]),
            ("SELECT * FROM databases d WHERE d.port > $1", vec![Type::INT4]),
            ("SELECT * FROM databases WHERE $1 = name", vec![Type::TEXT]),
            ("SELECT * FROM databases d WHERE $1 <= d.port AND 1 = 1", vec![Type::INT4]),
            ("SELECT * FROM databases WHERE port BETWEEN $1 AND $2", vec![Type::INT4; 2]),
            ("SELECT * FROM databases WHERE port NOT IN (1, $1, $2)", vec![Type::INT4; 2]),
            ("SELECT * FROM databases WHERE port = ANY($1)", vec![Type::INT4_ARRAY]),
            ("SELECT * FROM databases WHERE name = ANY($1)", vec![Type::TEXT_ARRAY]),
            ("SELECT * FROM stats WHERE total_query_count > $1", vec![Type::NUMERIC]),
            (
                "SELECT * FROM hosts WHERE usable = $1 AND lag_ms < $2",
                vec![Type::BOOL, Type::FLOAT8],
            ),
            ("SELECT * FROM pools LIMIT $1 OFFSET $2", vec![Type::INT8; 2]),
            ("SELECT * FROM pools WHERE \"user\" LIKE $1", vec![Type::TEXT]),
        ] {
            assert_eq!(types(text, &[]), expected, "{text}");
        }
        let many: Vec<_> = (1..=PLACES_MAX + 1).map(|number| format!("${number}")).collect();
        let many = format!("SELECT * FROM databases WHERE port IN ({})", many.join(", "));
        assert_eq!(types(&many, &[]), vec![Type::TEXT; PLACES_MAX + 1], "it ends");
        let said = [Some(Type::INT8), Some(Type::UNKNOWN)];
        assert_eq!(types("SELECT $1, $2, $3", &said), [Type::INT8, Type::TEXT, Type::TEXT]);
    }

    #[test]
    fn values_are_read_in_both_forms() {
        let known = |ty, bytes: &[u8]| binary(&ty, bytes).unwrap();
        assert_eq!(known(Type::INT2, &[0, 7]), Some(Value::Int(7)));
        assert_eq!(known(Type::TEXT, b"ab"), Some(Value::from("ab")));
        assert_eq!(known(Type::INT8, b"short"), None);
        let midnight = Value::from("2000-01-01 00:00:00.000000+00");
        assert_eq!(known(Type::TIMESTAMPTZ, &[0; 8]), Some(midnight.clone()));
        assert_eq!(text(&Type::TIMESTAMPTZ, b"2000-01-01T00:00:00Z"), Some(midnight));
        assert_eq!(text(&Type::INT4, b" 7 "), Some(Value::Int(7)));
        assert_eq!(text(&Type::NUMERIC, b"1.5"), Some(Value::Float(1.5)));
        assert_eq!(text(&Type::BOOL, b"t"), Some(Value::Bool(true)));
        assert_eq!(text(&Type::BOOL, b"maybe"), None);
        assert_eq!(text(&Type::INT8, b"x"), None);
        assert_eq!(binary(&Type::UUID, &[0; 16]).unwrap_err().sqlstate.0, "0A000");
    }

    #[test]
    fn arrays_are_read_in_binary() {
        let bytes =
            b"\0\0\0\x01\0\0\0\x01\0\0\0\x19\0\0\0\x02\0\0\0\x01\0\0\0\x02ab\xff\xff\xff\xff";
        let array = binary(&Type::TEXT_ARRAY, bytes).unwrap();
        assert_eq!(array, Some(Value::from("{\"ab\",NULL}")));
        assert_eq!(binary(&Type::INT4_ARRAY, &[0; 12]).unwrap(), Some(Value::from("{}")));
        assert_eq!(binary(&Type::TEXT_ARRAY, &bytes[..20]).unwrap(), None);
    }

    #[test]
    fn a_numeric_is_whole_or_a_float() {
        let bytes = |words: &[i16]| -> Vec<u8> {
            words.iter().flat_map(|word| word.to_be_bytes()).collect()
        };
        for (words, value) in [
            (&[0, 0, 0, 0][..], Value::Int(0)),
            (&[2, 1, 0, 0, 1234, 5678], Value::Int(12_345_678)),
            (&[1, 1, 0x4000, 0, 1], Value::Int(-10_000)),
            (&[2, 0, 0, 1, 1, 5000], Value::Float(1.5)),
            (&[1, -1, 0, 1, 5000], Value::Float(0.5)),
        ] {
            assert_eq!(numeric(&bytes(words)).unwrap(), value, "{words:?}");
        }
        assert!(numeric(&bytes(&[1, 0, -0x4000, 0, 1])).is_err(), "not a number");
        assert!(numeric(&[0]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            for ty in [Type::NUMERIC, Type::TEXT_ARRAY, Type::INT8_ARRAY, Type::TIMESTAMPTZ] {
                let _ = binary(&ty, &bytes);
            }
        }

        #[test]
        fn any_text_has_types(
            text in "(select|in|any|between|limit|and|port|databases|[$]1|[$]2|[(]|[)]|=|::|,| ){0,20}",
        ) {
            let _ = types(&text, &[]);
        }
    }
}
