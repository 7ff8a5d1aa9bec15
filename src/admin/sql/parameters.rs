//! Parameters of SQL: how many there are, their types, and their values as a Bind has them.

use crate::admin::error;
use crate::admin::prepared::Prepared;
use crate::admin::value::Value;
use crate::protocol::error_response::ErrorReport;
use pgwire::api::Type;
use pgwire::api::portal::Portal;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};
use std::sync::Arc;

/// The highest number of a `$1` in the text.
pub fn count(text: &str) -> usize {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize().unwrap_or_default();
    let number = |token: &Token| match token {
        Token::Placeholder(name) => name.strip_prefix('$')?.parse::<usize>().ok(),
        _ => None,
    };
    tokens.iter().filter_map(number).max().unwrap_or(0).min(usize::from(u16::MAX))
}

/// Their types: what the client has said, or text, which is compared with a number as one.
pub fn types(count: usize, said: &[Option<Type>]) -> Vec<Type> {
    let known = |at: usize| said.get(at).cloned().flatten().filter(|ty| *ty != Type::UNKNOWN);
    (0..count).map(|at| known(at).unwrap_or(Type::TEXT)).collect()
}

/// The values of a portal.
///
/// # Errors
/// A value that is not of its type, or a type that is not known here.
pub fn values(portal: &Portal<Arc<Prepared>>) -> Result<Vec<Value>, ErrorReport> {
    let types = types(portal.parameters.len(), &portal.statement.parameter_types);
    let value = |(at, ty): (usize, &Type)| match &portal.parameters[at] {
        None => Ok(Value::Null),
        Some(bytes) if portal.parameter_format.is_binary(at) => binary(ty, bytes, at),
        Some(bytes) => text(ty, bytes, at),
    };
    types.iter().enumerate().map(value).collect()
}

fn text(ty: &Type, bytes: &[u8], at: usize) -> Result<Value, ErrorReport> {
    let wrong = || error::bad_parameter(at + 1, ty.name());
    let text = std::str::from_utf8(bytes).map_err(|_| wrong())?;
    Ok(match *ty {
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => {
            Value::Int(text.trim().parse().map_err(|_| wrong())?)
        }
        Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC => {
            Value::Float(text.trim().parse().map_err(|_| wrong())?)
        }
        Type::BOOL => Value::Bool(matches!(text, "t" | "true" | "1" | "on" | "yes")),
        _ => Value::text(text),
    })
}

fn binary(ty: &Type, bytes: &[u8], at: usize) -> Result<Value, ErrorReport> {
    let wrong = || error::bad_parameter(at + 1, ty.name());
    Ok(match *ty {
        Type::INT2 => Value::Int(i16::from_be_bytes(bytes.try_into().map_err(|_| wrong())?).into()),
        Type::INT4 => Value::Int(i32::from_be_bytes(bytes.try_into().map_err(|_| wrong())?).into()),
        Type::INT8 => Value::Int(i64::from_be_bytes(bytes.try_into().map_err(|_| wrong())?)),
        Type::OID => Value::Int(u32::from_be_bytes(bytes.try_into().map_err(|_| wrong())?).into()),
        Type::FLOAT4 => {
            Value::Float(f32::from_be_bytes(bytes.try_into().map_err(|_| wrong())?).into())
        }
        Type::FLOAT8 => Value::Float(f64::from_be_bytes(bytes.try_into().map_err(|_| wrong())?)),
        Type::BOOL => Value::Bool(bytes == [1]),
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN => {
            text(&Type::TEXT, bytes, at)?
        }
        _ => {
            let what = format!("parameter ${} is a binary {}", at + 1, ty.name());
            return Err(error::unsupported(what));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_number_counts() {
        assert_eq!(count("SELECT $2, '$7', $1 -- $9"), 2);
        assert_eq!(count("SELECT 1"), 0);
        assert_eq!(count("SELECT 'open"), 0);
    }

    #[test]
    fn what_the_client_does_not_say_is_text() {
        let said = [Some(Type::INT8), Some(Type::UNKNOWN)];
        assert_eq!(types(3, &said), [Type::INT8, Type::TEXT, Type::TEXT]);
    }

    #[test]
    fn values_are_read_in_both_forms() {
        assert_eq!(binary(&Type::INT2, &[0, 7], 0).unwrap(), Value::Int(7));
        assert_eq!(binary(&Type::TEXT, b"ab", 0).unwrap(), Value::from("ab"));
        assert_eq!(text(&Type::INT4, b" 7 ", 0).unwrap(), Value::Int(7));
        assert_eq!(text(&Type::BOOL, b"t", 0).unwrap(), Value::Bool(true));
        assert_eq!(binary(&Type::INT8, b"short", 0).unwrap_err().sqlstate.0, "22P02");
        assert_eq!(text(&Type::INT8, b"x", 1).unwrap_err().sqlstate.0, "22P02");
        assert_eq!(binary(&Type::UUID, &[0; 16], 0).unwrap_err().sqlstate.0, "0A000");
    }
}
