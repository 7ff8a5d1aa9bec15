//! Times with a unit, and limits that may be absent.

use std::time::Duration;

use super::raw::Raw;
use super::{Kind, Outside};
use crate::config::unit;

/// A time that always counts.
pub(crate) struct Time {
    least: Duration,
}

/// A time of at least so many milliseconds.
pub(crate) const fn time_from_ms(least: u64) -> Time {
    Time { least: Duration::from_millis(least) }
}

impl Kind for Time {
    type Value = Duration;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<Duration, String> {
        let time = read_time(raw)?;
        if time < self.least {
            return Err(format!("{} is too short", unit::show_time(time)));
        }
        Ok(time)
    }

    fn show(&self, value: &Duration) -> String {
        format!("\"{}\"", unit::show_time(*value))
    }

    fn allowed(&self) -> String {
        let least = unit::show_time(self.least);
        format!("a time of at least {least} ({})", unit::TIME_EXAMPLES)
    }
}

/// A time, or 0 for what `zero` says, which the program sees as `None`.
pub(crate) struct Limit {
    zero: &'static str,
    least: Duration,
}

/// A limit in time; 0 is none.
pub(crate) const NO_LIMIT: Limit = Limit { zero: "no limit", least: Duration::from_millis(1) };

/// How long until something is done; 0 does not do it.
pub(crate) const OR_NEVER: Limit = Limit { zero: "never", least: Duration::from_millis(1) };

/// A time in whole seconds, which is all that the operating system takes; 0 is its own default.
pub(crate) const SYSTEM_TIME: Limit =
    Limit { zero: "the operating system's own", least: Duration::from_secs(1) };

impl Kind for Limit {
    type Value = Option<Duration>;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<Option<Duration>, String> {
        let time = read_time(raw)?;
        if !time.is_zero() && time < self.least {
            return Err(format!("{} is too short", unit::show_time(time)));
        }
        Ok(Some(time).filter(|time| !time.is_zero()))
    }

    fn show(&self, value: &Option<Duration>) -> String {
        format!("\"{}\"", unit::show_time(value.unwrap_or_default()))
    }

    fn allowed(&self) -> String {
        let least = unit::show_time(self.least);
        format!("a time of at least {least} ({}), or 0: {}", unit::TIME_EXAMPLES, self.zero)
    }
}

/// A time from which on something is done, 0 doing it always; `"off"`, which the program sees as
/// `None`, never does it.
pub(crate) struct Threshold;

/// A time, or "off".
pub(crate) const OR_OFF: Threshold = Threshold;

impl Kind for Threshold {
    type Value = Option<Duration>;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<Option<Duration>, String> {
        if raw.text() == Ok("off") { Ok(None) } else { read_time(raw).map(Some) }
    }

    fn show(&self, value: &Option<Duration>) -> String {
        match value {
            None => "\"off\"".to_owned(),
            Some(time) => format!("\"{}\"", unit::show_time(*time)),
        }
    }

    fn allowed(&self) -> String {
        format!("a time ({}), \"0\": always, or \"off\"", unit::TIME_EXAMPLES)
    }
}

fn read_time(raw: &Raw) -> Result<Duration, String> {
    let text = match raw {
        Raw::Integer(number) => number.to_string(),
        other => other.text()?.to_owned(),
    };
    unit::time(&text).map_err(|wrong| format!("{} {wrong}", raw.quoted()))
}
