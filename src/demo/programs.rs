//! Runs PostgreSQL's programs: the right folder, the right user, and none that outlives the keeper.

use std::env;
use std::fs::{self, DirBuilder};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use rand::Rng;
use rand::distr::Alphanumeric;

use super::account::Account;
use super::binaries::Binaries;
use super::error::ClusterError;
use super::keeper::Keeper;

/// A unix socket's path has at most 107 bytes on Linux and 103 on macOS (`sun_path`); this leaves
/// room for the folder's name and `.s.PGSQL.65535`.
const MAX_PARENT_BYTES: usize = 60;

/// How much of a program's output or a log an error shows.
const TAIL_LINES: usize = 12;

/// PostgreSQL's programs, run in a scratch folder that is deleted when this is dropped.
#[derive(Debug)]
pub(super) struct Programs {
    // Dropped first: it stops what runs in the folder, and deletes it.
    keeper: Keeper,
    binaries: Binaries,
    account: Account,
    folder: PathBuf,
}

impl Programs {
    /// Finds the programs and makes the scratch folder.
    pub(super) fn prepare() -> Result<Programs, ClusterError> {
        let binaries = Binaries::find()?;
        let account = Account::choose()?;
        let folder = scratch_parent(account).join(format!("pgweir-{}", random_word(12)));
        let made = DirBuilder::new().mode(0o700).create(&folder);
        made.map_err(ClusterError::io(format!("make the folder {}", folder.display())))?;
        let kept = account.own(&folder).and_then(|()| Keeper::watch(&folder, account));
        match kept {
            Ok(keeper) => Ok(Programs { keeper, binaries, account, folder }),
            Err(error) => {
                let _ = fs::remove_dir(&folder);
                Err(ClusterError::io(format!("watch over {}", folder.display()))(error))
            }
        }
    }

    /// Where PostgreSQL's programs are.
    pub(super) fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The scratch folder: the hosts' data, logs and unix sockets.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A program, ready for its arguments: it takes nothing from our environment that could lead it
    /// to another PostgreSQL, and ends with the keeper.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.program(program));
        let ours = env::vars_os().map(|(name, _)| name);
        for name in ours.filter(|name| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").current_dir(&self.folder).stdin(Stdio::null());
        self.account.become_in(&mut command);
        self.keeper.take_in(&mut command);
        command
    }

    /// Runs `command` to its end and returns what it wrote to its standard output.
    pub(super) fn run(&self, mut command: Command) -> Result<String, ClusterError> {
        let name = program_name(&command);
        let output = command.output().map_err(ClusterError::io(format!("run {name}")))?;
        succeeded(name, &output)
    }

    /// As [`run`](Programs::run), with `input` to read.
    pub(super) fn feed(&self, mut command: Command, input: &str) -> Result<String, ClusterError> {
        let name = program_name(&command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(ClusterError::io(format!("run {name}")))?;
        let stdin = child.stdin.take();
        let output = thread::scope(|scope| {
            // A program that stops reading says why in its output, so this may fail in silence.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
            child.wait_with_output()
        });
        let output = output.map_err(ClusterError::io(format!("run {name}")))?;
        succeeded(name, &output)
    }

    /// Writes a file that the programs' user owns.
    pub(super) fn write(&self, path: &Path, text: &str) -> Result<(), ClusterError> {
        let written = fs::write(path, text).and_then(|()| self.account.own(path));
        written.map_err(ClusterError::io(format!("write {}", path.display())))
    }
}

/// A word of letters and digits that nobody can guess: passwords, and names nobody else has.
pub(super) fn random_word(length: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

/// The last lines of a text.
pub(super) fn tail(text: &str) -> String {
    let lines: Vec<_> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

fn program_name(command: &Command) -> String {
    let path = Path::new(command.get_program());
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn succeeded(program: String, output: &Output) -> Result<String, ClusterError> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let status = output.status.to_string();
    let said = tail(&String::from_utf8_lossy(&output.stderr));
    Err(ClusterError::Program { program, status, said })
}

/// Where the scratch folder stands: the user's own temporary folder, unless another user could not
/// reach it or a unix socket in it would have too long a name.
fn scratch_parent(account: Account) -> PathBuf {
    let own = env::temp_dir();
    let short = own.as_os_str().len() <= MAX_PARENT_BYTES;
    if account == Account::Ourselves && short { own } else { PathBuf::from("/tmp") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_end() {
        let lines: Vec<_> = (0..40).map(|n| n.to_string()).collect();
        let tail = tail(&lines.join("\n"));
        assert!(tail.starts_with("28\n"), "{tail}");
        assert!(tail.ends_with("\n39"), "{tail}");
        assert_eq!(super::tail("one\n"), "one");
    }

    #[test]
    fn words_differ_and_need_no_quotes() {
        let (one, other) = (random_word(24), random_word(24));
        assert_ne!(one, other);
        assert!(one.chars().all(|c| c.is_ascii_alphanumeric()));
    }
}
