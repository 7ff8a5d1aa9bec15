//! The ways to settings: a file, a text, or URLs; all of it, or every mistake.

use std::path::Path;

use super::mistake::{Findings, Mistakes, Place, Remark};
use super::settings::Settings;
use super::source::environment::Environment;
use super::source::outside::{Disk, Files, Outside};
use super::source::written::Written;
use super::source::{arguments, document};
use super::{resolve, rules};

/// Settings that may be used, and what the user should know about them.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What the program uses.
    pub settings: Settings,
    /// What was written without effect, or is risky.
    pub warnings: Vec<Remark>,
    pub(crate) origin: Origin,
}

/// What settings were made from, so that one of them can be changed alone.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) written: Written,
    pub(crate) environment: Environment,
}

impl Settings {
    /// Reads pooler.toml. The environment overrides the file; `listen` (of the command line)
    /// overrides both.
    ///
    /// # Errors
    /// Every mistake of all three.
    pub fn from_file(
        path: &Path,
        listen: Option<&str>,
        environment: &Environment,
    ) -> Result<Loaded, Mistakes> {
        let name = path.display().to_string();
        let text = Disk.read(path).map_err(|error| {
            let wrong = format!(
                "cannot read it: {error}; name another file with --config, or hosts with --primary"
            );
            Mistakes::one(Place::line(&name, 0), "", wrong)
        })?;
        let outside = Outside { environment, files: &Disk };
        let mut findings = Findings::default();
        let written = document::read(&name, &text, &mut findings);
        finish(written, listen, outside, findings)
    }

    /// Reads the text of a pooler.toml that mistakes call `name`. It touches nothing but what
    /// `outside` offers: the entry for fuzzing.
    ///
    /// # Errors
    /// Every mistake of the text and the environment.
    pub fn from_text(name: &str, text: &str, outside: Outside<'_>) -> Result<Loaded, Mistakes> {
        let mut findings = Findings::default();
        let written = document::read(name, text, &mut findings);
        finish(written, None, outside, findings)
    }

    /// Makes settings from `postgres://` URLs alone; the environment overrides keys here too.
    ///
    /// With a dbname in the primary's URL there is one database of that name, else there is "*".
    /// With user and password in it clients log in with the same ones (scram-sha-256); without a
    /// password they are trusted, which is a mistake unless only this machine can connect.
    ///
    /// # Errors
    /// Every mistake of the URLs, the address and the environment.
    pub fn from_urls(
        listen: Option<&str>,
        primary: &str,
        replicas: &[String],
        environment: &Environment,
    ) -> Result<Loaded, Mistakes> {
        let outside = Outside { environment, files: &Disk };
        let written = arguments::from_urls(primary, replicas, outside);
        finish(written, listen, outside, Findings::default())
    }
}

fn finish(
    mut written: Written,
    listen: Option<&str>,
    outside: Outside<'_>,
    mut findings: Findings,
) -> Result<Loaded, Mistakes> {
    outside.environment.apply(&mut written, &mut findings);
    if let Some(address) = listen {
        arguments::listen(address, &mut written, &mut findings);
    }
    understand(written, outside, findings)
}

/// What was written, with its types and defaults, if all of it is right.
pub(crate) fn understand(
    written: Written,
    outside: Outside<'_>,
    mut findings: Findings,
) -> Result<Loaded, Mistakes> {
    let settings = resolve::resolve(&written, outside, &mut findings);
    rules::check(&settings, &written, outside, &mut findings);
    let warnings = findings.conclude()?;
    let origin = Origin { written, environment: outside.environment.clone() };
    Ok(Loaded { settings, warnings, origin })
}
