//! Clients that are silent for too long: one timer for a worker, however many clients it has.
//!
//! ```text
//! a wait begins ──> the client's entry, if it has none that is due earlier
//!                          │ due
//!                          v
//!                   silent for as long as the limit? ── yes ──> it is told to end
//!                          │ no
//!                          └──> its entry is put off by what is left
//! ```
//!
//! A busy client does not touch its entry: it is looked at once in each period of its limit. A silent one
//! costs one look.

use super::control::{Control, Signal, Waits};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The time between two looks at entries that are due: at most so much later than its limit does a
/// client end. However many clients there are, a worker looks a hundred times in a second at most.
pub(super) const GRANULARITY: Duration = Duration::from_millis(10);

/// How long clients may be silent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// `client_idle_timeout`.
    pub(super) idle: Option<Duration>,
    /// `idle_transaction_timeout`.
    pub(super) in_transaction: Option<Duration>,
}

impl Limits {
    fn of(self, waits: Waits) -> Option<Duration> {
        match waits {
            Waits::Idle => self.idle,
            Waits::InTransaction => self.in_transaction,
            Waits::Busy | Waits::Server => None,
        }
    }
}

/// The clients of a worker that may come to be silent for too long: an entry for each.
#[derive(Debug, Default)]
pub(super) struct Silence {
    limits: Cell<Limits>,
    due: RefCell<BTreeSet<(Instant, u32)>>,
    /// For when the timer is set.
    set_for: Cell<Option<Instant>>,
    /// An entry is due earlier than that.
    earlier: Notify,
}

impl Silence {
    /// Nobody is watched yet.
    pub(super) fn new(limits: Limits) -> Silence {
        Silence { limits: Cell::new(limits), ..Silence::default() }
    }

    /// These hold from now on; each client is to be watched anew.
    pub(super) fn obey(&self, limits: Limits) {
        self.limits.set(limits);
    }

    /// Other limits hold for a client that may be silent already. A wait that had none when it began
    /// counts from now.
    pub(super) fn watch_anew(&self, control: &Control, now: Instant) {
        match control.since.get() {
            Some(since) => self.watch(control, since),
            None => self.began_at(control, || now),
        }
    }

    /// The client waits for something else than before. The clock is read only where that has a limit.
    pub(super) fn began(&self, control: &Control) {
        self.began_at(control, Instant::now);
    }

    fn began_at(&self, control: &Control, now: impl FnOnce() -> Instant) {
        let since = self.limits.get().of(control.waits.get()).map(|_| now());
        control.since.set(since);
        if let Some(since) = since {
            self.watch(control, since);
        }
    }

    /// It is to be looked at when it will have been silent for too long.
    fn watch(&self, control: &Control, since: Instant) {
        let limit = self.limits.get().of(control.waits.get());
        let Some(due) = limit.and_then(|limit| since.checked_add(limit)) else { return };
        if control.due.get().is_some_and(|earlier| earlier <= due) {
            return;
        }
        self.forget(control);
        control.due.set(Some(due));
        self.due.borrow_mut().insert((due, control.key.process_id));
        if self.set_for.get().is_none_or(|set_for| due < set_for) {
            self.earlier.notify_one();
        }
    }

    /// The client has ended.
    pub(super) fn forget(&self, control: &Control) {
        if let Some(due) = control.due.take() {
            self.due.borrow_mut().remove(&(due, control.key.process_id));
        }
    }

    /// Ready when an entry is due.
    pub(super) async fn is_due(&self) {
        loop {
            let first = self.due.borrow().first().map(|(due, _)| *due);
            self.set_for.set(first);
            let Some(first) = first else {
                self.earlier.notified().await;
                continue;
            };
            tokio::select! {
                () = tokio::time::sleep_until(first.into()) => return,
                () = self.earlier.notified() => {}
            }
        }
    }

    /// The process number of a client whose entry is due; it has none any more.
    pub(super) fn take_due(&self, now: Instant) -> Option<u32> {
        let mut all = self.due.borrow_mut();
        if all.first()?.0 > now {
            return None;
        }
        all.pop_first().map(|(_, process_id)| process_id)
    }

