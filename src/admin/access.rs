//! Who may use the console, and what for.

use std::collections::HashSet;

/// What somebody may do on the console; an administrator may do what the others may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Look: `stats_users`.
    Look,
    /// Everything: `admin_users`.
    Steer,
}

impl Right {
    /// Which setting gives it.
    pub fn setting(self) -> &'static str {
        match self {
            Right::Look => "stats_users or admin_users",
            Right::Steer => "admin_users",
        }
    }
}

/// The users of the console.
#[derive(Clone, Debug, Default)]
pub struct Access {
    admins: HashSet<String>,
    watchers: HashSet<String>,
}

impl Access {
    /// From `admin_users` and `stats_users`.
    pub fn new(admin_users: &[String], stats_users: &[String]) -> Self {
        let set = |names: &[String]| names.iter().cloned().collect();
        Access { admins: set(admin_users), watchers: set(stats_users) }
    }

    /// What this user may do, if anything.
    pub fn right(&self, user: &str) -> Option<Right> {
        if self.admins.contains(user) {
            return Some(Right::Steer);
        }
        self.watchers.contains(user).then_some(Right::Look)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_administrator_may_do_what_others_may() {
        let access = Access::new(&["a".into(), "b".into()], &["b".into(), "c".into()]);
        let rights = ["a", "b", "c", "d", ""].map(|user| access.right(user));
        let steer = Some(Right::Steer);
        assert_eq!(rights, [steer, steer, Some(Right::Look), None, None]);
        assert!(Right::Steer > Right::Look);
    }
}
