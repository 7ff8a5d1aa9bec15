//! Times as PgBouncer and PostgreSQL write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 2000-01-01, from which PostgreSQL counts, in days since 1970-01-01.
const PG_EPOCH_DAYS: i64 = 10_957;

const MICROS: i64 = 1_000_000;
const DAY_MICROS: i64 = 86_400 * MICROS;

/// `2026-11-26 18:25:53 UTC`, as PgBouncer's tables have it.
pub(in crate::admin) fn utc(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let micros = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(MICROS);
    let written = stamp(micros);
    format!("{} UTC", &written[..written.len() - ".000000+00".len()])
}

/// The microseconds since 1970 of a time.
pub(in crate::admin) fn micros_of(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// `2026-11-26 18:25:53.000000+00`, as PostgreSQL writes a `timestamptz`, of the microseconds since
/// 1970; years beyond 9999 are 9999.
pub(in crate::admin) fn stamp(micros: i64) -> String {
    const LAST: i64 = 2_932_896 * DAY_MICROS + (DAY_MICROS - 1);
    let micros = micros.clamp(0, LAST);
    let (days, of_day) = (micros / DAY_MICROS, micros % DAY_MICROS);
    let (year, month, day) = date(days);
    let second = of_day / MICROS;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let rest = of_day % MICROS;
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{rest:06}+00")
}

/// The microseconds since 1970 of a time in one of the spellings above, of a day alone, or with `T`
/// and `Z`; none where it is no time, or not of UTC.
pub(in crate::admin) fn micros(text: &str) -> Option<i64> {
    let text = text.trim();
    let (day, clock) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
    let clock = ["UTC", "+00:00", "+00", "Z"]
        .iter()
        .find_map(|zone| clock.strip_suffix(zone))
        .unwrap_or(clock)
        .trim_end();
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let [year, month, date] = three(day, '-')?;
    let [hour, minute, second] = three(clock, ':')?;
    let is_real = (1..=9_999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&date)
        && hour < 24
        && minute < 60
        && second < 61;
    let digits = fraction.get(..fraction.len().min(6))?;
    let fraction: i64 = format!("{digits:0<6}").parse().ok()?;
    let seconds = (days(year, month, date) * 24 + hour) * 3_600 + minute * 60 + second;
    is_real.then(|| seconds * MICROS + fraction)
}

/// What PostgreSQL's binary form of it counts: microseconds since 2000.
pub(in crate::admin) fn pg_micros(text: &str) -> Option<i64> {
    micros(text).map(|micros| micros - PG_EPOCH_DAYS * DAY_MICROS)
}

/// The time of a binary `timestamptz`.
pub(in crate::admin) fn from_pg_micros(micros: i64) -> String {
    stamp(micros.saturating_add(PG_EPOCH_DAYS * DAY_MICROS))
}

fn three(text: &str, between: char) -> Option<[i64; 3]> {
    let mut parts = text.split(between);
    let mut part = || {
        let part = parts.next()?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let three = [part()?, part()?, part()?];
    parts.next().is_none().then_some(three)
}

/// Year, month and day of a day counted from 1970-01-01, by eras of 400 years that begin in March
/// (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let leaps = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// The other way (the same source); for years from 1.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let shown = |seconds| utc(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(shown(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(shown(951_782_399), "2000-02-28 23:59:59 UTC");
        assert_eq!(shown(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(shown(4_107_542_400), "2100-03-01 00:00:00 UTC");
        assert_eq!(shown(1_795_717_553), "2026-11-26 18:25:53 UTC");
    }

    #[test]
    fn a_time_is_read_in_all_its_spellings() {
        let expected = Some(1_795_717_553_500_000);
        for text in [
            "2026-11-26 18:25:53.5 UTC",
            "2026-11-26 18:25:53.500000+00",
            "2026-11-26T18:25:53.5Z",
            "2026-11-26T18:25:53.5+00:00",
            "2026-11-26 18:25:53.5",
        ] {
            assert_eq!(micros(text), expected, "{text}");
        }
        assert_eq!(micros("2000-01-01"), Some(PG_EPOCH_DAYS * DAY_MICROS));
        assert_eq!(pg_micros("2000-01-01 00:00:00+00"), Some(0));
        assert_eq!(from_pg_micros(0), "2000-01-01 00:00:00.000000+00");
        for text in
            ["", "now", "2026-11-26 18:25:53+02", "2026-13-01", "2026-11-26 25:00:00", "+1-1-1"]
        {
            assert_eq!(micros(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(micros_since in 0i64..253_402_300_799_999_999) {
            prop_assert_eq!(micros(&stamp(micros_since)), Some(micros_since));
        }

        #[test]
        fn any_text_is_a_time_or_none(text in ".{0,30}") {
            let _ = micros(&text);
        }
    }
}
