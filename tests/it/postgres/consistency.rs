//! No read shows the past: a checker, and a load whose replicas are held up in every way that is known.
//!
//! Sessions write registers and read them back through pgweir ([`session`], [`load`]) while the replicas lag
//! or are cut off ([`phases`], [`stage`]). All that happened is a [`history`], and the [`checker`] looks at each
//! read of it. `PGWEIR_CHECK_READS=100000` makes a long run, `PGWEIR_CHECK_SEED` repeats one's choices:
//!
//! ```sh
//! PGWEIR_CHECK_READS=100000 cargo test --test it consistency -- --nocapture
//! ```

mod actor;
mod checker;
mod history;
mod load;
mod pair;
mod phases;
mod session;
pub mod stage;

use std::time::Duration;

use checker::{Rules, Violation, Wrong, check};
use history::History;
use load::{Failure, Running};
use phases::{PHASE_MIN, PHASES, Phase, Served, Span};
use stage::Stage;

/// `max_replica_lag` of these tests: short, so that every phase is longer, and long for a replica that
/// keeps up on a machine that does other things too.
const MAX_LAG: Duration = Duration::from_millis(300);

/// A read that begins at an instant must see what was acknowledged [`MAX_LAG`] before. Its own way needs
/// no allowance: pgweir gets it later than it began and had the acknowledgement earlier than the client,
/// and both work for it. But pgweir may take the time once for all that it does in one turn of a worker,
/// which is a matter of microseconds, or of a scheduler's slice (4 ms) if it is interrupted in it.
const ALLOWANCE: Duration = Duration::from_millis(5);

/// All that came of a load.
struct Outcome {
    history: History,
    failures: Vec<Failure>,
    spans: Vec<Span>,
    served: Served,
}

/// Runs the load through these phases, with these lines in `[routing]`.
fn run(routing: &str, phases: &'static [Phase]) -> Outcome {
    run_through(1, routing, phases)
}

/// The same through this many processes.
fn run_through(processes: usize, routing: &str, phases: &'static [Phase]) -> Outcome {
    let stage = Stage::set();
    let mut served = Served::by(stage.trace());
    let pgweirs: Vec<_> = (0..processes).map(|_| stage.pgweir(routing)).collect();
    let drivers = pgweirs.iter().map(|pgweir| stage.driver(pgweir)).collect();
    let reads = load::reads_wanted() / PHASES.len() as u64;
    // A step is more than one read: enough for each phase within its time, or a little more.
    let steps_per_s = reads as f64 / PHASE_MIN.as_secs_f64();
    let running = Running::start(drivers, load::seed(), steps_per_s);
    let spans = phases::lead(&stage, phases, &running, &mut served, reads);
    let (history, failures) = running.stop();
    served.look();
    Outcome { history, failures, spans, served }
}

impl Outcome {
    /// Fails the test if a read shows the past, a statement fails, or the primary has to serve what
    /// replicas could.
    fn must_be_right(&self, rules: Rules) {
        self.print();
        let found = check(&self.history, rules);
        let (early, wrong): (Vec<_>, Vec<_>) = found.iter().partition(|it| self.is_early(it));
        println!("{} commits were shown by a replica before the primary did", early.len());
        let violations: Vec<_> = wrong
            .iter()
            .map(|wrong| format!("{wrong}, on {}", self.served.host(wrong.read.id)))
            .collect();
        assert!(violations.is_empty(), "{}:\n{}", violations.len(), violations.join("\n"));
        let unexcused = phases::unexcused(&self.failures, &self.spans);
        let unexcused: Vec<_> = unexcused.iter().map(ToString::to_string).collect();
        assert!(unexcused.is_empty(), "{} failed:\n{}", unexcused.len(), unexcused.join("\n"));
        for span in self.spans.iter().filter(|span| span.phase.is_calm) {
            let (reads, on_replicas) = phases::share(&self.history, &self.served, span);
            let name = span.phase.name;
            assert!(on_replicas * 2 > reads, "{name}: {on_replicas} of {reads} reads on replicas");
        }
    }

    /// PostgreSQL sends a commit to its standbys as soon as it is flushed, and shows it on the primary a
    /// moment later (`CommitTransaction` in `xact.c`: `RecordTransactionCommit`, then
    /// `ProcArrayEndTransaction`). Who reads it on a replica in between, and then on the primary, goes back
    /// in time by no fault of a router. That can only be so before the commit is acknowledged.
    fn is_early(&self, violation: &Violation) -> bool {
        violation.wrong == Wrong::WentBackInTime
            && violation.in_flight
            && self.served.host(violation.read.id) == "primary"
    }

    fn print(&self) {
        for span in &self.spans {
            let (reads, on_replicas) = phases::share(&self.history, &self.served, span);
            let name = span.phase.name;
            println!("{name:<26} {reads:>6} reads, {on_replicas:>6} of them on replicas");
        }
        println!("{} statements failed", self.failures.len());
    }
}

/// Without replicas nothing can be wrong: neither here nor in the checker.
#[test]
fn the_primary_alone_shows_no_past() {
    let outcome = run("read_write_split = false", &PHASES[1..4]);
    outcome.must_be_right(Rules { max_staleness: Duration::ZERO });
}

/// Whoever asks for no rules gets none, and the checker sees each of them broken.
#[test]
fn a_load_without_rules_sees_the_past_in_every_way() {
    let outcome = run("read_your_writes = \"off\"\nmax_replica_lag = \"1h\"", &PHASES[..4]);
    let found = check(&outcome.history, Rules { max_staleness: MAX_LAG + ALLOWANCE });
    for wrong in [Wrong::MissedItsOwnWrite, Wrong::WentBackInTime, Wrong::TooStale] {
        assert!(found.iter().any(|violation| violation.wrong == wrong), "not found: {wrong:?}");
    }
    assert!(!found.iter().any(|violation| violation.wrong == Wrong::Invented));
}

/// `max_replica_lag`, and these lines. A machine that is busy with the load itself may need longer than the
/// usual `read_wait` to ask hosts that would answer at once.
fn lag_and(routing: &str) -> String {
    format!("max_replica_lag = \"{}ms\"\nread_wait = \"100ms\"\n{routing}", MAX_LAG.as_millis())
}

#[test]
fn no_session_reads_the_past() {
    let outcome = run(&lag_and("read_your_writes = \"session\""), &PHASES);
    outcome.must_be_right(Rules { max_staleness: MAX_LAG + ALLOWANCE });
}

/// Whatever was acknowledged to anybody before a read began, the read sees. No allowance: pgweir has
/// passed the acknowledgement on before the read is sent.
#[test]
fn no_session_of_a_database_misses_what_another_one_wrote() {
    let outcome = run(&lag_and("read_your_writes = \"database\""), &PHASES);
    outcome.must_be_right(Rules { max_staleness: Duration::ZERO });
}

/// A session whose ORM wraps its reads in transactions is no worse off.
#[test]
fn no_optimistic_transaction_reads_the_past() {
    let outcome = run(&lag_and("transactions = \"optimistic\""), &PHASES);
    outcome.must_be_right(Rules { max_staleness: MAX_LAG + ALLOWANCE });
}

/// What one process shows, the other one must not take back: nothing but a token leads from one to the other.
#[test]
fn no_token_leads_to_the_past() {
    let outcome = run_through(2, &lag_and("read_your_writes = \"session\""), &PHASES);
    outcome.must_be_right(Rules { max_staleness: MAX_LAG + ALLOWANCE });
}
