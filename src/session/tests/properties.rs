//! What holds for any bytes, and for any way that they are cut into pieces.

use super::super::OPENED_MAX;
use super::super::request::{Stopped, Until};
use super::super::script::{Script, client, framed, server};
use proptest::prelude::*;

/// What a client sends and a server answers, one after the other.
const PHASES: &[(&str, &str)] = &[
    ("Q a | Q b", "T | D 1 | C A | Z I | N 00000 x | C B | S TimeZone CET | Z I"),
    ("P s1 a | D S s1 | B - s1 | E | S", "1 | t | T | 2 | D 1 | D 2 | C A | Z T"),
    ("P s2 b | P s3 c | B p s3 | E p | H", "1 | 3 | 1 | 2 | s"),
    ("C S s2 | C P p | S", "3 | Z I"),
    ("P - x | B - s1 | E | S | Q b", "E 42601 at pgweir_1 | Z I | C B | Z I"),
    ("P - copy | B - - | E | S", "1 | 2 | G"),
    ("d data | d more | S | c | S", "C COPY 2 | Z I"),
    ("P s1 other | S", "E 42P05 pgweir_1 exists | Z I"),
    ("Q copy out", "H | d 1 | d 22 | d | c | C COPY 3 | Z I"),
    ("Q rows | Q b", "T | D 1 | D 22 | N 00000 x | D | E 22012 no | Z I | T | D 1 | C B | Z I"),
    ("F x | X", "V | Z I"),
];

fn phases() -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut phases: Vec<_> = PHASES.iter().map(|(c, s)| (client(c), server(s))).collect();
    let parse = framed(b'P', &[b"long\0", &vec![b'x'; 3 * OPENED_MAX][..], b"\0\0\0"].concat());
    let bind = framed(b'B', &[b"portal\0long\0", &vec![1; 2 * OPENED_MAX][..]].concat());
    let row = framed(b'D', &vec![b'r'; 3 * OPENED_MAX]);
    let notice = framed(b'N', &vec![b'n'; OPENED_MAX]);
    let sent = [parse, bind, client("E portal | S")].concat();
    let answered = [server("1 | 2"), notice, row, server("C A | Z I")].concat();
    phases.insert(0, (sent, answered));
    phases
}

/// What reached the server, what reached the client, and the state at the end.
type End = (Vec<u8>, Vec<u8>, String);

/// Gives the streams of each phase in pieces of these lengths, over and over.
fn run(cuts: &[usize]) -> End {
    let mut script = Script::with(true, 3);
    script.link(0);
    let mut cuts = cuts.iter().copied().cycle();
    for (sent, answered) in phases() {
        for piece in pieces(&sent, &mut cuts) {
            script.from_client.extend_from_slice(piece);
            script.carry_requests(Until::End).unwrap();
        }
        for piece in pieces(&answered, &mut cuts) {
            script.from_server.extend_from_slice(piece);
            script.carry_replies().unwrap();
        }
        script.carry_requests(Until::End).unwrap();
    }
    let end = format!("{:?} {:?} {:?}", script.servers, script.session, script.from_client);
    (script.to_server, script.to_client, end)
}

fn pieces<'a>(mut bytes: &'a [u8], cuts: &mut impl Iterator<Item = usize>) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at(cuts.next().unwrap().min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// The maps of statements have no order to be shown in.
fn without_order(state: &str) -> Vec<char> {
    let mut letters: Vec<char> = state.chars().collect();
    letters.sort_unstable();
    letters
}

/// Messages that make sense one by one, and bytes that make none.
fn soup(messages: &'static [&'static str], of: fn(&str) -> Vec<u8>) -> BoxedStrategy<Vec<u8>> {
    let sensible = prop::sample::select(messages).prop_map(of).boxed();
    let nonsense = (any::<u8>(), prop::collection::vec(any::<u8>(), 0..20));
    let long = (prop::sample::select(&b"QPBDEFdTNSC"[..]), OPENED_MAX - 10..2 * OPENED_MAX);
    let long = long.prop_map(|(tag, len)| framed(tag, &vec![0x41; len]));
    let raw = prop::collection::vec(any::<u8>(), 1..12).boxed();
    prop_oneof![
        30 => sensible,
        3 => nonsense.prop_map(|(tag, body)| framed(tag, &body)),
        1 => long,
        1 => raw,
    ]
    .boxed()
}

