//! Secrets: written as they are, taken from a variable, or read from a file.

use std::path::Path;

use super::raw::Raw;
use super::{Kind, Outside};
use crate::config::nearest::quoted;
use crate::config::secret::SecretText;

/// A secret, `"${VARIABLE}"` or `"file:PATH"`.
pub(crate) struct Secret;

impl Kind for Secret {
    type Value = SecretText;

    fn read(&self, raw: &Raw, outside: &Outside<'_>) -> Result<SecretText, String> {
        let secret = match raw {
            Raw::Secret(secret) => secret.clone(),
            written => resolve(written.text()?, outside)?,
        };
        match secret.expose() {
            "" => Err("it is empty".to_owned()),
            text if text.contains('\0') => Err("it holds a zero byte".to_owned()),
            _ => Ok(secret),
        }
    }

    fn show(&self, _: &SecretText) -> String {
        "\"[secret]\"".to_owned()
    }

    fn allowed(&self) -> String {
        "a string, \"${VARIABLE}\" or \"file:PATH\"".to_owned()
    }
}

/// A secret that nobody can guess; "" is none.
pub(crate) struct Nonce;

/// Half of what `openssl rand -hex 32` prints: nobody types that much by chance.
const NONCE_BYTES_MIN: usize = 32;

impl Kind for Nonce {
    type Value = Option<SecretText>;

    fn read(&self, raw: &Raw, outside: &Outside<'_>) -> Result<Option<SecretText>, String> {
        if !matches!(raw, Raw::Secret(_)) && raw.text()?.is_empty() {
            return Ok(None);
        }
        let secret = Secret.read(raw, outside)?;
        match secret.expose().len() {
            NONCE_BYTES_MIN.. => Ok(Some(secret)),
            _ => Err(format!("it is shorter than {NONCE_BYTES_MIN} bytes")),
        }
    }

    fn show(&self, value: &Option<SecretText>) -> String {
        value.as_ref().map_or_else(|| "\"\"".to_owned(), |secret| Secret.show(secret))
    }

    fn allowed(&self) -> String {
        format!("{} of at least {NONCE_BYTES_MIN} bytes, or \"\": none", Secret.allowed())
    }
}

/// Follows `${VARIABLE}` or `file:PATH`; any other text is the secret itself.
///
/// One newline at the end is dropped, because that is how editors and `echo` leave a file.
pub(crate) fn resolve(text: &str, outside: &Outside<'_>) -> Result<SecretText, String> {
    let secret = if let Some(path) = text.strip_prefix("file:") {
        let read = outside.files.read(Path::new(path));
        read.map_err(|error| format!("cannot read {}: {error}", quoted(path)))?
    } else if let Some(rest) = text.strip_prefix("${") {
        let name = rest.strip_suffix('}').ok_or("\"${\" is not closed by \"}\"")?;
        let value = outside.environment.value(name);
        value.ok_or_else(|| format!("the variable {} is not set", quoted(name)))?.to_owned()
    } else {
        return Ok(text.into());
    };
    Ok(without_newline(&SecretText::from(secret)))
}

fn without_newline(secret: &SecretText) -> SecretText {
    let text = secret.expose();
    let line = text.strip_suffix('\n').map_or(text, |t| t.strip_suffix('\r').unwrap_or(t));
    line.into()
}
