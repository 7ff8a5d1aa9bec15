//! docs/admin.md, written from the definitions of tables and commands.

use super::commands;
use super::tables::{self, Table};

/// What stands above the tables and commands.
const INTRODUCTION: &str = include_str!("manual.md");

/// The text of docs/admin.md.
pub fn manual() -> String {
    let mut manual = INTRODUCTION.to_owned();
    manual.push_str("\n## Commands\n\n| command | what it does | needs |\n|---|---|---|\n");
    for command in commands::ALL {
        let usage = command.usage().replace('|', "\\|");
        let row = format!("| `{usage}` | {} | {} |\n", command.about, command.right.setting());
        manual.push_str(&row);
    }
    manual.push_str("\n## Tables\n");
    tables::ALL.iter().for_each(|table| manual.push_str(&section(table)));
    manual
}

fn section(table: &Table) -> String {
    let needs = table.right.setting();
    let mut text = format!("\n### `{}`\n\n{}\n\nNeeds {needs}.\n", table.name, table.about);
    text.push_str("\n| column | type | what it says |\n|---|---|---|\n");
    for column in table.columns {
        let mark = if column.ours { " +" } else { "" };
        let (name, kind) = (column.name, column.kind.name());
        text.push_str(&format!("| `{name}`{mark} | {kind} | {} |\n", column.about));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// UPDATE_DOCS=1 writes it first.
    #[test]
    fn the_manual_is_up_to_date() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/admin.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, manual()).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap();
        assert!(found == manual(), "docs/admin.md is not what the definitions say: UPDATE_DOCS=1");
    }

    #[test]
    fn everything_is_in_it() {
        let manual = manual();
        for table in tables::ALL {
            assert!(manual.contains(&format!("\n### `{}`\n", table.name)), "{}", table.name);
        }
        for command in commands::ALL {
            assert!(manual.contains(&format!("\n| `{}", command.word)), "{}", command.word);
        }
    }
}
