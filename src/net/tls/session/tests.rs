//! Sessions that carry bytes in pieces of every size.

use std::io::IoSlice;

use proptest::prelude::*;

use super::super::fixture::{Pair, carry, read_all};
use super::super::hello::Spoken;
use super::*;

fn write(session: &mut TlsSession, bytes: &[u8]) -> usize {
    session.write_plaintext(&[IoSlice::new(bytes)]).unwrap()
}

#[test]
fn a_session_may_move_between_threads() {
    fn moves<T: Send>() {}
    moves::<TlsSession>();
    assert!(size_of::<TlsSession>() <= 32, "an idle plain connection pays for this too");
}

#[test]
fn a_handshake_may_come_one_byte_at_a_time() {
    let mut pair = Pair::fresh();
    assert!(pair.near.handshaking() && pair.near.version().is_none());
    pair.exchange(1).unwrap();
    assert!(!pair.near.handshaking() && !pair.far.handshaking());

    write(&mut pair.near, b"hello");
    carry(&mut pair.near, &mut pair.far, 1).unwrap();
    assert_eq!(read_all(&mut pair.far), (b"hello".to_vec(), Ok(Received::Nothing)));
}

#[test]
fn both_sides_know_what_was_agreed() {
    let pair = Pair::joined();
    assert_eq!(pair.far.server_name(), Some("db"));
    assert_eq!(pair.near.server_name(), None);
    assert!(pair.far.peer_certificate().is_none());
    assert!(pair.near.peer_certificate().is_some());
    for session in [&pair.near, &pair.far] {
        assert_eq!(session.version(), Some("TLSv1.3"));
        assert_eq!(session.alpn(), Some(&b"postgresql"[..]));
        assert_eq!(session.require_alpn(), Ok(()));
        assert!(session.cipher().unwrap().starts_with("TLS13_"));
    }
}

#[test]
fn plaintext_written_before_the_handshake_waits_for_it() {
    let mut pair = Pair::fresh();
    assert_eq!(write(&mut pair.near, b"early"), 5);
    pair.exchange(usize::MAX).unwrap();
    assert_eq!(read_all(&mut pair.far).0, b"early");
}

#[test]
fn small_pieces_share_a_record() {
    let mut pair = Pair::joined();
    let pieces = [IoSlice::new(b"a"), IoSlice::new(b"bc"), IoSlice::new(b""), IoSlice::new(b"d")];
    assert_eq!(pair.near.write_plaintext(&pieces), Ok(4));
    let mut ciphertext = Vec::new();
    pair.near.take_ciphertext(&mut ciphertext);
    assert_eq!(ciphertext.len(), 5 + 4 + 1 + 16, "header, plaintext, type, tag");
    pair.far.receive(&mut &ciphertext[..]).unwrap();
    assert_eq!(read_all(&mut pair.far).0, b"abcd");
}

/// Moves `bytes` from one session to another; both ends keep only what the limits allow.
fn transfer(from: &mut TlsSession, to: &mut TlsSession, bytes: &[u8], limit: usize) -> Vec<u8> {
    let (mut sent, mut wire, mut arrived) = (0, Vec::new(), Vec::new());
    while arrived.len() < bytes.len() {
        if wire.is_empty() {
            sent += write(from, &bytes[sent..]);
            from.take_ciphertext(&mut wire);
            assert!(wire.len() <= limit + limit / 16 + 100, "the send limit is kept");
        }
        let mut rest = &wire[..];
        to.receive(&mut rest).unwrap();
        wire = rest.to_vec();
        let (read, end) = read_all(to);
        assert!(read.len() <= 48 * 1024, "{} bytes had waited to be read", read.len());
        assert_eq!(end, Ok(Received::Nothing));
        arrived.extend(read);
    }
    arrived
}

#[test]
fn much_passes_through_small_buffers_in_both_directions() {
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
    let mut pair = Pair::joined();
    for limit in [SEND_LIMIT, 700, 100_000] {
        pair.near.limit_buffers(limit);
        pair.far.limit_buffers(limit);
        assert!(transfer(&mut pair.near, &mut pair.far, &bytes, limit) == bytes);
        assert!(transfer(&mut pair.far, &mut pair.near, &bytes, limit) == bytes);
    }
}

#[test]
fn writing_stops_at_the_limit_until_ciphertext_is_taken() {
    let mut pair = Pair::joined();
    let many = vec![7; 10 * SEND_LIMIT];
    assert_eq!(write(&mut pair.near, &many), SEND_LIMIT);
    assert_eq!(write(&mut pair.near, &many), 0);
    pair.near.limit_buffers(2 * SEND_LIMIT);
    assert!(write(&mut pair.near, &many) > 0, "a raised limit holds at once");
    pair.near.limit_buffers(100);
    assert_eq!(write(&mut pair.near, &many), 0);
    pair.near.take_ciphertext(&mut Vec::new());
    assert_eq!(write(&mut pair.near, &many), 100);
}

#[test]
fn more_ciphertext_is_refused_until_plaintext_is_read() {
    let mut pair = Pair::joined();
    let mut wire = Vec::new();
    for _ in 0..4 {
        assert_eq!(write(&mut pair.near, &vec![7; SEND_LIMIT]), SEND_LIMIT);
        pair.near.take_ciphertext(&mut wire);
    }
    let mut rest = &wire[..];
    pair.far.receive(&mut rest).unwrap();
    let left = rest.len();
    assert!(left > wire.len() / 2);
    pair.far.receive(&mut rest).unwrap();
    assert_eq!(rest.len(), left, "nothing was read, so nothing more is taken");
    read_all(&mut pair.far).1.unwrap();
    pair.far.receive(&mut rest).unwrap();
    assert!(rest.len() < left);
}

