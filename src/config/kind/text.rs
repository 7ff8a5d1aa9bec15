//! Text, lists of names, paths, and the mode of a file.

use std::path::PathBuf;

use super::raw::Raw;
use super::{Kind, Outside};
use crate::config::nearest::quoted;

/// The longest text of a setting in bytes: room for any reset query, small beside a message.
const MAX_TEXT_BYTES: usize = 8192;

/// Any text that fits a message of the protocol: no NUL, not endless.
pub(crate) struct Text;

impl Kind for Text {
    type Value = String;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<String, String> {
        fitting(raw.text()?).map(str::to_owned)
    }

    fn show(&self, value: &String) -> String {
        toml_string(value)
    }

    fn allowed(&self) -> String {
        "a string".to_owned()
    }
}

/// Names of users; one string may hold several, separated by commas.
pub(crate) struct Names;

impl Kind for Names {
    type Value = Vec<String>;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<Vec<String>, String> {
        raw.members()?.into_iter().map(|name| fitting(name).map(str::to_owned)).collect()
    }

    fn show(&self, value: &Vec<String>) -> String {
        let names: Vec<_> = value.iter().map(|name| toml_string(name)).collect();
        format!("[{}]", names.join(", "))
    }

    fn allowed(&self) -> String {
        "a list of names".to_owned()
    }
}

/// A path; "" is none.
pub(crate) struct FilePath;

impl Kind for FilePath {
    type Value = Option<PathBuf>;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<Option<PathBuf>, String> {
        let path = fitting(raw.text()?)?;
        Ok(Some(path).filter(|path| !path.is_empty()).map(PathBuf::from))
    }

    fn show(&self, value: &Option<PathBuf>) -> String {
        value
            .as_ref()
            .map_or_else(|| "\"\"".to_owned(), |path| toml_string(&path.to_string_lossy()))
    }

    fn allowed(&self) -> String {
        "a path, or \"\": none".to_owned()
    }
}

/// Permission bits, written as octal digits in a string so that 777 cannot be mistaken.
pub(crate) struct FileMode;

impl Kind for FileMode {
    type Value = u32;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<u32, String> {
        let text = raw.text()?;
        let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
        mode.ok_or_else(|| format!("{} is not a mode", quoted(text)))
    }

    fn show(&self, value: &u32) -> String {
        format!("\"{value:04o}\"")
    }

    fn allowed(&self) -> String {
        "octal digits in a string, from \"0000\" to \"0777\"".to_owned()
    }
}

/// `text`, if it may go into a message of the protocol.
fn fitting(text: &str) -> Result<&str, String> {
    if text.contains('\0') {
        return Err("it holds a zero byte".to_owned());
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(format!("it is longer than {MAX_TEXT_BYTES} bytes"));
    }
    Ok(text)
}

/// `text` with the quotes and escapes that TOML wants.
pub(crate) fn toml_string(text: &str) -> String {
    toml::Value::from(text).to_string()
}
