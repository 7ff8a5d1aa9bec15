//! A small model of PostgreSQL's side of the protocol, after `PostgresMain` in postgres.c.

use super::super::script::server;
use crate::protocol::frame::Frames;
use std::collections::HashMap;

/// One server process.
#[derive(Debug)]
pub(super) struct Postgres {
    named: HashMap<String, String>,
    unnamed: Option<String>,
    /// By name.
    portals: HashMap<String, String>,
    status: char,
    skipping: bool,
    /// A COPY from the client; whether of the extended protocol.
    copying: Option<bool>,
    zone: String,
    was: String,
    reported: String,
    out: Vec<u8>,
}

type Outcome = Result<(), (&'static str, String)>;

fn fail(code: &'static str, message: impl Into<String>) -> Outcome {
    Err((code, message.into()))
}

impl Postgres {
    pub(super) fn new() -> Self {
        Postgres {
            named: HashMap::new(),
            unnamed: None,
            portals: HashMap::new(),
            status: 'I',
            skipping: false,
            copying: None,
            zone: "UTC".into(),
            was: String::new(),
            reported: "UTC".into(),
            out: Vec::new(),
        }
    }

    /// Reads whole messages; returns what it says.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut frames = Frames::new(bytes);
        while let Some(frame) = frames.next_frame().unwrap() {
            self.message(frame.tag, frame.body());
        }
        assert_eq!(frames.position(), bytes.len());
        std::mem::take(&mut self.out)
    }

    fn message(&mut self, tag: u8, body: &[u8]) {
        if let Some(extended) = self.copying {
            return self.copy_message(tag, extended);
        }
        if tag == b'S' {
            self.skipping = false;
            return self.ready();
        }
        if self.skipping || matches!(tag, b'd' | b'c' | b'f' | b'H') {
            return;
        }
        let fields: Vec<String> =
            body.split(|b| *b == 0).map(|part| String::from_utf8_lossy(part).into()).collect();
        if tag == b'Q' {
            return self.query(&fields[0]);
        }
        let outcome = match tag {
            b'P' => self.parse(&fields[0], &fields[1]),
            b'B' => self.bind(&fields[0], &fields[1]),
            b'D' => self.describe(&fields[0]),
            b'E' => self.execute(&fields[0]),
            b'C' => {
                self.close(&fields[0]);
                Ok(())
            }
            _ => panic!("message {tag}"),
        };
        self.skipping = outcome.is_err();
        self.end(outcome);
    }

    fn say(&mut self, script: &str) {
        self.out.extend_from_slice(&server(script));
    }

    fn end(&mut self, outcome: Outcome) {
        if let Err((code, message)) = outcome {
            self.say(&format!("E {code} {message}"));
            if self.status == 'T' {
                self.status = 'E';
            }
            self.portals.clear();
        }
    }

    fn ready(&mut self) {
        if self.reported != self.zone {
            self.reported = self.zone.clone();
            self.say(&format!("S TimeZone {}", self.zone));
        }
        if self.status == 'I' {
            self.portals.clear();
        }
        self.say(&format!("Z {}", self.status));
    }

    fn query(&mut self, text: &str) {
        self.unnamed = None;
        self.portals.clear();
        let outcome = self.run(text, false);
        let copying = self.copying.is_some();
        self.end(outcome);
        if !copying {
            self.ready();
        }
    }

    fn refused(&self, text: &str) -> Outcome {
        match (self.status, text) {
            ('E', "rollback") => Ok(()),
            ('E', _) => fail("25P02", "current transaction is aborted"),
            _ => Ok(()),
        }
    }

    fn run(&mut self, text: &str, extended: bool) -> Outcome {
        if text == "syntax" {
            return fail("42601", "syntax error");
        }
        self.refused(text)?;
        match text.split_once(' ') {
            _ if text.starts_with("SELECT pg_catalog.set_config") && extended => {
                // For one message, and back: what was set in between is kept.
                let wanted = text.rsplit('\'').nth(1).unwrap();
                let saved = std::mem::replace(&mut self.was, self.zone.clone());
                self.zone = if wanted.starts_with("pgweir") { saved } else { wanted.into() };
                self.say("D x | C SELECT 1");
            }
            _ if text.starts_with("SELECT pg_catalog.set_config") => {
                self.zone = text.split('\'').nth(3).unwrap().into();
                self.say("T | D x | C SELECT 1");
            }
            Some(("set", zone)) => {
                self.zone = zone.into();
                self.say("C SET");
            }
            Some(("copy", "in")) => {
                self.copying = Some(extended);
                self.say("G");
            }
            Some(("copy", "out")) => self.say("H | d a | c | C COPY 1"),
            Some(("deallocate" | "discard", "all")) => {
                self.named.clear();
                if text.starts_with("discard") {
                    self.zone = "UTC".into();
                }
                self.say(&format!("C {}", text.to_ascii_uppercase()));
            }
            Some(("deallocate", name)) => {
                self.lookup(name)?;
                self.named.remove(name);
                self.say("C DEALLOCATE");
            }
            _ => return self.run_word(text, extended),
        }
        Ok(())
    }

    fn run_word(&mut self, text: &str, extended: bool) -> Outcome {
        match text {
            "begin" => {
                self.status = 'T';
                self.say("C BEGIN");
            }
            "commit" | "rollback" => {
                self.status = 'I';
                self.say("C ROLLBACK");
            }
            "show" => self.say(&format!("D {} | C SHOW", self.zone)),
            "fold" => self.say(&format!("T | D folded in {} | C SELECT 1", self.zone)),
            "fail" => return fail("22012", "division by zero"),
            "" => self.say("I"),
            _ if text.starts_with("folded") => self.say(&format!("D {text} | C SELECT 1")),
            _ if extended => self.say(&format!("D {text} | C SELECT 1")),
            _ => self.say(&format!("T | D {text} | C SELECT 1")),
        }
        Ok(())
    }

    fn parse(&mut self, name: &str, text: &str) -> Outcome {
        if name.is_empty() {
            self.unnamed = None;
        }
        if text == "syntax" || text.ends_with("this)") {
            return fail("42601", "syntax error");
        }
        self.refused(text)?;
        // A literal is folded by the settings of its Parse.
        let folded = format!("folded in {}", self.zone);
        let text = if text == "fold" { &folded } else { text };
        if name.is_empty() {
            self.unnamed = Some(text.into());
        } else if self.named.contains_key(name) {
            return fail("42P05", format!("prepared statement \"{name}\" already exists"));
        } else {
            self.named.insert(name.into(), text.into());
        }
        self.say("1");
        Ok(())
    }

    fn lookup(&self, name: &str) -> Result<String, (&'static str, String)> {
        let found =
            if name.is_empty() { self.unnamed.clone() } else { self.named.get(name).cloned() };
        found.ok_or_else(|| ("26000", format!("prepared statement \"{name}\" does not exist")))
    }

    fn bind(&mut self, portal: &str, name: &str) -> Outcome {
        let text = self.lookup(name)?;
        self.refused(&text)?;
        self.portals.insert(portal.into(), text);
        self.say("2");
        Ok(())
    }

    fn describe(&mut self, target: &str) -> Outcome {
        if let Some(name) = target.strip_prefix('S') {
            let text = self.lookup(name)?;
            self.refused(&text)?;
            self.say(&format!("t | T {text}"));
        } else {
            let Some(text) = self.portals.get(&target[1..]) else {
                return fail("34000", "no portal");
            };
            let text = text.clone();
            self.say(&format!("T {text}"));
        }
        Ok(())
    }

    fn execute(&mut self, portal: &str) -> Outcome {
        let Some(text) = self.portals.get(portal).cloned() else {
            return fail("34000", "no portal");
        };
        self.run(&text, true)
    }

    fn close(&mut self, target: &str) {
        match target.split_at(1) {
            ("S", "") => self.unnamed = None,
            ("S", name) => drop(self.named.remove(name)),
            (_, name) => drop(self.portals.remove(name)),
        }
        self.say("3");
    }

    fn copy_message(&mut self, tag: u8, extended: bool) {
        let outcome = match tag {
            b'd' | b'H' | b'S' => return,
            b'c' => {
                self.say("C COPY 1");
                Ok(())
            }
            b'f' => fail("57014", "COPY failed"),
            _ => panic!("message {tag} during COPY"),
        };
        self.copying = None;
        self.skipping = extended && outcome.is_err();
        self.end(outcome);
        if !extended {
            self.ready();
        }
    }
}
