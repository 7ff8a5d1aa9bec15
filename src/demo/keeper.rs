//! The process that stops every PostgreSQL and deletes the folder, whatever happens to ours.

use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::account::Account;

/// Waits until nobody holds the other end of its input, which the kernel closes even when we are
/// killed; then stops its whole process group and deletes the folder, `$1`.
///
/// SIGQUIT is PostgreSQL's immediate shutdown; the shell itself ignores it. A `postmaster.pid` is
/// there for as long as its PostgreSQL is: 200 times 50 ms are twice what an immediate shutdown
/// waits (5 s) before it kills what is left. In the end nothing is left of the group: a program that was
/// started with SIGQUIT ignored, as everything is behind a script's `&`, does not notice that one.
const SCRIPT: &str = r#"
trap '' HUP INT QUIT TERM
read -r _
kill -QUIT 0
running() {
    for file in "$1"/*/postmaster.pid; do
        [ -f "$file" ] && kill -0 "$(head -n 1 "$file")" 2>/dev/null && return 0
    done
    return 1
}
tries=0
while running "$1" && [ "$tries" -lt 200 ]; do
    sleep 0.05
    tries=$((tries + 1))
done
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
kill -KILL 0
"#;

/// The process that cleans up when it is dropped, or when we die without dropping it.
///
/// It leads a process group of its own, apart from the terminal's, so that Ctrl-C reaches neither it nor
/// what is started in its group: they end when we say so.
pub(super) struct Keeper {
    shell: Child,
    group: i32,
    lifeline: Option<ChildStdin>,
}

impl Keeper {
    /// Starts to watch over `folder`, as its owner.
    pub(super) fn watch(folder: &Path, account: Account) -> io::Result<Keeper> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "pgweir-keeper"]).arg(folder).current_dir("/").process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        account.become_in(&mut command);
        let mut shell = command.spawn()?;
        let group = i32::try_from(shell.id()).map_err(io::Error::other)?;
        let lifeline = shell.stdin.take();
        Ok(Keeper { shell, group, lifeline })
    }

    /// Makes `command` end with the keeper's group.
    pub(super) fn take_in(&self, command: &mut Command) {
        command.process_group(self.group);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.lifeline = None;
        let _ = self.shell.wait();
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keeper({})", self.group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_ends_and_the_folder_goes() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("scratch");
        std::fs::create_dir_all(folder.join("primary")).unwrap();
        let keeper = Keeper::watch(&folder, Account::Ourselves).unwrap();
        let mut sleeper = Command::new("sleep");
        sleeper.arg("600");
        keeper.take_in(&mut sleeper);
        let mut sleeper = sleeper.spawn().unwrap();

        drop(keeper);

        assert!(!sleeper.wait().unwrap().success());
        assert!(!folder.exists());
    }

    #[test]
    fn a_stale_pid_file_does_not_hold_it_up() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("scratch");
        std::fs::create_dir_all(folder.join("primary")).unwrap();
        let mut gone = Command::new("true").spawn().unwrap();
        gone.wait().unwrap();
        std::fs::write(folder.join("primary/postmaster.pid"), gone.id().to_string()).unwrap();

        drop(Keeper::watch(&folder, Account::Ourselves).unwrap());

        assert!(!folder.exists());
    }
}
