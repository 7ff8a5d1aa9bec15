//! What must hold between settings, each of which is right by itself.
//!
//! | file | what it checks |
//! |---|---|
//! | `listening` | that clients can connect, and only those who should |
//! | `tls` | that a mode has the files it needs |
//! | `pools` | that sizes fit each other |
//! | `users` | that somebody can log in |
//! | `databases` | that there is something behind the names |
//! | `notes` | that nobody relies on a setting without effect |

mod databases;
mod listening;
mod notes;
mod pools;
mod tls;
mod users;

use super::mistake::{Findings, Place};
use super::settings::Settings;
use super::source::outside::Outside;
use super::source::written::{TableId, Written};

/// Notes everything that does not fit together.
pub(crate) fn check(
    settings: &Settings,
    written: &Written,
    outside: Outside<'_>,
    findings: &mut Findings,
) {
    let mut rules = Rules { settings, written, outside, findings };
    rules.notes();
    rules.listening();
    rules.tls();
    rules.pools();
    rules.databases();
    rules.users();
}

/// The settings under examination.
struct Rules<'a> {
    settings: &'a Settings,
    written: &'a Written,
    outside: Outside<'a>,
    findings: &'a mut Findings,
}

impl Rules<'_> {
    /// Notes a mistake at `key`, unless it or one of the keys it hangs on is wrong already.
    fn mistake(&mut self, id: &TableId, key: &str, hangs_on: &[&str], wrong: impl Into<String>) {
        let known = |key: &&str| self.findings.blame(&id.key(key));
        if !hangs_on.iter().chain([&key]).any(known) {
            self.findings.mistake(self.place(id, key), id.key(key), wrong);
        }
    }

    /// Notes what the user should know.
    fn warning(&mut self, id: &TableId, key: &str, text: impl Into<String>) {
        self.findings.warning(self.place(id, key), id.key(key), text);
    }

    fn place(&self, id: &TableId, key: &str) -> Place {
        self.written.place(id, key)
    }

    fn is_written(&self, id: &TableId, key: &str) -> bool {
        self.written.entry(id, key).is_some()
    }
}
