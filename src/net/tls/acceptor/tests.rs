//! Handshakes with clients of every kind, without a socket.

use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore};

use super::super::fixture::{Authority, Leaf, Pair, connecting};
use super::*;

/// A session with a client that shows `shown`, towards us in `mode` with `ca`; what the handshake
/// comes to, and the pair to ask.
fn meet(mode: SslMode, ca: &Authority, shown: Option<&Leaf>) -> (Result<(), TlsError>, Pair) {
    let ours = Authority::new("ours").issue(&["db"]);
    let far = ours.accepting(mode, Some(&ca.pem())).accept().unwrap();
    let near = connecting(SslMode::Require, None, shown).connect("db").unwrap();
    let mut pair = Pair { near, far };
    (pair.exchange(usize::MAX), pair)
}

#[test]
fn modes_accept_and_require_as_pgbouncer_documents_them() {
    let leaf = Authority::new("ca").issue(&["db"]);
    let ca = Authority::new("ca").pem();
    let answers = SslMode::ALL.map(|mode| {
        let tls = leaf.accepting(mode, Some(&ca));
        (tls.accepts(), tls.requires())
    });
    let (no, may, must) = ((false, false), (true, false), (true, true));
    assert_eq!(answers, [no, may, may, must, must, must]);
}

#[test]
fn disabled_makes_no_session_and_needs_no_file() {
    let tls = ClientTls::new(SslMode::Disable, ClientTlsPem::default()).unwrap();
    let error = tls.accept().unwrap_err();
    assert_eq!(error.to_string(), "TLS is off: client_tls_sslmode = \"disable\"");
}

#[test]
fn each_missing_file_is_named() {
    let leaf = Authority::new("ca").issue(&["db"]);
    let (cert, key) = (Some(leaf.cert.as_bytes()), Some(leaf.key.as_bytes()));
    let refusal = |mode, cert, key| {
        ClientTls::new(mode, ClientTlsPem { cert, key, ca: None }).unwrap_err().to_string()
    };
    assert_eq!(
        refusal(SslMode::Allow, None, key),
        "client_tls_sslmode = \"allow\" needs client_tls_cert_file"
    );
    assert!(refusal(SslMode::Require, cert, None).ends_with("needs client_tls_key_file"));
    assert!(refusal(SslMode::VerifyFull, cert, key).ends_with("needs client_tls_ca_file"));
}

#[test]
fn a_bad_ca_file_shows_even_where_it_is_not_needed() {
    let leaf = Authority::new("ca").issue(&["db"]);
    let pem = ClientTlsPem {
        cert: Some(leaf.cert.as_bytes()),
        key: Some(leaf.key.as_bytes()),
        ca: Some(b"nothing"),
    };
    let error = ClientTls::new(SslMode::Require, pem).unwrap_err();
    assert!(error.to_string().starts_with("client_tls_ca_file holds no certificate"));
}

#[test]
fn verifying_takes_a_certificate_of_the_authority_only() {
    let (known, unknown) = (Authority::new("known"), Authority::new("unknown"));
    for mode in [SslMode::VerifyCa, SslMode::VerifyFull] {
        let shown = known.issue(&["anyone"]);
        let (result, pair) = meet(mode, &known, Some(&shown));
        assert_eq!(result, Ok(()));
        assert!(pair.far.peer_certificate().is_some());

        let (result, _) = meet(mode, &known, Some(&unknown.issue(&["anyone"])));
        let sentence = result.unwrap_err().to_string();
        assert!(sentence.ends_with("no authority in client_tls_ca_file issued it"), "{sentence}");

        let (result, _) = meet(mode, &known, Some(&known.issue_expired(&["anyone"])));
        let sentence = result.unwrap_err().to_string();
        assert!(sentence.contains("it expired"), "{sentence}");

        let (result, _) = meet(mode, &known, None);
        let sentence = result.unwrap_err().to_string();
        assert_eq!(sentence, "the client shows no certificate; client_tls_sslmode asks for one");
    }
}

