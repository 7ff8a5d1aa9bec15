//! A value as it was written, before a setting gives it a meaning.

use toml::de::{DeInteger, DeValue};

use crate::config::nearest::quoted;
use crate::config::secret::SecretText;

/// What stands to the right of the equals sign.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw {
    /// A string of the file.
    Text(String),
    /// A number of the file; one that does not fit is the largest that does.
    Integer(i128),
    /// A number of the file with a point.
    Real(f64),
    /// `true` or `false`.
    Flag(bool),
    /// A list, possibly of lists.
    List(Vec<Raw>),
    /// Something that no setting takes: a date, a table.
    Foreign(&'static str),
    /// Text from the environment or the command line: whatever the setting takes it for.
    Loose(String),
    /// A secret that is already what it is: nothing in it is followed.
    Secret(SecretText),
}

impl Raw {
    /// The text of a string.
    pub(crate) fn text(&self) -> Result<&str, String> {
        match self {
            Self::Text(text) | Self::Loose(text) => Ok(text),
            other => Err(format!("{} is not a string", other.described())),
        }
    }

    /// The members of a list, or of a string that separates them by commas as PgBouncer does.
    pub(crate) fn members(&self) -> Result<Vec<&str>, String> {
        match self {
            Self::List(members) => members.iter().map(Self::text).collect(),
            other => {
                Ok(other.text()?.split(',').map(str::trim).filter(|m| !m.is_empty()).collect())
            }
        }
    }

    /// The value for a message that says it is of the wrong sort; never the text of a string,
    /// which may be a secret.
    pub(crate) fn described(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Real(_) => "a float".to_owned(),
            Self::Flag(flag) => flag.to_string(),
            Self::Text(_) | Self::Loose(_) | Self::Secret(_) => "a string".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Foreign(sort) => format!("a {sort}"),
        }
    }

    /// The value for a message about a setting that is not a secret.
    pub(crate) fn quoted(&self) -> String {
        match self {
            Self::Text(text) | Self::Loose(text) => quoted(text),
            other => other.described(),
        }
    }
}

impl From<&DeValue<'_>> for Raw {
    fn from(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(integer) => Self::Integer(integer_value(integer)),
            DeValue::Float(float) => Self::Real(float.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(flag) => Self::Flag(*flag),
            DeValue::Array(list) => Self::List(list.iter().map(|v| v.get_ref().into()).collect()),
            other => Self::Foreign(other.type_str()),
        }
    }
}

fn integer_value(integer: &DeInteger<'_>) -> i128 {
    i128::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(i128::MAX)
}