const CLIENT_SOUP: &[&str] = &[
    "Q a",
    "P s1 a",
    "P - a",
    "P s2 b",
    "P s3 c",
    "B - s1",
    "B - -",
    "B p s2",
    "D S s1",
    "D P -",
    "E",
    "E p",
    "S",
    "S",
    "H",
    "C S s1",
    "C S -",
    "C P p",
    "d x",
    "c",
    "f no",
    "F x",
    "B - pgweir_1",
];
const SERVER_SOUP: &[&str] = &[
    "1",
    "2",
    "3",
    "n",
    "s",
    "I",
    "Z I",
    "Z T",
    "Z E",
    "C A",
    "C DISCARD ALL",
    "C DEALLOCATE ALL",
    "C RESET",
    "E 22012 no",
    "E 0A000 pgweir_1",
    "E 42P05 pgweir_2",
    "E 57P01! bye",
    "T",
    "D 1",
    "t",
    "S TimeZone CET",
    "S server_version 1",
    "N 00000 x",
    "A",
    "G",
    "H",
    "W",
    "d x",
    "c",
    "V",
];

/// Takes from one side; says whether the session goes on.
fn take(script: &mut Script, is_client: bool) -> bool {
    if !is_client {
        let before = script.from_server.len();
        return match script.carry_reply(OPENED_MAX) {
            Ok(consumed) => {
                assert!(before < OPENED_MAX || consumed > 0, "no way on");
                true
            }
            Err(_) => false,
        };
    }
    match script.carry_request(Until::UnitEnd, OPENED_MAX) {
        Ok(requested) => {
            let len = script.from_client.len().min(OPENED_MAX);
            assert!(requested.consumed <= len);
            let stuck = len == OPENED_MAX && requested.consumed == 0;
            assert!(!stuck || matches!(requested.stopped, Stopped::Full | Stopped::Terminate));
            script.from_client.drain(..requested.consumed);
            true
        }
        Err(_) => false,
    }
}

proptest! {
    // Each cuts some 180 kB into pieces of a few bytes.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_does_not_matter_how_bytes_are_cut(
        cuts in prop_oneof![
            prop::collection::vec(1usize..30, 1..10),
            prop::collection::vec(1usize..OPENED_MAX, 1..10),
        ],
    ) {
        let (whole, cut) = (run(&[usize::MAX]), run(&cuts));
        prop_assert!(whole.0 == cut.0, "to the server");
        prop_assert!(whole.1 == cut.1, "to the client");
        prop_assert_eq!(without_order(&whole.2), without_order(&cut.2), "{} {}", whole.2, cut.2);
    }
}

proptest! {
    #[test]
    fn nothing_that_is_sent_can_panic_or_stop_it(
        steps in prop::collection::vec(
            prop_oneof![
                soup(CLIENT_SOUP, client).prop_map(|bytes| (true, bytes)),
                soup(SERVER_SOUP, server).prop_map(|bytes| (false, bytes)),
            ],
            1..60,
        ),
    ) {
        let mut script = Script::new();
        script.link(0);
        for (is_client, bytes) in steps {
            let inbox = if is_client { &mut script.from_client } else { &mut script.from_server };
            inbox.extend_from_slice(&bytes);
            let _ = script.plan();
            if !take(&mut script, is_client) {
                break;
            }
            if script.is_clean() {
                script.release().link(1);
            }
            if script.at == Some(1) && script.is_clean() {
                script.release().link(0);
            }
        }
    }

    #[test]
    fn nothing_that_is_sent_without_a_server_can_panic_or_stop_it(
        steps in prop::collection::vec(soup(CLIENT_SOUP, client), 1..30),
    ) {
        let mut script = Script::new();
        for bytes in steps {
            script.from_client.extend_from_slice(&bytes);
            let before = script.from_client.len();
            match (script.plan(), script.carry_request(Until::End, OPENED_MAX)) {
                (Ok(_), Ok(requested)) => script.from_client.drain(..requested.consumed),
                _ => break,
            };
            prop_assert!(script.from_client.len() <= before);
        }
    }
}
