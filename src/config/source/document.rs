//! pooler.toml: its syntax, and which of its keys are known.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::written::{TableId, Written, shown_key};
use crate::config::mistake::{Findings, Place};
use crate::config::nearest::did_you_mean;
use crate::config::section::Section;

/// Reads the text of the file named `file`; keeps going after a mistake.
pub(crate) fn read(file: &str, text: &str, findings: &mut Findings) -> Written {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        file,
        line_starts: line_starts(text),
        broken_lines: BTreeSet::new(),
        written: Written::new(Place::line(file, 1)),
        findings,
    };
    for error in errors {
        reader.syntax_error(&error);
    }
    reader.root(root.get_ref());
    reader.written
}

struct Reader<'a> {
    file: &'a str,
    line_starts: Vec<usize>,
    /// Lines with a syntax error: what the parser makes of them is not what the user meant.
    broken_lines: BTreeSet<usize>,
    written: Written,
    findings: &'a mut Findings,
}

type Pair<'a, 'i> = (&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

impl Reader<'_> {
    fn syntax_error(&mut self, error: &toml::de::Error) {
        let line = self.line_of(error.span().map_or(0, |span| span.start));
        self.written.is_whole = false;
        if self.broken_lines.insert(line) {
            self.findings.mistake(Place::line(self.file, line), "", error.message());
        }
    }

    fn root(&mut self, root: &DeTable<'_>) {
        for (key, value) in root {
            match (Section::from_name(key.get_ref()), value.get_ref()) {
                (Some(section), DeValue::Table(table)) if section.has_names() => {
                    self.named_tables(section, table);
                }
                (Some(section), DeValue::Table(table)) => {
                    self.table(&section.into(), (key, value), table);
                }
                (Some(_), _) => self.mistake(key, key.get_ref(), "it is not a table", ""),
                (None, _) => self.unknown_section(key),
            }
        }
    }

    fn named_tables(&mut self, section: Section, tables: &DeTable<'_>) {
        for (name, value) in tables {
            let id = TableId::named(section, name.get_ref());
            match value.get_ref() {
                DeValue::Table(table) => self.table(&id, (name, value), table),
                _ => {
                    let example = format!("[{}.NAME]", section.name());
                    self.mistake(name, &id.to_string(), "it is not a table", &example);
                }
            }
        }
    }

    fn table(&mut self, id: &TableId, (key, _): Pair<'_, '_>, table: &DeTable<'_>) {
        let place = self.place(key);
        self.written.open(id.clone(), place);
        for (key, value) in table {
            match id.section.setting(key.get_ref()) {
                Some(setting) => {
                    let place = self.place(key);
                    if !self.is_broken(key) {
                        self.written.set(id.clone(), setting.key, value.get_ref().into(), place);
                    }
                }
                None => self.unknown_key(id, key),
            }
        }
    }

    fn unknown_section(&mut self, key: &Spanned<std::borrow::Cow<'_, str>>) {
        let name = key.get_ref();
        let wrong = match Section::holding(name) {
            Some(section) => format!("unknown section, the key belongs in {}", section.header()),
            None => {
                let known = Section::ALL.iter().map(|section| section.name());
                format!("unknown section{}", did_you_mean(name, known))
            }
        };
        let headers: Vec<_> = Section::ALL.iter().map(|section| section.header()).collect();
        self.mistake(key, &shown_key(name), &wrong, &headers.join(" "));
    }

    fn unknown_key(&mut self, id: &TableId, key: &Spanned<std::borrow::Cow<'_, str>>) {
        let name = key.get_ref();
        let suggestion = did_you_mean(name, id.section.settings().map(|setting| setting.key));
        let elsewhere = Section::holding(name).filter(|_| suggestion.is_empty());
        let wrong = match elsewhere {
            Some(section) => format!("unknown key, it belongs in {}", section.header()),
            None => format!("unknown key{suggestion}"),
        };
        let allowed = if suggestion.is_empty() && elsewhere.is_none() { KEYS_ARE_IN } else { "" };
        self.mistake(key, &id.key(&shown_key(name)), &wrong, allowed);
    }

    fn mistake(
        &mut self,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        name: &str,
        wrong: &str,
        allowed: &str,
    ) {
        if !self.is_broken(key) {
            self.findings.mistake_allowing(self.place(key), name, wrong, allowed);
        }
    }

    fn is_broken(&self, key: &Spanned<std::borrow::Cow<'_, str>>) -> bool {
        self.broken_lines.contains(&self.line_of(key.span().start))
    }

    fn place(&self, key: &Spanned<std::borrow::Cow<'_, str>>) -> Place {
        Place::line(self.file, self.line_of(key.span().start))
    }

    fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }
}

/// Where to look for a key that nothing is near to.
const KEYS_ARE_IN: &str = "the keys of docs/configuration.md";

fn line_starts(text: &str) -> Vec<usize> {
    let behind_newlines = text.match_indices('\n').map(|(offset, _)| offset + 1);
    std::iter::once(0).chain(behind_newlines).collect()
}
