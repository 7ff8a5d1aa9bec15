//! What is wrong with a configuration, where, and what would be allowed instead.

use std::fmt;
use std::sync::Arc;

/// Where a value was written. Ordered as mistakes are told: the file by line, then the rest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line of a file, counted from 1; 0 is the file as a whole.
    File {
        /// The file as the user named it.
        file: Arc<str>,
        /// Which line.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// An argument of the command line.
    Argument(String),
}

impl Place {
    /// A line of a file.
    pub(crate) fn line(file: &str, line: usize) -> Self {
        Self::File { file: file.into(), line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line: 0 } => f.write_str(file),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Variable(name) | Self::Argument(name) => f.write_str(name),
        }
    }
}

/// One thing to say about one setting: a mistake, or a warning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// Where it was written.
    pub place: Place,
    /// Which setting, as `section.key`; empty when it is about the file as a whole.
    pub key: String,
    /// What is wrong, without any secret in it.
    pub wrong: String,
    /// What would be right; empty when `wrong` says it.
    pub allowed: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.wrong)?;
        if !self.allowed.is_empty() {
            write!(f, "; allowed: {}", self.allowed)?;
        }
        Ok(())
    }
}

/// Every mistake of one configuration, in file order; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(Vec<Remark>);

impl Mistakes {
    /// A configuration with a single mistake.
    pub(crate) fn one(place: Place, key: &str, wrong: impl Into<String>) -> Self {
        Self(vec![Remark { place, key: key.into(), wrong: wrong.into(), allowed: String::new() }])
    }

    /// The mistakes, in file order.
    pub fn iter(&self) -> impl Iterator<Item = &Remark> {
        self.0.iter()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// What has been found so far, while reading goes on so that all of it is found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    mistakes: Vec<Remark>,
    warnings: Vec<Remark>,
}

impl Findings {
    /// Notes a mistake whose text says all there is to say.
    pub(crate) fn mistake(
        &mut self,
        place: Place,
        key: impl Into<String>,
        wrong: impl Into<String>,
    ) {
        self.mistake_allowing(place, key, wrong, "");
    }

    /// Notes a mistake and what would be right instead.
    pub(crate) fn mistake_allowing(
        &mut self,
        place: Place,
        key: impl Into<String>,
        wrong: impl Into<String>,
        allowed: impl Into<String>,
    ) {
        let (key, wrong, allowed) = (key.into(), wrong.into(), allowed.into());
        self.mistakes.push(Remark { place, key, wrong, allowed });
    }

    /// Notes what the user should know although pgweir runs.
    pub(crate) fn warning(
        &mut self,
        place: Place,
        key: impl Into<String>,
        text: impl Into<String>,
    ) {
        let (key, wrong) = (key.into(), text.into());
        self.warnings.push(Remark { place, key, wrong, allowed: String::new() });
    }

    /// Whether something is wrong with that key already, so that what follows from it is not
    /// said again.
    pub(crate) fn blame(&self, key: &str) -> bool {
        self.mistakes.iter().any(|mistake| mistake.key == key)
    }

    /// The warnings if nothing is wrong, else every mistake; both in file order.
    pub(crate) fn conclude(mut self) -> Result<Vec<Remark>, Mistakes> {
        self.mistakes.sort_by(|a, b| a.place.cmp(&b.place));
        self.warnings.sort_by(|a, b| a.place.cmp(&b.place));
        if self.mistakes.is_empty() { Ok(self.warnings) } else { Err(Mistakes(self.mistakes)) }
    }
}
