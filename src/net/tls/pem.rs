//! Certificates and keys out of the bytes of PEM files (RFC 7468).

use std::sync::Arc;

use rustls::Error as RustlsError;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::setup::{Names, SetupError};

/// A certificate chain, its end entity first, and the key that belongs to it.
pub(super) fn identity(
    cert: &[u8],
    key: &[u8],
    names: Names,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, SetupError> {
    let chain = certificates(cert, names.cert)?;
    let key = private_key(key, names.key)?;
    let key = provider
        .key_provider
        .load_private_key(key)
        .map_err(|error| SetupError::BadKey { setting: names.key, problem: error.to_string() })?;
    let identity = CertifiedKey::new(chain, key);
    match identity.keys_match() {
        // A key that cannot tell its public half is taken on trust, as rustls itself does.
        Ok(()) | Err(RustlsError::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
            Ok(Arc::new(identity))
        }
        Err(RustlsError::InconsistentKeys(_)) => {
            Err(SetupError::KeyMismatch { cert: names.cert, key: names.key })
        }
        Err(error) => Err(bad_certificate(names.cert, &error)),
    }
}

/// Every certificate of a file, at least one.
pub(super) fn certificates(
    pem: &[u8],
    setting: &'static str,
) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| SetupError::not_pem(setting, &error))?;
    match certificates.is_empty() {
        true => Err(SetupError::NoCertificate { setting }),
        false => Ok(certificates),
    }
}

/// A store of authorities that trusts each of `certificates`.
pub(super) fn authorities(
    certificates: &[CertificateDer<'static>],
    setting: &'static str,
) -> Result<RootCertStore, SetupError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        store.add(certificate.clone()).map_err(|error| bad_certificate(setting, &error))?;
    }
    Ok(store)
}

fn private_key(pem: &[u8], setting: &'static str) -> Result<PrivateKeyDer<'static>, SetupError> {
    // Both spellings of an encrypted key, PKCS #8's label and the older header, contain this word.
    const ENCRYPTED: &[u8] = b"ENCRYPTED";
    if pem.windows(ENCRYPTED.len()).any(|window| window == ENCRYPTED) {
        return Err(SetupError::EncryptedKey { setting });
    }
    match PrivateKeyDer::pem_slice_iter(pem).next() {
        Some(Ok(key)) => Ok(key),
        Some(Err(error)) => Err(SetupError::not_pem(setting, &error)),
        None => Err(SetupError::NoKey { setting }),
    }
}

fn bad_certificate(setting: &'static str, error: &RustlsError) -> SetupError {
    let problem = match error {
        RustlsError::InvalidCertificate(problem) => problem.to_string(),
        other => other.to_string(),
    };
    SetupError::BadCertificate { setting, problem }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixture::Authority;
    use super::super::provider::provider;
    use super::super::setup::CLIENT;
    use super::*;

    fn refusal(cert: &str, key: &str) -> String {
        identity(cert.as_bytes(), key.as_bytes(), CLIENT, &provider()).unwrap_err().to_string()
    }

    #[test]
    fn a_chain_and_its_key_are_read_among_other_text() {
        let leaf = Authority::new("ca").issue(&["db"]);
        let cert = format!("Certificate:\n  Data: text\n{}", leaf.cert);
        let identity = identity(cert.as_bytes(), leaf.key.as_bytes(), CLIENT, &provider()).unwrap();
        assert_eq!(identity.cert.len(), 1);
    }

    #[test]
    fn each_refusal_names_its_setting() {
        let authority = Authority::new("ca");
        let (one, other) = (authority.issue(&["db"]), authority.issue(&["db"]));
        let cases = [
            (refusal("", &one.key), "client_tls_cert_file holds no certificate"),
            (refusal(&one.key, &one.key), "client_tls_cert_file holds no certificate"),
            (refusal(&one.cert, ""), "client_tls_key_file holds no private key"),
            (refusal(&one.cert, &one.cert), "client_tls_key_file holds no private key"),
            (refusal(&one.cert, &other.key), "does not belong to the first certificate"),
            (refusal(&one.cert[..200], &one.key), "client_tls_cert_file cannot be read as PEM"),
            (
                refusal(&one.cert, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"),
                "client_tls_key_file is encrypted",
            ),
            (
                refusal(&one.cert, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
                "the key in client_tls_key_file cannot be used",
            ),
        ];
        for (refusal, expected) in cases {
            assert!(refusal.contains(expected), "{refusal:?} should say {expected:?}");
        }
    }

    #[test]
    fn a_damaged_key_is_not_quoted() {
        let key = "-----BEGIN PRIVATE KEY-----\nsecret!\n-----END PRIVATE KEY-----\n";
        let cert = Authority::new("ca").issue(&["db"]).cert;
        let error = identity(cert.as_bytes(), key.as_bytes(), CLIENT, &provider()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_read(bytes: Vec<u8>, label in "[A-Z ]{0,24}") {
            let framed = [
                format!("-----BEGIN {label}-----\n").as_bytes(), &bytes, b"\n-----END -----\n",
            ].concat();
            for pem in [&bytes, &framed] {
                let _ = certificates(pem, "client_tls_ca_file");
                let _ = identity(pem, pem, CLIENT, &provider());
            }
        }
    }
}
