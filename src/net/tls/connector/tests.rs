//! Handshakes with servers of every kind, without a socket.

use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, ServerConnection, SupportedProtocolVersion};

use super::super::fixture::{Authority, Leaf, Pair, connecting, self_signed_authority};
use super::*;

/// What comes of a session to `host`, where `leaf` is shown, if we trust `ca` in `mode`.
fn meet(mode: SslMode, ca: &str, leaf: &Leaf, host: &str) -> Result<(), TlsError> {
    let near = connecting(mode, Some(ca), None).connect(host)?;
    let far = leaf.accepting(SslMode::Require, None).accept()?;
    let mut pair = Pair { near, far };
    pair.exchange(usize::MAX)?;
    assert!(!pair.near.handshaking() && !pair.far.handshaking());
    Ok(())
}

pub(super) fn sentence(result: Result<(), TlsError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn verify_full_asks_for_authority_and_name() {
    let (known, unknown) = (Authority::new("known"), Authority::new("unknown"));
    let leaf = known.issue(&["db.internal", "*.replicas.internal", "10.0.0.7", "::1"]);
    for host in ["db.internal", "DB.internal", "one.replicas.internal", "10.0.0.7", "::1"] {
        assert_eq!(meet(SslMode::VerifyFull, &known.pem(), &leaf, host), Ok(()), "{host}");
    }
    for host in ["other.internal", "replicas.internal", "10.0.0.8", "::2"] {
        let refused = sentence(meet(SslMode::VerifyFull, &known.pem(), &leaf, host));
        assert!(refused.contains("not valid for name"), "{refused}");
    }
    let refused = sentence(meet(SslMode::VerifyFull, &unknown.pem(), &leaf, "db.internal"));
    assert!(refused.contains("no authority in server_tls_ca_file"), "{refused}");
}

#[test]
fn verify_ca_asks_for_the_authority_alone() {
    let (known, unknown) = (Authority::new("known"), Authority::new("unknown"));
    let leaf = known.issue(&["db.internal"]);
    assert_eq!(meet(SslMode::VerifyCa, &known.pem(), &leaf, "elsewhere"), Ok(()));
    assert!(meet(SslMode::VerifyCa, &unknown.pem(), &leaf, "db.internal").is_err());
}

#[test]
fn an_expired_certificate_passes_only_where_nothing_is_checked() {
    let known = Authority::new("known");
    let leaf = known.issue_expired(&["db"]);
    for mode in [SslMode::VerifyCa, SslMode::VerifyFull] {
        let refused = sentence(meet(mode, &known.pem(), &leaf, "db"));
        assert!(refused.contains("it expired"), "{refused}");
    }
    for mode in [SslMode::Allow, SslMode::Prefer, SslMode::Require] {
        assert_eq!(meet(mode, &Authority::new("unknown").pem(), &leaf, "db"), Ok(()));
    }
}

#[test]
fn a_self_signed_certificate_is_trusted_if_it_is_the_ca_file() {
    let leaf = self_signed_authority(&["db"], 3000);
    let other = self_signed_authority(&["db"], 3000);
    for mode in [SslMode::VerifyCa, SslMode::VerifyFull] {
        assert_eq!(meet(mode, &leaf.cert, &leaf, "db"), Ok(()));
        assert!(meet(mode, &other.cert, &leaf, "db").is_err());
    }
    assert_eq!(meet(SslMode::VerifyCa, &leaf.cert, &leaf, "elsewhere"), Ok(()));
    assert!(meet(SslMode::VerifyFull, &leaf.cert, &leaf, "elsewhere").is_err());
}

#[test]
fn a_self_signed_certificate_expires_like_any_other() {
    let leaf = self_signed_authority(&["db"], 2001);
    let refused = sentence(meet(SslMode::VerifyCa, &leaf.cert, &leaf, "db"));
    assert!(refused.contains("it expired"), "{refused}");
}

#[test]
fn an_authority_does_not_pass_as_a_server_by_issuing_itself() {
    let known = Authority::new("known");
    let mut leaf = self_signed_authority(&["db"], 3000);
    leaf.cert.push_str(&known.pem());
    assert!(meet(SslMode::VerifyCa, &known.pem(), &leaf, "db").is_err());
}

/// What comes of a session to a server of another make, which shows `cert` and signs with `key`
/// whether or not they belong together.
pub(super) fn meet_stranger(
    tls: &ServerTls,
    host: &str,
    (cert, key): (&str, &str),
    version: &'static SupportedProtocolVersion,
) -> (Result<(), TlsError>, Pair) {
    let chain = pem::certificates(cert.as_bytes(), "cert").unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let shown = CertifiedKey::new(chain, provider().key_provider.load_private_key(key).unwrap());
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)));
    let far = TlsSession::with_client(ServerConnection::new(Arc::new(config)).unwrap());
    let mut pair = Pair { near: tls.connect(host).unwrap(), far };
    (pair.exchange(usize::MAX), pair)
}

