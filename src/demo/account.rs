//! The user that PostgreSQL's programs run as: PostgreSQL refuses root.

use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::error::ClusterError;

/// Who to become when we are root, in this order.
const CANDIDATES: &[&str] = &["postgres", "nobody"];

/// The user that PostgreSQL's programs run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// We are an ordinary user: so are they.
    Ourselves,
    /// We are root: they are this user and group.
    Other {
        /// The user's number.
        uid: u32,
        /// The number of its first group.
        gid: u32,
    },
}

impl Account {
    /// Ourselves, or as root the first of `postgres` and `nobody` that exists.
    pub(super) fn choose() -> Result<Account, ClusterError> {
        if !we_are_root() {
            return Ok(Account::Ourselves);
        }
        let passwd =
            fs::read_to_string("/etc/passwd").map_err(ClusterError::io("read /etc/passwd"))?;
        CANDIDATES.iter().find_map(|name| entry(&passwd, name)).ok_or(ClusterError::NoAccount)
    }

    /// Makes `command` run as this user.
    pub(super) fn become_in(self, command: &mut Command) {
        if let Account::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
    }

    /// Makes `path` this user's.
    pub(super) fn own(self, path: &Path) -> io::Result<()> {
        match self {
            Account::Ourselves => Ok(()),
            Account::Other { uid, gid } => chown(path, Some(uid), Some(gid)),
        }
    }
}

/// Whether this process is root's.
pub(super) fn we_are_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The numbers of `name` in a file of passwd(5)'s form: `name:x:uid:gid:...`.
fn entry(passwd: &str, name: &str) -> Option<Account> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut numbers = line.split(':').skip(2).map(str::parse);
    let (uid, gid) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    (uid != 0).then_some(Account::Other { uid, gid })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n\
        postgresql:x:7:7::/:/bin/sh\n\
        postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash\n\
        toor:x:0:0::/:/bin/sh\n\
        broken:x\n";

    #[test]
    fn numbers_are_read_from_passwd() {
        assert_eq!(entry(PASSWD, "postgres"), Some(Account::Other { uid: 101, gid: 104 }));
        assert_eq!(entry(PASSWD, "nobody"), None);
        assert_eq!(entry(PASSWD, "broken"), None);
    }

    #[test]
    fn another_name_for_root_does_not_help() {
        assert_eq!(entry(PASSWD, "toor"), None);
    }
}
