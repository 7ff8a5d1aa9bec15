//! A connection on which pgweir asks on its own account, whatever its role and database have set.

use super::asking::{AskError, ask};
use super::connection::Server;
use super::error::OpenError;
use super::login;
use super::target::Target;
use crate::auth::Credential;
use crate::ids::ServerId;
use crate::session::Shared;
use std::sync::Arc;
use std::time::Duration;

/// Sent with the login, because only there they come before what ALTER ROLE and ALTER DATABASE have
/// set (`GucSource` in PostgreSQL's `guc.h`): under `statement_timeout = 1ms` nothing sure can be
/// set later, and a standby answers nothing under `default_transaction_isolation = serializable`.
const STARTUP: &[(&str, &str)] = &[
    ("application_name", "pgweir"),
    ("client_encoding", "UTF8"),
    ("default_transaction_isolation", "read committed"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("lock_timeout", "0"),
    ("quote_all_identifiers", "off"),
];

/// With an empty `search_path`, no name can mean something else than PostgreSQL's own. Set after the
/// login, for a login trigger may rely on it. PostgreSQL 16 and older has no `transaction_timeout`.
const SETTINGS: &str = "SET search_path = ''; \
SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings \
WHERE name = 'transaction_timeout'";

/// Logs in, for questions none of which a server may take longer for than `limit`.
///
/// # Errors
/// As [`login::open`] and [`ask`] say.
pub async fn open_to_ask<E: From<OpenError> + From<AskError>>(
    target: &Arc<Target>,
    credential: Credential,
    shared: &Shared,
    id: ServerId,
    limit: Duration,
) -> Result<Server, E> {
    let timeout = limit.as_millis().to_string();
    let mut startup = vec![("statement_timeout", timeout.as_str())];
    startup.extend(STARTUP);
    let opening = Box::pin(login::open_with(target, credential, shared, id, &startup));
    let (mut server, _) = opening.await?;
    ask(&mut server, SETTINGS, limit).await?;
    Ok(server)
}
