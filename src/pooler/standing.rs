//! What an operator has said of databases: paused, disabled.

use std::collections::HashSet;

/// Databases that may be named here: more than a configuration has. Under `"*"` any name may be
/// paused.
const NAMES_MAX: usize = 10_000;

/// Which databases are paused or disabled, by the name that clients ask for.
#[derive(Debug, Default)]
pub struct Standing {
    all_paused: bool,
    paused: HashSet<String>,
    disabled: HashSet<String>,
}

impl Standing {
    /// Whether no client of this database gets a server.
    pub fn is_paused(&self, name: &str) -> bool {
        self.all_paused || self.paused.contains(name)
    }

    /// Whether `PAUSE` was said of all databases.
    pub fn is_all_paused(&self) -> bool {
        self.all_paused
    }

    /// Whether nobody may log in to this database.
    pub fn is_disabled(&self, name: &str) -> bool {
        self.disabled.contains(name)
    }

    /// `PAUSE`; false where too many names are known.
    pub(super) fn pause(&mut self, name: Option<&str>) -> bool {
        match name {
            Some(name) => insert(&mut self.paused, name),
            None => {
                self.all_paused = true;
                true
            }
        }
    }

    /// `RESUME`; false where nothing was paused. All databases are resumed together if they were
    /// paused together.
    pub(super) fn resume(&mut self, name: Option<&str>) -> bool {
        match name {
            Some(name) => !self.all_paused && self.paused.remove(name),
            None => {
                let was = self.all_paused || !self.paused.is_empty();
                *self =
                    Standing { disabled: std::mem::take(&mut self.disabled), ..Self::default() };
                was
            }
        }
    }

    /// `DISABLE`; false where too many names are known.
    pub(super) fn disable(&mut self, name: &str) -> bool {
        insert(&mut self.disabled, name)
    }

    /// `ENABLE`.
    pub(super) fn enable(&mut self, name: &str) {
        self.disabled.remove(name);
    }
}

fn insert(names: &mut HashSet<String>, name: &str) -> bool {
    let fits = names.len() < NAMES_MAX || names.contains(name);
    fits && {
        names.insert(name.to_owned());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_paused_together_is_resumed_together() {
        let mut standing = Standing::default();
        assert!(standing.pause(Some("a")) && standing.pause(None));
        assert!(standing.is_paused("a") && standing.is_paused("b"));
        assert!(!standing.resume(Some("a")), "all are paused");
        assert!(standing.disable("b") && standing.resume(None));
        assert!(!standing.is_paused("a") && !standing.is_paused("b"));
        assert!(standing.is_disabled("b"), "a pause is another thing");
        assert!(!standing.resume(None));
        standing.enable("b");
        assert!(!standing.is_disabled("b"));
    }

    #[test]
    fn one_database_is_paused_alone() {
        let mut standing = Standing::default();
        assert!(standing.pause(Some("a")));
        assert_eq!((standing.is_paused("a"), standing.is_paused("b")), (true, false));
        assert!(standing.resume(Some("a")) && !standing.resume(Some("a")));
    }

    #[test]
    fn names_are_bounded() {
        let mut standing = Standing::default();
        for number in 0..NAMES_MAX {
            assert!(standing.disable(&number.to_string()));
        }
        assert!(!standing.disable("one more") && standing.disable("0"));
    }
}
