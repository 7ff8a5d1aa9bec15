//! Whole numbers within bounds, shares, and flags.

use std::fmt::Display;

use super::raw::Raw;
use super::{Kind, Outside};

/// A whole number from `min` to `max`.
pub(crate) struct Whole<T> {
    min: T,
    max: T,
}

/// A whole number from `min` to `max`.
pub(crate) const fn whole<T>(min: T, max: T) -> Whole<T> {
    Whole { min, max }
}

impl<T: Copy + Display + Into<i128> + TryFrom<i128>> Kind for Whole<T> {
    type Value = T;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<T, String> {
        let number = match raw {
            Raw::Integer(number) => *number,
            Raw::Loose(text) => text.trim().parse().map_err(|_| not_whole(raw))?,
            _ => return Err(not_whole(raw)),
        };
        if number < self.min.into() {
            return Err(format!("{number} is too small"));
        }
        let fits = T::try_from(number).ok().filter(|_| number <= self.max.into());
        fits.ok_or_else(|| format!("{number} is too large"))
    }

    fn show(&self, value: &T) -> String {
        value.to_string()
    }

    fn allowed(&self) -> String {
        format!("a whole number from {} to {}", self.min, self.max)
    }
}

fn not_whole(raw: &Raw) -> String {
    format!("{} is not a whole number", raw.quoted())
}

/// A number from 0 to 1.
pub(crate) struct Share;

/// A number from 0 to 1.
pub(crate) const SHARE: Share = Share;

impl Kind for Share {
    type Value = f64;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<f64, String> {
        let number = match raw {
            Raw::Real(number) => Some(*number),
            Raw::Integer(0) => Some(0.0),
            Raw::Integer(1) => Some(1.0),
            Raw::Loose(text) => text.trim().parse().ok(),
            _ => None,
        };
        let share = number.filter(|number| (0.0..=1.0).contains(number));
        share.ok_or_else(|| match number {
            Some(number) => format!("{number} is not from 0 to 1"),
            None => format!("{} is not a number from 0 to 1", raw.quoted()),
        })
    }

    fn show(&self, value: &f64) -> String {
        value.to_string()
    }

    fn allowed(&self) -> String {
        "a number from 0 to 1".to_owned()
    }
}

/// `true` or `false`.
pub(crate) struct Flag;

impl Kind for Flag {
    type Value = bool;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<bool, String> {
        match raw {
            Raw::Flag(flag) => Ok(*flag),
            Raw::Loose(text) if text == "true" => Ok(true),
            Raw::Loose(text) if text == "false" => Ok(false),
            other => Err(format!("{} is neither true nor false", other.quoted())),
        }
    }

    fn show(&self, value: &bool) -> String {
        value.to_string()
    }

    fn allowed(&self) -> String {
        "true or false".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::source::environment::Environment;
    use crate::config::source::outside::NoFiles;

    fn share(raw: &Raw) -> Result<f64, String> {
        let environment = Environment::default();
        SHARE.read(raw, &Outside { environment: &environment, files: &NoFiles })
    }

    #[test]
    fn a_share_is_from_0_to_1() {
        for (raw, read) in [
            (Raw::Real(0.25), 0.25),
            (Raw::Integer(0), 0.0),
            (Raw::Integer(1), 1.0),
            (Raw::Loose("0.5".into()), 0.5),
            (Raw::Loose("1".into()), 1.0),
        ] {
            assert_eq!(share(&raw), Ok(read));
        }
        for wrong in [
            Raw::Real(1.01),
            Raw::Real(-0.1),
            Raw::Real(f64::NAN),
            Raw::Integer(2),
            Raw::Text("0.5".into()),
            Raw::Loose("50%".into()),
        ] {
            assert!(share(&wrong).is_err(), "{wrong:?}");
        }
    }
}