#[test]
fn both_protocol_versions_are_spoken_and_checked() {
    let known = Authority::new("known");
    let leaf = known.issue(&["db"]);
    let (good, liar) = ((&*leaf.cert, &*leaf.key), known.issue(&["db"]).key);
    for (version, name) in [(&TLS12, "TLSv1.2"), (&TLS13, "TLSv1.3")] {
        for mode in [SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull] {
            let tls = connecting(mode, Some(&known.pem()), None);
            let (result, pair) = meet_stranger(&tls, "db", good, version);
            assert_eq!((result, pair.near.version()), (Ok(()), Some(name)));

            let (result, _) = meet_stranger(&tls, "db", (&leaf.cert, &liar), version);
            let refused = sentence(result);
            assert!(refused.contains("a signature is wrong"), "{name} {mode}: {refused}");
        }
    }
}

/// Made by `openssl x509 -req` without `-extfile`: X.509 version 1, for the common name "db".
const VERSION_1: &str = "-----BEGIN CERTIFICATE-----
MIIBKTCB0AIULqKB26KTAsH5ZBAKRcKbPq/yG2MwCgYIKoZIzj0EAwIwIDEeMBwG
A1UEAwwVcGd3ZWlyIHRlc3QgYXV0aG9yaXR5MCAXDTI2MTEyMzExMTQwM1oYDzIx
MjYxMDMwMTExNDAzWjANMQswCQYDVQQDDAJkYjBZMBMGByqGSM49AgEGCCqGSM49
AwEHA0IABIORKeChlSnyauggImwZYOQv98vL1W3qxExTen4THQKM1B05tum9+3D3
SzE8RrRT5/qbZjMDMhUZ+SE1oh78/NMwCgYIKoZIzj0EAwIDSAAwRQIgCW9SRPSN
0Kv+M9SwM2CVN7gBIyIcGUlFrVWA3aQVz/sCIQDMgq1Pr79z3pxzm1wo5gD967C0
Uu8jLlqcXBUPuWZskQ==
-----END CERTIFICATE-----
";

#[test]
fn a_key_that_is_not_the_certificates_passes_only_where_nothing_is_checked() {
    let key = Authority::new("any").issue(&["db"]).key;
    let tls = |mode| connecting(mode, Some(VERSION_1), None);
    for version in [&TLS12, &TLS13] {
        let (result, _) = meet_stranger(&tls(SslMode::Require), "db", (VERSION_1, &key), version);
        assert_eq!(result, Ok(()));
        let (result, _) = meet_stranger(&tls(SslMode::VerifyCa), "db", (VERSION_1, &key), version);
        assert!(sentence(result).contains("no authority in server_tls_ca_file"));
    }
}

#[test]
fn a_host_that_is_no_name_fails_only_where_names_are_checked() {
    let known = Authority::new("known");
    let leaf = known.issue(&["db"]);
    for host in ["", "a b", "-", "naïve"] {
        assert_eq!(meet(SslMode::VerifyCa, &known.pem(), &leaf, host), Ok(()));
        let refused = meet(SslMode::VerifyFull, &known.pem(), &leaf, host);
        assert_eq!(refused, Err(TlsError::BadHostName { host: host.to_owned() }));
    }
}

#[test]
fn verify_ca_without_a_file_is_refused_and_names_it() {
    let refused = ServerTls::new(SslMode::VerifyCa, ServerTlsPem::default()).unwrap_err();
    let sentence = refused.to_string();
    assert!(sentence.starts_with("server_tls_sslmode = \"verify-ca\" needs server_tls_ca_file"));
}

#[test]
fn verify_full_without_a_file_trusts_the_operating_system() {
    let leaf = Authority::new("unknown").issue(&["db"]);
    match ServerTls::new(SslMode::VerifyFull, ServerTlsPem::default()) {
        Ok(tls) => {
            let far = leaf.accepting(SslMode::Require, None).accept().unwrap();
            let mut pair = Pair { near: tls.connect("db").unwrap(), far };
            let refused = sentence(pair.exchange(usize::MAX));
            assert!(refused.contains("of the operating system"), "{refused}");
        }
        Err(error) => assert!(matches!(error, SetupError::NoSystemRoots { .. }), "{error}"),
    }
}

#[test]
fn a_certificate_and_its_key_come_together() {
    let leaf = Authority::new("ca").issue(&["me"]);
    let refusal = |cert, key| {
        let pem = ServerTlsPem { ca: None, cert, key };
        ServerTls::new(SslMode::Prefer, pem).unwrap_err().to_string()
    };
    let (cert, key) = (Some(leaf.cert.as_bytes()), Some(leaf.key.as_bytes()));
    assert!(refusal(cert, None).starts_with("server_tls_cert_file is set without"));
    assert!(refusal(None, key).starts_with("server_tls_key_file is set without"));
}

#[test]
fn disabled_makes_no_session() {
    let error = ServerTls::disabled().connect("db").unwrap_err();
    assert_eq!(error.to_string(), "TLS is off: server_tls_sslmode = \"disable\"");
    assert_eq!(ServerTls::disabled().wants(), Attempt::Plain);
}
