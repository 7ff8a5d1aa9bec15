//! What the console's tables are made of: columns, values, and how a value is written.

use super::tables::pg_micros;
use bytes::{BufMut, BytesMut};
use pgwire::api::Type;
use std::borrow::Cow;

/// The type of a column, as PostgreSQL names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `text`.
    Text,
    /// `int4`.
    Int4,
    /// `int8`.
    Int8,
    /// `numeric`; whole numbers here.
    Numeric,
    /// `bool`.
    Bool,
    /// `float8`.
    Float8,
    /// `timestamptz`; its text is the value.
    Time,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 7] =
        [Kind::Text, Kind::Int4, Kind::Int8, Kind::Numeric, Kind::Bool, Kind::Float8, Kind::Time];

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Int4 => "int4",
            Kind::Int8 => "int8",
            Kind::Numeric => "numeric",
            Kind::Bool => "bool",
            Kind::Float8 => "float8",
            Kind::Time => "timestamptz",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// As the protocol knows it.
    pub fn wire(self) -> Type {
        match self {
            Kind::Text => Type::TEXT,
            Kind::Int4 => Type::INT4,
            Kind::Int8 => Type::INT8,
            Kind::Numeric => Type::NUMERIC,
            Kind::Bool => Type::BOOL,
            Kind::Float8 => Type::FLOAT8,
            Kind::Time => Type::TIMESTAMPTZ,
        }
    }
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing is known, or there is no such thing.
    Null,
    /// A text.
    Text(Cow<'static, str>),
    /// A whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// Another number.
    Float(f64),
}

/// One row.
pub type Row = Vec<Value>;

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(Cow::Owned(text))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Value::Float(number)
    }
}

/// A number that does not fit is the largest that does.
macro_rules! from_whole {
    ($($number:ty),+) => { $(
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }
    )+ };
}
from_whole!(u16, u32, u64, usize);

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl Value {
    /// A copy of a text.
    pub fn text(text: &str) -> Value {
        Value::Text(Cow::Owned(text.to_owned()))
    }

    /// Appends it as a field of a DataRow: its length, -1 for null, then itself.
    pub fn encode(&self, kind: Kind, binary: bool, out: &mut BytesMut) {
        let start = out.len();
        out.put_i32(-1);
        if matches!(self, Value::Null) || !self.can_be(kind) {
            return;
        }
        match binary {
            true => self.encode_binary(kind, out),
            false => out.put_slice(self.words(kind).as_bytes()),
        }
        let len = i32::try_from(out.len() - start - 4).unwrap_or(i32::MAX);
        out[start..start + 4].copy_from_slice(&len.to_be_bytes());
    }

    /// As text of the type `kind`.
    pub fn words(&self, kind: Kind) -> Cow<'_, str> {
        match (self, kind) {
            (Value::Null, _) => Cow::Borrowed(""),
            (_, Kind::Bool) => Cow::Borrowed(if self.is_true() { "t" } else { "f" }),
            (_, Kind::Int4) => Cow::Owned(self.int4().to_string()),
            (_, Kind::Int8 | Kind::Numeric) => Cow::Owned(self.number().to_string()),
            (Value::Text(text), _) => Cow::Borrowed(text),
            (Value::Int(number), _) => Cow::Owned(number.to_string()),
            (Value::Bool(flag), _) => Cow::Borrowed(if *flag { "t" } else { "f" }),
            (Value::Float(number), _) => Cow::Owned(number.to_string()),
        }
    }

    /// Whether there is such a value of the type `kind`: what is no time is null instead of another.
    fn can_be(&self, kind: Kind) -> bool {
        kind != Kind::Time || pg_micros(&self.words(kind)).is_some()
    }

    fn encode_binary(&self, kind: Kind, out: &mut BytesMut) {
        match kind {
            Kind::Text => out.put_slice(self.words(kind).as_bytes()),
            Kind::Int4 => out.put_i32(self.int4()),
            Kind::Int8 => out.put_i64(self.number()),
            Kind::Numeric => put_numeric(self.number(), out),
            Kind::Bool => out.put_u8(u8::from(self.is_true())),
            Kind::Float8 => out.put_f64(self.float()),
            Kind::Time => out.put_i64(pg_micros(&self.words(kind)).unwrap_or(0)),
        }
    }

    fn is_true(&self) -> bool {
        match self {
            Value::Text(text) => matches!(text.as_ref(), "t" | "true" | "1" | "yes" | "on"),
            _ => self.float() != 0.0,
        }
    }

    /// A number that does not fit is the largest that does: PgBouncer's own columns are so narrow.
    fn int4(&self) -> i32 {
        let number = self.number();
        i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
    }

    #[expect(clippy::cast_possible_truncation, reason = "what does not fit is cut to what does")]
    fn number(&self) -> i64 {
        match self {
            Value::Int(number) => *number,
            Value::Bool(flag) => i64::from(*flag),
            Value::Float(number) => *number as i64,
            Value::Text(text) => text.trim().parse().unwrap_or(0),
            Value::Null => 0,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "that is what a float is")]
    fn float(&self) -> f64 {
        match self {
            Value::Float(number) => *number,
            Value::Text(text) => text.trim().parse().unwrap_or(0.0),
            _ => self.number() as f64,
        }
    }
}

