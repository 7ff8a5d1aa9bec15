//! What a metrics port must bear without any effect on clients.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::Watched;
use super::scrape::{Answer, ask, connect};
use crate::support::{Database, until};

#[test]
fn what_is_not_a_request_is_refused() {
    let database = Database::create();
    let mut watched = Watched::of(&database, "");
    for (request, status) in [
        ("BREW /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", 405),
        ("GET /\u{1}metrics HTTP/1.1\r\n\r\n", 400),
        ("GET /metrics HTTP/9.9\r\n\r\n", 400),
        ("\u{3}\u{0}\u{0}\u{0}user\r\n\r\n", 400),
    ] {
        let answer = ask(watched.metrics, request).unwrap();
        assert_eq!(answer.status, status, "{request:?}");
    }
    watched.pgweir.must_live();
    assert_eq!(watched.get("/livez").status, 200);
}

#[test]
fn a_header_of_a_megabyte_is_not_read_to_its_end() {
    let database = Database::create();
    let mut watched = Watched::of(&database, "");
    let mut socket = connect(watched.metrics);
    let line = format!("X-Long: {}\r\n", "x".repeat(1 << 20));
    // It may be closed while we still write.
    let _ = socket.write_all(format!("GET /metrics HTTP/1.1\r\n{line}").as_bytes());
    match Answer::read(socket) {
        Ok(answer) => assert_eq!(answer.status, 431),
        Err(error) => assert!(error.kind() != std::io::ErrorKind::WouldBlock, "{error}"),
    }
    watched.pgweir.must_live();
    assert_eq!(watched.get("/metrics").status, 200);
}

#[test]
fn a_client_that_sends_nothing_more_is_left_behind() {
    let database = Database::create();
    let watched = Watched::of(&database, "");
    let mut slow = connect(watched.metrics);
    slow.write_all(b"GET /metrics HTTP/1.1\r\nHost:").unwrap();
    assert_eq!(watched.get("/metrics").status, 200);
    let mut rest = Vec::new();
    // The end, and not this test's own time limit.
    assert!(
        !matches!(slow.read_to_end(&mut rest), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    );
    assert_eq!(rest, b"");
}

#[test]
fn a_thousand_connections_cost_neither_clients_nor_memory() {
    let database = Database::create();
    let mut watched = Watched::of(&database, "");
    let mut client = watched.pgweir.client(&database);
    let before_kb = watched.pgweir.resident_kb();
    let idle: Vec<_> = (0..1000).filter_map(|_| TcpStream::connect(watched.metrics).ok()).collect();
    assert!(idle.len() > 900, "only {} connected", idle.len());
    assert_eq!(client.value("SELECT 1"), "1");
    let grown_kb = watched.pgweir.resident_kb().saturating_sub(before_kb);
    assert!(grown_kb < 8 << 10, "they cost {grown_kb} kB");
    watched.pgweir.must_live();
    drop(idle);
    let refused = "pgweir_metrics_connections_refused_total";
    until("the port serves again", || {
        ask(watched.metrics, "GET /livez HTTP/1.1\r\n\r\n").is_ok_and(|answer| answer.status == 200)
    });
    assert!(watched.scrape().value(refused) > 800.0);
}
