//! The `name=value` parts of a SCRAM message, read in order (RFC 5802 section 5.1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::MAX_MESSAGE_BYTES;
use crate::auth::Failure;

/// A cursor over a message's parts, which commas separate.
pub(super) struct Attributes<'a> {
    message: &'a [u8],
    /// What was not read yet; `None` past the last part, since a part may be empty.
    rest: Option<&'a [u8]>,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(message: &'a [u8]) -> Result<Self, Failure> {
        if message.len() > MAX_MESSAGE_BYTES {
            return Err(malformed(format!("it is longer than {MAX_MESSAGE_BYTES} bytes")));
        }
        if message.contains(&0) {
            return Err(malformed("it has a zero byte"));
        }
        Ok(Self { message, rest: Some(message) })
    }

    /// The next part, whatever it is.
    pub(super) fn part(&mut self) -> Result<&'a [u8], Failure> {
        let rest = self.rest.ok_or_else(|| malformed("it ends early"))?;
        let comma = rest.iter().position(|byte| *byte == b',');
        self.rest = comma.map(|at| &rest[at + 1..]);
        Ok(&rest[..comma.unwrap_or(rest.len())])
    }

    /// The value of the next part, which must have this name.
    pub(super) fn value(&mut self, name: u8) -> Result<&'a [u8], Failure> {
        match self.part()? {
            [found, b'=', value @ ..] if *found == name => Ok(value),
            _ => Err(malformed(format!("no attribute '{}' where it must be", char::from(name)))),
        }
    }

    /// The value of the next part, a nonce: at least one character, all printable (`printable`).
    pub(super) fn nonce(&mut self) -> Result<&'a str, Failure> {
        let value = self.value(b'r')?;
        let printable = !value.is_empty() && value.iter().all(u8::is_ascii_graphic);
        let text = std::str::from_utf8(value).ok().filter(|_| printable);
        text.ok_or_else(|| malformed("its nonce is empty or not printable"))
    }

    /// The value of the next part, decoded from base64.
    pub(super) fn base64(&mut self, name: u8) -> Result<Vec<u8>, Failure> {
        let decoded = STANDARD.decode(self.value(name)?);
        decoded.map_err(|_| malformed(format!("attribute '{}' is not base64", char::from(name))))
    }

    /// The value of the next part, a key or a signature.
    pub(super) fn base64_32(&mut self, name: u8) -> Result<[u8; 32], Failure> {
        let decoded = self.base64(name)?;
        let wrong = || malformed(format!("attribute '{}' is not 32 bytes", char::from(name)));
        decoded.try_into().map_err(|_| wrong())
    }

    /// Passes over optional extensions, which are to be ignored, up to the attribute `until`, or to
    /// the end. A mandatory one (`m`) may only be first, where [`Self::no_mandatory`] refuses it.
    pub(super) fn extensions(&mut self, until: Option<u8>) -> Result<(), Failure> {
        while self.rest.is_some() && (until.is_none() || self.name() != until) {
            match self.part()? {
                [name, b'=', _, ..] if name.is_ascii_alphabetic() => (),
                _ => return Err(malformed("an extension is not of the form name=value")),
            }
        }
        Ok(())
    }

    /// Refuses a mandatory extension: whoever does not know it must not go on.
    pub(super) fn no_mandatory(&self) -> Result<(), Failure> {
        match self.name() {
            Some(b'm') => Err(Failure::protocol("peer requires an unsupported SCRAM extension")),
            _ => Ok(()),
        }
    }

    /// Refuses whatever is left.
    pub(super) fn end(&self) -> Result<(), Failure> {
        if self.rest.is_some() { Err(malformed("it goes on after its end")) } else { Ok(()) }
    }

    /// The first byte of the next part.
    pub(super) fn name(&self) -> Option<u8> {
        self.rest?.first().copied()
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest.unwrap_or_default()
    }

    /// What was read, without the comma at its end.
    pub(super) fn read(&self) -> &'a [u8] {
        let unread = self.rest.map_or(0, |rest| rest.len() + 1);
        &self.message[..self.message.len().saturating_sub(unread)]
    }
}

/// A message that is not formed as RFC 5802 says. `what` is about "it", the message.
pub(super) fn malformed(what: impl AsRef<str>) -> Failure {
    Failure::protocol(format!("malformed SCRAM message: {}", what.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_in_order_and_to_the_end() {
        let mut parts = Attributes::new(b"n,,r=abc,s=c2FsdA==").unwrap();
        assert_eq!(parts.part().unwrap(), b"n");
        assert_eq!(parts.part().unwrap(), b"");
        assert_eq!(parts.nonce().unwrap(), "abc");
        assert_eq!(parts.read(), b"n,,r=abc");
        assert_eq!(parts.rest(), b"s=c2FsdA==");
        assert!(parts.end().is_err());
        assert_eq!(parts.base64(b's').unwrap(), b"salt");
        assert!(parts.end().is_ok());
        assert!(parts.part().is_err());
    }

    #[test]
    fn a_comma_at_the_end_is_an_empty_part() {
        let mut parts = Attributes::new(b"r=abc,").unwrap();
        assert_eq!(parts.nonce().unwrap(), "abc");
        assert!(parts.end().is_err());
        assert!(parts.extensions(None).is_err());
    }

    #[test]
    fn long_messages_and_zero_bytes_are_refused() {
        assert!(Attributes::new(&[b'a'; MAX_MESSAGE_BYTES]).is_ok());
        assert!(Attributes::new(&[b'a'; MAX_MESSAGE_BYTES + 1]).is_err());
        assert!(Attributes::new(b"r=a\0b").is_err());
    }
}
