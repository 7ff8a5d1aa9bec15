//! Numbers with a unit, as `postgresql.conf` writes them: `"500ms"`, `"5min"`, `"16kB"`.
//!
//! The units are those of PostgreSQL's manual, section 19.1.1: case matters, 1 kB is 1024 bytes.

use std::time::Duration;

/// The longest time any setting may hold, ten years: an `Instant` plus it cannot overflow.
pub const MAX_TIME: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// The largest size any setting may hold, one tebibyte: more than a machine's memory.
pub const MAX_SIZE: u64 = 1 << 40;

/// Examples of a time, for messages.
pub(crate) const TIME_EXAMPLES: &str = r#""500ms", "30s", "5min", "1h", "1d""#;

const TIME_UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

const SIZE_UNITS: [(&str, u64); 5] =
    [("B", 1), ("kB", 1 << 10), ("MB", 1 << 20), ("GB", 1 << 30), ("TB", 1 << 40)];

/// Reads a time such as `"500ms"`; a bare `0` needs no unit.
///
/// # Errors
/// What is wrong with it, as half a sentence.
pub fn time(text: &str) -> Result<Duration, String> {
    let ms = scaled(text, &TIME_UNITS, "s")?;
    let time = Duration::from_millis(ms);
    if time > MAX_TIME { Err("is longer than ten years".to_owned()) } else { Ok(time) }
}

/// Reads a size in bytes such as `"16kB"`; a bare `0` needs no unit.
///
/// # Errors
/// What is wrong with it, as half a sentence.
pub fn size(text: &str) -> Result<u64, String> {
    let bytes = scaled(text, &SIZE_UNITS, "B")?;
    if bytes > MAX_SIZE { Err("is more than 1TB".to_owned()) } else { Ok(bytes) }
}

/// Writes a time in the largest unit that shows it whole, as [`time`] reads it back.
pub fn show_time(time: Duration) -> String {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    if ms == 0 {
        return "0s".to_owned();
    }
    let whole = TIME_UNITS.iter().rev().find(|(_, scale)| ms.is_multiple_of(*scale));
    let (unit, scale) = whole.unwrap_or(&("ms", 1));
    format!("{}{unit}", ms / scale)
}

/// `usual` is the unit suggested to who left it out.
fn scaled(text: &str, units: &[(&str, u64)], usual: &str) -> Result<u64, String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = (&text[..end], text[end..].trim_start());
    if digits.is_empty() {
        return Err("does not start with a whole number".to_owned());
    }
    let number = digits.parse::<u64>().map_err(|_| "is too large".to_owned())?;
    if unit.is_empty() {
        return if number == 0 { Ok(0) } else { Err(no_unit(number, usual)) };
    }
    let Some((_, scale)) = units.iter().find(|(name, _)| *name == unit) else {
        return Err(unknown_unit(unit, units));
    };
    number.checked_mul(*scale).ok_or_else(|| "is too large".to_owned())
}

fn no_unit(number: u64, usual: &str) -> String {
    format!("has no unit, write \"{number}{usual}\"")
}

fn unknown_unit(unit: &str, units: &[(&str, u64)]) -> String {
    let known: Vec<_> = units.iter().map(|(name, _)| *name).collect();
    format!("has the unknown unit {}, known are {}", super::nearest::quoted(unit), known.join(" "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_and_sizes_as_postgresql_writes_them() {
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time(" 5 min "), Ok(Duration::from_secs(300)));
        assert_eq!(time("1d"), Ok(Duration::from_secs(86_400)));
        assert_eq!(time("0"), Ok(Duration::ZERO));
        assert_eq!(size("16kB"), Ok(16_384));
        assert_eq!(size("1MB"), Ok(1_048_576));
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(time("120"), Err("has no unit, write \"120s\"".into()));
        assert_eq!(time("5m"), Err("has the unknown unit \"m\", known are ms s min h d".into()));
        assert_eq!(time("-5s"), Err("does not start with a whole number".into()));
        assert_eq!(time("99999999999999999999s"), Err("is too large".into()));
        assert_eq!(time("4000d"), Err("is longer than ten years".into()));
        assert_eq!(size("2TB"), Err("is more than 1TB".into()));
        assert_eq!(size("16384"), Err("has no unit, write \"16384B\"".into()));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(ms in 0_u64..=315_360_000_000) {
            let shown = show_time(Duration::from_millis(ms));
            prop_assert_eq!(time(&shown), Ok(Duration::from_millis(ms)));
        }

        #[test]
        fn any_text_is_a_value_within_bounds_or_an_error(text in any::<String>()) {
            prop_assert!(time(&text).unwrap_or_default() <= MAX_TIME);
            prop_assert!(size(&text).unwrap_or_default() <= MAX_SIZE);
        }

        #[test]
        fn every_number_with_every_unit(number: u64, unit in "(ms|s|min|h|d|B|kB|MB|GB|TB)") {
            let text = format!("{number}{unit}");
            prop_assert!(time(&text).unwrap_or_default() <= MAX_TIME);
            prop_assert!(size(&text).unwrap_or_default() <= MAX_SIZE);
            prop_assert!(time(&text).is_err() || size(&text).is_err());
        }
    }
}