#[test]
fn an_end_is_clean_only_with_a_close_notify() {
    let mut clean = Pair::joined();
    write(&mut clean.near, b"last");
    clean.near.close();
    carry(&mut clean.near, &mut clean.far, usize::MAX).unwrap();
    clean.far.receive_end();
    assert_eq!(read_all(&mut clean.far), (b"last".to_vec(), Ok(Received::Closed)));
    clean.far.receive(&mut &b"ignored after the end"[..]).unwrap();
    assert_eq!(clean.far.read_plaintext(&mut [0]), Ok(Received::Closed));

    let mut cut = Pair::joined();
    write(&mut cut.near, b"last");
    carry(&mut cut.near, &mut cut.far, usize::MAX).unwrap();
    cut.far.receive_end();
    let truncated = Err(TlsError::Truncated { peer: Peer::Client });
    assert_eq!(read_all(&mut cut.far), (b"last".to_vec(), truncated));

    let mut early = Pair::fresh();
    early.near.receive_end();
    let cut = Err(TlsError::HandshakeCut { peer: Peer::Server });
    assert_eq!(early.near.read_plaintext(&mut [0]), cut);
}

#[test]
fn an_empty_buffer_is_not_an_end() {
    assert_eq!(Pair::joined().near.read_plaintext(&mut []), Ok(Received::Nothing));
}

#[test]
fn after_our_close_nothing_is_written_and_what_comes_is_ignored() {
    let mut pair = Pair::joined();
    pair.near.close();
    pair.near.close();
    let refused = pair.near.write_plaintext(&[IoSlice::new(b"x")]);
    assert_eq!(refused, Err(TlsError::Closed { peer: Peer::Server }));
    let mut garbage = &[0xff; 100][..];
    pair.near.receive(&mut garbage).unwrap();
    assert!(garbage.is_empty());
    carry(&mut pair.near, &mut pair.far, usize::MAX).unwrap();
    assert_eq!(pair.far.read_plaintext(&mut [0]), Ok(Received::Closed));
}

#[test]
fn a_peer_that_speaks_http_is_named() {
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let error = Pair::fresh().far.receive(&mut &request[..]).unwrap_err();
    assert_eq!(error, TlsError::NotTls { peer: Peer::Client, spoken: Spoken::Http });
    assert_eq!(error.to_string(), "the client does not speak TLS: it speaks HTTP");

    let error = Pair::fresh().far.receive(&mut &request[..1]).unwrap_err();
    assert_eq!(error.to_string(), "the client does not speak TLS: its first byte is 0x47");

    let mut near = Pair::fresh().near;
    let error = near.receive(&mut &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..]).unwrap_err();
    assert_eq!(error, TlsError::NotTls { peer: Peer::Server, spoken: Spoken::Http });
}

#[test]
fn a_changed_byte_ends_the_session_and_the_peer_is_told() {
    let mut pair = Pair::joined();
    write(&mut pair.near, b"transfer 100");
    let mut wire = Vec::new();
    pair.near.take_ciphertext(&mut wire);
    wire[8] ^= 1;
    let error = pair.far.receive(&mut &wire[..]).unwrap_err();
    assert!(matches!(error, TlsError::Broken { peer: Peer::Client, .. }), "{error}");
    assert_eq!(pair.far.receive(&mut &wire[..]).unwrap_err(), error, "for good");
    assert!(pair.far.write_plaintext(&[IoSlice::new(b"x")]).is_err());

    let told = carry(&mut pair.far, &mut pair.near, usize::MAX).unwrap_err();
    let alert = "the server ended the TLS session with the alert BadRecordMac";
    assert_eq!(told.to_string(), alert);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn garbage_instead_of_a_hello_never_panics(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..2000), like_tls: bool,
    ) {
        if like_tls {
            bytes.splice(0..0, [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
        }
        let mut pair = Pair::fresh();
        for session in [&mut pair.near, &mut pair.far] {
            let _ = session.receive(&mut &bytes[..]);
            let _ = session.receive(&mut &bytes[..]);
            prop_assert!(session.handshaking());
            session.close();
            session.take_ciphertext(&mut Vec::new());
        }
    }

    #[test]
    fn garbage_within_a_session_ends_it(
        bytes in proptest::collection::vec(any::<u8>(), 5..500),
    ) {
        let mut pair = Pair::joined();
        let received = pair.far.receive(&mut &bytes[..]);
        pair.far.receive_end();
        prop_assert!(received.is_err() || read_all(&mut pair.far).1.is_err());
    }

    #[test]
    fn what_is_written_is_read_however_it_is_cut(
        parts in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..300), 0..20),
        piece in 1_usize..400,
    ) {
        let mut pair = Pair::joined();
        let slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let all = parts.concat();
        prop_assert_eq!(pair.far.write_plaintext(&slices), Ok(all.len()));
        carry(&mut pair.far, &mut pair.near, piece).unwrap();
        prop_assert_eq!(read_all(&mut pair.near).0, all);
    }
}
