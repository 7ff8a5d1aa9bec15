//! Why a TLS session failed, in sentences for the log.

use std::fmt;
use std::io;

use rustls::{AlertDescription, CertificateError, Error as RustlsError, OtherError};

use super::hello::Spoken;
use super::setup::{CLIENT, Names, SERVER};

/// How many characters of what a certificate says are told: a few names, not a page of them.
const PROBLEM_LIMIT: usize = 300;

/// Who is at the other end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// An application's connection to us.
    Client,
    /// A PostgreSQL host, or what stands before it.
    Server,
}

impl Peer {
    /// The settings that govern sessions with this peer.
    fn settings(self) -> Names {
        match self {
            Self::Client => CLIENT,
            Self::Server => SERVER,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// Why a session failed or cannot begin. All are final for the session; what
/// [`take_ciphertext`](super::TlsSession::take_ciphertext) still holds tells the peer why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The settings say that there is to be no TLS.
    #[error("TLS is off: {setting} = \"disable\"")]
    Disabled {
        /// What to change.
        setting: &'static str,
    },
    /// A name that no certificate can be for.
    #[error(
        "{host:?} is neither a DNS name nor an IP address, which server_tls_sslmode = \
         \"verify-full\" needs"
    )]
    BadHostName {
        /// The host as configured.
        host: String,
    },
    /// The peer speaks another protocol.
    #[error("the {peer} does not speak TLS: {spoken}")]
    NotTls {
        /// Who.
        peer: Peer,
        /// What it seems to speak.
        spoken: Spoken,
    },
    /// The peer's certificate does not pass.
    #[error("the {peer}'s certificate is refused: {problem}")]
    Certificate {
        /// Whose.
        peer: Peer,
        /// What is wrong with it, and which setting is concerned.
        problem: String,
    },
    /// The peer showed no certificate and had to.
    #[error("the {peer} shows no certificate; {setting} asks for one")]
    NoCertificate {
        /// Who.
        peer: Peer,
        /// What to change.
        setting: &'static str,
    },
    /// The peer gave up and said why.
    #[error("the {peer} ended the TLS session with the alert {alert}")]
    Refused {
        /// Who.
        peer: Peer,
        /// Its reason, as RFC 8446 section 6 names it.
        alert: String,
    },
    /// There is no version, cipher or signature that both sides have.
    #[error("the {peer} and pgweir have no TLS version or cipher in common: {problem}")]
    NothingInCommon {
        /// Who.
        peer: Peer,
        /// The library's words.
        problem: String,
    },
    /// No application protocol in common, or direct TLS without one.
    #[error("the {peer} does not offer the ALPN protocol \"postgresql\"")]
    NoAlpn {
        /// Who.
        peer: Peer,
    },
    /// The peer breaks the rules of TLS, or somebody between changes the bytes.
    #[error("the {peer}'s TLS is broken: {problem}")]
    Broken {
        /// Who.
        peer: Peer,
        /// The library's words.
        problem: String,
    },
    /// The connection ended during the handshake.
    #[error("the {peer} closed the connection during the TLS handshake")]
    HandshakeCut {
        /// Who.
        peer: Peer,
    },
    /// The connection ended without a close_notify: what came last may be missing.
    #[error("the {peer} closed the connection without ending the TLS session")]
    Truncated {
        /// Who.
        peer: Peer,
    },
    /// We ended the session ourselves.
    #[error("the TLS session with the {peer} has been closed")]
    Closed {
        /// Who.
        peer: Peer,
    },
}

impl TlsError {
    /// The library's error, told from our side. `spoken` is what the peer seems to speak, if its
    /// first bytes were not TLS.
    pub(super) fn new(error: RustlsError, peer: Peer, spoken: Option<Spoken>) -> Self {
        match (error, spoken) {
            (RustlsError::InvalidMessage(_), Some(spoken)) => Self::NotTls { peer, spoken },
            (RustlsError::InvalidCertificate(problem), _) => {
                Self::Certificate { peer, problem: certificate_problem(&problem, peer) }
            }
            (RustlsError::NoCertificatesPresented, _) => {
                Self::NoCertificate { peer, setting: peer.settings().mode }
            }
            (RustlsError::AlertReceived(alert), _) => {
                Self::Refused { peer, alert: alert_name(alert) }
            }
            (RustlsError::PeerIncompatible(problem), _) => {
                Self::NothingInCommon { peer, problem: format!("{problem:?}") }
            }
            (RustlsError::NoApplicationProtocol, _) => Self::NoAlpn { peer },
            (other, _) => Self::Broken { peer, problem: other.to_string() },
        }
    }

    /// The same for an error that the library wrapped in an I/O error.
    pub(super) fn from_io(error: io::Error, peer: Peer) -> Self {
        match error.downcast::<RustlsError>() {
            Ok(error) => Self::new(error, peer, None),
            Err(error) => Self::Broken { peer, problem: error.to_string() },
        }
    }
}

fn certificate_problem(problem: &CertificateError, peer: Peer) -> String {
    let ca = peer.settings().ca;
    match problem {
        CertificateError::UnknownIssuer if peer == Peer::Server => format!(
            "no authority in {ca}, or of the operating system where that is not set, issued it"
        ),
        CertificateError::UnknownIssuer => format!("no authority in {ca} issued it"),
        CertificateError::Expired => "it has expired".to_owned(),
        CertificateError::BadSignature => {
            "a signature is wrong; does the peer hold the certificate's key?".to_owned()
        }
        CertificateError::ExpiredContext { time, not_after } => {
            format!("it expired {} s ago", time.as_secs().saturating_sub(not_after.as_secs()))
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            let wait = not_before.as_secs().saturating_sub(time.as_secs());
            format!("it is not valid before another {wait} s have passed")
        }
        CertificateError::Other(OtherError(why)) => {
            why.to_string().chars().take(PROBLEM_LIMIT).collect()
        }
        // Names in the certificate are part of this, and there may be thousands.
        other => other.to_string().chars().take(PROBLEM_LIMIT).collect(),
    }
}

fn alert_name(alert: AlertDescription) -> String {
    alert.as_str().map_or_else(|| format!("{alert:?}"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_name_who_and_what_to_change() {
        let refused = RustlsError::InvalidCertificate(CertificateError::UnknownIssuer);
        let sentence = TlsError::new(refused, Peer::Client, None).to_string();
        assert_eq!(
            sentence,
            "the client's certificate is refused: no authority in client_tls_ca_file issued it"
        );
        let none = TlsError::new(RustlsError::NoCertificatesPresented, Peer::Client, None);
        assert!(none.to_string().contains("client_tls_sslmode"));
    }

    #[test]
    fn a_broken_record_after_the_handshake_is_no_other_protocol() {
        let corrupt = RustlsError::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        let error = TlsError::new(corrupt, Peer::Server, None);
        assert!(matches!(error, TlsError::Broken { peer: Peer::Server, .. }));
    }
}
