//! What it costs to tell a read from a write, and that a known shape allocates nothing:
//! `cargo bench --bench classify`. The goals are 300 ns for a known shape of 100 bytes, and 20 us
//! for one at first sight.

#![allow(clippy::print_stderr, reason = "it tells what it has counted")]

mod support;

use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use pgweir::routing::{Catalog, Class, Classifier};
use pgweir::session::parameters::Interner;
use pgweir::session::{ParameterSet, Statement, StatementRegistry};
use std::hint::black_box;
use support::allocations;
use support::messages::prepared;

/// Of a database that is not asked.
static NONE: Catalog = Catalog::none();

/// 100 bytes.
const SHORT: &str = "SELECT id, name, price FROM items WHERE shop_id = 4711 AND price < 99.5 \
                     ORDER BY price DESC LIMIT 20";

fn main() {
    let long = long();
    for text in [SHORT, &long] {
        assert_eq!(allocations_of_known(text), 0, "a known shape must not allocate: {text}");
    }
    eprintln!("allocations per known-shape classification: 0");
    let mut criterion = support::criterion();
    texts(&mut criterion, &long);
    statements(&mut criterion);
    criterion.final_summary();
}

/// 1 kB: a report as an application's library writes it.
fn long() -> String {
    let columns: Vec<_> =
        (1..=16).map(|n| format!("\"orders\".\"column_{n}\" AS \"orders_column_{n}\"")).collect();
    format!(
        "SELECT {} FROM \"orders\" INNER JOIN \"customers\" ON \"customers\".\"id\" = \
         \"orders\".\"customer_id\" WHERE \"orders\".\"state\" IN ('open', 'paid') AND \
         \"orders\".\"created_at\" >= '2026-01-01' ORDER BY \"orders\".\"id\" ASC LIMIT 50",
        columns.join(", ")
    )
}

fn read(classifier: &Classifier, text: &str) {
    assert_eq!(classifier.classify(black_box(text.as_bytes()), &NONE), Class::READ, "{text}");
}

fn allocations_of_known(text: &str) -> u64 {
    let classifier = Classifier::new([1, 2]);
    read(&classifier, text);
    allocations::during(|| (0..1000).for_each(|_| read(&classifier, text)))
}

fn texts(criterion: &mut Criterion, long: &str) {
    let mut group = criterion.benchmark_group("classify");
    known(&mut group, "known, 100 bytes", SHORT);
    known(&mut group, "known, 1 kB", long);
    first_sight(&mut group, "first sight, 100 bytes", SHORT, "price DESC");
    first_sight(&mut group, "first sight, 1 kB", long, "ASC");
    group.finish();
}

fn known(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, text: &str) {
    let classifier = Classifier::new([1, 2]);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function(name, |b| b.iter(|| read(&classifier, text)));
}

/// Another shape each time: one more column decides the order. What is forgotten to make room is
/// part of it.
fn first_sight(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, text: &str, order: &str) {
    let classifier = Classifier::new([1, 2]);
    let mut shapes = 0_u64;
    let mut fresh = || {
        shapes += 1;
        text.replace(order, &format!("{order}, c{shapes}"))
    };
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function(name, |b| {
        b.iter_batched_ref(&mut fresh, |text| read(&classifier, text), BatchSize::SmallInput);
    });
}

/// What a prepared statement is asked for at each Bind, and at each Parse of a known text.
fn statements(criterion: &mut Criterion) {
    let registry = StatementRegistry::default();
    let text = prepared(SHORT);
    let parameters = Interner::default().intern(ParameterSet::default());
    let statement = registry.intern(&text, &parameters);
    let classifier = Classifier::new([1, 2]);
    statement.class.set(classifier.epoch(), Class::READ.to_bits());
    let mut group = criterion.benchmark_group("statement");
    group.bench_function("remembered class", |b| {
        b.iter(|| remembered(&classifier, black_box(&statement)));
    });
    group.bench_function("known text to statement, 100 bytes", |b| {
        b.iter(|| registry.intern(black_box(&text), &parameters));
    });
    group.finish();
}

fn remembered(classifier: &Classifier, statement: &Statement) -> Option<Class> {
    statement.class.get(classifier.epoch()).and_then(Class::from_bits)
}
