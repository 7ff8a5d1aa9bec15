//! The chain of a server's certificate of version 1, which webpki does not read.
//!
//! `openssl x509 -req` makes such a certificate unless it is told of extensions, and that is what the
//! recipe in PostgreSQL's manual says ("Creating Certificates"): most private clusters have one, and
//! libpq takes it. Only the server's own certificate may be of version 1. Whoever has issued it is an
//! authority of `server_tls_ca_file`, or leads to one by certificates of version 3 that say that
//! they are authorities.
//!
//! What is checked is what RFC 5280 section 6 asks of such a chain: signatures, dates, and for each
//! certificate in between that it may issue. A critical extension beyond that ends it, as does an
//! authority that is constrained to names.

use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use rustls::{CertificateError, OtherError, RootCertStore};
use std::sync::Arc;
use x509_parser::extensions::ParsedExtension;

use super::certificate::{Certificate, contents};

/// Certificates between the server's and an authority's: as many as webpki follows.
const DEPTH_MAX: usize = 6;

/// Certificates that a server may show beside its own: more than any chain has.
const SHOWN_MAX: usize = 16;

/// Why such a certificate is not taken, beyond what rustls has words for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// SHA-1, or a kind of key that is not known.
    #[error("it is signed by an algorithm that is too weak or not known; sign it with SHA-256")]
    Algorithm,
    /// The operating system's authorities issue no such certificates.
    #[error(
        "it is of X.509 version 1, which is taken only from an authority in server_tls_ca_file; name \
         the authority there, or make the certificate with extensions (openssl x509 -extfile)"
    )]
    NoFile,
}

impl From<Problem> for CertificateError {
    fn from(problem: Problem) -> Self {
        CertificateError::Other(OtherError(Arc::new(problem)))
    }
}

/// Follows the chain from `leaf` to one of `roots`.
pub(super) fn check_chain(
    leaf: &Certificate<'_>,
    shown: &[CertificateDer<'_>],
    roots: &RootCertStore,
    now: UnixTime,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<(), CertificateError> {
    let shown = shown.iter().take(SHOWN_MAX).filter_map(|der| Certificate::read(der));
    let shown: Vec<_> = shown.collect();
    let mut current = leaf;
    for below in 0..=DEPTH_MAX {
        current.check_time(now)?;
        if !current.has_known_algorithm(algorithms) {
            return Err(Problem::Algorithm.into());
        }
        if roots.roots.iter().any(|root| is_issued_by_root(current, root, algorithms)) {
            return Ok(());
        }
        let is_issuer = |other: &&Certificate<'_>| is_issued_by(current, other, below, algorithms);
        current = shown.iter().find(is_issuer).ok_or(CertificateError::UnknownIssuer)?;
    }
    Err(CertificateError::UnknownIssuer)
}

fn is_issued_by_root(
    certificate: &Certificate<'_>,
    root: &TrustAnchor<'_>,
    algorithms: &WebPkiSupportedAlgorithms,
) -> bool {
    root.name_constraints.is_none()
        && certificate.issuer() == Some(&*root.subject)
        && certificate.is_signed_by(&root.subject_public_key_info, algorithms)
}

fn is_issued_by(
    certificate: &Certificate<'_>,
    other: &Certificate<'_>,
    below: usize,
    algorithms: &WebPkiSupportedAlgorithms,
) -> bool {
    let key_info = contents(other.key_info()).map(|(key_info, _)| key_info);
    certificate.issuer().is_some()
        && certificate.issuer() == other.subject()
        && is_authority(other, below)
        && key_info.is_some_and(|key_info| certificate.is_signed_by(key_info, algorithms))
}

/// Whether it says that it may issue certificates, with `below` authorities between it and the
/// server's.
fn is_authority(certificate: &Certificate<'_>, below: usize) -> bool {
    let mut says_so = false;
    for extension in certificate.parsed().extensions() {
        let fits = match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(constraints) => {
                says_so = constraints.ca;
                constraints.path_len_constraint.is_none_or(|max| below <= max as usize)
            }
            ParsedExtension::KeyUsage(usage) => usage.key_cert_sign(),
            ParsedExtension::ExtendedKeyUsage(usage) => usage.any || usage.server_auth,
            ParsedExtension::NameConstraints(_) => false,
            _ => !extension.critical,
        };
        if !fits {
            return false;
        }
    }
    says_so
}
