//! When the certificates of a file end.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::parse_x509_certificate;

/// When the first of them ends, in seconds since 1970; none where no certificate can be read.
pub fn first_expiry(pem: &[u8]) -> Option<i64> {
    let certificates = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
    certificates.filter_map(|certificate| expiry(&certificate)).min()
}

fn expiry(certificate: &[u8]) -> Option<i64> {
    let (_, certificate) = parse_x509_certificate(certificate).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Authority;
    use super::*;

    /// 2001-01-01T00:00:00Z.
    const EXPIRED: i64 = 978_307_200;

    #[test]
    fn the_first_that_ends_counts() {
        let authority = Authority::new("ca");
        let (long, expired) = (authority.issue(&["db"]), authority.issue_expired(&["db"]));
        assert_eq!(first_expiry(expired.cert.as_bytes()), Some(EXPIRED));
        let both = format!("{}{}", long.cert, expired.cert);
        assert_eq!(first_expiry(both.as_bytes()), Some(EXPIRED));
        assert!(first_expiry(long.cert.as_bytes()).unwrap() > EXPIRED);
    }

    #[test]
    fn a_file_without_certificates_never_ends() {
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!((first_expiry(b""), first_expiry(damaged.as_bytes())), (None, None));
    }
}
