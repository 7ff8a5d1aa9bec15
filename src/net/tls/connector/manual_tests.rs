//! Certificates as PostgreSQL's manual makes them ("Creating Certificates"): libpq takes them all.

use rustls::version::{TLS12, TLS13};

use super::super::fixture::{Authority, Leaf, common_name, connecting, version_1};
use super::tests::{meet_stranger, sentence};
use super::*;

const VERIFYING: [SslMode; 2] = [SslMode::VerifyCa, SslMode::VerifyFull];

/// What comes of a session to `host`, over both versions of TLS.
fn meet(mode: SslMode, ca: &str, leaf: &Leaf, host: &str) -> Result<(), TlsError> {
    let tls = connecting(mode, Some(ca), None);
    let shown = (&*leaf.cert, &*leaf.key);
    let results = [&TLS12, &TLS13].map(|version| meet_stranger(&tls, host, shown, version).0);
    assert_eq!(results[0], results[1]);
    results[0].clone()
}

/// By the manual's own commands, but for the kind of key and a hundred years.
#[test]
fn the_manuals_own_certificates_are_taken() {
    let leaf = Leaf { cert: SERVER_CRT.to_owned(), key: SERVER_KEY.to_owned() };
    for mode in VERIFYING {
        assert_eq!(meet(mode, ROOT_CRT, &leaf, "dbhost.yourdomain.com"), Ok(()), "{mode}");
    }
    assert_eq!(meet(SslMode::VerifyCa, ROOT_CRT, &leaf, "elsewhere"), Ok(()));
    let refused = sentence(meet(SslMode::VerifyFull, ROOT_CRT, &leaf, "elsewhere"));
    assert!(refused.contains("dbhost.yourdomain.com"), "{refused}");
    assert!(refused.contains("subjectAltName"), "{refused}");
}

#[test]
fn a_certificate_of_version_1_needs_the_authority_its_name_and_its_dates() {
    let (known, unknown) = (Authority::new("known"), Authority::new("unknown"));
    let leaf = version_1(&known, &common_name("db"));
    for mode in VERIFYING {
        assert_eq!(meet(mode, &known.pem(), &leaf, "db"), Ok(()), "{mode}");
        let refused = sentence(meet(mode, &unknown.pem(), &leaf, "db"));
        assert!(refused.contains("no authority in server_tls_ca_file"), "{mode} {refused}");
        let namesake = sentence(meet(mode, &Authority::new("known").pem(), &leaf, "db"));
        assert!(namesake.contains("no authority in server_tls_ca_file"), "{mode} {namesake}");
        let mut expired = common_name("db");
        expired.not_before = rcgen::date_time_ymd(2000, 1, 1);
        expired.not_after = rcgen::date_time_ymd(2001, 1, 1);
        let refused = sentence(meet(mode, &known.pem(), &version_1(&known, &expired), "db"));
        assert!(refused.contains("it expired"), "{mode} {refused}");
        let mut early = common_name("db");
        early.not_before = rcgen::date_time_ymd(3000, 1, 1);
        let refused = sentence(meet(mode, &known.pem(), &version_1(&known, &early), "db"));
        assert!(refused.contains("not valid before"), "{mode} {refused}");
    }
}

#[test]
fn who_shows_a_certificate_of_version_1_must_have_its_key() {
    let known = Authority::new("known");
    let leaf = version_1(&known, &common_name("db"));
    let liar = Leaf { key: known.issue(&["db"]).key, ..leaf };
    for mode in VERIFYING {
        let tls = connecting(mode, Some(&known.pem()), None);
        for version in [&TLS12, &TLS13] {
            let shown = (&*liar.cert, &*liar.key);
            let refused = sentence(meet_stranger(&tls, "db", shown, version).0);
            assert!(refused.contains("a signature is wrong"), "{mode} {refused}");
        }
    }
}

#[test]
fn authorities_in_between_must_be_authorities() {
    let root = Authority::new("root");
    let between = root.issue_authority("between", |_| {});
    let mut leaf = version_1(&between, &common_name("db"));
    leaf.cert.push_str(&between.pem());
    let other = Authority::new("root");
    for mode in VERIFYING {
        assert_eq!(meet(mode, &root.pem(), &leaf, "db"), Ok(()), "{mode}");
        assert!(meet(mode, &other.pem(), &leaf, "db").is_err(), "{mode}");
    }
    let refused = |between: &Authority| {
        let mut leaf = version_1(between, &common_name("db"));
        leaf.cert.push_str(&between.pem());
        sentence(meet(SslMode::VerifyCa, &root.pem(), &leaf, "db"))
    };
    let no_authority = root.issue_authority("a server", |params| params.is_ca = rcgen::IsCa::NoCa);
    assert!(refused(&no_authority).contains("no authority"));
    let expired = root.issue_authority("expired", |params| {
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
    });
    assert!(refused(&expired).contains("it expired"));
    let no_signer = root.issue_authority("no signer", |params| {
        params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    });
    assert!(refused(&no_signer).contains("no authority"));
    let constrained = root.issue_authority("constrained", |params| {
        let permitted_subtrees = vec![rcgen::GeneralSubtree::DnsName("example".to_owned())];
        let excluded_subtrees = Vec::new();
        let names = rcgen::NameConstraints { permitted_subtrees, excluded_subtrees };
        params.name_constraints = Some(names);
    });
    assert!(refused(&constrained).contains("no authority"));
}

