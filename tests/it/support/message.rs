//! One message of the PostgreSQL protocol, as a test looks at it.

use std::fmt;

/// A message with its type byte, in either direction; a startup message has the type `'\0'`.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The type byte (PostgreSQL manual, "Message Formats").
    pub tag: char,
    /// What follows the length.
    pub body: Vec<u8>,
}

/// The fields of an `ErrorResponse` or a `NoticeResponse` that tests ask for; "" where absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    pub severity: String,
    pub code: String,
    pub message: String,
    pub detail: String,
    pub hint: String,
}

impl Message {
    /// The body as text up to its first zero byte: a command tag, a statement, a name.
    pub fn text(&self) -> String {
        text(&self.body)
    }

    /// `ReadyForQuery`'s transaction status: `'I'`, `'T'` or `'E'`.
    pub fn status(&self) -> char {
        self.must_be("Z");
        char::from(self.body[0])
    }

    /// `DataRow`'s columns, in text format.
    pub fn row(&self) -> Vec<Option<String>> {
        self.must_be("D");
        let (count, mut rest) = self.body.split_at(2);
        let count = usize::from(u16::from_be_bytes([count[0], count[1]]));
        (0..count).map(|_| column(&mut rest)).collect()
    }

    /// The fields of an error or a notice.
    pub fn fields(&self) -> Fields {
        self.must_be("EN");
        let mut fields = Fields::default();
        for field in self.body.split(|byte| *byte == 0).filter(|field| !field.is_empty()) {
            let value = String::from_utf8_lossy(&field[1..]).into_owned();
            match field[0] {
                b'V' => fields.severity = value,
                b'C' => fields.code = value,
                b'M' => fields.message = value,
                b'D' => fields.detail = value,
                b'H' => fields.hint = value,
                _ => {}
            }
        }
        fields
    }

    /// The strings of a `ParameterStatus` or of a startup message's parameters.
    pub fn strings(&self) -> Vec<String> {
        self.body.split(|byte| *byte == 0).map(text).filter(|text| !text.is_empty()).collect()
    }

    fn must_be(&self, tags: &str) {
        assert!(tags.contains(self.tag), "wanted one of {tags}, this is {self:?}");
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.body[..self.body.len().min(120)];
        write!(f, "{} {}", self.tag.escape_default(), shown.escape_ascii())
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.severity, self.code, self.message)
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn column(rest: &mut &[u8]) -> Option<String> {
    let (length, after) = rest.split_at(4);
    let length = i32::from_be_bytes(length.try_into().unwrap());
    let length = usize::try_from(length).ok();
    let (value, after) = after.split_at(length.unwrap_or(0));
    *rest = after;
    length.map(|_| String::from_utf8_lossy(value).into_owned())
}
