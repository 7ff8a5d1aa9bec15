//! For tests: a throwaway authority, and two sessions joined by byte vectors.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};

use super::{
    ClientTls, ClientTlsPem, Received, ServerTls, ServerTlsPem, SslMode, TlsError, TlsSession,
};

/// A certificate and its key, both in PEM.
pub(super) struct Leaf {
    pub(super) cert: String,
    pub(super) key: String,
}

/// An authority that issues certificates.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self { issuer: CertifiedIssuer::self_signed(params, key).unwrap() }
    }

    pub(super) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for `names`: DNS names and IP addresses.
    pub(super) fn issue(&self, names: &[&str]) -> Leaf {
        self.sign(&params(names))
    }

    /// The same, expired in 2001.
    pub(super) fn issue_expired(&self, names: &[&str]) -> Leaf {
        let mut params = params(names);
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        Leaf { cert: cert.pem(), key: key.serialize_pem() }
    }
}

/// A certificate that says of itself that it is an authority, as `openssl req -x509` makes it.
pub(super) fn self_signed_authority(names: &[&str], last_year: i32) -> Leaf {
    let mut params = params(names);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_after = date_time_ymd(last_year, 1, 1);
    let key = KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap();
    Leaf { cert: cert.pem(), key: key.serialize_pem() }
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    CertificateParams::new(names).unwrap()
}

impl Leaf {
    /// Our side towards clients, showing this certificate.
    pub(super) fn accepting(&self, mode: SslMode, ca: Option<&str>) -> ClientTls {
        let pem = ClientTlsPem {
            cert: Some(self.cert.as_bytes()),
            key: Some(self.key.as_bytes()),
            ca: ca.map(str::as_bytes),
        };
        ClientTls::new(mode, pem).unwrap()
    }
}

/// Our side towards servers, trusting `ca`, showing `leaf`.
pub(super) fn connecting(mode: SslMode, ca: Option<&str>, leaf: Option<&Leaf>) -> ServerTls {
    let pem = ServerTlsPem {
        ca: ca.map(str::as_bytes),
        cert: leaf.map(|leaf| leaf.cert.as_bytes()),
        key: leaf.map(|leaf| leaf.key.as_bytes()),
    };
    ServerTls::new(mode, pem).unwrap()
}

/// Two sessions, each the other's peer.
pub(super) struct Pair {
    /// Made by `ServerTls`: it begins.
    pub(super) near: TlsSession,
    /// Made by `ClientTls`.
    pub(super) far: TlsSession,
}

impl Pair {
    /// Two that trust each other blindly, the handshake still to come.
    pub(super) fn fresh() -> Self {
        let leaf = Authority::new("ca").issue(&["db"]);
        let near = connecting(SslMode::Require, None, None).connect("db").unwrap();
        Self { near, far: leaf.accepting(SslMode::Require, None).accept().unwrap() }
    }

    /// The same, the handshake done.
    pub(super) fn joined() -> Self {
        let mut pair = Self::fresh();
        pair.exchange(usize::MAX).unwrap();
        assert!(!pair.near.handshaking() && !pair.far.handshaking());
        pair
    }

    /// Carries ciphertext both ways in pieces of `piece` bytes until neither has more to say.
    pub(super) fn exchange(&mut self, piece: usize) -> Result<(), TlsError> {
        while self.near.wants_write() || self.far.wants_write() {
            carry(&mut self.near, &mut self.far, piece)?;
            carry(&mut self.far, &mut self.near, piece)?;
        }
        Ok(())
    }
}

/// Carries what `from` has to say to `to`, which must take it all.
pub(super) fn carry(
    from: &mut TlsSession,
    to: &mut TlsSession,
    piece: usize,
) -> Result<(), TlsError> {
    let mut ciphertext = Vec::new();
    from.take_ciphertext(&mut ciphertext);
    for mut piece in ciphertext.chunks(piece) {
        to.receive(&mut piece)?;
        assert!(piece.is_empty());
    }
    Ok(())
}

/// Everything that can be read now, and how it ended.
pub(super) fn read_all(session: &mut TlsSession) -> (Vec<u8>, Result<Received, TlsError>) {
    let (mut all, mut buffer) = (Vec::new(), [0; 1000]);
    loop {
        match session.read_plaintext(&mut buffer) {
            Ok(Received::Bytes(count)) => all.extend_from_slice(&buffer[..count]),
            end => return (all, end),
        }
    }
}
