//! What the configuration says of clients.

use super::silence::Limits;
use crate::admin::Access;
use crate::auth::{Method, Salts, Secret};
use crate::net::tls::ClientTls;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Who may log in.
#[derive(Clone, Debug, Default)]
pub struct Users {
    /// By name.
    pub known: HashMap<String, Arc<Secret>>,
    /// For every other name, where the process runs from URLs alone and trusts its own machine.
    pub others: Option<Arc<Secret>>,
}

impl Users {
    /// Takes over the secrets of those that were there `before` where they are the same: what was
    /// derived from them need not be derived again.
    pub fn keep(&mut self, before: &Users) {
        for (name, secret) in &mut self.known {
            if let Some(old) = before.known.get(name).filter(|old| old.is_same(secret)) {
                *secret = old.clone();
            }
        }
    }

    /// What is known of a user.
    pub fn secret(&self, user: &str) -> Option<Arc<Secret>> {
        self.known.get(user).or(self.others.as_ref()).cloned()
    }
}

/// The settings that clients obey.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `auth_type`.
    pub method: Method,
    /// `[users]` and `auth_file`.
    pub users: Users,
    /// How salts are made up for users who are not known.
    pub salts: Arc<Salts>,
    /// `client_tls_*`.
    pub tls: ClientTls,
    /// `client_login_timeout`.
    pub login_timeout: Duration,
    /// `client_idle_timeout`.
    pub idle_timeout: Option<Duration>,
    /// `idle_transaction_timeout`.
    pub idle_transaction_timeout: Option<Duration>,
    /// `cancel_wait_timeout`.
    pub cancel_wait_timeout: Duration,
    /// `max_client_conn`.
    pub max_clients: usize,
    /// `admin_users` and `stats_users`.
    pub console: Access,
    /// `stats_period`.
    pub stats_period: Duration,
    /// `log_connections`.
    pub log_connections: bool,
    /// `log_disconnections`.
    pub log_disconnections: bool,
}

impl Policy {
    /// How long clients may be silent.
    pub(super) fn silence(&self) -> Limits {
        Limits { idle: self.idle_timeout, in_transaction: self.idle_transaction_timeout }
    }
}
