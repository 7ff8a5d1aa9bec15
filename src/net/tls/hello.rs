//! What the first bytes of a connection say about the protocol that its sender speaks.

use std::fmt;

/// The type of the record that opens every TLS connection (RFC 8446, section 5.1: `handshake`).
const HANDSHAKE_RECORD: u8 = 0x16;

/// Whether a connection whose first byte is `first` begins with a TLS ClientHello: direct TLS, as
/// PostgreSQL 17's `sslnegotiation=direct` opens it. A startup packet cannot look like this: its
/// first byte is the highest of a length, and a length of 0x16000000 is far beyond any limit.
#[must_use]
pub fn looks_like_tls(first: u8) -> bool {
    first == HANDSHAKE_RECORD
}

/// What a peer speaks that should have spoken TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// An HTTP request or response: somebody mistook the port.
    Http,
    /// Something else that begins with this byte.
    Unknown(u8),
}

impl Spoken {
    /// Judges the first bytes that a peer sent; `None` if they look like TLS.
    pub(super) fn in_place_of_tls(start: &[u8]) -> Option<Self> {
        match *start.first()? {
            first if looks_like_tls(first) => None,
            _ if is_http(start) => Some(Self::Http),
            first => Some(Self::Unknown(first)),
        }
    }
}

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http => f.write_str("it speaks HTTP"),
            Self::Unknown(first) => write!(f, "its first byte is 0x{first:02x}"),
        }
    }
}

/// Whether `start` opens a request or a response of HTTP (RFC 9110, section 9.3; RFC 9112,
/// section 4), or HTTP/2's preface.
fn is_http(start: &[u8]) -> bool {
    const STARTS: [&[u8]; 10] = [
        b"GET ", b"HEAD ", b"POST ", b"PUT ", b"PATCH", b"DELET", b"OPTIO", b"CONNE", b"HTTP/",
        b"PRI *",
    ];
    STARTS.iter().any(|known| start.starts_with(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_hello_is_told_from_a_startup_packet() {
        assert!(looks_like_tls(0x16));
        assert!(!looks_like_tls(0x00));
        assert!(!looks_like_tls(b'G'));
    }

    #[test]
    fn http_is_recognised_in_both_directions() {
        assert_eq!(Spoken::in_place_of_tls(b"GET / HTTP/1.1\r\n"), Some(Spoken::Http));
        assert_eq!(Spoken::in_place_of_tls(b"HTTP/1.1 400 Bad Request\r\n"), Some(Spoken::Http));
        assert_eq!(Spoken::in_place_of_tls(b"PRI * HTTP/2.0\r\n"), Some(Spoken::Http));
    }

    #[test]
    fn anything_else_is_named_by_its_first_byte() {
        assert_eq!(Spoken::in_place_of_tls(b"SSH-2.0"), Some(Spoken::Unknown(b'S')));
        assert_eq!(
            Spoken::in_place_of_tls(&[0, 0, 0, 8, 4, 210, 22, 47]),
            Some(Spoken::Unknown(0))
        );
        assert_eq!(Spoken::in_place_of_tls(&[0x16, 3, 1, 2, 0]), None);
        assert_eq!(Spoken::in_place_of_tls(b""), None);
    }
}
