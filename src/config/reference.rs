//! docs/configuration.md and the example pooler.toml, written from the definitions.

use super::section::{Group, Section};
use super::setting::{Applies, Fallback, Setting};

/// The width that the example's comments are wrapped to.
const WIDTH: usize = 96;

/// What stands above the settings in docs/configuration.md.
const MANUAL_INTRODUCTION: &str = include_str!("reference/manual.md");

/// What stands above the settings in pooler.toml.
const EXAMPLE_INTRODUCTION: &str = include_str!("reference/example.txt");

/// The text of docs/configuration.md.
pub fn manual() -> String {
    let mut manual = MANUAL_INTRODUCTION.to_owned();
    for section in Section::ALL {
        manual.push_str(&format!("\n## `{}`\n\n{}\n", section.header(), section.about()));
        for group in section.groups() {
            if section.groups().len() > 1 {
                manual.push_str(&format!("\n### {}\n", group.title));
            }
            for setting in group.settings {
                manual.push_str(&manual_entry(setting));
            }
        }
    }
    manual
}

/// The text of the example pooler.toml: it runs, and says nothing but the defaults.
pub fn example() -> String {
    let mut example = EXAMPLE_INTRODUCTION.to_owned();
    for section in Section::ALL {
        example.push_str(&format!("\n{}\n{}\n", comment(section.about()), example_header(section)));
        for (index, group) in section.groups().iter().enumerate() {
            example.push_str(&example_group(group, index, section));
        }
    }
    example
}

fn manual_entry(setting: &Setting) -> String {
    let fallback = match setting.fallback() {
        Fallback::Value(value) => format!("`{value}`"),
        Fallback::Words { words, .. } => words.to_owned(),
    };
    let applies = match setting.applies {
        Applies::AtReload => "A reload applies it.",
        Applies::AtRestart => "Needs a restart.",
    };
    let note = setting.note.map_or_else(String::new, |note| format!("\n\n**Note**: {note}."));
    let Setting { key, doc, .. } = setting;
    let allowed = setting.allowed();
    format!(
        "\n#### `{key}`\n\n{doc}{note}\n\nAllowed: {allowed}. Default: {fallback}. {applies}\n",
        allowed = allowed.replace('|', "or"),
    )
}

fn example_header(section: Section) -> &'static str {
    match section {
        Section::Databases => "[databases.app]",
        Section::Users => "[users.app]",
        other => other.header(),
    }
}

fn example_group(group: &Group, index: usize, section: Section) -> String {
    let mut text = String::new();
    if index > 0 {
        text.push_str(&format!("\n# --- {} ---\n", group.title));
    }
    for setting in group.settings {
        text.push_str(&example_entry(setting, section));
    }
    text
}

/// A key with its default is live; one that has no default, or no effect, is a comment.
fn example_entry(setting: &Setting, section: Section) -> String {
    let Setting { key, doc, applies, note, .. } = setting;
    let note = note.map_or_else(String::new, |note| format!(" Note: {note}."));
    let mut allowed = format!("Allowed: {}.", setting.allowed());
    let (mut is_live, value) = match setting.fallback() {
        Fallback::Value(value) => (setting.note.is_none(), value),
        Fallback::Words { words, example } => {
            allowed.push_str(&format!(" Default: {words}."));
            (false, example.to_owned())
        }
    };
    if *applies == Applies::AtRestart {
        allowed.push_str(" Needs a restart.");
    }
    is_live |= is_needed(section, key);
    let mark = if is_live { "" } else { "# " };
    let words = comment(&format!("{doc}{note}"));
    format!("\n{words}\n{}\n{mark}{key} = {value}\n", comment(&allowed))
}

/// Without these the example would not run.
fn is_needed(section: Section, key: &str) -> bool {
    matches!((section, key), (Section::Databases, "primary") | (Section::Users, "password"))
}

/// Text as comment lines.
fn comment(text: &str) -> String {
    let mut lines = vec!["#".to_owned()];
    for word in text.split_whitespace() {
        let full = lines.last().is_some_and(|line| line.len() + 1 + word.len() > WIDTH);
        if full {
            lines.push("#".to_owned());
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n")
}
