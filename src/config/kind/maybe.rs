//! Keys that may be left out, and keys that must be for now.

use super::raw::Raw;
use super::{Kind, Outside};

/// A key that may be left out; then it is what its definition says in words.
pub(crate) struct Maybe<K>(pub(crate) K);

impl<K: Kind> Kind for Maybe<K> {
    type Value = Option<K::Value>;

    fn read(&self, raw: &Raw, outside: &Outside<'_>) -> Result<Self::Value, String> {
        self.0.read(raw, outside).map(Some)
    }

    fn show(&self, value: &Self::Value) -> String {
        value.as_ref().map_or_else(String::new, |value| self.0.show(value))
    }

    fn allowed(&self) -> String {
        self.0.allowed()
    }
}

/// A key that is known and refused in this version, with the reason.
pub(crate) struct NotYet(pub(crate) &'static str);

impl Kind for NotYet {
    type Value = ();

    fn read(&self, _: &Raw, _: &Outside<'_>) -> Result<(), String> {
        Err(format!("refused in this version: {}", self.0))
    }

    fn show(&self, (): &()) -> String {
        String::new()
    }

    fn allowed(&self) -> String {
        "nothing in this version".to_owned()
    }
}
