//! Packets before the login: what drivers send, and what nobody should.

use super::*;
use proptest::prelude::*;

fn packet(code: u32, rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    crate::protocol::writer::untagged(&mut out, |body| {
        body.extend_from_slice(&code.to_be_bytes());
        body.extend_from_slice(rest);
    });
    out
}

#[test]
fn a_driver_asks_for_a_user_and_a_database() {
    let bytes = packet(ProtocolVersion::V3_0.0, b"user\0app\0database\0shop\0user\0other\0\0");
    let Ok(Packet::Startup(startup)) = parse(&bytes) else { panic!("not a startup") };
    assert_eq!(startup.parameter(b"user"), Some(&b"other"[..]));
    assert_eq!(startup.parameter(b"database"), Some(&b"shop"[..]));
    assert_eq!(startup.parameter(b"port"), None);
}

#[test]
fn a_newer_client_is_told_what_is_spoken() {
    let bytes = packet(0x0003_0063, b"user\0app\0_pq_.compression\0zstd\0\0");
    let Ok(Packet::Startup(startup)) = parse(&bytes) else { panic!("not a startup") };
    assert_eq!(startup.spoken(), ProtocolVersion::V3_2);
    let mut out = Vec::new();
    startup.negotiate(&mut out);
    assert_eq!(out, b"v\0\0\0\x1d\0\x03\0\x02\0\0\0\x01_pq_.compression\0");
}

#[test]
fn an_ordinary_client_is_told_nothing() {
    let startup = Startup { version: ProtocolVersion::V3_0, parameters: vec![] };
    let mut out = Vec::new();
    startup.negotiate(&mut out);
    assert!(out.is_empty());
}

#[test]
fn cancel_keys_are_short_or_long() {
    for len in [4, 32, 256] {
        let key = CancelKey { process_id: 7, secret: vec![9; len].into() };
        assert_eq!(parse(&key.request()), Ok(Packet::Cancel(key)));
    }
    for len in [0, 3, 257] {
        let key = CancelKey { process_id: 7, secret: vec![9; len].into() };
        assert_eq!(parse(&key.request()), Err(BadStartup::Layout));
    }
}

#[test]
fn lengths_are_checked_before_anything_is_kept() {
    for length in [0u32, 3, 7, 10_001, 0x7fff_ffff, u32::MAX] {
        assert_eq!(packet_len(&length.to_be_bytes()), Err(BadStartup::Length(length)));
    }
    assert_eq!(packet_len(b"\0\0\0"), Ok(None));
    assert_eq!(packet_len(b"\0\0\0\x08"), Ok(Some(8)));
}

#[test]
fn broken_layouts_are_refused() {
    let version = ProtocolVersion::V3_0.0;
    for rest in [&b""[..], b"user", b"user\0", b"user\0app", b"user\0app\0", b"user\0app\0\0x"] {
        assert_eq!(parse(&packet(version, rest)), Err(BadStartup::Layout), "{rest:?}");
    }
    assert_eq!(
        parse(&packet(0x0002_0000, b"\0")),
        Err(BadStartup::Version(ProtocolVersion(0x0002_0000)))
    );
    // "GET / HTTP" read as a length is far too long: an HTTP client is refused by it.
    assert!(packet_len(b"GET / HTTP/1.1\r\n").is_err());
}

#[test]
fn options_are_split_as_postgresql_splits_them() {
    let pairs = options(br"-c search_path=a,\ b --work-mem=64MB -cDateStyle=ISO").unwrap();
    let text: Vec<(String, String)> = pairs
        .into_iter()
        .map(|(n, v)| (String::from_utf8(n).unwrap(), String::from_utf8(v).unwrap()))
        .collect();
    let expected = [("search_path", "a, b"), ("work_mem", "64MB"), ("DateStyle", "ISO")]
        .map(|(n, v)| (n.into(), v.into()));
    assert_eq!(text, expected);
    assert_eq!(options(b"-e"), None);
    assert_eq!(options(b"-c"), None);
    assert_eq!(options(b"-c nothing"), None);
    assert_eq!(options(b"  "), Some(vec![]));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = packet_len(&bytes);
        let _ = parse(&bytes);
        let _ = options(&bytes);
    }

    #[test]
    fn any_startup_body_is_read_without_a_panic(rest in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&packet(ProtocolVersion::V3_0.0, &rest));
    }
}
