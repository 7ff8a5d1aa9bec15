//! What webpki does not say of a certificate: its common name, and everything if it is of version 1.

use std::time::Duration;

use rustls::CertificateError;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::UnixTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::parse_x509_certificate;
use x509_parser::x509::X509Version;

/// A certificate that has been read, and not been checked.
pub(super) struct Certificate<'a> {
    parsed: X509Certificate<'a>,
    /// The contents of its AlgorithmIdentifier.
    signature_algorithm: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads all of `der`.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let (rest, parsed) = parse_x509_certificate(der).ok()?;
        let (whole, _) = contents(der)?;
        let behind = whole.get(parsed.tbs_certificate.as_ref().len()..)?;
        let (signature_algorithm, _) = contents(behind)?;
        // What is signed must say the same (RFC 5280 section 4.1.1.2).
        let agrees = parsed.tbs_certificate.signature == parsed.signature_algorithm;
        (rest.is_empty() && agrees).then_some(Self { parsed, signature_algorithm })
    }

    /// Whether it is of X.509's first version, which has no extensions.
    pub(super) fn is_version_1(&self) -> bool {
        let fields = &self.parsed.tbs_certificate;
        let bare = fields.extensions().is_empty()
            && fields.issuer_uid.is_none()
            && fields.subject_uid.is_none();
        fields.version == X509Version::V1 && bare
    }

    pub(super) fn parsed(&self) -> &X509Certificate<'a> {
        &self.parsed
    }

    /// The contents of the subject's name.
    pub(super) fn subject(&self) -> Option<&[u8]> {
        contents(self.parsed.subject().as_raw()).map(|(name, _)| name)
    }

    /// The contents of the issuer's name.
    pub(super) fn issuer(&self) -> Option<&[u8]> {
        contents(self.parsed.issuer().as_raw()).map(|(name, _)| name)
    }

    /// The whole SubjectPublicKeyInfo.
    pub(super) fn key_info(&self) -> &'a [u8] {
        self.parsed.tbs_certificate.subject_pki.raw
    }

    pub(super) fn check_time(&self, now: UnixTime) -> Result<(), CertificateError> {
        let validity = self.parsed.validity();
        let (begin, end) =
            (unix(validity.not_before.timestamp()), unix(validity.not_after.timestamp()));
        if now.as_secs() < begin.as_secs() {
            return Err(CertificateError::NotValidYetContext { time: now, not_before: begin });
        }
        if now.as_secs() > end.as_secs() {
            return Err(CertificateError::ExpiredContext { time: now, not_after: end });
        }
        Ok(())
    }

    /// Whether the owner of the key has signed it. `key_info` is the contents of a
    /// SubjectPublicKeyInfo.
    pub(super) fn is_signed_by(
        &self,
        key_info: &[u8],
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> bool {
        let Some((key_algorithm, key)) = key_parts(key_info) else { return false };
        let signed = self.parsed.tbs_certificate.as_ref();
        let signature = &self.parsed.signature_value;
        signature.unused_bits == 0
            && algorithms.all.iter().any(|algorithm| {
                *algorithm.signature_alg_id() == *self.signature_algorithm
                    && *algorithm.public_key_alg_id() == *key_algorithm
                    && algorithm.verify_signature(key, signed, &signature.data).is_ok()
            })
    }

    /// Whether signatures of its kind are checked at all: SHA-1's and short keys' are not.
    pub(super) fn has_known_algorithm(&self, algorithms: &WebPkiSupportedAlgorithms) -> bool {
        let mut all = algorithms.all.iter();
        all.any(|algorithm| *algorithm.signature_alg_id() == *self.signature_algorithm)
    }
}

fn unix(seconds: i64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// The contents of a key's AlgorithmIdentifier, and the key.
pub(super) fn key_parts(key_info: &[u8]) -> Option<(&[u8], &[u8])> {
    let (algorithm, rest) = contents(key_info)?;
    // A BIT STRING begins with how many bits of its last byte do not count.
    match contents(rest)? {
        ([0, key @ ..], []) => Some((algorithm, key)),
        _ => None,
    }
}

/// The contents of the value in DER at the front, and what follows it.
pub(super) fn contents(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[_tag, first], rest) = der.split_first_chunk()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (len, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (len.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)), rest)
        }
        // Without a length, or longer than any message of TLS.
        0x80 | 0x84.. => return None,
    };
    rest.split_at_checked(len)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::super::fixture::Authority;
    use super::super::provider::provider;
    use super::*;

    fn der(pem: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    }

    #[test]
    fn a_certificate_is_signed_by_its_authority_alone() {
        let (one, other) = (Authority::new("one"), Authority::new("other"));
        let (leaf, one, other) =
            (der(&one.issue(&["db"]).cert), der(&one.pem()), der(&other.pem()));
        let leaf = Certificate::read(&leaf).unwrap();
        let algorithms = provider().signature_verification_algorithms;
        assert!(leaf.has_known_algorithm(&algorithms) && !leaf.is_version_1());
        for (authority, expected) in [(&one, true), (&other, false)] {
            let authority = Certificate::read(authority).unwrap();
            let (key_info, _) = contents(authority.key_info()).unwrap();
            assert_eq!(leaf.is_signed_by(key_info, &algorithms), expected);
            assert_eq!(leaf.issuer() == authority.subject(), expected);
        }
    }

    #[test]
    fn a_changed_byte_breaks_the_signature() {
        let authority = Authority::new("ca");
        let whole = der(&authority.issue(&["db"]).cert);
        let root = der(&authority.pem());
        let root = Certificate::read(&root).unwrap();
        let (key_info, _) = contents(root.key_info()).unwrap();
        let algorithms = provider().signature_verification_algorithms;
        for at in 0..whole.len() {
            let mut changed = whole.to_vec();
            changed[at] ^= 1;
            let read = Certificate::read(&changed);
            assert!(!read.is_some_and(|read| read.is_signed_by(key_info, &algorithms)), "at {at}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_not(bytes in vec(any::<u8>(), 0..64)) {
            let _ = (contents(&bytes), key_parts(&bytes), Certificate::read(&bytes).is_some());
        }
    }
}
