//! The names that we give to statements on servers.

use crate::ids::StatementId;
use std::fmt;

/// What every name that we give on a server begins with.
pub const NAME_PREFIX: &str = "pgweir_";

/// Digits of the largest number.
const DIGITS_MAX: usize = 20;

/// A name on a server, in place: one is made for every `Bind`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ServerName {
    bytes: [u8; ServerName::LEN_MAX],
    len: usize,
}

impl ServerName {
    /// Bytes of the longest: a client's own that looks like one of ours, behind our prefix.
    pub const LEN_MAX: usize = 2 * NAME_PREFIX.len() + DIGITS_MAX;

    /// The name of a statement.
    pub fn of(id: StatementId) -> Self {
        Self::prefixed(itoa::Buffer::new().format(id.0).as_bytes())
    }

    /// What stands for a client's own `name` that looks like one of ours, and so might reach
    /// another client's statement: a name that no server knows.
    pub fn disguise(name: &[u8]) -> Option<Self> {
        let ours = digits(name)? == name.len() - NAME_PREFIX.len();
        ours.then(|| Self::prefixed(name))
    }

    /// The name in `text`, if there is one, and the number of its statement, or the client's own
    /// name that it disguises.
    pub fn find(text: &[u8]) -> Option<(&[u8], Found<'_>)> {
        let start = position(text)?;
        let (named, inner) = (&text[start..], &text[start + NAME_PREFIX.len()..]);
        if let Some(count) = digits(inner) {
            let client = &inner[..NAME_PREFIX.len() + count];
            return Some((&named[..NAME_PREFIX.len() + client.len()], Found::Disguised(client)));
        }
        let number = &inner[..digits(named)?];
        let id = std::str::from_utf8(number).ok()?.parse().ok()?;
        let whole = &named[..NAME_PREFIX.len() + number.len()];
        Some((whole, Found::Statement(StatementId(id))))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// As it is sent, without a terminator.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The prefix and at most as much of `name` as there is room for.
    fn prefixed(name: &[u8]) -> Self {
        let mut bytes = [0; ServerName::LEN_MAX];
        let (prefix, rest) = bytes.split_at_mut(NAME_PREFIX.len());
        prefix.copy_from_slice(NAME_PREFIX.as_bytes());
        let len = name.len().min(rest.len());
        rest[..len].copy_from_slice(&name[..len]);
        ServerName { bytes, len: NAME_PREFIX.len() + len }
    }
}

impl fmt::Debug for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a name on a server stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A statement of the registry.
    Statement(StatementId),
    /// A client's own name.
    Disguised(&'a [u8]),
}

fn position(text: &[u8]) -> Option<usize> {
    text.windows(NAME_PREFIX.len()).position(|window| window == NAME_PREFIX.as_bytes())
}

/// How many digits follow the prefix; `None` without the prefix, or if there is no number.
fn digits(name: &[u8]) -> Option<usize> {
    let rest = name.strip_prefix(NAME_PREFIX.as_bytes())?;
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=DIGITS_MAX).contains(&count).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_fits() {
        assert_eq!(ServerName::of(StatementId(7)).as_str(), "pgweir_7");
        let longest = ServerName::of(StatementId(u64::MAX));
        assert_eq!(longest.as_str(), "pgweir_18446744073709551615");
        let disguised = ServerName::disguise(longest.as_bytes()).unwrap();
        assert_eq!(disguised.as_str(), "pgweir_pgweir_18446744073709551615");
    }

    #[test]
    fn only_what_could_be_a_name_of_ours_is_disguised() {
        for name in ["pgweir_", "pgweir_x", "pgweir_1x", "s1", "", "pgweir_pgweir_1"] {
            assert_eq!(ServerName::disguise(name.as_bytes()), None, "{name}");
        }
        assert_eq!(ServerName::disguise(b"pgweir_111111111111111111111"), None);
        assert!(ServerName::disguise(b"pgweir_1").is_some());
    }

    #[test]
    fn names_are_found_in_messages() {
        let found = ServerName::find(b"prepared statement \"pgweir_12\" already exists");
        assert_eq!(found, Some((&b"pgweir_12"[..], Found::Statement(StatementId(12)))));
        let found = ServerName::find(b"no \"pgweir_pgweir_3\"");
        assert_eq!(found, Some((&b"pgweir_pgweir_3"[..], Found::Disguised(b"pgweir_3"))));
        assert_eq!(ServerName::find(b"pgweir_ pgweir_x"), None);
        assert_eq!(ServerName::find(b"pgweir_99999999999999999999"), None);
    }
}
