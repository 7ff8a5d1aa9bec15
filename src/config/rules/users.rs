//! That somebody can log in.

use super::Rules;
use crate::config::section::Section;
use crate::config::section::login::AuthType;
use crate::config::source::written::TableId;

impl Rules<'_> {
    pub(super) fn users(&mut self) {
        let login = &self.settings.pooler.login;
        self.file_opens("auth_file", login.auth_file.as_ref());
        if login.auth_type == AuthType::Trust {
            return;
        }
        if login.auth_file.is_none() {
            self.somebody_is_known();
            self.everybody_has_a_secret();
            self.admins_are_known();
        }
        if login.auth_type == AuthType::ScramSha256 {
            self.nobody_has_an_md5_secret();
        }
    }

    fn somebody_is_known(&mut self) {
        if self.settings.users.is_empty() && self.written.is_whole {
            let auth_type = self.settings.pooler.login.auth_type;
            let wrong = format!(
                "\"{auth_type}\" needs users, and there is neither a [users.NAME] table nor \
                 auth_file"
            );
            self.mistake(&Section::Pooler.into(), "auth_type", &["auth_file"], wrong);
        }
    }

    fn everybody_has_a_secret(&mut self) {
        for (name, user) in &self.settings.users {
            let id = TableId::named(Section::Users, name);
            if user.password.is_none() && self.written.is_whole {
                let auth_type = self.settings.pooler.login.auth_type;
                let wrong = format!("\"{auth_type}\" needs it, as there is no auth_file");
                self.mistake(&id, "password", &[], wrong);
            }
        }
    }

    fn admins_are_known(&mut self) {
        for name in &self.settings.pooler.login.admin_users {
            if !self.settings.users.contains_key(name) {
                let text = format!("{name:?} has no [users.NAME] table and cannot log in");
                self.warning(&Section::Pooler.into(), "admin_users", text);
            }
        }
    }

    /// SCRAM cannot be checked against an md5 hash, whoever has the password.
    fn nobody_has_an_md5_secret(&mut self) {
        for (name, user) in &self.settings.users {
            if user.password.as_ref().is_some_and(|secret| is_md5(secret.expose())) {
                let id = TableId::named(Section::Users, name);
                let wrong = "an md5 secret cannot be used by auth_type = \"scram-sha-256\", write \
                             the password or a SCRAM-SHA-256 secret";
                self.mistake(&id, "password", &[], wrong);
            }
        }
    }
}

/// "md5" and 32 hex digits, as PostgreSQL tells its secrets apart (`get_password_type`).
fn is_md5(secret: &str) -> bool {
    let hash = secret.strip_prefix("md5");
    hash.is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}
