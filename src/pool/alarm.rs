//! The janitor's alarm: when it is told to come, and whether it has to be told of an earlier time.

use std::time::Instant;

/// The time at which the janitor will tick, as far as it knows.
///
/// What needs a tick earlier moves the alarm forward, which is cheap and may be too early; what
/// needs it later moves nothing, and the janitor finds out when it comes.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    set_for: Option<Instant>,
    moved: bool,
}

impl Alarm {
    /// The janitor has been told to come at this time, or not at all.
    pub(super) fn set(&mut self, at: Option<Instant>) {
        *self = Self { set_for: at, moved: false };
    }

    /// The janitor has to come at this time at the latest.
    pub(super) fn by(&mut self, at: Option<Instant>) {
        let Some(at) = at else { return };
        if self.set_for.is_none_or(|set_for| at < set_for) {
            *self = Self { set_for: Some(at), moved: true };
        }
    }

    /// The time of which the janitor has to be told, once.
    pub(super) fn take_moved(&mut self) -> Option<Instant> {
        std::mem::take(&mut self.moved).then_some(self.set_for)?
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn tells_once_and_only_of_an_earlier_time() {
        let noon = Instant::now();
        let second = Duration::from_secs(1);
        let mut alarm = Alarm::default();
        alarm.by(Some(noon));
        assert_eq!(alarm.take_moved(), Some(noon));
        assert_eq!(alarm.take_moved(), None);
        alarm.by(Some(noon + second));
        alarm.by(None);
        assert_eq!(alarm.take_moved(), None);
        alarm.by(Some(noon - second));
        assert_eq!(alarm.take_moved(), Some(noon - second));
        alarm.set(None);
        alarm.by(Some(noon + second));
        assert_eq!(alarm.take_moved(), Some(noon + second));
    }
}
