//! What one unit costs in the rules alone, from its plan to the proof that the server is clean:
//! `cargo bench --bench pipeline`.

#![allow(clippy::unwrap_used, reason = "a bench may end early")]

mod support;

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use support::link::{Link, PREPARED_MAX};
use support::messages::{
    BOUND, CLOSED, PARSED, READY, SELECT, SELECT_PREPARED, SYNC, bind, complete, describe, execute,
    filling, one_row, parse, query, row, row_description,
};

type Group<'c> = BenchmarkGroup<'c, WallTime>;

fn main() {
    let mut criterion = support::criterion();
    units(&mut criterion);
    pipelined(&mut criterion);
    rows(&mut criterion);
    criterion.final_summary();
}

/// Units of one query.
fn units(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("unit");
    group.throughput(Throughput::Elements(1));
    simple(&mut group, "simple query", Link::new(PREPARED_MAX));
    simple(&mut group, "simple query, judged", Link::new(PREPARED_MAX).judging());
    extended(&mut group, "extended P B D E S", Link::new(PREPARED_MAX));
    extended(&mut group, "extended P B D E S, judged", Link::new(PREPARED_MAX).judging());
    prepared(&mut group, "prepared B E S", Link::new(PREPARED_MAX));
    prepared(&mut group, "prepared B E S, judged", Link::new(PREPARED_MAX).judging());
    lacking(&mut group, "prepared B E S, one of 2 that the server lacks", 1);
    lacking(&mut group, "prepared B E S, one of 201 that the server lacks", PREPARED_MAX);
    group.finish();
}

fn simple(group: &mut Group<'_>, name: &str, mut link: Link) {
    let (request, reply) = (query(SELECT), [one_row(), READY.to_vec()].concat());
    group.bench_function(name, |b| b.iter(|| link.unit(&request, &reply)));
}

fn extended(group: &mut Group<'_>, name: &str, mut link: Link) {
    let parse = parse("", SELECT_PREPARED);
    let request = [parse, bind(""), describe(), execute(), SYNC.to_vec()].concat();
    let reply = [PARSED, BOUND, &one_row(), READY].concat();
    group.bench_function(name, |b| b.iter(|| link.unit(&request, &reply)));
}

fn prepared(group: &mut Group<'_>, name: &str, mut link: Link) {
    link.prepare("s1", SELECT_PREPARED);
    let request = [bind("s1"), execute(), SYNC.to_vec()].concat();
    let reply = [BOUND, &row(12), &complete(), READY].concat();
    group.bench_function(name, |b| b.iter(|| link.unit(&request, &reply)));
}

/// Statements in turns, one more than the server may hold: each closes one and prepares one.
fn lacking(group: &mut Group<'_>, name: &str, prepared_max: usize) {
    let mut link = Link::new(prepared_max);
    let evicting = [CLOSED, PARSED, BOUND, &row(12), &complete(), READY].concat();
    for statement in 0..=prepared_max {
        let text = format!("{SELECT_PREPARED} AND bid = {statement}");
        if statement < prepared_max {
            link.prepare(&format!("s{statement}"), &text);
        } else {
            let request = [parse(&format!("s{statement}"), &text), SYNC.to_vec()].concat();
            link.unit(&request, &[CLOSED, PARSED, READY].concat());
        }
    }
    let requests = (0..=prepared_max)
        .map(|statement| [bind(&format!("s{statement}")), execute(), SYNC.to_vec()].concat());
    let requests: Vec<_> = requests.collect();
    let mut turns = requests.iter().cycle();
    group.bench_function(name, |b| b.iter(|| link.unit(turns.next().unwrap(), &evicting)));
}

/// Many queries before one Sync; counted by query.
fn pipelined(criterion: &mut Criterion) {
    const QUERIES: usize = 100;
    let mut link = Link::new(PREPARED_MAX);
    link.prepare("s1", SELECT_PREPARED);
    let request = [[bind("s1"), describe(), execute()].concat().repeat(QUERIES), SYNC.to_vec()];
    let reply = [BOUND, &row_description(), &row(12), &complete()].concat().repeat(QUERIES);
    let (request, reply) = (request.concat(), [&reply[..], READY].concat());
    let mut group = criterion.benchmark_group("unit");
    group.throughput(Throughput::Elements(QUERIES as u64));
    let name = "prepared B D E, 100 times before one S";
    group.bench_function(name, |b| b.iter(|| link.unit(&request, &reply)));
    group.finish();
}

/// The middle of a long result: bytes that only go by.
fn rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reply");
    for (name, bytes) in [("rows of 20 bytes", 20), ("rows of 100 bytes", 100)] {
        let mut link = Link::new(PREPARED_MAX);
        link.ask(&query(SELECT));
        let piece = filling(&row(bytes), 16 * 1024);
        group.throughput(Throughput::Bytes(piece.len() as u64));
        group.bench_function(name, |b| b.iter(|| link.reply(&piece)));
    }
    group.finish();
}
