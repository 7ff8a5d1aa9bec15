//! Which statements are kept, and what is said of them.

use super::*;

const WORKER: WorkerId = WorkerId(0);

fn place(id: u32, role: &'static str) -> Arc<Place> {
    Arc::new(Place { id, database: "app".to_owned(), user: "app".to_owned(), role })
}

fn key(shape: u64, place: &Place) -> Key {
    Key { shape: [shape, 0], place: place.id }
}

/// A call that took so long on the server.
fn took(us: u64) -> Call {
    Call { rows: 2, server_us: us, received: 10, sent: 20, reason: 1, ..Call::default() }
}

fn run(queries: &Queries, worker: WorkerId, shape: u64, at: &Arc<Place>, call: &Call) {
    queries.add(worker, key(shape, at), at, Some(&format!("SELECT {shape}")), call);
}

#[test]
fn the_workers_parts_are_merged() {
    let (queries, at) = (Queries::new(2, 10), place(1, "primary"));
    run(&queries, WorkerId(0), 1, &at, &Call { wait_us: 5, write_us: 7, ..took(100) });
    let failed = Call { sqlstate: Some(*b"23505"), rows: 0, reason: 2, ..took(300) };
    run(&queries, WorkerId(1), 1, &at, &failed);
    let top = queries.top();
    let [query] = &top[..] else { panic!("not one: {top:?}") };
    assert_eq!((query.calls, query.rows, query.received, query.sent), (2, 2, 20, 40));
    assert_eq!((query.wait_us, query.server_us, query.write_us), (5, 400, 7));
    assert_eq!((query.times.count(), query.times.sum_us()), (2, 412));
    assert_eq!(query.errors.known(), [(*b"23505", 1)]);
    assert_eq!(query.reasons.known(), [(1, 1), (2, 1)]);
    assert_eq!(&*query.text, "SELECT 1");
}

#[test]
fn places_are_told_apart_by_their_names() {
    let queries = Queries::new(1, 10);
    let (primary, replica, other) = (place(1, "primary"), place(2, "replica"), place(3, "replica"));
    for at in [&primary, &replica, &other] {
        run(&queries, WORKER, 1, at, &took(1));
    }
    let mut roles: Vec<_> =
        queries.top().iter().map(|query| (query.place.role, query.calls)).collect();
    roles.sort_unstable();
    assert_eq!(roles, [("primary", 1), ("replica", 2)]);
}

#[test]
fn the_most_expensive_come_first() {
    let (queries, at) = (Queries::new(1, 10), place(1, "primary"));
    for shape in [1, 3, 2] {
        run(&queries, WORKER, shape, &at, &took(shape * 100));
    }
    let texts: Vec<_> = queries.top().iter().map(|query| query.text.to_string()).collect();
    assert_eq!(texts, ["SELECT 3", "SELECT 2", "SELECT 1"]);
}

#[test]
fn what_costs_much_outlives_a_flood_of_others() {
    let (queries, at) = (Queries::new(1, 20), place(1, "primary"));
    for n in 0..100_000 {
        run(&queries, WORKER, 1_000 + n, &at, &took(10));
        if n % 10 == 0 {
            run(&queries, WORKER, 1, &at, &took(100));
        }
    }
    let top = queries.top();
    assert_eq!(top.len(), 20);
    assert_eq!((&*top[0].text, top[0].calls), ("SELECT 1", 10_000));
}

#[test]
fn what_comes_to_cost_much_later_is_found_too() {
    let (queries, at) = (Queries::new(1, 4), place(1, "primary"));
    for n in 0..1_000 {
        run(&queries, WORKER, n % 4, &at, &took(10));
    }
    for n in 0..1_000 {
        run(&queries, WORKER, 100 + n, &at, &took(1));
        run(&queries, WORKER, 50, &at, &took(500));
    }
    assert_eq!(&*queries.top()[0].text, "SELECT 50");
}

#[test]
fn a_text_is_needed_once() {
    let (queries, at) = (Queries::new(1, 1), place(1, "primary"));
    assert!(!queries.knows(WORKER, key(1, &at)));
    queries.add(WORKER, key(1, &at), &at, None, &took(1));
    assert_eq!(queries.top().len(), 0, "it has no text");
    run(&queries, WORKER, 1, &at, &took(1));
    assert!(queries.knows(WORKER, key(1, &at)));
    queries.add(WORKER, key(1, &at), &at, None, &took(1));
    assert_eq!(queries.top()[0].calls, 2);
    assert_eq!(queries.text(WORKER, key(1, &at)).as_deref(), Some("SELECT 1"));
}

#[test]
fn fewer_may_be_kept_from_some_time_on() {
    let (queries, at) = (Queries::new(1, 10), place(1, "primary"));
    (1..=10).for_each(|shape| run(&queries, WORKER, shape, &at, &took(shape)));
    queries.set_keep(2);
    let texts = |queries: &Queries| -> Vec<_> {
        queries.top().iter().map(|query| query.text.to_string()).collect()
    };
    assert_eq!(texts(&queries), ["SELECT 10", "SELECT 9"]);
    run(&queries, WORKER, 10, &at, &took(1));
    assert_eq!(queries.top()[0].calls, 2);
    queries.reset();
    assert_eq!(queries.top().len(), 0);
    queries.set_keep(0);
    run(&queries, WORKER, 1, &at, &took(1));
    assert!(!queries.is_on() && queries.top().is_empty());
}
