//! How an error is said: building an `ErrorResponse`, and reading one.
//!
//! Source: PostgreSQL manual, "Error and Notice Message Fields".

use super::backend::{ERROR_RESPONSE, NOTICE_RESPONSE};
use super::reader::Reader;
use super::sqlstate::SqlState;
use super::writer::{cstr, message};
use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The statement failed; the session lives on.
    Error,
    /// The session ends.
    Fatal,
}

impl Severity {
    fn word(self) -> &'static [u8] {
        match self {
            Severity::Error => b"ERROR",
            Severity::Fatal => b"FATAL",
        }
    }
}

/// An error of our own, as a client sees it: the message in PostgreSQL's style (lower case, no
/// full stop), the detail and the hint as sentences; the hint names the setting to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorReport {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is.
    pub sqlstate: SqlState,
    /// What happened.
    pub message: String,
    /// More of what happened, where that helps.
    pub detail: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl ErrorReport {
    /// An error that the session survives.
    pub fn error(sqlstate: SqlState, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, sqlstate, message.into())
    }

    /// An error that ends the session.
    pub fn fatal(sqlstate: SqlState, message: impl Into<String>) -> Self {
        Self::new(Severity::Fatal, sqlstate, message.into())
    }

    fn new(severity: Severity, sqlstate: SqlState, message: String) -> Self {
        ErrorReport { severity, sqlstate, message, detail: None, hint: None }
    }

    /// With more of what happened.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether the session ends with it.
    pub fn is_fatal(&self) -> bool {
        self.severity == Severity::Fatal
    }

    /// Appends it as an `ErrorResponse`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        message(out, ERROR_RESPONSE, |body| self.encode_fields(body));
    }

    fn encode_fields(&self, body: &mut Vec<u8>) {
        field(body, b'S', self.severity.word());
        field(body, b'V', self.severity.word());
        field(body, b'C', self.sqlstate.0.as_bytes());
        field(body, b'M', self.message.as_bytes());
        if let Some(detail) = &self.detail {
            field(body, b'D', detail.as_bytes());
        }
        if let Some(hint) = &self.hint {
            field(body, b'H', hint.as_bytes());
        }
        body.push(0);
    }
}

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.sqlstate.0)?;
        self.detail.as_ref().map_or(Ok(()), |detail| write!(f, ": {detail}"))
    }
}

/// Appends a `NoticeResponse` of level NOTICE.
pub fn notice(out: &mut Vec<u8>, text: &str) {
    message(out, NOTICE_RESPONSE, |body| {
        field(body, b'S', b"NOTICE");
        field(body, b'V', b"NOTICE");
        field(body, b'C', b"00000");
        field(body, b'M', text.as_bytes());
        body.push(0);
    });
}

/// The fields of an `ErrorResponse` that a server sent.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    body: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Over the body of an `ErrorResponse` or a `NoticeResponse`.
    pub fn new(body: &'a [u8]) -> Self {
        Fields { body }
    }

    /// Each field's code and text, until the terminator or where the bytes stop making sense.
    pub fn iter(self) -> impl Iterator<Item = (u8, &'a [u8])> {
        let mut reader = Reader::new(self.body);
        std::iter::from_fn(move || match reader.u8() {
            Ok(code) if code != 0 => reader.cstr().ok().map(|text| (code, text)),
            _ => None,
        })
    }

    /// The text of the first field with this code.
    pub fn field(self, code: u8) -> Option<&'a [u8]> {
        self.iter().find(|(found, _)| *found == code).map(|(_, text)| text)
    }

    /// The SQLSTATE, or nothing where the server left it out.
    pub fn sqlstate(self) -> &'a [u8] {
        self.field(b'C').unwrap_or(b"")
    }

    /// The message for a log line: control characters replaced.
    pub fn message(self) -> String {
        printable(self.field(b'M').unwrap_or(b"(no message)"))
    }

    /// Whether the server ends the connection with it. `V` is the untranslated severity
    /// (PostgreSQL 9.6 and later).
    pub fn is_fatal(self) -> bool {
        let severity = self.field(b'V').or_else(|| self.field(b'S')).unwrap_or(b"");
        matches!(severity, b"FATAL" | b"PANIC")
    }
}

/// Appends the same fields with `from` replaced by `to` in the message, detail and hint.
pub fn rewritten(out: &mut Vec<u8>, fields: Fields<'_>, from: &[u8], to: &[u8]) {
    message(out, ERROR_RESPONSE, |body| {
        for (code, text) in fields.iter() {
            match code {
                b'M' | b'D' | b'H' => field(body, code, &replaced(text, from, to)),
                _ => field(body, code, text),
            }
        }
        body.push(0);
    });
}

/// Appends what PostgreSQL says of a statement that would return something else than before
/// (`RevalidateCachedQuery` in plancache.c). Drivers know it by its code and its routine.
pub fn plan_changed(out: &mut Vec<u8>) {
    message(out, ERROR_RESPONSE, |body| {
        field(body, b'S', b"ERROR");
        field(body, b'V', b"ERROR");
        field(body, b'C', b"0A000");
        field(body, b'M', b"cached plan must not change result type");
        field(body, b'F', b"plancache.c");
        field(body, b'R', b"RevalidateCachedQuery");
        body.push(0);
    });
}

/// `bytes` as text that a log line can hold: one line, no control characters.
pub fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn field(body: &mut Vec<u8>, code: u8, text: &[u8]) {
    body.push(code);
    cstr(body, text);
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(from) {
            out.extend_from_slice(to);
            rest = after;
        } else {
            out.push(rest[0]);
            rest = &rest[1..];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_error_reads_back_as_it_was_said() {
        let mut out = Vec::new();
        ErrorReport::error(SqlState::TOO_MANY_CONNECTIONS, "no server within 5s")
            .hint("Raise default_pool_size.")
            .encode(&mut out);
        let fields = Fields::new(&out[5..]);
        assert_eq!(fields.sqlstate(), b"53300");
        assert_eq!(fields.field(b'H'), Some(&b"Raise default_pool_size."[..]));
        assert!(!fields.is_fatal());
    }

    #[test]
    fn names_are_replaced_in_what_people_read_only() {
        let mut out = Vec::new();
        let body = b"SERROR\0C42P05\0Mprepared statement \"pgweir_1\" already exists\0\0";
        rewritten(&mut out, Fields::new(body), b"\"pgweir_1\"", b"\"s1\"");
        let fields = Fields::new(&out[5..]);
        assert_eq!(fields.field(b'M'), Some(&b"prepared statement \"s1\" already exists"[..]));
        assert_eq!(fields.sqlstate(), b"42P05");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let fields = Fields::new(&body);
            let _ = (fields.sqlstate(), fields.message(), fields.is_fatal());
            let mut out = Vec::new();
            rewritten(&mut out, fields, b"a", b"bb");
        }
    }
}
