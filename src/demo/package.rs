//! The command that installs PostgreSQL on this machine's distribution.

use std::path::Path;

/// The file that shows which package manager is here, and its command. `scripts/lib.sh` has the
/// same table for the shell.
const INSTALLERS: &[(&str, &str)] = &[
    ("/usr/bin/apt-get", "apt-get install postgresql"),
    ("/usr/bin/dnf", "dnf install postgresql-server postgresql-contrib"),
    ("/sbin/apk", "apk add postgresql postgresql-client postgresql-contrib"),
    ("/usr/bin/pacman", "pacman -S postgresql"),
    ("/usr/bin/zypper", "zypper install postgresql-server postgresql-contrib"),
    ("/opt/homebrew/bin/brew", "brew install postgresql@17"),
    ("/usr/local/bin/brew", "brew install postgresql@17"),
];

/// The exact command for this machine; a general one where the distribution is not known.
pub(super) fn install_command(is_root: bool) -> String {
    match INSTALLERS.iter().find(|(manager, _)| Path::new(manager).exists()) {
        Some((_, command)) if is_root || command.starts_with("brew") => (*command).to_owned(),
        Some((_, command)) => format!("sudo {command}"),
        None => "your package manager (the package is usually called postgresql)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_not_told_to_use_sudo() {
        assert!(!install_command(true).contains("sudo"));
        assert!(install_command(true).contains("postgresql"));
    }
}
