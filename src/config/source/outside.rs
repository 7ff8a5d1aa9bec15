//! What settings refer to outside themselves: variables and files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::environment::Environment;

/// The largest file that is read, in bytes: ten thousand databases fit, `/dev/zero` does not.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// What settings may refer to.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// The variables.
    pub environment: &'a Environment,
    /// The files.
    pub files: &'a dyn Files,
}

/// The files that settings name.
pub trait Files {
    /// The text of a file.
    ///
    /// # Errors
    /// The file cannot be read, is not UTF-8, or is larger than [`MAX_FILE_BYTES`].
    fn read(&self, path: &Path) -> io::Result<String>;

    /// Whether the file could be read by whoever needs it later.
    ///
    /// # Errors
    /// It cannot be opened.
    fn check(&self, path: &Path) -> io::Result<()>;
}

/// The files of this machine.
#[derive(Clone, Copy, Debug)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<String> {
        let mut text = String::new();
        File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(io::Error::other(format!("larger than {MAX_FILE_BYTES} bytes")));
        }
        Ok(text)
    }

    fn check(&self, path: &Path) -> io::Result<()> {
        File::open(path).map(drop)
    }
}

/// A world without files, for tests and fuzzing.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &Path) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn check(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::NotFound.into())
    }
}
