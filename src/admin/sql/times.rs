//! PostgreSQL's functions of times, which are texts here; see `tables::calendar`.

use super::functions::Functions;
use crate::admin::tables::{micros, micros_of, stamp};
use rusqlite::Error;
use rusqlite::functions::Context;
use std::time::SystemTime;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;

/// Units of an interval. Months and years are not, as they have no length of their own.
const UNITS: [(&str, i64); 14] = [
    ("microsecond", 1),
    ("us", 1),
    ("millisecond", 1_000),
    ("ms", 1_000),
    ("second", SECOND),
    ("sec", SECOND),
    ("s", SECOND),
    ("minute", 60 * SECOND),
    ("min", 60 * SECOND),
    ("m", 60 * SECOND),
    ("hour", HOUR),
    ("h", HOUR),
    ("day", 24 * HOUR),
    ("week", 168 * HOUR),
];

/// Makes them known. It is now the same moment for a whole question, as in a transaction.
pub(super) fn register(to: &Functions<'_>) -> Result<(), Error> {
    let now = stamp(micros_of(SystemTime::now()));
    for name in ["now", "statement_timestamp", "transaction_timestamp", "clock_timestamp"] {
        let now = now.clone();
        to.add(name, 0, move |_| Ok(now.clone()))?;
    }
    to.add("to_time", 1, |context| Ok(time(context, 0)?.map(stamp)))?;
    to.add("time_shift", 3, shifted)?;
    to.add("date_part", 2, date_part)?;
    to.add("date_trunc", 2, date_trunc)?;
    to.add("to_timestamp", 1, to_timestamp)
}

fn wrong(what: String) -> Error {
    Error::UserFunctionError(what.into())
}

/// The microseconds since 1970 of an argument.
fn time(context: &Context<'_>, at: usize) -> Result<Option<i64>, Error> {
    let Some(text) = context.get::<Option<String>>(at)? else { return Ok(None) };
    let shown: String = text.chars().take(60).collect();
    let unread =
        || wrong(format!("invalid input syntax for type timestamptz, in UTC: \"{shown}\""));
    micros(&text).map(Some).ok_or_else(unread)
}

/// `now() - interval '1 hour'`.
fn shifted(context: &Context<'_>) -> Result<Option<String>, Error> {
    let Some(time) = time(context, 0)? else { return Ok(None) };
    let (sign, interval) = (context.get::<String>(1)?, context.get::<String>(2)?);
    let length = length(&interval).ok_or_else(|| {
        wrong(format!(
            "an interval here is of weeks to microseconds, like '1 hour', not '{interval}'"
        ))
    })?;
    Ok(Some(stamp(if sign == "-" {
        time.saturating_sub(length)
    } else {
        time.saturating_add(length)
    })))
}

/// The microseconds of `1 day 2 hours`, of `5m`, of `01:30:00`.
fn length(interval: &str) -> Option<i64> {
    let clock: Vec<&str> = interval.trim().split(':').collect();
    if let [hours, minutes, seconds] = clock.as_slice() {
        let part = |text: &str| text.parse::<i64>().ok();
        let seconds =
            part(hours)?.checked_mul(3_600)?.checked_add(part(minutes)? * 60 + part(seconds)?)?;
        return seconds.checked_mul(SECOND);
    }
    let mut rest = interval.trim();
    let mut sum = 0_i64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(rest.len());
        let number: i64 = rest[..digits].parse().ok()?;
        let behind = rest[digits..].trim_start();
        let letters = behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len());
        let unit = behind[..letters].to_ascii_lowercase();
        let is = |name: &str| unit == name || unit.strip_suffix('s') == Some(name);
        let (_, micros) = UNITS.iter().find(|(name, _)| is(name))?;
        sum = sum.checked_add(number.checked_mul(*micros)?)?;
        rest = behind[letters..].trim_start();
    }
    Some(sum)
}

