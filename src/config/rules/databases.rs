//! That there is something behind the names that clients ask for.

use std::collections::BTreeSet;

use super::Rules;
use crate::config::section::Section;
use crate::config::settings::Database;
use crate::config::source::written::TableId;

/// The names of the console, whatever pooler.toml says.
const RESERVED: [&str; 2] = ["pgweir", "pgbouncer"];

impl Rules<'_> {
    pub(super) fn databases(&mut self) {
        self.some_database();
        self.no_reserved_name();
        for (name, database) in &self.settings.databases {
            let id = TableId::named(Section::Databases, name);
            self.no_host_twice(&id, database);
            if database.password.is_some() && database.user.is_none() {
                let wrong = "there is no user for it: write user as well, or leave it out";
                self.mistake(&id, "password", &["user"], wrong);
            }
        }
    }

    fn some_database(&mut self) {
        if self.written.names(Section::Databases).next().is_none() && self.written.is_whole {
            let wrong = "there is no database: write [databases.NAME], or [databases.\"*\"] for \
                         any name, with its primary";
            self.findings.mistake(self.written.origin.clone(), "databases", wrong);
        }
    }

    fn no_reserved_name(&mut self) {
        for name in self.written.names(Section::Databases) {
            let id = TableId::named(Section::Databases, name);
            let wrong = match name {
                "" => "the name is empty",
                name if RESERVED.contains(&name) => "the name is the console's",
                _ => continue,
            };
            self.findings.mistake(self.written.place(&id, ""), id.to_string(), wrong);
        }
    }

    fn no_host_twice(&mut self, id: &TableId, database: &Database) {
        let mut seen = BTreeSet::new();
        for host in database.hosts() {
            if !seen.insert(host) {
                let wrong = format!("{host} stands twice among primary and replicas");
                self.mistake(id, "replicas", &["primary"], wrong);
            }
        }
    }
}
