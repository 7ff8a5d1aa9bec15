//! `pgweir check`: every mistake, or one line that says what would run.

use std::collections::BTreeSet;
use std::path::Path;

use super::load::Loaded;
use super::mistake::Mistakes;
use super::settings::{Database, Settings};
use super::source::environment::Environment;

/// The exit status of a configuration without a mistake.
pub const OK: u8 = 0;

/// The exit status of a configuration with one (`EX_CONFIG` of sysexits.h).
pub const BAD_CONFIGURATION: u8 = 78;

/// What `pgweir check` prints, without the last newline, and its exit status.
pub fn report(path: &Path, environment: &Environment) -> (String, u8) {
    match Settings::from_file(path, None, environment) {
        Ok(loaded) => (accepted(&path.display().to_string(), &loaded), OK),
        Err(mistakes) => (refused(&mistakes), BAD_CONFIGURATION),
    }
}

fn refused(mistakes: &Mistakes) -> String {
    let count = mistakes.iter().count();
    format!("{mistakes}\n{}", counted(count, "mistake"))
}

fn accepted(name: &str, loaded: &Loaded) -> String {
    let warnings: Vec<_> = loaded.warnings.iter().map(|w| format!("warning: {w}\n")).collect();
    let mut report = format!("{}{name}: ok: {}", warnings.concat(), summary(&loaded.settings));
    if !warnings.is_empty() {
        report.push_str(&format!(", {}", counted(warnings.len(), "warning")));
    }
    report
}

/// "2 databases on 3 hosts, 1 user, pools of 20, 40".
pub fn summary(settings: &Settings) -> String {
    let databases = settings.databases.values();
    let hosts: BTreeSet<_> = databases.clone().flat_map(Database::hosts).collect();
    let sizes: BTreeSet<_> = databases.map(|database| database.pool.pool_size).collect();
    let sizes: Vec<_> = sizes.iter().map(ToString::to_string).collect();
    format!(
        "{} on {}, {}, pools of {}",
        counted(settings.databases.len(), "database"),
        counted(hosts.len(), "host"),
        counted(settings.users.len(), "user"),
        sizes.join(" or "),
    )
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
