//! What a client answers: the messages of type `p`, which only what was asked tells apart.

use super::{Failure, Password};

/// Parses a PasswordMessage: bytes up to one zero byte at the very end.
pub(super) fn password(body: &[u8]) -> Result<&[u8], Failure> {
    match body {
        _ if body.len() > Password::MAX_BYTES + 1 => Err(Failure::protocol("password is too long")),
        [password @ .., 0] if !password.contains(&0) => Ok(password),
        _ => Err(Failure::protocol("malformed PasswordMessage")),
    }
}

/// A SASLInitialResponse: the mechanism that the client chose, and its first words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SaslInitial<'a> {
    pub(super) mechanism: &'a [u8],
    pub(super) data: &'a [u8],
}

impl<'a> SaslInitial<'a> {
    /// Parses the body, all of it. The first words may not be missing: SCRAM has some, and no
    /// driver is known that keeps them for a message of their own.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Failure> {
        Self::split(body).ok_or_else(|| Failure::protocol("malformed SASLInitialResponse"))
    }

    fn split(body: &'a [u8]) -> Option<Self> {
        let zero = body.iter().position(|byte| *byte == 0)?;
        let (length, data) = body[zero + 1..].split_first_chunk()?;
        let length = usize::try_from(i32::from_be_bytes(*length)).ok()?;
        (length == data.len()).then_some(Self { mechanism: &body[..zero], data })
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use postgres_protocol::message::frontend;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_password_ends_with_its_only_zero_byte() {
        assert_eq!(password(b"pencil\0"), Ok(&b"pencil"[..]));
        assert_eq!(password(b"\0"), Ok(&b""[..]));
        for bad in [&b""[..], b"pencil", b"pen\0cil\0", b"pencil\0\0"] {
            assert!(password(bad).is_err(), "{bad:?}");
        }
        assert!(password(&[&vec![b'x'; Password::MAX_BYTES + 1], &b"\0"[..]].concat()).is_err());
    }

    #[test]
    fn an_initial_response_has_a_mechanism_and_data_to_its_end() {
        let mut message = BytesMut::new();
        frontend::sasl_initial_response("SCRAM-SHA-256", b"n,,", &mut message).unwrap();
        let initial = SaslInitial { mechanism: b"SCRAM-SHA-256", data: b"n,," };
        assert_eq!(SaslInitial::parse(&message[5..]), Ok(initial));
        for end in 5..message.len() {
            assert!(SaslInitial::parse(&message[5..end]).is_err(), "cut at {end}");
        }
        message.extend_from_slice(b"x");
        assert!(SaslInitial::parse(&message[5..]).is_err());
        assert!(SaslInitial::parse(b"SCRAM-SHA-256\0\xff\xff\xff\xff").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused(body in vec(any::<u8>(), 0..32)) {
            let _ = password(&body);
            let _ = SaslInitial::parse(&body);
        }
    }
}
