//! How often a worker writes the log lines that clients cause: nobody can fill a log by asking for it.

use crate::stats::Throttle;
use std::cell::Cell;
use std::time::Instant;

/// A line that a client can cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A statement was slow.
    Slow,
    /// A login was refused.
    Refused,
    /// A client could not prove who it is.
    NotProven,
    /// A client has logged in.
    Login,
    /// A client has left.
    Logout,
    /// A server was lost, or a request of a client to cancel was.
    Lost,
    /// A connection cannot be watched.
    Unwatched,
}

const COUNT: usize = Line::Unwatched as usize + 1;

impl Line {
    /// How many of them a worker may write in a second. Each costs about as much as a short statement:
    /// the log must not be what makes others slow. A login costs more than its line, and who came and
    /// went is what an operator asks the log for.
    fn max(self) -> u32 {
        match self {
            Line::Login | Line::Logout => 200,
            _ => 20,
        }
    }
}

thread_local! {
    static THROTTLES: [Cell<Throttle>; COUNT] = std::array::from_fn(|_| Cell::default());
}

/// How many lines were left out before one; nothing is said where none was.
pub(super) type LeftOut = Option<u64>;

/// Whether this thread may write such a line now.
pub(super) fn pass(line: Line, now: Instant) -> Option<LeftOut> {
    THROTTLES.with(|throttles| {
        let throttle = &throttles[line as usize];
        let mut counts = throttle.get();
        let passed = counts.pass(now, line.max());
        throttle.set(counts);
        passed.map(|left_out| (left_out > 0).then_some(left_out))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_kind_of_line_has_a_limit_of_its_own() {
        let now = Instant::now();
        let refused = (0..100).filter_map(|_| pass(Line::Refused, now)).count();
        assert_eq!(refused, 20);
        assert_eq!(pass(Line::Slow, now), Some(None));
        assert_eq!(pass(Line::Refused, now + Duration::from_secs(1)), Some(Some(80)));
    }
}