    /// The client's entry was due: it is told to end, or gets another entry.
    pub(super) fn look_at(&self, control: &Control, now: Instant) {
        control.due.set(None);
        let limit = self.limits.get().of(control.waits.get());
        let Some((limit, since)) = limit.zip(control.since.get()) else { return };
        if now.saturating_duration_since(since) >= limit {
            control.signal(Signal::Silence);
        } else {
            self.watch(control, since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pooler::{ApplicationName, Who};
    use crate::protocol::startup::CancelKey;
    use std::sync::Arc;

    const NOBODY: [usize; 0] = [];

    /// Some clients in virtual time.
    struct World {
        silence: Silence,
        controls: Vec<Control>,
        now: Instant,
        looks: usize,
    }

    impl World {
        fn new(clients: u32, idle_ms: Option<u64>, in_transaction_ms: Option<u64>) -> World {
            let silence = Silence::new(of_ms(idle_ms, in_transaction_ms));
            let who = Arc::new(Who {
                user: "app".to_owned(),
                database: "app".to_owned(),
                application_name: ApplicationName::default(),
                peer: None,
                local: None,
                tls: None,
                since: std::time::SystemTime::UNIX_EPOCH,
            });
            let key = |process_id| CancelKey { process_id, secret: Box::default() };
            let controls = (0..clients).map(|id| Control::new(key(id), who.clone())).collect();
            World { silence, controls, now: Instant::now(), looks: 0 }
        }

        fn waits(&self, client: usize, waits: Waits) {
            let control = &self.controls[client];
            if control.waits.replace(waits) != waits {
                self.silence.began_at(control, || self.now);
            }
        }

        fn limits_become(&self, idle_ms: Option<u64>, in_transaction_ms: Option<u64>) {
            let limits = of_ms(idle_ms, in_transaction_ms);
            self.silence.obey(limits);
            self.controls.iter().for_each(|control| self.silence.watch_anew(control, self.now));
        }

        /// Passes time in steps of a millisecond; says which clients ended.
        fn pass(&mut self, ms: u64) -> Vec<usize> {
            for _ in 0..ms {
                self.now += Duration::from_millis(1);
                while let Some(id) = self.silence.take_due(self.now) {
                    self.looks += 1;
                    self.silence.look_at(&self.controls[id as usize], self.now);
                }
            }
            let ended = |at: &usize| self.controls[*at].take(Signal::Silence);
            (0..self.controls.len()).filter(ended).collect()
        }
    }

    fn of_ms(idle: Option<u64>, in_transaction: Option<u64>) -> Limits {
        let ms = |ms: Option<u64>| ms.map(Duration::from_millis);
        Limits { idle: ms(idle), in_transaction: ms(in_transaction) }
    }

    #[test]
    fn a_client_ends_neither_early_nor_late() {
        let mut world = World::new(2, None, Some(900));
        world.waits(0, Waits::InTransaction);
        world.waits(1, Waits::Idle);
        assert_eq!(world.pass(899), NOBODY);
        assert_eq!(world.pass(1), [0]);
        assert_eq!(world.pass(10_000), NOBODY, "the other is in no transaction");
    }

    #[test]
    fn a_busy_client_is_looked_at_once_in_a_period() {
        let mut world = World::new(1, Some(60_000), Some(1_000));
        for _ in 0..10_000 {
            world.waits(0, Waits::Server);
            world.waits(0, Waits::InTransaction);
            world.waits(0, Waits::Busy);
            world.waits(0, Waits::Idle);
            assert_eq!(world.pass(1), NOBODY);
            assert_eq!(world.silence.due.borrow().len(), 1);
        }
        assert!(world.looks <= 10, "{}", world.looks);
        assert_eq!(world.pass(59_998), NOBODY);
        assert_eq!(world.pass(1), [0]);
    }

    #[test]
    fn limits_reach_clients_that_are_silent_already() {
        let mut world = World::new(2, None, None);
        world.waits(0, Waits::Idle);
        world.waits(1, Waits::InTransaction);
        assert_eq!(world.pass(5_000), NOBODY);
        world.limits_become(Some(300), None);
        assert_eq!(world.pass(299), NOBODY, "from now on");
        world.limits_become(Some(300), Some(100));
        assert_eq!(world.pass(1), [0]);
        assert_eq!(world.pass(99), [1]);
    }

    #[test]
    fn a_lowered_limit_counts_from_the_beginning_and_a_raised_one_too() {
        let mut world = World::new(2, Some(10_000), None);
        (0..2).for_each(|client| world.waits(client, Waits::Idle));
        assert_eq!(world.pass(400), NOBODY);
        world.limits_become(Some(500), None);
        world.waits(1, Waits::Busy);
        assert_eq!(world.pass(100), [0]);
        world.waits(0, Waits::Busy);
        world.waits(1, Waits::Idle);
        world.limits_become(Some(2_000), None);
        assert_eq!(world.pass(1_999), NOBODY);
        assert_eq!(world.pass(1), [1]);
        world.limits_become(None, None);
        world.waits(0, Waits::Idle);
        assert_eq!(world.pass(10_000), NOBODY);
    }

    #[test]
    fn nothing_is_kept_of_a_client_that_has_ended() {
        let world = World::new(1, Some(1_000), None);
        world.waits(0, Waits::Idle);
        world.silence.forget(&world.controls[0]);
        assert!(world.silence.due.borrow().is_empty());
    }
}
