//! Who may say what: every table and every command, by who may look and who may steer.

use super::{admin, start, watcher};
use crate::support::Database;
use pgweir::admin::{Right, commands, tables};

/// A text for each command that is read, and that a process survives.
fn sample(word: &str) -> &'static str {
    match word {
        "PAUSE" => "PAUSE nowhere",
        "RESUME" => "RESUME nowhere",
        "DISABLE" => "DISABLE nowhere",
        "ENABLE" => "ENABLE nowhere",
        "RECONNECT" => "RECONNECT nowhere",
        "KILL" => "KILL nowhere",
        "KILL_CLIENT" => "KILL_CLIENT 2147483647",
        "WAIT_CLOSE" => "WAIT_CLOSE nowhere",
        "RELOAD" => "RELOAD",
        "SET" => "SET nothing_at_all = 1",
        "SHUTDOWN" => "SHUTDOWN WAIT_FOR_CLIENTS",
        "SUSPEND" => "SUSPEND",
        other => panic!("no text for {other}"),
    }
}

#[test]
fn each_table_is_shown_to_those_who_may_see_it() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let (mut admin, mut watcher) = (admin(&pgweir), watcher(&pgweir));
    for table in tables::ALL {
        let name = table.name;
        for text in [format!("SHOW {name}"), format!("SELECT * FROM {name}")] {
            admin.rows(&text);
            match table.right {
                Right::Look => drop(watcher.rows(&text)),
                Right::Steer => assert_eq!(watcher.error(&text).code, "42501", "{text}"),
            }
        }
    }
}

#[test]
fn no_command_is_for_those_who_may_only_look() {
    let database = Database::create();
    let pgweir = start(&database, "");
    let (mut admin, mut watcher) = (admin(&pgweir), watcher(&pgweir));
    // The last one ends the process.
    let mut all: Vec<_> = commands::ALL.iter().collect();
    all.sort_by_key(|command| command.word == "SHUTDOWN");
    for command in all {
        let text = sample(command.word);
        let refused = watcher.error(text);
        assert_eq!(refused.code, "42501", "{text}");
        assert!(refused.hint.contains("admin_users"), "{text}: {}", refused.hint);
        match command.word {
            "RELOAD" | "SHUTDOWN" => drop(admin.rows(text)),
            "SUSPEND" => assert_eq!(admin.error(text).code, "0A000"),
            "SET" | "KILL_CLIENT" => assert_eq!(admin.error(text).code, "42704", "{text}"),
            _ => assert_eq!(admin.error(text).code, "3D000", "{text}"),
        }
    }
    drop((admin, watcher));
    assert_eq!(pgweir.stop_after_signal().0.code(), Some(0));
}
