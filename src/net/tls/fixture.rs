//! For tests: a throwaway authority, and two sessions joined by byte vectors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    SigningKey, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::certificate::contents;
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

    /// An authority below this one, with `change`s to what it is.
    pub(super) fn issue_authority(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let mut params = common_name(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Self { issuer: CertifiedIssuer::signed_by(params, key, &self.issuer).unwrap() }
    }

    /// A certificate as these parameters say.
    pub(super) fn issue_with(&self, params: &CertificateParams) -> Leaf {
        self.sign(params)
    }

    fn sign(&self, params: &CertificateParams) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        Leaf { cert: cert.pem(), key: key.serialize_pem() }
    }
}

/// A certificate of this common name, without a subjectAltName.
pub(super) fn common_name(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// The same certificate as `authority` would issue, of X.509's first version: without a version and
/// extensions, which is what `openssl x509 -req` makes.
pub(super) fn version_1(authority: &Authority, params: &CertificateParams) -> Leaf {
    let leaf = authority.issue_with(params);
    let der = CertificateDer::from_pem_slice(leaf.cert.as_bytes()).unwrap();
    let whole = contents(&der).unwrap().0;
    let (mut fields, rest) = contents(whole).unwrap();
    let algorithm = &rest[..rest.len() - contents(rest).unwrap().1.len()];
    let mut signed = Vec::new();
    while let Some((_, rest)) = contents(fields) {
        let field = &fields[..fields.len() - rest.len()];
        // [0] is the version, [3] the extensions (RFC 5280 section 4.1).
        if ![0xa0, 0xa3].contains(&field[0]) {
            signed.extend_from_slice(field);
        }
        fields = rest;
    }
    let signed = value(0x30, &signed);
    let signature = authority.issuer.key().sign(&signed).unwrap();
    let signature = value(0x03, &[&[0], &signature[..]].concat());
    let der = value(0x30, &[&signed[..], algorithm, &signature].concat());
    let cert = STANDARD.encode(der);
    let lines = cert.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap());
    let body: String = lines.map(|line| format!("{line}\n")).collect();
    let cert = format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n");
    Leaf { cert, ..leaf }
}

/// A value in DER.
fn value(tag: u8, contents: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(contents.len()).unwrap().to_be_bytes();
    let head = match contents.len() {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [&head, contents].concat()
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
