//! From settings to who may log in.

use super::build::BuildError;
use crate::auth::{Secret, UserList};
use crate::client::Users;
use crate::config::Settings;
use crate::config::section::login::AuthType;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// The longest auth_file that is read, bytes: a million users.
const AUTH_FILE_MAX: u64 = 128 * 1024 * 1024;

/// `[users]` and `auth_file` together; `[users]` wins.
pub(super) fn users(settings: &Settings) -> Result<Users, BuildError> {
    let mut known = match &settings.pooler.login.auth_file {
        Some(path) => listed(path)?,
        None => HashMap::new(),
    };
    for (name, user) in &settings.users {
        if let Some(password) = &user.password {
            let secret = Secret::parse(password.expose());
            let secret = secret.map_err(|error| BuildError::user(name, &error))?;
            known.insert(name.clone(), Arc::new(secret));
        }
    }
    Ok(Users { others: others(settings, &known)?, known })
}

/// Where nobody is named and everybody is trusted, every name will do.
fn others(
    settings: &Settings,
    known: &HashMap<String, Arc<Secret>>,
) -> Result<Option<Arc<Secret>>, BuildError> {
    let trusts = settings.pooler.login.auth_type == AuthType::Trust;
    if !trusts || !known.is_empty() {
        return Ok(None);
    }
    let nothing = Secret::parse("").map_err(|error| BuildError::user("*", &error))?;
    Ok(Some(Arc::new(nothing)))
}

fn listed(path: &Path) -> Result<HashMap<String, Arc<Secret>>, BuildError> {
    let unreadable = |error| BuildError::file("auth_file", path, &error);
    if std::fs::metadata(path).map_err(unreadable)?.len() > AUTH_FILE_MAX {
        return Err(BuildError::file("auth_file", path, &"it is over 128 MB"));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let list = UserList::parse(&text).map_err(|lines| {
        let lines = lines.iter().map(|error| format!("{}:{error}", path.display()));
        BuildError::lines(lines.collect())
    })?;
    Ok(list.iter().map(|(name, secret)| (name.to_owned(), secret.clone())).collect())
}
