//! How far a server must prove who it is: not at all, its authority, or its name too.
//!
//! Every verifier here leaves signatures to the provider; they differ in what they ask of the
//! certificate.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::{Certificate, contents, key_parts};
use super::host_name::check_common_name;
use super::roots::Roots;
use super::version1;

/// Whether the certificate must be for the host that we connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameCheck {
    /// `verify-ca`
    None,
    /// `verify-full`. Names are those of the certificate's subjectAltName (RFC 9525), or its common
    /// name where it has none: see [`host_name`](super::host_name).
    Host,
}

/// `verify-ca` and `verify-full`.
#[derive(Debug)]
pub(super) struct CheckedServer {
    roots: Roots,
    names: NameCheck,
    algorithms: WebPkiSupportedAlgorithms,
}

impl CheckedServer {
    pub(super) fn new(
        roots: Roots,
        names: NameCheck,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Self {
        Self { roots, names, algorithms }
    }

    /// The chain leads to an authority, or the certificate is itself in the file of authorities.
    ///
    /// The second is how PostgreSQL is often set up: `openssl req -x509` makes a certificate that
    /// says of itself that it is an authority, and webpki refuses any such as a server's own. Its
    /// dates have been checked when it says so, which a test holds it to.
    fn check_chain(
        &self,
        end_entity: &CertificateDer<'_>,
        cert: &ParsedCertificate<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let checked = verify_server_cert_signed_by_trust_anchor(
            cert,
            &self.roots.store,
            intermediates,
            now,
            self.algorithms.all,
        );
        match checked {
            Err(Error::InvalidCertificate(problem))
                if is_authority(&problem) && self.roots.named.contains(end_entity) =>
            {
                Ok(())
            }
            other => other,
        }
    }

    /// A certificate of version 1 is taken from an authority that was named, not from the operating
    /// system's: those have issued none for many years.
    fn check_version_1(
        &self,
        certificate: &Certificate<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), CertificateError> {
        if self.roots.named.is_empty() {
            return Err(version1::Problem::NoFile.into());
        }
        let (store, algorithms) = (&self.roots.store, &self.algorithms);
        version1::check_chain(certificate, intermediates, store, now, algorithms)
    }

    /// The host is named by the certificate: among its alternatives, or as libpq has it.
    fn check_name(
        &self,
        certificate: Option<&Certificate<'_>>,
        by_alternatives: Result<(), Error>,
        host: &ServerName<'_>,
    ) -> Result<(), Error> {
        if self.names == NameCheck::None || by_alternatives.is_ok() {
            return Ok(());
        }
        match certificate.and_then(|certificate| check_common_name(certificate, host)) {
            Some(by_common_name) => by_common_name.map_err(Error::from),
            None => by_alternatives,
        }
    }
}

/// The key of a certificate of version 1, which webpki does not read.
fn version_1_key<'a>(certificate: &'a CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'a>> {
    let certificate = Certificate::read(certificate).filter(Certificate::is_version_1)?;
    Some(certificate.key_info().into())
}

/// TLS 1.2's signature by a bare key: rustls has a function for that of TLS 1.3 alone.
fn verify_tls12_with_key(
    message: &[u8],
    key: &SubjectPublicKeyInfoDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let named = algorithms.mapping.iter().find(|(scheme, _)| *scheme == signature.scheme);
    let known = named.map_or(&[][..], |(_, algorithms)| algorithms);
    let parts = contents(key).and_then(|(key, _)| key_parts(key));
    let fits = parts.is_some_and(|(of_key, key)| {
        known.iter().any(|algorithm| {
            *algorithm.public_key_alg_id() == *of_key
                && algorithm.verify_signature(key, message, signature.signature()).is_ok()
        })
    });
    let bad = || Error::from(CertificateError::BadSignature);
    fits.then(HandshakeSignatureValid::assertion).ok_or_else(bad)
}

/// Whether `problem` is that a server's certificate is an authority's. rustls passes webpki's error
/// on without a variant of its own, so its name is what there is to compare.
fn is_authority(problem: &CertificateError) -> bool {
    matches!(problem, CertificateError::Other(other) if other.0.to_string() == "CaUsedAsEndEntity")
}

impl ServerCertVerifier for CheckedServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let read = Certificate::read(end_entity);
        let version_1 = read.as_ref().filter(|read| read.is_version_1());
        let by_alternatives = if let Some(certificate) = version_1 {
            self.check_version_1(certificate, intermediates, now)?;
            Err(Error::from(CertificateError::NotValidForName))
        } else {
            let cert = ParsedCertificate::try_from(end_entity)?;
            self.check_chain(end_entity, &cert, intermediates, now)?;
            verify_server_name(&cert, server_name)
        };
        self.check_name(read.as_ref(), by_alternatives, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match version_1_key(cert) {
            Some(key) => verify_tls12_with_key(message, &key, signature, &self.algorithms),
            None => verify_tls12_signature(message, cert, signature, &self.algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match version_1_key(cert) {
            Some(key) => {
                verify_tls13_signature_with_raw_key(message, &key, signature, &self.algorithms)
            }
            None => verify_tls13_signature(message, cert, signature, &self.algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// `allow`, `prefer` and `require`: encrypted, and with whom remains unknown. Safe against those
/// who only listen.
#[derive(Debug)]
pub(super) struct UncheckedServer {
    algorithms: WebPkiSupportedAlgorithms,
}

impl UncheckedServer {
    pub(super) fn new(algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { algorithms }
    }
}

/// Whether webpki can read the certificate and so check a signature with it. It reads version 3
/// only, and the recipe that PostgreSQL's manual had for years makes version 1. Where any
/// certificate passes, a signature by it proves nothing about the peer, so those pass too.
fn readable(cert: &CertificateDer<'_>) -> bool {
    ParsedCertificate::try_from(cert).is_ok()
}

impl ServerCertVerifier for UncheckedServer {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match readable(cert) {
            true => verify_tls12_signature(message, cert, signature, &self.algorithms),
            false => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match readable(cert) {
            true => verify_tls13_signature(message, cert, signature, &self.algorithms),
            false => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
