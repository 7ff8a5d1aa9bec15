//! What a host is asked, and what its answer means.
//!
//! Everything asked is open to every user on PostgreSQL 14 to 18. Two columns of a standby are
//! not: `pg_stat_wal_receiver` shows its timeline to members of `pg_read_all_stats` only.

use crate::routing::freshness::{Answer, Flushed, Lsn, Pages, Position, SystemId, Timeline};
use crate::server::{AskError, Row};
use std::str::FromStr;
use std::time::Duration;

/// Sets the connection up and tells what does not change while it is open.
///
/// A standby does not say which timeline it replays. Each of the three that it knows of is one that it
/// has reached or is about to stream, so the greatest is the best known; behind a promotion it is late
/// rather than early, which leaves the standby out for a while. The statement is prepared because
/// planning it takes longer than running it.
pub(super) const PREPARATION: &str = "\
PREPARE pgweir_position AS SELECT host.in_recovery, \
CASE WHEN host.in_recovery THEN pg_catalog.pg_last_wal_replay_lsn() \
ELSE pg_catalog.pg_current_wal_insert_lsn() END, \
CASE WHEN host.in_recovery THEN GREATEST(\
(SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()), \
(SELECT min_recovery_end_timeline FROM pg_catalog.pg_control_recovery()), \
(SELECT received_tli FROM pg_catalog.pg_stat_wal_receiver LIMIT 1))::pg_catalog.text \
ELSE pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()) END, \
CASE WHEN host.in_recovery THEN '0/0' ELSE pg_catalog.pg_current_wal_flush_lsn() END, \
(SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_writer_delay') \
FROM (SELECT pg_catalog.pg_is_in_recovery() AS in_recovery OFFSET 0) AS host; \
SELECT system.system_identifier, init.wal_block_size, init.bytes_per_wal_segment \
FROM pg_catalog.pg_control_system() AS system, pg_catalog.pg_control_init() AS init";

const POSITION: &str = "EXECUTE pgweir_position";

/// Hexadecimal digits of the timeline at the front of a WAL file's name (PostgreSQL manual,
/// "WAL Internals").
const TIMELINE_DIGITS: usize = 8;

/// What the WAL writer's own turn may take beyond its delays.
const FLUSH_MARGIN: Duration = Duration::from_millis(100);

/// A question that one connection can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question {
    system: SystemId,
    pages: Pages,
}

impl Question {
    /// From the answer to [`PREPARATION`].
    pub(super) fn new(rows: &[Row]) -> Result<Question, AskError> {
        let [system, page, segment] = columns(rows)?;
        let pages = Pages { page: number(page)?, segment: number(segment)? };
        Ok(Question { system: SystemId(number(system)?), pages })
    }

    /// How it is asked.
    #[expect(clippy::unused_self, reason = "only who has prepared it can ask it")]
    pub(super) fn text(&self) -> &'static str {
        POSITION
    }

    /// What was answered.
    pub(super) fn answer(&self, rows: &[Row]) -> Result<Answer, AskError> {
        let [in_recovery, lsn, timeline, flushed, delay] = columns(rows)?;
        let in_recovery = in_recovery == "t";
        let lsn: Lsn = number(lsn)?;
        // What a replica has replayed ends where a record ends: only an insert position is rounded.
        let lsn = if in_recovery { lsn } else { lsn.reachable(self.pages) };
        let timeline = match in_recovery {
            true => number(timeline)?,
            false => of_file(timeline)?,
        };
        let position = Position { system: self.system, timeline: Timeline(timeline), lsn };
        let flushed = match in_recovery {
            true => None,
            false => {
                let lsn: Lsn = number(flushed)?;
                let within = 3 * Duration::from_millis(number(delay)?) + FLUSH_MARGIN;
                Some(Flushed { lsn: lsn.reachable(self.pages), within })
            }
        };
        Ok(Answer { in_recovery, position, flushed })
    }
}

/// The timeline of a WAL file's name.
fn of_file(name: &str) -> Result<u32, AskError> {
    let digits = name.get(..TIMELINE_DIGITS).ok_or_else(|| not_understood(name))?;
    u32::from_str_radix(digits, 16).map_err(|_| not_understood(name))
}

/// The columns of the one row.
fn columns<const N: usize>(rows: &[Row]) -> Result<[&str; N], AskError> {
    let [row] = rows else {
        return Err(AskError::NotPostgres(format!("it has {} rows", rows.len())));
    };
    let known: Option<Vec<&str>> = row.iter().map(Option::as_deref).collect();
    let missing = || AskError::NotPostgres("a part of the position is missing".to_owned());
    known.and_then(|known| known.try_into().ok()).ok_or_else(missing)
}

fn number<T: FromStr>(text: &str) -> Result<T, AskError> {
    text.parse().map_err(|_| not_understood(text))
}

fn not_understood(text: &str) -> AskError {
    AskError::NotPostgres(format!("\"{}\" is not what was asked for", text.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<const N: usize>(columns: [&str; N]) -> Vec<Row> {
        vec![columns.map(|column| Some(column.to_owned())).to_vec()]
    }

    fn question() -> Question {
        Question::new(&row(["7432001234567890123", "8192", "16777216"])).unwrap()
    }

    fn answered([recovery, lsn, timeline]: [&str; 3]) -> String {
        let columns = [recovery, lsn, timeline, "0/3000000", "200"];
        let Answer { in_recovery, position, flushed } = question().answer(&row(columns)).unwrap();
        let within = Duration::from_millis(700);
        let expected = Flushed { lsn: Lsn(0x300_0000), within };
        assert_eq!(flushed, (!in_recovery).then_some(expected));
        format!("{in_recovery} {} {}", position.timeline, position.lsn)
    }

    #[test]
    fn a_primary_says_its_timeline_in_a_files_name() {
        let file = "0000000A0000001600000074";
        assert_eq!(answered(["f", "16/B374D848", file]), "false 10 16/B374D848");
    }

    #[test]
    fn an_insert_position_is_rounded_and_a_replayed_one_is_not() {
        assert_eq!(answered(["f", "0/3002018", "000000010000000000000003"]), "false 1 0/3002000");
        assert_eq!(answered(["t", "0/3002018", "3"]), "true 3 0/3002018");
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for wrong in
            [["t", "", "3"], ["t", "0/0", ""], ["f", "0/0", "3"], ["f", "0/0", "zzzzzzzzz"]]
        {
            let [recovery, lsn, timeline] = wrong;
            let wrong = [recovery, lsn, timeline, "0/0", "200"];
            assert!(question().answer(&row(wrong)).is_err(), "{wrong:?}");
        }
        assert!(question().answer(&[]).is_err());
        assert!(question().answer(&[vec![Some("t".into()), None, Some("1".into())]]).is_err());
        assert!(Question::new(&row(["x", "8192", "16777216"])).is_err());
    }
}
