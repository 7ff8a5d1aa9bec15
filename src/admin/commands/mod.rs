//! Every command of the console, defined once: what is read, who may say it, what it does.

mod run;

use super::access::Right;
use super::house::Shutdown;
use super::text::Word;

pub(super) use run::run;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// `PAUSE`.
    Pause(Option<String>),
    /// `RESUME`.
    Resume(Option<String>),
    /// `DISABLE`.
    Disable(String),
    /// `ENABLE`.
    Enable(String),
    /// `RECONNECT`.
    Reconnect(Option<String>),
    /// `KILL`.
    Kill(Option<String>),
    /// `KILL_CLIENT`.
    KillClient(u32),
    /// `WAIT_CLOSE`.
    WaitClose(Option<String>),
    /// `RELOAD`.
    Reload,
    /// `SET`.
    Set(String, String),
    /// `SHUTDOWN`.
    Shutdown(Shutdown),
    /// `SUSPEND`.
    Suspend,
}

/// A command.
#[derive(Debug)]
pub struct Command {
    /// Its word.
    pub word: &'static str,
    /// What stands behind it, as HELP writes it.
    pub argument: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Who may say it.
    pub right: Right,
    /// Reads what stands behind the word.
    pub read: fn(&[Word]) -> Option<Act>,
}

impl Command {
    /// How it is written.
    pub fn usage(&self) -> String {
        format!("{} {}", self.word, self.argument).trim_end().to_owned()
    }
}

/// The command of that word, in capital letters.
pub fn named(word: &str) -> Option<&'static Command> {
    ALL.iter().find(|command| command.word == word)
}

/// Every command, in the order of the manual.
pub static ALL: &[Command] = &[
    Command {
        word: "PAUSE",
        argument: "[database]",
        about: "No client gets a server any more; clients wait, transactions end. Answers when the \
                last server is closed, at most after a minute; what was paused stays so. A pause \
                that is cancelled stays, too.",
        right: Right::Steer,
        read: |words| Some(Act::Pause(maybe_name(words)?)),
    },
    Command {
        word: "RESUME",
        argument: "[database]",
        about: "Ends PAUSE and KILL. Databases that were paused together are resumed together.",
        right: Right::Steer,
        read: |words| Some(Act::Resume(maybe_name(words)?)),
    },
    Command {
        word: "DISABLE",
        argument: "database",
        about: "Nobody may log in to the database any more; who is there may stay.",
        right: Right::Steer,
        read: |words| Some(Act::Disable(maybe_name(words)??)),
    },
    Command {
        word: "ENABLE",
        argument: "database",
        about: "Ends DISABLE.",
        right: Right::Steer,
        read: |words| Some(Act::Enable(maybe_name(words)??)),
    },
    Command {
        word: "RECONNECT",
        argument: "[database]",
        about: "Closes every server as soon as no client uses it, so that new ones are opened: after a \
                host has moved. WAIT_CLOSE tells when the last one is closed.",
        right: Right::Steer,
        read: |words| Some(Act::Reconnect(maybe_name(words)?)),
    },
    Command {
        word: "KILL",
        argument: "[database]",
        about: "Ends all clients and servers of the database at once, and leaves it paused. RESUME \
                lets clients in again. Console clients stay.",
        right: Right::Steer,
        read: |words| Some(Act::Kill(maybe_name(words)?)),
    },
    Command {
        word: "KILL_CLIENT",
        argument: "id",
        about: "Ends one client at once; SHOW CLIENTS has the ids. Its statement is \
                cancelled, its transaction rolled back.",
        right: Right::Steer,
        read: |words| match words {
            [id] => Some(Act::KillClient(id.said().parse().ok()?)),
            _ => None,
        },
    },
    Command {
        word: "WAIT_CLOSE",
        argument: "[database]",
        about: "Answers when all servers are closed that were there before the last RECONNECT, at \
                most after a minute.",
        right: Right::Steer,
        read: |words| Some(Act::WaitClose(maybe_name(words)?)),
    },
    Command {
        word: "RELOAD",
        argument: "",
        about: "Reads the settings anew, as SIGHUP does: all of them, or none with the mistakes. \
                Notices say what changed and what waits for a restart. What SET has changed is \
                forgotten.",
        right: Right::Steer,
        read: |words| words.is_empty().then_some(Act::Reload),
    },
    Command {
        word: "SET",
        argument: "key = value",
        about: "Changes a setting of SHOW CONFIG until the next RELOAD or restart, checked as in the \
                file. `databases.NAME.key` changes one database's. A notice has the old value. \
                A certificate waits for the SET of its key, and the key for that of the certificate.",
        right: Right::Steer,
        read: set,
    },
    Command {
        word: "SHUTDOWN",
        argument: "[WAIT_FOR_SERVERS | WAIT_FOR_CLIENTS]",
        about: "Ends the process: at once; or as SIGTERM does, each client at the end of its \
                transaction; or when the last client has left by itself.",
        right: Right::Steer,
        read: |words| match words {
            [] => Some(Act::Shutdown(Shutdown::Now)),
            [mode] if mode.is("WAIT_FOR_SERVERS") => Some(Act::Shutdown(Shutdown::WaitForServers)),
            [mode] if mode.is("WAIT_FOR_CLIENTS") => Some(Act::Shutdown(Shutdown::WaitForClients)),
            _ => None,
        },
    },
    Command {
        word: "SUSPEND",
        argument: "",
        about: "Refused: PgBouncer uses it to hand its sockets to a new process. Use PAUSE.",
        right: Right::Steer,
        read: |words| words.is_empty().then_some(Act::Suspend),
    },
];

/// One name or none; `None` where there are more.
fn maybe_name(words: &[Word]) -> Option<Option<String>> {
    match words {
        [] => Some(None),
        [name] if *name != Word::Equals => Some(Some(name.said().to_owned())),
        _ => None,
    }
}

/// `key = value`, `key TO value`; a value of several words needs quotes.
fn set(words: &[Word]) -> Option<Act> {
    match words {
        [key, is, value] if *is == Word::Equals || is.is("TO") => {
            Some(Act::Set(key.said().to_owned(), value.said().to_owned()))
        }
        _ => None,
    }
}