#[test]
fn the_common_name_counts_where_there_is_no_other_of_its_kind() {
    let known = Authority::new("known");
    let meet_full = |leaf: &Leaf, host: &str| meet(SslMode::VerifyFull, &known.pem(), leaf, host);
    let bare = known.issue_with(&common_name("*.example"));
    for (host, expected) in [("db.example", true), ("a.db.example", false), ("example", false)] {
        assert_eq!(meet_full(&bare, host).is_ok(), expected, "{host}");
    }
    let by_address = known.issue_with(&common_name("10.0.0.7"));
    assert_eq!(meet_full(&by_address, "10.0.0.7"), Ok(()));
    let mut named = common_name("db");
    named.subject_alt_names = vec![rcgen::SanType::DnsName("other".try_into().unwrap())];
    assert_eq!(meet_full(&known.issue_with(&named), "other"), Ok(()));
    let refused = sentence(meet_full(&known.issue_with(&named), "db"));
    assert!(refused.contains("not valid for name"), "{refused}");
    named.subject_alt_names = vec![rcgen::SanType::IpAddress([10, 0, 0, 7].into())];
    assert_eq!(meet_full(&known.issue_with(&named), "db"), Ok(()));
    let mut nobody = common_name("db");
    nobody.distinguished_name = rcgen::DistinguishedName::new();
    let refused = sentence(meet_full(&known.issue_with(&nobody), "db"));
    assert!(refused.contains("neither a subjectAltName nor a common name"), "{refused}");
}

/// openssl x509 -req -extfile openssl.cnf -extensions v3_ca -signkey root.key
const ROOT_CRT: &str = "-----BEGIN CERTIFICATE-----
MIIBkjCCATmgAwIBAgIUZwjms8mxe3HmYRCsvsvzfBTq5jAwCgYIKoZIzj0EAwIw
HjEcMBoGA1UEAwwTcm9vdC55b3VyZG9tYWluLmNvbTAgFw0yNjExMzAyMjAyMTNa
GA8yMTI2MTEwNjIyMDIxM1owHjEcMBoGA1UEAwwTcm9vdC55b3VyZG9tYWluLmNv
bTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABF30Ux7F3u8WXBU7S9dyMc/qCpr2
t4yKX0pVLKvfW9FtgOr9T8/fMht4XY9J/iD4kP/IWqj9dSiZUsi/r6YDk3ejUzBR
MB0GA1UdDgQWBBS5eumuEIZx0u+sd+pOCbXFeLLFnDAfBgNVHSMEGDAWgBS5eumu
EIZx0u+sd+pOCbXFeLLFnDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cA
MEQCIAvIGK2umKStildccj5vMUrYs/Mct/Mb44YUH3k+572SAiBNwr1Ype9aUyiQ
vYa66DU84DLZn3OegUKZ/0NneXFxmg==
-----END CERTIFICATE-----
";

/// openssl x509 -req -CA root.crt -CAkey root.key: of version 1, with a common name.
const SERVER_CRT: &str = "-----BEGIN CERTIFICATE-----
MIIBOjCB4QIUJykktJst5Zh6Ze2aVoXfy8YMhv0wCgYIKoZIzj0EAwIwHjEcMBoG
A1UEAwwTcm9vdC55b3VyZG9tYWluLmNvbTAgFw0yNjExMzAyMjAyMTNaGA8yMTI2
MTEwNjIyMDIxM1owIDEeMBwGA1UEAwwVZGJob3N0LnlvdXJkb21haW4uY29tMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE7qS5K6GCg7cRnHeqfKPJeUYKeqoOUSTR
EVzyO/64OwFvvnxr3PB8HJCoT/y+yvFP3FMLtMZCAVINUW+olQEbqTAKBggqhkjO
PQQDAgNIADBFAiEAodZw5GbDoju7uZoZvvq5kk65z/ktET8a0A2DoO4Es9gCICKQ
aleq1hkIA0icYIa+ZwrlwgdSMiSx3isE83A3EyXE
-----END CERTIFICATE-----
";

const SERVER_KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWI/YgWlmDI8ZyO2v
rBjC/2TuL3jKaTsaXORa8XQxC+yhRANCAATupLkroYKDtxGcd6p8o8l5Rgp6qg5R
JNERXPI7/rg7AW++fGvc8HwckKhP/L7K8U/cUwu0xkIBUg1Rb6iVARup
-----END PRIVATE KEY-----
";
