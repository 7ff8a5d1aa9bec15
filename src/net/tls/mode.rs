//! The `sslmode` words, as libpq and PgBouncer spell them, and what each asks of either side.

use std::fmt;
use std::str::FromStr;

/// How much TLS one side asks for: `client_tls_sslmode` or `server_tls_sslmode`.
///
/// | mode | towards clients | towards servers |
/// |---|---|---|
/// | `disable` | an SSLRequest is answered `N` | never asked for |
/// | `allow` | as `prefer` | as `prefer`: plain text is not tried first, unlike libpq |
/// | `prefer` | used if the client asks | used if the server has it; nothing is checked |
/// | `require` | a client without it is refused | a server without it is refused |
/// | `verify-ca` | and without a certificate of the authority too | and without one of it too |
/// | `verify-full` | as `verify-ca` | and if that is not for the host that we connect to |
///
/// The authority is that of `client_tls_ca_file` or `server_tls_ca_file`.
/// Unlike libpq, and like PgBouncer, `require` checks nothing even if a CA file is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS if the other side wants it.
    Allow,
    /// TLS if the other side can.
    Prefer,
    /// TLS or nothing; who the peer is remains unknown.
    Require,
    /// TLS with a peer whose certificate was issued by a known authority.
    VerifyCa,
    /// And, towards servers, a certificate for the right host.
    VerifyFull,
}

/// What to try when a connection to a server is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Do not ask for TLS.
    Plain,
    /// Ask; go on in plain text if the server answers that it has none.
    TlsIfOffered,
    /// Ask; give up if the server answers that it has none.
    TlsRequired,
}

impl SslMode {
    /// Every mode, from the least demanding.
    pub const ALL: [Self; 6] =
        [Self::Disable, Self::Allow, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    /// The word in a configuration file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// What to try towards a server.
    #[must_use]
    pub fn wants(self) -> Attempt {
        match self {
            Self::Disable => Attempt::Plain,
            Self::Allow | Self::Prefer => Attempt::TlsIfOffered,
            Self::Require | Self::VerifyCa | Self::VerifyFull => Attempt::TlsRequired,
        }
    }

    /// Whether the peer's certificate is checked.
    #[must_use]
    pub fn verifies(self) -> bool {
        matches!(self, Self::VerifyCa | Self::VerifyFull)
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of disable, allow, prefer, require, verify-ca, verify-full")]
pub struct UnknownMode;

impl FromStr for SslMode {
    type Err = UnknownMode;

    fn from_str(word: &str) -> Result<Self, UnknownMode> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word).ok_or(UnknownMode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for mode in SslMode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        assert_eq!("verify_full".parse::<SslMode>(), Err(UnknownMode));
    }

    #[test]
    fn only_disable_never_asks_and_only_the_lenient_fall_back() {
        let attempts = SslMode::ALL.map(SslMode::wants);
        use Attempt::{Plain, TlsIfOffered, TlsRequired};
        assert_eq!(
            attempts,
            [Plain, TlsIfOffered, TlsIfOffered, TlsRequired, TlsRequired, TlsRequired]
        );
    }
}