/// `extract(epoch from time)` and its like.
#[expect(clippy::cast_precision_loss, reason = "PostgreSQL's own answer to date_part is a float")]
fn date_part(context: &Context<'_>) -> Result<Option<f64>, Error> {
    let Some(time) = time(context, 1)? else { return Ok(None) };
    let field = context.get::<String>(0)?.to_ascii_lowercase();
    let written = stamp(time);
    let number = |from: usize, to: usize| written[from..to].parse::<f64>().ok();
    let part = match field.as_str() {
        "epoch" => Some(time as f64 / SECOND as f64),
        "year" => number(0, 4),
        "month" => number(5, 7),
        "day" => number(8, 10),
        "hour" => number(11, 13),
        "minute" => number(14, 16),
        "second" => number(17, 26),
        _ => None,
    };
    part.map(Some).ok_or_else(|| wrong(format!("a time has no field \"{field}\" here")))
}

/// The time with what is smaller than the field left out.
fn date_trunc(context: &Context<'_>) -> Result<Option<String>, Error> {
    let Some(time) = time(context, 1)? else { return Ok(None) };
    let field = context.get::<String>(0)?.to_ascii_lowercase();
    let kept = match field.as_str() {
        "year" => 4,
        "month" => 7,
        "day" => 10,
        "hour" => 13,
        "minute" => 16,
        "second" => 19,
        _ => return Err(wrong(format!("a time is not cut to \"{field}\" here"))),
    };
    let written = stamp(time);
    Ok(Some(format!("{}{}", &written[..kept], &"0000-01-01 00:00:00.000000+00"[kept..])))
}

/// The time so many seconds after 1970 began.
#[expect(clippy::cast_possible_truncation, reason = "what does not fit is cut to what does")]
fn to_timestamp(context: &Context<'_>) -> Result<Option<String>, Error> {
    let seconds = context.get::<Option<f64>>(0)?;
    Ok(seconds.map(|seconds| stamp((seconds * SECOND as f64) as i64)))
}

#[cfg(test)]
mod tests {
    use super::super::stop::Stop;
    use super::*;
    use proptest::prelude::*;
    use rusqlite::Connection;

    fn ask(sql: &str) -> Result<String, Error> {
        let connection = Connection::open_in_memory().unwrap();
        let stop = Stop::after(std::time::Duration::from_secs(10));
        register(&Functions::new(&connection, &stop)).unwrap();
        connection.query_row(&format!("SELECT CAST({sql} AS TEXT)"), (), |row| row.get(0))
    }

    #[test]
    fn times_are_moved_cut_and_taken_apart() {
        for (sql, expected) in [
            (
                "time_shift('2026-11-26 18:00:00 UTC', '-', '1 hour')",
                "2026-11-26 17:00:00.000000+00",
            ),
            ("time_shift('2026-11-26', '+', '1 day 2 hours')", "2026-11-27 02:00:00.000000+00"),
            ("time_shift('2026-11-26', '+', '5m')", "2026-11-26 00:05:00.000000+00"),
            ("time_shift('2026-11-26', '+', '01:30:00')", "2026-11-26 01:30:00.000000+00"),
            ("date_part('epoch', '1970-01-02')", "86400.0"),
            ("date_part('second', '1970-01-02 00:00:07.5 UTC')", "7.5"),
            ("date_trunc('hour', '2026-11-26 18:25:53 UTC')", "2026-11-26 18:00:00.000000+00"),
            ("date_trunc('month', '2026-11-26')", "2026-11-01 00:00:00.000000+00"),
            ("to_timestamp(1.5)", "1970-01-01 00:00:01.500000+00"),
            ("to_time('2026-11-26T18:25:53Z')", "2026-11-26 18:25:53.000000+00"),
        ] {
            assert_eq!(ask(sql).unwrap(), expected, "{sql}");
        }
        for sql in [
            "to_time('x')",
            "date_part('nix', '1970-01-01')",
            "time_shift('1970-01-01', '+', '1 year')",
        ] {
            assert!(ask(sql).is_err(), "{sql}");
        }
    }

    proptest! {
        #[test]
        fn any_interval_has_a_length_or_none(text in "[-0-9a-z: ]{0,20}") {
            let _ = length(&text);
        }
    }
}
