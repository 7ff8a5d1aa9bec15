//! The environment, and the variables of it that override a key of the file.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::written::{TableId, Written};
use crate::config::kind::raw::Raw;
use crate::config::mistake::{Findings, Place};
use crate::config::nearest::nearest;
use crate::config::section::Section;

/// What every variable that overrides a key begins with.
const PREFIX: &str = "PGWEIR_";

/// The process's environment as it was at the start; values that are not UTF-8 are not in it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The value of a variable.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Writes each variable that overrides a key over what stands there; one that seems to mean
    /// to and does not is a mistake.
    pub(crate) fn apply(&self, written: &mut Written, findings: &mut Findings) {
        let ours = self.0.range(PREFIX.to_owned()..).take_while(|(n, _)| n.starts_with(PREFIX));
        let ours: Vec<_> = ours.collect();
        if ours.is_empty() {
            return;
        }
        let targets = Targets::of(written);
        for (name, value) in ours {
            targets.apply(name, value, written, findings);
        }
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let utf8 = |text: OsString| text.into_string().ok();
        let pairs = variables.into_iter();
        Self(pairs.filter_map(|(n, v)| Some((utf8(n.into())?, utf8(v.into())?))).collect())
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// Each variable that would override a key, and which; more than one when names collide.
struct Targets(BTreeMap<String, Vec<(TableId, &'static str)>>);

impl Targets {
    fn of(written: &Written) -> Self {
        let mut targets = Self(BTreeMap::new());
        for section in Section::ALL {
            if section.has_names() {
                for name in written.names(section) {
                    targets.add(&TableId::named(section, name));
                }
            } else {
                targets.add(&section.into());
            }
        }
        targets
    }

    fn add(&mut self, id: &TableId) {
        for setting in id.section.settings() {
            let target = (id.clone(), setting.key);
            self.0.entry(variable_name(id, setting.key)).or_default().push(target);
        }
    }

    fn apply(&self, name: &str, value: &str, written: &mut Written, findings: &mut Findings) {
        let place = Place::Variable(name.to_owned());
        match self.0.get(name).map(Vec::as_slice) {
            Some([(id, key)]) => {
                written.set(id.clone(), key, Raw::Loose(value.to_owned()), place);
            }
            Some(several) => {
                let keys: Vec<_> = several.iter().map(|(id, key)| id.key(key)).collect();
                findings.mistake(place, "", format!("it means any of {}", keys.join(", ")));
            }
            None => self.unknown(name, place, findings),
        }
    }

    /// Other programs may have variables under our prefix, so only what resembles one of ours is
    /// refused: a section's name in front, or a slip of the finger away from a known one.
    fn unknown(&self, name: &str, place: Place, findings: &mut Findings) {
        let near = nearest(name, self.0.keys().map(String::as_str)).filter(|n| is_slip(name, n));
        let in_section = Section::ALL.iter().any(|section| {
            name.starts_with(&format!("{PREFIX}{}_", section.name().to_ascii_uppercase()))
        });
        match near {
            Some(near) => {
                findings.mistake(place, "", format!("it overrides no key, did you mean {near}?"));
            }
            None if in_section => {
                findings.mistake_allowing(place, "", "it overrides no key", TABLES_OF_THE_FILE);
            }
            None => {}
        }
    }
}

const TABLES_OF_THE_FILE: &str =
    "PGWEIR_SECTION_KEY, or PGWEIR_DATABASES_NAME_KEY for a database that the file has";

/// The prefix and the section's name are long and always alike, so few letters may differ.
fn is_slip(name: &str, near: &str) -> bool {
    strsim::damerau_levenshtein(name, near) <= 2
}

/// `PGWEIR_DATABASES_MY_APP_POOL_SIZE` for `pool_size` of `[databases.my-app]`.
fn variable_name(id: &TableId, key: &str) -> String {
    let name = id.name.as_ref().map_or_else(String::new, |name| format!("{name}_"));
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let words = format!("{}_{name}{key}", id.section.name());
    PREFIX.chars().chain(words.chars().map(plain)).collect()
}
