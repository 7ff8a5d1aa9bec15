//! Ways of authentication, as libpq's `require_auth` lists them.

use super::raw::Raw;
use super::text::toml_string;
use super::{Kind, Outside};
use crate::auth::RequireAuth;

/// Methods, separated by commas; "" is every one.
pub(crate) struct Methods;

impl Kind for Methods {
    type Value = RequireAuth;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<RequireAuth, String> {
        let words: Vec<_> = raw.members()?.into_iter().filter(|word| !word.is_empty()).collect();
        RequireAuth::from_words(&words).map_err(|error| error.to_string())
    }

    fn show(&self, value: &RequireAuth) -> String {
        toml_string(&value.to_string())
    }

    fn allowed(&self) -> String {
        "none, password, md5, scram-sha-256 with commas between; all of them with ! in front; or \
         \"\": any"
            .to_owned()
    }
}