/// PostgreSQL's binary form of a whole `numeric`: how many digits to the base of 10,000, the
/// weight of the first, the sign, the digits behind the point, the digits (`numeric_send`).
fn put_numeric(number: i64, out: &mut BytesMut) {
    const BASE: u64 = 10_000;
    let mut digits = Vec::new();
    let mut rest = number.unsigned_abs();
    while rest > 0 {
        digits.push(u16::try_from(rest % BASE).unwrap_or(0));
        rest /= BASE;
    }
    let count = u16::try_from(digits.len()).unwrap_or(0);
    out.put_u16(count);
    out.put_u16(count.saturating_sub(1));
    out.put_u16(if number < 0 { 0x4000 } else { 0 });
    out.put_u16(0);
    digits.iter().rev().for_each(|digit| out.put_u16(*digit));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: impl Into<Value>, kind: Kind, binary: bool) -> Vec<u8> {
        let mut out = BytesMut::new();
        value.into().encode(kind, binary, &mut out);
        out.to_vec()
    }

    #[test]
    fn values_are_written_as_postgresql_writes_them() {
        assert_eq!(encoded("ab", Kind::Text, false), b"\0\0\0\x02ab");
        assert_eq!(encoded(7u32, Kind::Int4, true), b"\0\0\0\x04\0\0\0\x07");
        assert_eq!(encoded(7u32, Kind::Int8, false), b"\0\0\0\x017");
        assert_eq!(encoded(true, Kind::Bool, false), b"\0\0\0\x01t");
        assert_eq!(encoded(true, Kind::Int4, false), b"\0\0\0\x011");
        assert_eq!(encoded(None::<bool>, Kind::Text, true), b"\xff\xff\xff\xff");
        assert_eq!(encoded(u64::MAX, Kind::Int4, false), b"\0\0\0\x0a2147483647");
    }

    #[test]
    fn a_time_counts_from_2000() {
        let micros = encoded("2000-01-01 00:00:01 UTC", Kind::Time, true);
        assert_eq!(micros[4..], 1_000_000_i64.to_be_bytes());
        assert_eq!(encoded("2000-01-01", Kind::Time, false), b"\0\0\0\x0a2000-01-01");
        assert_eq!(encoded("no time", Kind::Time, true), b"\xff\xff\xff\xff");
    }

    #[test]
    fn numeric_has_digits_of_four() {
        let digits = |number: i64| {
            let bytes = encoded(number, Kind::Numeric, true)[4..].to_vec();
            bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect::<Vec<_>>()
        };
        assert_eq!(digits(0), [0, 0, 0, 0]);
        assert_eq!(digits(12_345_678), [2, 1, 0, 0, 1234, 5678]);
        assert_eq!(digits(-10_000), [2, 1, 0x4000, 0, 1, 0]);
        assert_eq!(digits(i64::MIN)[..3], [5, 4, 0x4000]);
    }

    #[test]
    fn every_kind_is_found_by_its_name() {
        assert_eq!(Kind::named("INT8"), Some(Kind::Int8));
        assert_eq!(Kind::named("numeric"), Some(Kind::Numeric));
        assert_eq!(Kind::named("timestamptz"), Some(Kind::Time));
        assert_eq!(Kind::named("money"), None);
    }
}
