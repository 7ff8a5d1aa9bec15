//! How a script is written down, and read again.
//!
//! ```text
//! Q{begin read only} | P s1{commit}, S | B - s1, Dp, E, S
//! ```
//!
//! Each letter is a message's type byte, as in PostgreSQL's manual. `-` is the unnamed one. Behind `|` the
//! answers are read first, `/` begins another write, and `~` another one a little later.
//!
//! | | |
//! |---|---|
//! | `Q{text}` `P name{text}` | Query, Parse |
//! | `B portal statement (1,NULL)` | Bind, with values; `Bb`: results in binary format |
//! | `Ds name` `Dp name` `Cs name` `Cp name` | Describe and Close, of a statement or a portal |
//! | `E portal rows` | Execute |
//! | `S` `H` `X` | Sync, Flush, Terminate |
//! | `d{data}` `c` `f` | CopyData, CopyDone, CopyFail |
//! | `F oid (1,2)` | FunctionCall |
//! | `cancel` | a CancelRequest |
//! | `bytes n` | this write goes out in pieces of n bytes |
//! | `vanish` `tear` | the connection is closed, or in the middle of a message |
//! | `set name{value}` | a startup parameter, in front of everything else |

use std::fmt;

use super::script::{Message, Script, Step, Target};

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for (name, value) in &self.startup {
            write!(f, "{between}set {name}{{{value}}}")?;
            between = ", ";
        }
        for step in &self.steps {
            match step {
                Step::Write => between = " / ",
                Step::Lull => between = " ~ ",
                Step::Read => between = " | ",
                _ => {
                    write!(f, "{between}{step}")?;
                    between = ", ";
                }
            }
        }
        if between == ", " { Ok(()) } else { f.write_str(between.trim_end()) }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Say(message) => message.fmt(f),
            Step::Pieces(bytes) => write!(f, "bytes {bytes}"),
            Step::Cancel => f.write_str("cancel"),
            Step::Vanish => f.write_str("vanish"),
            Step::Tear => f.write_str("tear"),
            Step::Write => f.write_str("/"),
            Step::Lull => f.write_str("~"),
            Step::Read => f.write_str("|"),
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Query(text) => write!(f, "Q{{{}}}", escaped(text)),
            Message::Parse { name, text } => write!(f, "P {}{{{}}}", shown(name), escaped(text)),
            Message::Bind { portal, statement, values, binary } => {
                let tag = if *binary { "Bb" } else { "B" };
                let values: Vec<_> =
                    values.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect();
                write!(f, "{tag} {} {}{}", shown(portal), shown(statement), listed(&values))
            }
            Message::Describe(target) => write!(f, "D{target}"),
            Message::Close(target) => write!(f, "C{target}"),
            Message::Execute { portal, rows: 0 } => write!(f, "E {}", shown(portal)),
            Message::Execute { portal, rows } => write!(f, "E {} {rows}", shown(portal)),
            Message::Sync => f.write_str("S"),
            Message::Flush => f.write_str("H"),
            Message::CopyData(data) => write!(f, "d{{{}}}", escaped(data)),
            Message::CopyDone => f.write_str("c"),
            Message::CopyFail => f.write_str("f"),
            Message::Call { function, values } => write!(f, "F {function}{}", listed(values)),
            Message::Terminate => f.write_str("X"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Statement(name) => write!(f, "s {}", shown(name)),
            Target::Portal(name) => write!(f, "p {}", shown(name)),
        }
    }
}

fn shown(name: &str) -> &str {
    if name.is_empty() { "-" } else { name }
}

fn escaped(text: &str) -> String {
    text.replace('\n', "\\n").replace('\t', "\\t")
}

fn listed<T: AsRef<str>>(values: &[T]) -> String {
    let values: Vec<_> = values.iter().map(AsRef::as_ref).collect();
    if values.is_empty() { String::new() } else { format!(" ({})", values.join(",")) }
}

