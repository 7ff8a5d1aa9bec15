//! The averages of SHOW STATS: what happened in the last whole period.

use crate::pooler::Pooler;
use crate::stats::PoolTotals;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Totals, by the database that clients ask for.
pub type Totals = BTreeMap<String, PoolTotals>;

/// Averages of one period: counts and bytes per second, `xact_time` and `query_time` of one each,
/// `wait_time` per second, as PgBouncer has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Averages(pub PoolTotals);

/// What was counted when the last period began, and the averages of the one before it.
#[derive(Debug, Default)]
pub struct Rates(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    begun: Option<(Instant, Totals)>,
    averages: BTreeMap<String, Averages>,
    of_all: Averages,
}

impl Rates {
    /// A period ends here, and the next begins.
    pub fn turn(&self, totals: Totals, now: Instant) {
        let mut state = self.0.lock();
        if let Some((begun, before)) = state.begun.take() {
            let length = now.saturating_duration_since(begun);
            let old = |name: &String| before.get(name).copied().unwrap_or_default();
            let average = |(name, new): (&String, &PoolTotals)| {
                (name.clone(), Averages::of(&old(name), new, length))
            };
            let averages = totals.iter().map(average).collect();
            let of_all = Averages::of(&sum(&before), &sum(&totals), length);
            (state.averages, state.of_all) = (averages, of_all);
        }
        state.begun = Some((now, totals));
    }

    /// The averages of the last whole period: of each database, and of all together.
    pub fn averages(&self) -> (BTreeMap<String, Averages>, Averages) {
        let state = self.0.lock();
        (state.averages.clone(), state.of_all)
    }
}

impl Averages {
    fn of(old: &PoolTotals, new: &PoolTotals, length: Duration) -> Averages {
        let millis = u64::try_from(length.as_millis()).unwrap_or(u64::MAX).max(1);
        // A pool that was made anew counts from zero again.
        let grown = |of: fn(&PoolTotals) -> u64| of(new).saturating_sub(of(old));
        let rate = |of: fn(&PoolTotals) -> u64| grown(of).saturating_mul(1_000) / millis;
        let each = |of: fn(&PoolTotals) -> u64, count: fn(&PoolTotals) -> u64| {
            grown(of).checked_div(grown(count)).unwrap_or(0)
        };
        Averages(PoolTotals {
            reads: rate(|totals| totals.reads),
            others: rate(|totals| totals.others),
            refused: rate(|totals| totals.refused),
            errors: rate(|totals| totals.errors),
            rows: rate(|totals| totals.rows),
            client_login_count: rate(|totals| totals.client_login_count),
            server_assignment_count: rate(|totals| totals.server_assignment_count),
            xact_count: rate(|totals| totals.xact_count),
            query_count: rate(|totals| totals.query_count),
            received: rate(|totals| totals.received),
            sent: rate(|totals| totals.sent),
            xact_time: each(|totals| totals.xact_time, |totals| totals.xact_count),
            query_time: each(|totals| totals.query_time, |totals| totals.query_count),
            wait_time: rate(|totals| totals.wait_time),
            client_parse_count: rate(|totals| totals.client_parse_count),
            server_parse_count: rate(|totals| totals.server_parse_count),
            bind_count: rate(|totals| totals.bind_count),
        })
    }
}

fn sum(totals: &Totals) -> PoolTotals {
    let mut sum = PoolTotals::default();
    totals.values().for_each(|totals| sum += *totals);
    sum
}

/// What all pools have counted, by the database that clients ask for; every database of the
/// configuration is there.
pub fn totals(pooler: &Pooler) -> Totals {
    let databases = pooler.databases();
    let named = databases.keys().filter(|name| *name != "*");
    let mut totals: Totals = named.map(|name| (name.clone(), PoolTotals::default())).collect();
    for listed in pooler.listed() {
        let total = totals.entry(listed.database).or_default();
        listed.pools.iter().for_each(|pool| *total += pool.stats.totals());
    }
    totals
}

/// Ends a period every `period()`, for ever. Cancel safe.
pub async fn run(pooler: Arc<Pooler>, rates: Arc<Rates>, period: impl Fn() -> Duration) {
    loop {
        rates.turn(totals(&pooler), Instant::now());
        tokio::time::sleep(period()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals_of(name: &str, xacts: u64, time: u64) -> Totals {
        let totals =
            PoolTotals { xact_count: xacts, xact_time: time, sent: time, ..Default::default() };
        Totals::from([(name.to_owned(), totals)])
    }

    #[test]
    fn averages_are_of_the_last_period_alone() {
        let (rates, start) = (Rates::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        rates.turn(totals_of("a", 5, 500), at(0));
        assert_eq!(rates.averages().0.len(), 0, "no period is over");
        rates.turn(totals_of("a", 25, 4_500), at(10));
        let (each, all) = rates.averages();
        assert_eq!(
            (each["a"].0.xact_count, each["a"].0.xact_time, each["a"].0.sent),
            (2, 200, 400)
        );
        assert_eq!(all, each["a"]);
        rates.turn(totals_of("a", 25, 4_500), at(20));
        assert_eq!(rates.averages().0["a"], Averages::default());
    }

    #[test]
    fn counters_that_begin_anew_are_no_giants() {
        let (rates, start) = (Rates::default(), Instant::now());
        rates.turn(totals_of("a", 5, 500), start);
        rates.turn(totals_of("a", 1, 100), start);
        assert_eq!(rates.averages().1, Averages::default());
    }
}
