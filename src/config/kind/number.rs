//! Whole numbers within bounds, and flags.

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
