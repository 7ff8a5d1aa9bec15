//! How a server may ask for proof: libpq's `require_auth`.

use std::fmt;
use std::str::FromStr;

/// A way of authentication, by the word that libpq has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asked {
    /// Nothing is asked: the server trusts us, or knows us by our certificate.
    None,
    /// The password as it is.
    Password,
    /// A hash of it.
    Md5,
    /// A proof that does not show it.
    ScramSha256,
}

impl Asked {
    const ALL: [Self; 4] = [Self::None, Self::Password, Self::Md5, Self::ScramSha256];

    /// The word in a configuration file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Password => "password",
            Self::Md5 => "md5",
            Self::ScramSha256 => "scram-sha-256",
        }
    }
}

/// The ways that are taken (PostgreSQL manual, section "Parameter Key Words", `require_auth`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum RequireAuth {
    /// Every way.
    #[default]
    Any,
    /// These, by their places in `Asked::ALL`.
    Only([bool; 4]),
    /// All but these.
    Not([bool; 4]),
}

impl RequireAuth {
    /// Whether the server may ask so.
    pub fn takes(&self, asked: Asked) -> bool {
        match self {
            Self::Any => true,
            Self::Only(named) => named[asked as usize],
            Self::Not(named) => !named[asked as usize],
        }
    }

    /// Whether this way has been named as one that is taken.
    pub fn names(&self, asked: Asked) -> bool {
        matches!(self, Self::Only(named) if named[asked as usize])
    }

    /// From the words of a list. An empty list is [`RequireAuth::Any`].
    ///
    /// # Errors
    /// A word that is not known or there twice, or some with `!` and some without: half a sentence.
    pub fn from_words(words: &[&str]) -> Result<Self, BadRequireAuth> {
        let mut found: Option<(bool, [bool; 4])> = None;
        for &word in words {
            let (negated, name) = word.strip_prefix('!').map_or((false, word), |name| (true, name));
            let asked = Asked::ALL.into_iter().find(|asked| asked.as_str() == name);
            let asked = asked.ok_or_else(|| BadRequireAuth::Unknown(word.to_owned()))?;
            let (mode, named) = found.get_or_insert((negated, [false; 4]));
            if *mode != negated {
                return Err(BadRequireAuth::Mixed);
            }
            if std::mem::replace(&mut named[asked as usize], true) {
                return Err(BadRequireAuth::Twice(word.to_owned()));
            }
        }
        Ok(match found {
            None => Self::Any,
            Some((false, named)) => Self::Only(named),
            Some((true, named)) => Self::Not(named),
        })
    }
}

impl FromStr for RequireAuth {
    type Err = BadRequireAuth;

    fn from_str(text: &str) -> Result<Self, BadRequireAuth> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        Self::from_words(&words.collect::<Vec<_>>())
    }
}

/// As it would be written.
impl fmt::Display for RequireAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mark, named) = match self {
            Self::Any => return Ok(()),
            Self::Only(named) => ("", named),
            Self::Not(named) => ("!", named),
        };
        let words = Asked::ALL.into_iter().filter(|asked| named[*asked as usize]);
        let words: Vec<String> = words.map(|asked| format!("{mark}{}", asked.as_str())).collect();
        f.write_str(&words.join(","))
    }
}

/// A text that is no `require_auth`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRequireAuth {
    /// A word that names no way, or one that pgweir does not have (gss, sspi, oauth).
    #[error("{0:?} is no method that pgweir has")]
    Unknown(String),
    /// libpq's own rule.
    #[error("methods with \"!\" cannot be mixed with methods without")]
    Mixed,
    /// A slip of the pen.
    #[error("{0:?} stands there twice")]
    Twice(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> RequireAuth {
        text.parse().unwrap()
    }

    #[test]
    fn a_list_takes_what_it_names_and_a_negated_one_the_rest() {
        let taken = |text| Asked::ALL.map(|asked| read(text).takes(asked));
        assert_eq!(taken(""), [true; 4]);
        assert_eq!(taken("scram-sha-256"), [false, false, false, true]);
        assert_eq!(taken("none, password"), [true, true, false, false]);
        assert_eq!(taken("!password,!md5"), [true, false, false, true]);
    }

    #[test]
    fn only_a_word_without_a_mark_names_its_method() {
        let names = |text| read(text).names(Asked::Password);
        let texts = ["", "!md5", "scram-sha-256", "!password", "password", "md5,password"];
        assert_eq!(texts.map(names), [false, false, false, false, true, true]);
    }

    #[test]
    fn what_libpq_refuses_is_refused() {
        let wrong = |text: &str| text.parse::<RequireAuth>().unwrap_err();
        assert_eq!(wrong("kerberos"), BadRequireAuth::Unknown("kerberos".to_owned()));
        assert_eq!(wrong("!gss"), BadRequireAuth::Unknown("!gss".to_owned()));
        assert_eq!(wrong("md5,!password"), BadRequireAuth::Mixed);
        assert_eq!(wrong("md5,none,md5"), BadRequireAuth::Twice("md5".to_owned()));
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in ["", "none", "!password,!md5", "md5,scram-sha-256"] {
            assert_eq!(read(text).to_string(), text);
        }
    }
}
