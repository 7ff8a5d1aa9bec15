//! What the user wrote: tables of keys, each value with its place, not yet understood.

use std::collections::BTreeMap;
use std::fmt;

use crate::config::kind::Kind;
use crate::config::kind::raw::Raw;
use crate::config::mistake::{Findings, Place};
use crate::config::section::Section;

use super::outside::Outside;

/// Which table: `[pooler]`, or `[databases.app]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TableId {
    pub(crate) section: Section,
    /// The name behind the dot, in the sections that have one.
    pub(crate) name: Option<String>,
}

impl TableId {
    /// A table of a section whose tables have names.
    pub(crate) fn named(section: Section, name: &str) -> Self {
        Self { section, name: Some(name.to_owned()) }
    }

    /// How a mistake names one of its keys: `databases.app.pool_size`.
    pub(crate) fn key(&self, key: &str) -> String {
        format!("{self}.{key}")
    }
}

impl From<Section> for TableId {
    fn from(section: Section) -> Self {
        Self { section, name: None }
    }
}

impl fmt::Display for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.section.name())?;
        self.name.as_deref().map_or(Ok(()), |name| write!(f, ".{}", shown_key(name)))
    }
}

/// A key as TOML writes it: quoted where it has to be, and never long.
pub(crate) fn shown_key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.len() <= 63 && key.chars().all(bare) {
        key.to_owned()
    } else {
        crate::config::nearest::quoted(key)
    }
}

/// One value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) raw: Raw,
    pub(crate) place: Place,
}

/// One table: where it begins, and the known keys that it has.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) place: Place,
    pub(crate) entries: BTreeMap<&'static str, Entry>,
}

/// Everything that was written, wherever it was.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// The place of what is missing altogether.
    pub(crate) origin: Place,
    /// Whether all of it could be read: if not, what seems to be missing may not be.
    pub(crate) is_whole: bool,
    tables: BTreeMap<TableId, Table>,
}

impl Written {
    /// Nothing yet.
    pub(crate) fn new(origin: Place) -> Self {
        Self { origin, is_whole: true, tables: BTreeMap::new() }
    }

    /// Notes that a table stands there, if it was not noted before.
    pub(crate) fn open(&mut self, id: TableId, place: Place) -> &mut Table {
        self.tables.entry(id).or_insert_with(|| Table { place, entries: BTreeMap::new() })
    }

    /// Writes a value, over one that was written before.
    pub(crate) fn set(&mut self, id: TableId, key: &'static str, raw: Raw, place: Place) {
        self.open(id, place.clone()).entries.insert(key, Entry { raw, place });
    }

    /// One key, if it was written.
    pub(crate) fn entry(&self, id: &TableId, key: &str) -> Option<&Entry> {
        self.tables.get(id)?.entries.get(key)
    }

    /// Where a key stands; its table if it was not written; the file if there is no such table.
    pub(crate) fn place(&self, id: &TableId, key: &str) -> Place {
        let table = self.tables.get(id);
        let entry = table.and_then(|table| table.entries.get(key)).map(|entry| &entry.place);
        entry.or(table.map(|table| &table.place)).unwrap_or(&self.origin).clone()
    }

    /// Every table, with its place and keys.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (&TableId, &Table)> {
        self.tables.iter()
    }

    /// The names of the tables of a section.
    pub(crate) fn names(&self, section: Section) -> impl Iterator<Item = &str> {
        let tables = self.tables.keys().filter(move |id| id.section == section);
        tables.filter_map(|id| id.name.as_deref())
    }
}

/// One table on its way to become settings.
pub(crate) struct Reading<'a> {
    pub(crate) id: TableId,
    pub(crate) written: &'a Written,
    pub(crate) outside: Outside<'a>,
    pub(crate) findings: &'a mut Findings,
}

impl Reading<'_> {
    /// What was written for `key`, or `otherwise`; a mistake is noted and reads on.
    pub(crate) fn value<K: Kind>(&mut self, key: &str, kind: &K, otherwise: K::Value) -> K::Value {
        let Some(entry) = self.written.entry(&self.id, key) else {
            return otherwise;
        };
        kind.read(&entry.raw, &self.outside).unwrap_or_else(|wrong| {
            let (place, key) = (entry.place.clone(), self.id.key(key));
            self.findings.mistake_allowing(place, key, wrong, kind.allowed());
            otherwise
        })
    }
}
