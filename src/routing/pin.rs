//! When a session, or a whole database, last wrote: what its reads must not miss.

use std::time::{Duration, Instant};

use super::Access;

/// The instant at which the last write was acknowledged, if there was one. No larger than an
/// `Instant`; one lives in every session. Pins compare by that instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pin {
    last_write: Option<Instant>,
}

impl Pin {
    /// Notes that a unit which ran on the primary was acknowledged at `now`, and says whether the
    /// pin moved.
    ///
    /// A transaction counts as a write: what it did was not followed statement by statement.
    pub fn after(&mut self, access: Access, now: Instant) -> bool {
        let moves = matches!(access, Access::Write | Access::Transaction);
        if moves {
            self.last_write = self.last_write.max(Some(now));
        }
        moves
    }

    /// Whether the last write is less than `window` ago.
    #[must_use]
    pub fn holds(self, now: Instant, window: Duration) -> bool {
        self.last_write.is_some_and(|write| now.saturating_duration_since(write) < window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(5);

    #[test]
    fn writes_and_transactions_move_it_reads_and_session_statements_do_not() {
        for (access, moves) in [
            (Access::Read, false),
            (Access::Session, false),
            (Access::Write, true),
            (Access::Transaction, true),
        ] {
            let (mut pin, now) = (Pin::default(), Instant::now());
            assert_eq!(pin.after(access, now), moves, "{access}");
            assert_eq!(pin.holds(now, WINDOW), moves, "{access}");
        }
    }

    #[test]
    fn it_never_moves_back() {
        let (mut pin, now) = (Pin::default(), Instant::now());
        pin.after(Access::Write, now + WINDOW);
        pin.after(Access::Write, now);
        assert!(pin.holds(now + WINDOW, WINDOW));
    }

    #[test]
    fn it_costs_a_session_no_more_than_an_instant() {
        assert_eq!(size_of::<Pin>(), size_of::<Instant>());
    }
}
