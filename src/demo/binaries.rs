//! Where PostgreSQL's programs are on this machine.

use std::cmp::Reverse;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::account;
use super::error::ClusterError;
use super::package;

/// What must stand in one folder for it to be a server's: a client's package has only the last.
const REQUIRED: &[&str] = &["postgres", "initdb", "pg_basebackup", "psql"];

/// A folder that has all of PostgreSQL's programs, of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Looks in `PGWEIR_PG_BIN` and, where that is not set, asks `pg_config`, then takes the newest
    /// version of Debian's or PGDG's versioned folders, then looks along `PATH`.
    ///
    /// # Errors
    /// [`ClusterError::NoPostgres`], which says what to install.
    pub fn find() -> Result<Binaries, ClusterError> {
        let candidates = match env::var_os("PGWEIR_PG_BIN") {
            Some(folder) => vec![PathBuf::from(folder)],
            None => candidates(),
        };
        let found = candidates.iter().find(|folder| is_complete(folder)).cloned();
        found.map(|folder| Binaries { folder }).ok_or_else(|| missing(&candidates))
    }

    /// The full path of one program, `pgbench` for instance, whether it is there or not.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn is_complete(folder: &Path) -> bool {
    REQUIRED.iter().all(|program| folder.join(program).is_file())
}

fn missing(candidates: &[PathBuf]) -> ClusterError {
    let looked_in: Vec<_> = candidates.iter().map(|folder| folder.display().to_string()).collect();
    ClusterError::NoPostgres {
        looked_in: looked_in.join(", "),
        install: package::install_command(account::we_are_root()),
    }
}

fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = ask_pg_config().into_iter().collect();
    folders.extend(versioned(Path::new("/usr/lib/postgresql"), "bin"));
    folders.extend(versioned(Path::new("/usr"), "bin").into_iter().filter(|f| is_pgdg(f)));
    folders.extend(versioned(Path::new("/usr/libexec"), "").into_iter().filter(|f| is_alpine(f)));
    folders.extend(along_path(env::var_os("PATH")));
    folders
}

fn ask_pg_config() -> Option<PathBuf> {
    let answer = Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = String::from_utf8(answer.stdout).ok()?;
    (answer.status.success() && !folder.trim().is_empty()).then(|| PathBuf::from(folder.trim()))
}

/// The folders `parent/*/below` whose name ends in a version, newest first.
fn versioned(parent: &Path, below: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> =
        entries.filter_map(|entry| Some((version(&entry.file_name())?, entry.path()))).collect();
    found.sort_by_key(|(version, _)| Reverse(*version));
    found
        .into_iter()
        .map(|(_, path)| if below.is_empty() { path } else { path.join(below) })
        .collect()
}

/// `17` of `17`, `pgsql-17` and `postgresql17`; a version before 10 (`9.6`) counts as its first number.
fn version(name: &OsString) -> Option<u32> {
    let name = name.to_str()?;
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.split('.').next()?.parse().ok()
}

/// `/usr/pgsql-17/bin`, where the PostgreSQL project's packages for Red Hat put them.
fn is_pgdg(folder: &Path) -> bool {
    folder.starts_with("/usr") && folder.to_string_lossy().contains("/pgsql-")
}

/// `/usr/libexec/postgresql17`, where Alpine puts them.
fn is_alpine(folder: &Path) -> bool {
    folder.to_string_lossy().contains("/postgresql")
}

fn along_path(path: Option<OsString>) -> Vec<PathBuf> {
    path.map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(programs: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for program in programs {
            fs::write(folder.path().join(program), "").unwrap();
        }
        folder
    }

    #[test]
    fn a_client_without_a_server_is_not_enough() {
        assert!(!is_complete(folder_with(&["psql"]).path()));
        assert!(!is_complete(folder_with(&["postgres", "initdb", "psql"]).path()));
        assert!(is_complete(folder_with(REQUIRED).path()));
    }

    #[test]
    fn the_newest_version_comes_first_by_number() {
        let parent = tempfile::tempdir().unwrap();
        for version in ["9.6", "15", "17", "common"] {
            fs::create_dir(parent.path().join(version)).unwrap();
        }
        let found = versioned(parent.path(), "bin");
        let expected: Vec<_> =
            ["17", "15", "9.6"].iter().map(|v| parent.path().join(v).join("bin")).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn versions_are_read_from_all_spellings() {
        let version_of = |name: &str| version(&OsString::from(name));
        assert_eq!(version_of("17"), Some(17));
        assert_eq!(version_of("pgsql-16"), Some(16));
        assert_eq!(version_of("postgresql15"), Some(15));
        assert_eq!(version_of("9.6"), Some(9));
        assert_eq!(version_of("bin"), None);
    }

    #[test]
    fn what_is_missing_is_said_with_a_command() {
        let error = missing(&[PathBuf::from("/nowhere/bin")]).to_string();
        assert!(error.contains("/nowhere/bin"), "{error}");
        assert!(error.contains("install"), "{error}");
        assert!(error.contains("PGWEIR_PG_BIN"), "{error}");
    }
}
