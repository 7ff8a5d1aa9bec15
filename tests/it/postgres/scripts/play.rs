//! Plays a script of messages and writes down what is answered.
//!
//! `Q begin | P s1 commit / S ~ B - s1 / E - / S`: `/` is between messages of one write, `~` between
//! writes, and at `|` everything that must come is read first. `-` is the unnamed one; `{9}` stands for
//! nine letters; `2>` begins a write of a second session; `[TimeZone=UTC]` in front is for the login.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::frontend::{self, bind, copy_data, copy_done, copy_fail, parse, query};
use crate::support::{Database, Message, Wire};

/// What came of a script, a line for each message, on this port.
pub fn play(script: &str, port: u16, database: &Database) -> String {
    let script = padded(script);
    let played = catch_unwind(AssertUnwindSafe(|| Stage::new(&script, port, database).play()));
    played.unwrap_or_else(|_| "nothing more comes".to_owned())
}

struct Stage<'a> {
    startup: Vec<(&'a str, &'a str)>,
    rest: &'a str,
    port: u16,
    database: &'a Database,
    sessions: [Option<Session>; 2],
    heard: Vec<String>,
}

struct Session {
    wire: Wire,
    /// The types of messages that have not been answered.
    owed: VecDeque<char>,
    /// The server waits for the data of a COPY.
    copies: bool,
}

impl<'a> Stage<'a> {
    fn new(script: &'a str, port: u16, database: &'a Database) -> Stage<'a> {
        let (startup, rest) = match script.strip_prefix('[') {
            Some(script) => script.split_once("] ").unwrap(),
            None => ("", script),
        };
        let startup = startup.split(' ').filter_map(|one| one.split_once('=')).collect();
        Stage { startup, rest, port, database, sessions: [None, None], heard: Vec::new() }
    }

    fn play(mut self) -> String {
        for step in self.rest.split(" | ") {
            let mut who = 0;
            for write in step.split(" ~ ") {
                let second = write.strip_prefix("2> ");
                who = usize::from(second.is_some());
                self.send(who, second.unwrap_or(write));
            }
            self.hear(who);
        }
        for session in self.sessions.iter_mut().flatten() {
            session.wire.send([frontend::terminate()]);
            while session.wire.next_or_end().is_some() {}
        }
        self.heard.join("\n")
    }

    fn send(&mut self, who: usize, write: &str) {
        let login = || {
            let name = self.database.name.as_str();
            let mut wire = Wire::connect(self.port);
            let mut parameters = vec![("user", name), ("database", name)];
            parameters.extend(&self.startup);
            wire.log_in(name, name, &parameters);
            Session { wire, owed: VecDeque::new(), copies: false }
        };
        let session = self.sessions[who].get_or_insert_with(login);
        session.owed.extend(write.split(" / ").map(|message| message.chars().next().unwrap()));
        session.owed.retain(|tag| !"dcfX".contains(*tag));
        session.copies = false;
        session.wire.send(write.split(" / ").map(message));
    }

    fn hear(&mut self, who: usize) {
        let Some(session) = &mut self.sessions[who] else { return };
        while session.waits() {
            match session.wire.next_or_end() {
                Some(message) if message.tag == 'S' => {}
                Some(message) => {
                    session.take(message.tag);
                    self.heard.push(format!("{} {}", who + 1, shown(&message)));
                }
                None => {
                    self.heard.push(format!("{} the end", who + 1));
                    session.owed.clear();
                }
            }
        }
    }
}

impl Session {
    /// Only what ends with Sync, Flush or a Query must be answered.
    fn waits(&mut self) -> bool {
        while self.owed.front() == Some(&'H') {
            self.owed.pop_front();
        }
        !self.copies && self.owed.iter().any(|tag| "QSH".contains(*tag))
    }

    fn take(&mut self, tag: char) {
        let front = self.owed.front().copied().unwrap_or(' ');
        match (tag, front) {
            ('G', _) => self.copies = true,
            // Everything up to Sync is left out behind an error.
            ('E', 'Q') => {}
            ('E', _) => self.drop_until(|tag| tag == 'S'),
            ('Z', _) => {
                self.drop_until(|tag| "QS".contains(tag));
                self.owed.pop_front();
            }
            ('1', 'P') | ('2', 'B') | ('3', 'C') | ('n' | 'T', 'D') | ('C' | 's' | 'I', 'E') => {
                self.owed.pop_front();
            }
            _ => {}
        }
    }

    fn drop_until(&mut self, is_it: impl Fn(char) -> bool) {
        while self.owed.front().is_some_and(|tag| !is_it(*tag)) {
            self.owed.pop_front();
        }
    }
}

/// The message that a word or two stand for.
fn message(text: &str) -> Vec<u8> {
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    let name = |name: &str| if name == "-" { String::new() } else { name.to_owned() };
    let mut words = rest.split(' ');
    let mut word = || name(words.next().unwrap_or("-"));
    match kind {
        "Q" => query(rest),
        "P" => parse(&word(), rest.split_once(' ').map_or("", |(_, sql)| sql)),
        "B" => {
            let (portal, statement) = (word(), word());
            let values: Vec<_> = words.map(|word| (word != "NULL").then_some(word)).collect();
            bind(&portal, &statement, &values)
        }
        "Ds" => frontend::describe_statement(&word()),
        "Dp" => frontend::describe_portal(&word()),
        "Cs" => frontend::close_statement(&word()),
        "Cp" => frontend::close_portal(&word()),
        "E" => {
            frontend::execute_some(&word(), words.next().map_or(0, |rows| rows.parse().unwrap()))
        }
        "S" => frontend::sync(),
        "H" => frontend::flush(),
        "X" => frontend::terminate(),
        "d" => copy_data(format!("{rest}\n").as_bytes()),
        "c" => copy_done(),
        "f" => copy_fail(rest),
        other => panic!("no message begins with {other}: {text}"),
    }
}

fn padded(write: &str) -> String {
    match write.split_once('{').and_then(|(front, rest)| Some((front, rest.split_once('}')?))) {
        Some((front, (count, rest))) => {
            format!("{front}{}{rest}", "x".repeat(count.parse().unwrap()))
        }
        None => write.to_owned(),
    }
}

/// A message without what two servers need not have in common: OIDs of tables, places in files.
fn shown(message: &Message) -> String {
    let body = match message.tag {
        'E' | 'N' => {
            let fields = message.fields();
            format!("{fields}")
        }
        'C' | 'd' => message.text(),
        'D' => format!("{:?}", message.row()),
        'Z' => message.status().to_string(),
        'T' => columns(&message.body[2..]).join(" "),
        't' => format!("{:?}", &message.body),
        _ => String::new(),
    };
    format!("{} {}", message.tag, body.chars().take(200).collect::<String>())
}

/// Names and types (PostgreSQL manual, "Message Formats", `RowDescription`).
fn columns(mut body: &[u8]) -> Vec<String> {
    let mut columns = Vec::new();
    while let Some(end) = body.iter().position(|byte| *byte == 0) {
        let (name, rest) = (String::from_utf8_lossy(&body[..end]), &body[end + 1..]);
        let of_type = u32::from_be_bytes(rest[6..10].try_into().unwrap());
        columns.push(format!("{name}:{of_type}"));
        body = &rest[18..];
    }
    columns
}
