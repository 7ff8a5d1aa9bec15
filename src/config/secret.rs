//! A secret as it came from the file, a variable or another file: usable, never printable.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Text that must not be shown: a password, a stored secret, a URL that may hold a password.
///
/// `Debug` prints `[secret]`, comparison takes the same time wherever two texts of one length
/// differ, and the memory is wiped when the value is dropped.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecretText {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_it() {
        let shown = format!("{:?}", Some(SecretText::from("hunter2")));
        assert_eq!(shown, "Some([secret])");
    }

    #[test]
    fn equal_texts_are_equal() {
        assert_eq!(SecretText::from("a"), SecretText::from("a"));
        assert_ne!(SecretText::from("a"), SecretText::from("ab"));
        assert_ne!(SecretText::from("ab"), SecretText::from("ac"));
    }
}
