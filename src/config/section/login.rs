//! `[pooler]`: who may log in, and how that is proven.

use std::path::PathBuf;

use crate::config::kind::choice::{choice, one_of};
use crate::config::kind::secret::Nonce;
use crate::config::kind::text::{FilePath, Names};
use crate::config::secret::SecretText;
use crate::config::setting::settings;

choice! {
    /// How a client proves who it is.
    pub enum AuthType {
        /// Not at all.
        Trust = "trust",
        /// By its password, as it is.
        Plain = "plain",
        /// By a hash of its password, as PostgreSQL did before version 10.
        Md5 = "md5",
        /// By a challenge that never shows the password (RFC 7677).
        ScramSha256 = "scram-sha-256",
    }
    refused {
        "cert": "client certificates do not log in yet, use \"scram-sha-256\" over TLS",
        "hba": "rules by address are not read yet, use \"scram-sha-256\" for everybody",
    }
}

settings! {
    /// Who may log in, and how that is proven.
    pub struct Login {
        /// How a client proves who it is. "trust" believes it; "plain" and "md5" are for old
        /// drivers.
        auth_type: AuthType = one_of(), default AuthType::ScramSha256, at AtReload;
        /// A file of users and their secrets, in the format of PgBouncer's userlist.txt; "" is
        /// none.
        auth_file: Option<PathBuf> = FilePath, default None, at AtReload;
        /// The secret by which SCRAM salts are made up for users without a SCRAM secret, so that who
        /// tries to log in cannot tell which users there are. Instances that clients reach by one
        /// name share it; "openssl rand -hex 32" makes one. "" derives it from
        /// client_tls_key_file, and where there is none makes a new one at each start.
        mock_authentication_nonce: Option<SecretText> = Nonce, default None, at AtRestart;
        /// Users who may do everything on the console.
        admin_users: Vec<String> = Names, default vec![], at AtReload;
        /// Users who may look at everything on the console.
        stats_users: Vec<String> = Names, default vec![], at AtReload;
    }
}
