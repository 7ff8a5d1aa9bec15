//! All that a client was told, written so that two of them can be compared.

use std::collections::BTreeMap;

use super::known;
use super::support::Message as Reply;

/// Answers, a line each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    pub lines: Vec<String>,
    /// The parameters that were reported, and those that have changed since the last ReadyForQuery.
    reported: BTreeMap<String, String>,
    before: BTreeMap<String, String>,
}

/// The end of the connection, as a line.
pub const END: &str = "(the end)";

impl Transcript {
    /// What was reported at login.
    pub fn begin(reported: BTreeMap<String, String>) -> Transcript {
        let lines = vec![format!("login {}", shown(reported.iter()))];
        Transcript { lines, before: reported.clone(), reported }
    }

    pub fn note(&mut self, reply: &Reply) {
        match reply.tag {
            'S' => self.report(reply),
            'Z' => self.ready(reply),
            _ => self.lines.extend(known::plain(&line(reply))),
        }
    }

    pub fn end(&mut self) {
        self.lines.push(END.to_owned());
    }

    fn report(&mut self, reply: &Reply) {
        let mut strings = reply.body.split(|byte| *byte == 0);
        let mut next = || String::from_utf8_lossy(strings.next().unwrap_or_default()).into_owned();
        let (name, value) = (next(), next());
        if !known::is_our_parameter(&name) {
            self.reported.insert(name, value);
        }
    }

    /// PostgreSQL reports what has changed just before it, whichever statement it was that changed it.
    fn ready(&mut self, reply: &Reply) {
        let changed =
            self.reported.iter().filter(|(name, value)| self.before.get(*name) != Some(value));
        let changed = shown(changed);
        self.lines.push(format!("Z {}{changed}", reply.status()));
        self.before.clone_from(&self.reported);
    }
}

fn shown<'a>(parameters: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    parameters.map(|(name, value)| format!(" {name}={value}")).collect()
}

fn line(reply: &Reply) -> String {
    let body = match reply.tag {
        'E' | 'N' => report(reply),
        'T' => columns(&reply.body),
        'C' => reply.text(),
        'K' => String::new(),
        _ => shortened(&reply.body),
    };
    format!("{} {body}", reply.tag)
}

/// An error's or a notice's fields, without those that say where in PostgreSQL's source it was made.
fn report(reply: &Reply) -> String {
    let fields = reply.body.split(|byte| *byte == 0).filter(|field| !field.is_empty());
    let told = fields.filter(|field| !b"SFLRWpq".contains(&field[0]));
    let told: Vec<_> = told.map(|field| String::from_utf8_lossy(field).into_owned()).collect();
    told.join("; ")
}

/// A RowDescription, whose tables' OIDs differ between two databases.
fn columns(body: &[u8]) -> String {
    let mut shown = String::new();
    let mut rest = body.get(2..).unwrap_or_default();
    while let Some(end) = rest.iter().position(|byte| *byte == 0) {
        let name = String::from_utf8_lossy(&rest[..end]).into_owned();
        let Some(facts) = rest.get(end + 1..end + 19) else { break };
        let table = if facts[..4] == [0; 4] { "" } else { " of a table" };
        shown.push_str(&format!("[{name}{table} {}]", facts[4..].escape_ascii()));
        rest = &rest[end + 19..];
    }
    shown
}

/// Long values are told by their length, and by a sum of all that is in them.
fn shortened(body: &[u8]) -> String {
    if body.len() <= 200 {
        return body.escape_ascii().to_string();
    }
    let sum =
        body.iter().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    format!("{}... ({} bytes, {sum:08x})", body[..40].escape_ascii(), body.len())
}
