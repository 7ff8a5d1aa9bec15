//! A script: what one client does, message by message. No I/O, so that whatever speaks the protocol can
//! play one.

/// What a client does, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Further parameters of its startup message.
    pub startup: Vec<(String, String)>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Goes into the write that is being filled.
    Say(Message),
    /// A write ends here.
    Write,
    /// A write ends here, and the peer has the time to do what it says.
    Lull,
    /// A write ends here, and all answers that must come by now are read.
    Read,
    /// The write that is being filled goes out in pieces of so many bytes.
    Pieces(usize),
    /// A write ends here, and what runs is canceled until an answer comes.
    Cancel,
    /// A write ends here, and the connection is closed without a word.
    Vanish,
    /// The same in the middle of a message.
    Tear,
}

/// What a frontend says (PostgreSQL manual, "Message Formats", those marked F). Texts are
/// [templates](expanded).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Query(String),
    Parse {
        name: String,
        text: String,
    },
    Bind {
        portal: String,
        statement: String,
        values: Vec<Option<String>>,
        /// Whether results are asked for in binary format.
        binary: bool,
    },
    Describe(Target),
    Close(Target),
    /// At most so many rows; 0 is all.
    Execute {
        portal: String,
        rows: i32,
    },
    Sync,
    Flush,
    CopyData(String),
    CopyDone,
    CopyFail,
    /// A function by its OID, and its arguments in text format.
    Call {
        function: u32,
        values: Vec<String>,
    },
    Terminate,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Statement(String),
    Portal(String),
}

impl Script {
    /// Whether it goes without waiting for what it has asked for: a peer may notice that before it is done.
    pub fn may_lose_writes(&self) -> bool {
        let mut unread = false;
        for step in &self.steps {
            match step {
                Step::Say(Message::Terminate) => return false,
                Step::Say(_) => unread = true,
                Step::Read => unread = false,
                Step::Vanish | Step::Tear => return unread,
                _ => {}
            }
        }
        false
    }
}

/// A text with `@` for the first key that is its session's own, and `#70000` for so many letters.
pub fn expanded(template: &str, key: u64) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(['@', '#']) {
        text.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        if rest.as_bytes()[at] == b'@' {
            text.push_str(&key.to_string());
            rest = behind;
        } else {
            let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
            text.push_str(&"x".repeat(behind[..digits].parse().unwrap_or(1)));
            rest = &behind[digits..];
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::expanded;

    #[test]
    fn a_template_has_keys_and_lengths() {
        assert_eq!(expanded("select @ + 1 /*#3*/", 70), "select 70 + 1 /*xxx*/");
        assert_eq!(expanded("select 1", 7), "select 1");
    }
}
