//! Questions to a peer of which the test decides every byte.

use super::*;
use crate::auth::RequireAuth;
use crate::ids::ServerId;
use crate::net::tls::ServerTls;
use crate::net::{Accepted, Address, Chunk, Keepalive, Stream};
use crate::protocol::writer::message;
use crate::server::{CancelTarget, Target};
use crate::session::{ParameterSet, ServerSide, Shared};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

const PATIENCE: Duration = Duration::from_secs(20);

/// Asks a peer that answers with these bytes, and then ends.
fn answered(answer: &[u8]) -> Result<Vec<Row>, AskError> {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let answer = answer.to_vec();
    let peer = std::thread::spawn(move || {
        let mut question = [0; 14];
        theirs.read_exact(&mut question).unwrap();
        let _ = theirs.write_all(&answer);
        question
    });
    let asked = on_runtime(async { ask(&mut server(ours), "SELECT 1", PATIENCE).await });
    assert_eq!(peer.join().unwrap(), *b"Q\0\0\0\x0dSELECT 1\0");
    asked
}

fn on_runtime<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn server(socket: UnixStream) -> Server {
    socket.set_nonblocking(true).unwrap();
    let target = Target {
        require_auth: RequireAuth::Any,
        address: Address::Tcp("peer".to_owned(), 5432),
        host_name: "peer".to_owned(),
        tls: ServerTls::disabled(),
        user: "u".to_owned(),
        database: "d".to_owned(),
        connect_timeout: PATIENCE,
        keepalive: Keepalive::default(),
        prepared_max: 0,
    };
    let shared = Shared::default();
    let parameters = shared.interner.intern(ParameterSet::default());
    Server {
        id: ServerId(1),
        stream: Stream::new(Accepted::Unix(socket)).unwrap(),
        inbox: Chunk::default(),
        side: Box::new(ServerSide::new(parameters, 0)),
        cancel: Arc::new(CancelTarget::new(Arc::new(target), None)),
        stopwatch: Box::default(),
    }
}

fn data_row(values: &[Option<&str>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    message(&mut bytes, tag::DATA_ROW, |body| {
        body.extend_from_slice(&u16::try_from(values.len()).unwrap().to_be_bytes());
        for value in values {
            match value {
                None => body.extend_from_slice(&(-1i32).to_be_bytes()),
                Some(text) => {
                    body.extend_from_slice(&i32::try_from(text.len()).unwrap().to_be_bytes());
                    body.extend_from_slice(text.as_bytes());
                }
            }
        }
    });
    bytes
}

const DESCRIPTION: &[u8] = b"T\0\0\0\x06\0\0";
const COMPLETE: &[u8] = b"C\0\0\0\x0dSELECT 1\0";
const READY: &[u8] = tag::READY_IDLE_MESSAGE;

#[test]
fn the_answer_is_its_rows() {
    let rows = [data_row(&[Some("a"), None]), data_row(&[Some(""), Some("b")])].concat();
    let rows = answered(&[DESCRIPTION, &rows, COMPLETE, READY].concat()).unwrap();
    assert_eq!(rows, [vec![Some("a".into()), None], vec![Some(String::new()), Some("b".into())]]);
}

#[test]
fn a_row_may_be_far_longer_than_a_block() {
    let long = "x".repeat(100_000);
    let rows = [data_row(&[Some(&long)]), data_row(&[Some("next")])].concat();
    let rows = answered(&[DESCRIPTION, &rows, COMPLETE, READY].concat()).unwrap();
    assert_eq!(rows, [[Some(long)], [Some("next".to_owned())]]);
}

#[test]
fn a_refusal_is_told_from_a_broken_conversation() {
    let refusal = b"E\0\0\0\x1cSERROR\0C42501\0Mnot you\0\0";
    let refused = answered(&[refusal, READY].concat()).unwrap_err();
    assert!(refused.is_refusal());
    assert_eq!(refused.to_string(), "not you (SQLSTATE 42501)");
    for broken in [
        &b"E\0\0\0\x1cSERROR\0C42501\0Mnot you\0\0"[..],
        b"G\0\0\0\x07\0\0\0",
        b"D\0\0\0\x06\0\x01",
        b"D\0\0\0\x03",
        &[READY, COMPLETE].concat(),
        b"",
    ] {
        assert!(!answered(broken).unwrap_err().is_refusal(), "{broken:?}");
    }
}

#[test]
fn an_answer_that_does_not_come_is_not_waited_for() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let limit = Duration::from_millis(1);
    let asked = on_runtime(async { ask(&mut server(ours), "SELECT 1", limit).await });
    assert!(matches!(asked, Err(AskError::Timeout(_))));
}

#[test]
fn an_answer_has_a_limit() {
    let mut answer = Answer::default();
    let piece = data_row(&[Some(&"x".repeat(1 << 20))]);
    let mut taken = 0;
    while taken + piece.len() <= ANSWER_MAX {
        assert!(!answer.take(&piece).unwrap());
        taken += piece.len();
    }
    assert!(matches!(answer.take(&piece), Err(AskError::TooLong)));
}