/// A script as it is written down.
///
/// # Panics
/// Where it cannot be understood.
pub fn read(notation: &str) -> Script {
    let mut script = Script { startup: Vec::new(), steps: Vec::new() };
    let (mut braces, mut brackets, mut begun) = (0_i32, 0_i32, 0);
    for (at, c) in notation.char_indices() {
        match c {
            '{' => braces += 1,
            '}' => braces -= 1,
            '(' if braces == 0 => brackets += 1,
            ')' if braces == 0 => brackets -= 1,
            ',' | '/' | '~' | '|' if braces == 0 && brackets == 0 => {
                item(notation[begun..at].trim(), &mut script);
                begun = at + 1;
                match c {
                    '/' => script.steps.push(Step::Write),
                    '~' => script.steps.push(Step::Lull),
                    '|' => script.steps.push(Step::Read),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    item(notation[begun..].trim(), &mut script);
    script
}

fn item(written: &str, script: &mut Script) {
    let (words, text) = match written.split_once('{') {
        Some((words, text)) => (words, text.strip_suffix('}').unwrap_or(text)),
        None => (written, ""),
    };
    let text = text.replace("\\n", "\n").replace("\\t", "\t");
    let (words, values) = match words.split_once('(') {
        Some((words, values)) => (words, values.trim_end().trim_end_matches(')')),
        None => (words, ""),
    };
    let words: Vec<&str> = words.split_whitespace().collect();
    let values: Vec<&str> = values.split(',').filter(|value| !value.is_empty()).collect();
    let Some(first) = words.first() else { return };
    let name = |at: usize| words.get(at).map_or("", |name| name.trim_matches('-')).to_owned();
    let number = |at: usize| words.get(at).map_or(0, |number| number.parse().unwrap());
    let step = match *first {
        "set" => return script.startup.push((name(1), text)),
        "cancel" => Step::Cancel,
        "vanish" => Step::Vanish,
        "tear" => Step::Tear,
        "bytes" => Step::Pieces(usize::try_from(number(1)).unwrap()),
        "Q" => Step::Say(Message::Query(text)),
        "P" => Step::Say(Message::Parse { name: name(1), text }),
        "B" | "Bb" => {
            let value = |value: &&str| (*value != "NULL").then(|| (*value).to_owned());
            let values = values.iter().map(value).collect();
            let binary = *first == "Bb";
            Step::Say(Message::Bind { portal: name(1), statement: name(2), values, binary })
        }
        "Ds" => Step::Say(Message::Describe(Target::Statement(name(1)))),
        "Dp" => Step::Say(Message::Describe(Target::Portal(name(1)))),
        "Cs" => Step::Say(Message::Close(Target::Statement(name(1)))),
        "Cp" => Step::Say(Message::Close(Target::Portal(name(1)))),
        "E" => Step::Say(Message::Execute { portal: name(1), rows: number(2) }),
        "S" => Step::Say(Message::Sync),
        "H" => Step::Say(Message::Flush),
        "X" => Step::Say(Message::Terminate),
        "d" => Step::Say(Message::CopyData(text)),
        "c" => Step::Say(Message::CopyDone),
        "f" => Step::Say(Message::CopyFail),
        "F" => {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            Step::Say(Message::Call { function: name(1).parse().unwrap(), values })
        }
        other => panic!("{other}: no step of a script"),
    };
    script.steps.push(step);
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_script_is_read_as_it_was_written() {
        for script in [
            "Q{begin read only} | P s1{commit}, S | B - s1, Dp -, E -, S",
            "set TimeZone{UTC}, Bb p1 s1 (1,NULL), E p1 2, H / S ~ Q{} |",
            "bytes 1, Q{copy t from stdin} | d{@\\ta\\n}, c, F 177 (1,2) | cancel | tear",
        ] {
            assert_eq!(read(script).to_string(), script);
        }
    }
}
