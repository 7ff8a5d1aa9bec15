//! Counts what the rules allocate for one unit, and fails if a steady one allocates anything:
//! `cargo bench --bench allocations`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it is a check that prints what it has found"
)]

mod support;

use pgweir::spans::{Limits, Shown, Spans};
use pgweir::trace::context_of;
use std::process::ExitCode;
use support::allocations;
use support::link::{Link, PREPARED_MAX, parameters};
use support::messages::{
    BOUND, CLOSED, PARSED, READY, SELECT, SELECT_PREPARED, SYNC, bind, complete, describe, execute,
    one_row, parameter, parse, query, row, row_description,
};

/// Enough that a buffer which grows now and then is seen.
const UNITS: u64 = 10_000;

/// Units of one kind, and what they allocated.
struct Row {
    name: &'static str,
    /// Such units come all the time, and must not allocate.
    steady: bool,
    allocations: u64,
}

fn main() -> ExitCode {
    let rows = [
        steady("simple query", simple(Link::new(PREPARED_MAX))),
        steady("simple query, judged", simple(Link::new(PREPARED_MAX).judging())),
        steady("extended P B D E S", extended(Link::new(PREPARED_MAX))),
        steady("extended P B D E S, judged", extended(Link::new(PREPARED_MAX).judging())),
        steady("prepared B E S", prepared(Link::new(PREPARED_MAX))),
        steady("prepared B E S, judged", prepared(Link::new(PREPARED_MAX).judging())),
        steady("prepared B D E, 100 times before one S", pipelined()),
        steady("simple query of a trace, not recorded", unrecorded()),
        rare("prepared B E S, the server lacks it", lacking()),
        rare("named P B E C S of a known text", named()),
        rare("simple query, the parameters differ", differing()),
        rare("simple query, judged at first sight", first_sight()),
    ];
    rows.iter().for_each(print);
    let faults = rows.iter().filter(|row| row.steady && row.allocations > 0).count();
    if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn steady(name: &'static str, allocations: u64) -> Row {
    Row { name, steady: true, allocations }
}

fn rare(name: &'static str, allocations: u64) -> Row {
    Row { name, steady: false, allocations }
}

fn print(row: &Row) {
    let verdict = match (row.steady, row.allocations) {
        (true, 0) => "ok",
        (true, _) => "MUST NOT ALLOCATE",
        (false, _) => "",
    };
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let per_unit = row.allocations as f64 / UNITS as f64;
    println!("{:42} {per_unit:8.2} allocations per unit  {verdict}", row.name);
}

/// After a few units, so that buffers have their size.
fn counted(mut unit: impl FnMut()) -> u64 {
    (0..100).for_each(|_| unit());
    allocations::during(|| (0..UNITS).for_each(|_| unit()))
}

fn simple(mut link: Link) -> u64 {
    let (request, reply) = (query(SELECT), [&one_row()[..], READY].concat());
    counted(|| link.unit(&request, &reply))
}

fn extended(mut link: Link) -> u64 {
    let parse = parse("", SELECT_PREPARED);
    let request = [parse, bind(""), describe(), execute(), SYNC.to_vec()].concat();
    let reply = [PARSED, BOUND, &one_row(), READY].concat();
    counted(|| link.unit(&request, &reply))
}

fn prepared(mut link: Link) -> u64 {
    link.prepare("s1", SELECT_PREPARED);
    let request = [&bind("s1")[..], &execute(), SYNC].concat();
    let reply = [BOUND, &row(12), &complete(), READY].concat();
    counted(|| link.unit(&request, &reply))
}

fn pipelined() -> u64 {
    let mut link = Link::new(PREPARED_MAX);
    link.prepare("s1", SELECT_PREPARED);
    let request = [bind("s1"), describe(), execute()].concat().repeat(100);
    let reply = [BOUND, &one_row()].concat().repeat(100);
    let (request, reply) = ([&request[..], SYNC].concat(), [&reply[..], READY].concat());
    counted(|| link.unit(&request, &reply))
}

/// The application names its span, and does not record it.
fn unrecorded() -> u64 {
    let (spans, limits) =
        (Spans::new(1), Limits { share: 0.5, room: 16, shown: Shown::Normalized });
    spans.set(Some(limits));
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let text = format!("{SELECT} /*route='%2Fcart',traceparent='{parent}',tracestate='a%3D1'*/");
    let (request, reply) = (query(&text), [&one_row()[..], READY].concat());
    let mut link = Link::new(PREPARED_MAX);
    counted(|| {
        link.unit(&request, &reply);
        let parent = context_of(text.as_bytes());
        assert!(!spans.sampler.records(parent.as_ref(), || 0), "its caller does not");
    })
}

/// Two statements in turns on a server that may hold one.
fn lacking() -> u64 {
    let mut link = Link::new(1);
    link.prepare("s1", SELECT_PREPARED);
    let parse = [&parse("s2", SELECT)[..], SYNC].concat();
    link.unit(&parse, &[CLOSED, PARSED, READY].concat());
    let requests = ["s1", "s2"].map(|name| [&bind(name)[..], &execute(), SYNC].concat());
    let reply = [CLOSED, PARSED, BOUND, &row(12), &complete(), READY].concat();
    let mut turns = requests.iter().cycle();
    counted(|| link.unit(turns.next().unwrap(), &reply))
}

/// A driver that prepares for one use: the server parses the statement again.
fn named() -> u64 {
    let mut link = Link::new(PREPARED_MAX);
    link.prepare("s1", SELECT_PREPARED);
    let close: &[u8] = b"C\0\0\0\x08Ss2\0";
    let parse = parse("s2", SELECT_PREPARED);
    let request = [&parse[..], &bind("s2"), &execute(), close, SYNC].concat();
    let reply = [CLOSED, PARSED, BOUND, &row(12), &complete(), READY].concat();
    counted(|| link.unit(&request, &reply))
}

/// Two clients in turns.
fn differing() -> u64 {
    let mut link = Link::new(PREPARED_MAX);
    let ours = link.session.parameters().clone();
    let theirs = link.shared.interner.intern(parameters(&[("TimeZone", "UTC")]));
    let aligned = |zone| {
        let said = parameter("TimeZone", zone);
        let answer = [row_description(), said, row(18), complete(), READY.to_vec()].concat();
        [answer, one_row(), READY.to_vec()].concat()
    };
    let sides = [(theirs, aligned("UTC")), (ours, aligned("Europe/Berlin"))];
    let mut turns = sides.iter().cycle();
    let request = query(SELECT);
    counted(|| {
        let (client, reply) = turns.next().unwrap();
        link.become_client(client);
        link.unit(&request, reply);
    })
}

/// Each text has one more word; making it is not counted.
fn first_sight() -> u64 {
    let mut link = Link::new(PREPARED_MAX).judging();
    let reply = [&one_row()[..], READY].concat();
    let requests = (0..UNITS).map(|n| query(&format!("{SELECT} AND c{n} = 1")));
    let requests: Vec<_> = requests.collect();
    allocations::during(|| requests.iter().for_each(|request| link.unit(request, &reply)))
}
