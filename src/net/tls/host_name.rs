//! Whether a certificate is for a host by its common name, as libpq has it.
//!
//! Names in a subjectAltName come first, and webpki checks them. Without any of the host's own kind,
//! the common name counts (`pgtls_verify_peer_name_matches_certificate_guts` in
//! `src/interfaces/libpq/fe-secure-openssl.c`).

use rustls::pki_types::ServerName;
use rustls::{CertificateError, OtherError};
use std::sync::Arc;
use x509_parser::extensions::GeneralName;

use super::certificate::Certificate;

/// The certificate is for another host.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// Its common name is all that it has.
    #[error(
        "it is not for the host {host:?} but for {name:?}, its common name; make one with the host in \
         subjectAltName, or write {name:?} as the host"
    )]
    OtherName { host: String, name: String },
    /// It names nobody.
    #[error("it names no host: it has neither a subjectAltName nor a common name")]
    Nobody,
}

impl From<Problem> for CertificateError {
    fn from(problem: Problem) -> Self {
        CertificateError::Other(OtherError(Arc::new(problem)))
    }
}

/// Checks the common name, unless the certificate has a subjectAltName of the host's own kind: then
/// there is nothing to say, and `None` is the answer.
pub(super) fn check_common_name(
    certificate: &Certificate<'_>,
    host: &ServerName<'_>,
) -> Option<Result<(), CertificateError>> {
    if has_alternatives(certificate, host)? {
        return None;
    }
    let name = certificate.parsed().subject().iter_common_name().next();
    let Some(name) = name.and_then(|name| name.as_str().ok()).filter(|name| is_name(name)) else {
        return Some(Err(Problem::Nobody.into()));
    };
    let host = host.to_str();
    if matches(name, &host) {
        return Some(Ok(()));
    }
    Some(Err(Problem::OtherName { host: host.into_owned(), name: name.to_owned() }.into()))
}

/// Whether it has a subjectAltName of the host's own kind; none if that cannot be read.
fn has_alternatives(certificate: &Certificate<'_>, host: &ServerName<'_>) -> Option<bool> {
    let Some(names) = certificate.parsed().subject_alternative_name().ok()? else {
        return Some(false);
    };
    let is_of_kind = |name: &GeneralName<'_>| match host {
        ServerName::IpAddress(_) => matches!(name, GeneralName::IPAddress(_)),
        _ => matches!(name, GeneralName::DNSName(_)),
    };
    Some(names.value.general_names.iter().any(is_of_kind))
}

/// A zero byte in a name is an attempt to look like another (CVE-2009-4034).
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('\0')
}

/// The same name, or one whose first label stands for any (`wildcard_certificate_match` in
/// `src/interfaces/libpq/fe-secure-common.c`).
fn matches(name: &str, host: &str) -> bool {
    if name.eq_ignore_ascii_case(host) {
        return true;
    }
    let Some(domain) = name.strip_prefix("*.") else { return false };
    host.split_once('.')
        .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_libpq_compares_them() {
        for (name, host, expected) in [
            ("db.example", "db.example", true),
            ("DB.example", "db.Example", true),
            ("db.example", "db.example.org", false),
            ("*.example", "db.example", true),
            ("*.example", "a.db.example", false),
            ("*.example", "example", false),
            ("*.example", ".example", false),
            ("*", "db", false),
            ("d*.example", "db.example", false),
            ("10.0.0.1", "10.0.0.1", true),
        ] {
            assert_eq!(matches(name, host), expected, "{name} {host}");
        }
    }
}
