//! One setting changed while the process runs, and the list of those that can be.

use super::load::{Loaded, understand};
use super::mistake::{Findings, Mistakes, Place};
use super::nearest::nearest;
use super::section::Section;
use super::setting::{Applies, Fallback, Setting};
use super::settings::Settings;
use super::source::outside::{Disk, Outside};
use super::source::written::TableId;
use crate::config::kind::raw::Raw;

/// A setting as a running process has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key; with the section's name in front, where that is not `[pooler]`.
    pub key: String,
    /// What holds now.
    pub value: String,
    /// What holds where nothing is written.
    pub default: String,
    /// Whether a reload applies it.
    pub changeable: bool,
}

/// Why a setting was not changed.
#[derive(Clone, Debug)]
pub enum CannotChange {
    /// There is no such key; the nearest one, if one is near.
    NoSuchKey(Option<String>),
    /// It needs a restart.
    NeedsRestart,
    /// The value is wrong, or goes with none of the others.
    Mistakes(Mistakes),
}

impl Settings {
    /// The settings of `[pooler]`, `[routing]`, `[metrics]` and `[tracing]`, in the order of their keys.
    pub fn listed(&self) -> Vec<Listed> {
        let sections = [Section::Pooler, Section::Routing, Section::Metrics, Section::Tracing];
        let mut all: Vec<Listed> =
            sections.into_iter().flat_map(|section| self.listed_in(&section.into())).collect();
        all.sort_by(|a, b| a.key.cmp(&b.key));
        all
    }

    fn listed_in(&self, id: &TableId) -> Vec<Listed> {
        let shown = self.shown(id).into_iter();
        let listed = |(key, value): (&str, String)| {
            let setting = id.section.setting(key)?;
            let key = if id.section == Section::Pooler { key.to_owned() } else { id.key(key) };
            let changeable = setting.applies == Applies::AtReload;
            Some(Listed { key, value: bare(&value), default: default(setting), changeable })
        };
        shown.filter_map(listed).collect()
    }

    /// The values of a table, but for what a database needs to log in.
    fn shown(&self, id: &TableId) -> Vec<(&'static str, String)> {
        match (id.section, id.name.as_deref().and_then(|name| self.databases.get(name))) {
            (Section::Pooler, _) => {
                let pooler = &self.pooler;
                [
                    pooler.listen.shown(),
                    pooler.process.shown(),
                    pooler.pools.shown(),
                    pooler.timeouts.shown(),
                    pooler.login.shown(),
                    pooler.tls.shown(),
                    pooler.statements.shown(),
                ]
                .concat()
            }
            (Section::Routing, _) => self.routing.shown(),
            (Section::Metrics, _) => self.metrics.shown(),
            (Section::Tracing, _) => self.tracing.shown(),
            (Section::Databases, Some(database)) => {
                [database.pool.shown(), database.routing.shown()].concat()
            }
            _ => Vec::new(),
        }
    }
}

/// Settings of which one was changed.
#[derive(Clone, Debug)]
pub struct Changed {
    /// All of them.
    pub loaded: Loaded,
    /// What it was, as SHOW CONFIG has it: without a secret.
    pub old: String,
    /// What it is.
    pub new: String,
}

impl Loaded {
    /// The same settings but for one. Keys are those of [`Settings::listed`], and `databases.NAME.key`.
    ///
    /// # Errors
    /// There is no such key, it needs a restart, or the value is wrong.
    pub fn with(&self, key: &str, value: &str) -> Result<Changed, CannotChange> {
        self.with_pair(None, (key, value))
    }

    /// As [`Loaded::with`], with another one that is changed beside it.
    ///
    /// # Errors
    /// See there.
    pub fn with_pair(
        &self,
        beside: Option<(&str, &str)>,
        (key, value): (&str, &str),
    ) -> Result<Changed, CannotChange> {
        let mut written = self.origin.written.clone();
        for (key, value) in beside.into_iter().chain([(key, value)]) {
            let (id, own) = self.changeable(key)?;
            written.set(id, own, Raw::Loose(value.to_owned()), Place::Argument("SET".into()));
        }
        let outside = Outside { environment: &self.origin.environment, files: &Disk };
        let loaded = understand(written, outside, Findings::default());
        let loaded = loaded.map_err(CannotChange::Mistakes)?;
        let shown = |loaded: &Loaded| {
            let (id, own) = loaded.changeable(key)?;
            loaded.value(&id, own).ok_or(CannotChange::NoSuchKey(None))
        };
        Ok(Changed { old: shown(self)?, new: shown(&loaded)?, loaded })
    }

    fn changeable(&self, key: &str) -> Result<(TableId, &'static str), CannotChange> {
        let (id, own) = self.find(key).ok_or_else(|| CannotChange::NoSuchKey(self.near(key)))?;
        let shown = self.value(&id, own);
        let setting = id.section.setting(own).filter(|_| shown.is_some());
        match setting.ok_or(CannotChange::NoSuchKey(None))?.applies {
            Applies::AtRestart => Err(CannotChange::NeedsRestart),
            Applies::AtReload => Ok((id, own)),
        }
    }

    fn value(&self, id: &TableId, key: &str) -> Option<String> {
        let shown = self.settings.shown(id).into_iter();
        shown.filter(|(own, _)| *own == key).map(|(_, value)| bare(&value)).next()
    }

    /// The table and the key in it. A key alone is of `[pooler]`, or else of `[routing]`.
    fn find(&self, key: &str) -> Option<(TableId, &'static str)> {
        let in_table = |id: TableId, key: &str| {
            let setting = id.section.setting(key)?;
            Some((id, setting.key))
        };
        match key.split_once('.') {
            None => in_table(Section::Pooler.into(), key)
                .or_else(|| in_table(Section::Routing.into(), key)),
            Some(("databases", rest)) => {
                let (name, key) = rest.rsplit_once('.')?;
                let known = self.settings.databases.contains_key(name);
                in_table(TableId::named(Section::Databases, name), key).filter(|_| known)
            }
            Some((section, key)) => {
                let section = Section::from_name(section).filter(|section| !section.has_names())?;
                in_table(section.into(), key)
            }
        }
    }

    fn near(&self, key: &str) -> Option<String> {
        let listed = self.settings.listed();
        nearest(key, listed.iter().map(|listed| listed.key.as_str())).map(str::to_owned)
    }
}

fn default(setting: &Setting) -> String {
    match setting.fallback() {
        Fallback::Value(value) => bare(&value),
        Fallback::Words { words, .. } => words.to_owned(),
    }
}

/// Without the quotes that a text has in the file.
fn bare(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).unwrap_or(value).to_owned()
}
