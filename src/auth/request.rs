//! What a server asks of a client: the Authentication messages, written to clients and read from
//! servers (PostgreSQL's manual, "Message Formats").

use bytes::{BufMut, Bytes, BytesMut};

use super::Failure;

/// An Authentication message (`R`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request<'a> {
    /// AuthenticationOk: nothing more is asked.
    Ok,
    /// AuthenticationCleartextPassword.
    CleartextPassword,
    /// AuthenticationMD5Password with its salt.
    Md5Password([u8; 4]),
    /// AuthenticationSASL with the names of mechanisms.
    Sasl(Vec<&'a str>),
    /// AuthenticationSASLContinue with the mechanism's data.
    SaslContinue(&'a [u8]),
    /// AuthenticationSASLFinal with the mechanism's data.
    SaslFinal(&'a [u8]),
    /// Any other kind, such as GSSAPI, by its code.
    Other(u32),
}

impl<'a> Request<'a> {
    /// The longest body that is looked at: libpq's limit (`PQconnectPoll` in `fe-connect.c`).
    pub const MAX_BYTES: usize = 2000;

    /// Parses the body of an `R` message, all of it.
    ///
    /// # Errors
    /// When the body is cut, goes on after its end, or is longer than [`Self::MAX_BYTES`].
    pub fn parse(body: &'a [u8]) -> Result<Self, Failure> {
        let (code, data) = body.split_first_chunk().ok_or_else(malformed)?;
        if body.len() > Self::MAX_BYTES {
            return Err(malformed());
        }
        match (u32::from_be_bytes(*code), data) {
            (0, []) => Ok(Self::Ok),
            (3, []) => Ok(Self::CleartextPassword),
            (5, [a, b, c, d]) => Ok(Self::Md5Password([*a, *b, *c, *d])),
            (10, names) => mechanisms(names).map(Self::Sasl).ok_or_else(malformed),
            (11, data) => Ok(Self::SaslContinue(data)),
            (12, data) => Ok(Self::SaslFinal(data)),
            (0 | 3 | 5, _) => Err(malformed()),
            (code, _) => Ok(Self::Other(code)),
        }
    }

    /// The whole message, with type and length.
    pub fn message(&self) -> Bytes {
        let mut data = BytesMut::new();
        self.put(&mut data);
        let mut message = BytesMut::with_capacity(5 + data.len());
        message.put_u8(b'R');
        // What is written here are our own short texts; a length can never reach the limit.
        message.put_u32(u32::try_from(4 + data.len()).unwrap_or(u32::MAX));
        message.put(data);
        message.freeze()
    }

    fn put(&self, out: &mut BytesMut) {
        out.put_u32(self.code());
        match self {
            Self::Ok | Self::CleartextPassword | Self::Other(_) => (),
            Self::Md5Password(salt) => out.put_slice(salt),
            Self::Sasl(names) => {
                for name in names.iter().chain(&[""]) {
                    out.put_slice(name.as_bytes());
                    out.put_u8(0);
                }
            }
            Self::SaslContinue(data) | Self::SaslFinal(data) => out.put_slice(data),
        }
    }

    fn code(&self) -> u32 {
        match self {
            Self::Ok => 0,
            Self::CleartextPassword => 3,
            Self::Md5Password(_) => 5,
            Self::Sasl(_) => 10,
            Self::SaslContinue(_) => 11,
            Self::SaslFinal(_) => 12,
            Self::Other(code) => *code,
        }
    }

    /// The kind, in words for an error.
    pub(super) fn kind(&self) -> String {
        let name = match self {
            Self::Ok => "Ok",
            Self::CleartextPassword => "CleartextPassword",
            Self::Md5Password(_) => "MD5Password",
            Self::Sasl(_) => "SASL",
            Self::SaslContinue(_) => "SASLContinue",
            Self::SaslFinal(_) => "SASLFinal",
            Self::Other(2) => "KerberosV5",
            Self::Other(7 | 8) => "GSS",
            Self::Other(9) => "SSPI",
            Self::Other(code) => return format!("Authentication request {code}"),
        };
        format!("Authentication{name}")
    }
}

/// The names before the empty one, which must be the last.
fn mechanisms(list: &[u8]) -> Option<Vec<&str>> {
    let names = list.strip_suffix(&[0])?.strip_suffix(&[0])?;
    let names = names.split(|byte| *byte == 0);
    names.map(|name| std::str::from_utf8(name).ok().filter(|name| !name.is_empty())).collect()
}

fn malformed() -> Failure {
    Failure::protocol("server sent a malformed Authentication message")
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        for request in [
            Request::Ok,
            Request::CleartextPassword,
            Request::Md5Password(*b"salt"),
            Request::Sasl(vec!["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]),
            Request::SaslContinue(b"r=abc"),
            Request::SaslFinal(b"v=abc"),
            Request::Other(7),
        ] {
            let message = request.message();
            assert_eq!(message[0], b'R');
            assert_eq!(message[1..5], u32::try_from(message.len() - 1).unwrap().to_be_bytes());
            assert_eq!(Request::parse(&message[5..]), Ok(request));
        }
    }

    #[test]
    fn what_is_cut_or_too_long_is_refused() {
        for bad in [
            &b""[..],
            b"\0\0\0",
            b"\0\0\0\0x",
            b"\0\0\0\x03x",
            b"\0\0\0\x05abc",
            b"\0\0\0\x05abcde",
            b"\0\0\0\x0a",
            b"\0\0\0\x0a\0",
            b"\0\0\0\x0aSCRAM",
            b"\0\0\0\x0aSCRAM\0",
            b"\0\0\0\x0aSCRAM\0\0\0",
            b"\0\0\0\x0a\xff\0\0",
        ] {
            assert!(Request::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Request::parse(&[b'x'; Request::MAX_BYTES + 1]).is_err());
    }

    proptest! {
        #[test]
        fn any_body_is_refused_or_is_what_would_be_written(
            code in 0..14u32,
            data in vec(any::<u8>(), 0..24),
        ) {
            let body = [&code.to_be_bytes()[..], &data].concat();
            match Request::parse(&body) {
                Err(_) | Ok(Request::Other(_)) => (),
                Ok(request) => prop_assert_eq!(&request.message()[5..], &body),
            }
        }
    }
}
