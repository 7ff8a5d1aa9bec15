//! How fast the ends of messages are found, in bytes a second: `cargo bench --bench frame`.

#![allow(clippy::unwrap_used, reason = "a bench may end early")]

mod support;

use criterion::{Criterion, Throughput};
use pgweir::protocol::frame::{Frames, Header, Remaining};
use std::hint::black_box;
use support::messages::{READY, filling, one_row, row};

/// What one read brings at most.
const PIECE: usize = 16 * 1024;

fn main() {
    let mut criterion = support::criterion();
    scan(&mut criterion, "replies of pgbench -S", &[one_row(), READY.to_vec()].concat());
    scan(&mut criterion, "rows of 20 bytes", &row(20));
    scan(&mut criterion, "rows of 100 bytes", &row(100));
    scan(&mut criterion, "rows of 1 kB", &row(1024));
    huge(&mut criterion);
    criterion.final_summary();
}

/// A piece full of whole messages.
fn scan(criterion: &mut Criterion, name: &str, messages: &[u8]) {
    let piece = filling(messages, PIECE);
    let mut group = criterion.benchmark_group("frame");
    group.throughput(Throughput::Bytes(piece.len() as u64));
    group.bench_function(name, |b| b.iter(|| tags(black_box(&piece))));
    group.finish();
}

fn tags(piece: &[u8]) -> usize {
    let mut frames = Frames::new(piece);
    let mut tags = 0;
    while let Some(frame) = frames.next_frame().unwrap() {
        tags += usize::from(frame.tag);
    }
    assert_eq!(frames.position(), piece.len());
    tags
}

/// A message that is longer than a piece: its body is only counted.
fn huge(criterion: &mut Criterion) {
    let message = row(1024 * 1024);
    let mut group = criterion.benchmark_group("frame");
    group.throughput(Throughput::Bytes(message.len() as u64));
    group.bench_function("a row of 1 MB in 64 pieces", |b| b.iter(|| stream(black_box(&message))));
    group.finish();
}

fn stream(message: &[u8]) -> usize {
    let header = Header::parse(message).unwrap().unwrap();
    let mut remaining = Remaining::new(header.frame_len());
    let mut pieces = message.chunks(PIECE);
    let mut forwarded = 0;
    while !remaining.is_done() {
        let piece = black_box(pieces.next().unwrap());
        forwarded += remaining.take(0, piece.len()).len();
    }
    assert_eq!(forwarded, message.len());
    forwarded
}
