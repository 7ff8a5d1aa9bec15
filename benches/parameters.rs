//! What it costs to see that a server is set as its next client wants it, and to set it if it is
//! not: `cargo bench --bench parameters`.

mod support;

use criterion::{BatchSize, Criterion};
use pgweir::session::alignment::alignment;
use pgweir::session::parameters::Interner;
use std::hint::black_box;
use support::link::{Link, PREPARED_MAX, parameters};
use support::messages::{READY, complete, parameter, row, row_description};

/// What another client has set.
const OTHER: (&str, &str) = ("TimeZone", "UTC");

fn main() {
    let mut criterion = support::criterion();
    link(&mut criterion);
    text(&mut criterion);
    intern(&mut criterion);
    criterion.final_summary();
}

/// As a server changes hands.
fn link(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("link");
    let mut equal = Link::new(PREPARED_MAX);
    group.bench_function("equal", |b| b.iter(|| black_box(&mut equal).link()));

    let mut link = Link::new(PREPARED_MAX);
    let ours = link.session.parameters().clone();
    let theirs = link.shared.interner.intern(parameters(&[OTHER]));
    let answered = |zone| {
        let said = parameter("TimeZone", zone);
        [row_description(), said, row(18), complete(), READY.to_vec()].concat()
    };
    let (utc, berlin) = (answered("UTC"), answered("Europe/Berlin"));
    group.bench_function("one differs, and the server's answer; twice", |b| {
        b.iter(|| {
            for (client, answer) in [(&theirs, &utc), (&ours, &berlin)] {
                link.become_client(client);
                link.link();
                link.reply(answer);
            }
        });
    });
    group.finish();
}

/// The query that sets what differs.
fn text(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("set_config");
    let ours = parameters(&[]);
    let one = parameters(&[OTHER]);
    let three = parameters(&[OTHER, ("application_name", "psql"), ("DateStyle", "German, DMY")]);
    for (name, wanted) in [("none differs", &ours), ("one differs", &one), ("three differ", &three)]
    {
        group.bench_function(name, |b| b.iter(|| alignment(black_box(&ours), black_box(wanted))));
    }
    group.finish();
}

/// How a set finds the one copy of itself.
fn intern(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("intern");
    let interner = Interner::default();
    let ours = interner.intern(parameters(&[]));
    let theirs = interner.intern(parameters(&[OTHER]));
    group.bench_function("a set that is known", |b| {
        b.iter_batched(|| parameters(&[]), |set| interner.intern(set), BatchSize::SmallInput);
    });
    group.bench_function("reported as it was", |b| {
        b.iter(|| interner.with(black_box(&theirs), b"TimeZone", b"UTC"));
    });
    group.bench_function("one reported anew", |b| {
        b.iter(|| interner.with(black_box(&ours), b"TimeZone", b"UTC"));
    });
    group.finish();
}