#[test]
fn without_verifying_no_certificate_is_asked_for() {
    let known = Authority::new("known");
    let shown = Authority::new("unknown").issue(&["anyone"]);
    let (result, pair) = meet(SslMode::Require, &known, Some(&shown));
    assert_eq!(result, Ok(()));
    assert!(pair.far.peer_certificate().is_none());
}

/// A client of another make: rustls as it comes, trusting `ca`.
fn stranger(ca: &Authority, alpn: &[&[u8]]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(pem::certificates(ca.pem().as_bytes(), "ca").unwrap());
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    config
}

fn session(config: &Arc<ClientConfig>) -> ClientConnection {
    ClientConnection::new(config.clone(), "db".try_into().unwrap()).unwrap()
}

fn exchange(stranger: &mut ClientConnection, ours: &mut TlsSession) -> Result<(), TlsError> {
    while stranger.wants_write() || ours.wants_write() {
        let mut wire = Vec::new();
        while stranger.wants_write() {
            stranger.write_tls(&mut wire).unwrap();
        }
        ours.receive(&mut &wire[..])?;
        wire.clear();
        ours.take_ciphertext(&mut wire);
        let mut rest = &wire[..];
        while !rest.is_empty() {
            stranger.read_tls(&mut rest).unwrap();
            stranger.process_new_packets().unwrap();
        }
    }
    Ok(())
}

#[test]
fn direct_tls_needs_alpn_and_asked_for_tls_does_not() {
    let ca = Authority::new("ca");
    let tls = ca.issue(&["db"]).accepting(SslMode::Prefer, None);

    let mut ours = tls.accept().unwrap();
    exchange(&mut session(&Arc::new(stranger(&ca, &[]))), &mut ours).unwrap();
    assert!(!ours.handshaking());
    assert_eq!(ours.require_alpn(), Err(TlsError::NoAlpn { peer: Peer::Client }));

    let mut ours = tls.accept().unwrap();
    let offered: &[&[u8]] = &[b"h2", b"postgresql"];
    exchange(&mut session(&Arc::new(stranger(&ca, offered))), &mut ours).unwrap();
    assert_eq!(ours.require_alpn(), Ok(()));

    let mut ours = tls.accept().unwrap();
    let refused = exchange(&mut session(&Arc::new(stranger(&ca, &[b"h2"]))), &mut ours);
    assert_eq!(refused, Err(TlsError::NoAlpn { peer: Peer::Client }));
}

#[test]
fn a_second_session_is_resumed_unless_certificates_are_checked() {
    let ca = Authority::new("ca");
    let leaf = ca.issue(&["db"]);
    let config = Arc::new(stranger(&ca, &[]));
    let tls = leaf.accepting(SslMode::Require, None);
    let kinds = [(); 2].map(|()| {
        let (mut client, mut ours) = (session(&config), tls.accept().unwrap());
        exchange(&mut client, &mut ours).unwrap();
        client.handshake_kind().unwrap()
    });
    assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed]);

    let verifying = leaf.accepting(SslMode::VerifyCa, Some(&ca.pem())).config.unwrap();
    assert!(verifying.send_tls13_tickets == 0 && !verifying.ticketer.enabled());
}

#[test]
fn a_reload_leaves_sessions_alone() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let mut tls = old.issue(&["db"]).accepting(SslMode::Require, None);
    let mut begun = tls.accept().unwrap();
    tls = new.issue(&["db"]).accepting(SslMode::Require, None);
    exchange(&mut session(&Arc::new(stranger(&old, &[]))), &mut begun).unwrap();
    let mut later = tls.accept().unwrap();
    exchange(&mut session(&Arc::new(stranger(&new, &[]))), &mut later).unwrap();
    assert!(!begun.handshaking() && !later.handshaking());
}
