//! That clients can connect, and only those who should.

use super::Rules;
use crate::config::address::{MAX_SOCKET_PATH_BYTES, socket_path_bytes};
use crate::config::mistake::Place;
use crate::config::section::Section;
use crate::config::section::login::AuthType;

impl Rules<'_> {
    pub(super) fn listening(&mut self) {
        self.listens_somewhere();
        self.socket_path_fits();
        self.trust_stays_at_home();
    }

    fn listens_somewhere(&mut self) {
        let listen = &self.settings.pooler.listen;
        if listen.listen_addr.is_empty() && listen.unix_socket_dir.is_none() {
            let wrong = "there is neither an address nor a unix_socket_dir to listen on";
            self.mistake(&Section::Pooler.into(), "listen_addr", &["unix_socket_dir"], wrong);
        }
    }

    fn socket_path_fits(&mut self) {
        let listen = &self.settings.pooler.listen;
        let Some(dir) = &listen.unix_socket_dir else { return };
        if socket_path_bytes(&dir.to_string_lossy(), listen.listen_port) > MAX_SOCKET_PATH_BYTES {
            let wrong = format!("the socket's path would be over {MAX_SOCKET_PATH_BYTES} bytes");
            self.mistake(&Section::Pooler.into(), "unix_socket_dir", &["listen_port"], wrong);
        }
    }

    /// Whoever writes "trust" has decided; whoever gave a URL without a password has not.
    fn trust_stays_at_home(&mut self) {
        let pooler = &self.settings.pooler;
        let at_home = pooler.listen.listen_addr.iter().all(|host| host.is_loopback());
        if pooler.login.auth_type != AuthType::Trust || at_home {
            return;
        }
        let id = Section::Pooler.into();
        let entry = self.written.entry(&id, "auth_type");
        if entry.is_some_and(|entry| matches!(entry.place, Place::Argument(_))) {
            self.mistake(&id, "listen_addr", &[], OPEN_TO_ALL);
        } else {
            self.warning(&id, "auth_type", "anybody who can reach listen_addr may log in");
        }
    }
}

const OPEN_TO_ALL: &str = "the URL of --primary has no password to ask clients for, so anybody who \
                           can reach this address could log in: listen on 127.0.0.1, put user and \
                           password into the URL, or name the users in a file (--config)";
