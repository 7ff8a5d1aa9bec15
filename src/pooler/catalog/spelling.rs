//! Having views spelled, some at a time: PostgreSQL locks what it spells.

use crate::routing::catalog::{Row, unspelled, views};
use crate::server::{AskError, Server, ask};
use std::collections::HashSet;
use std::time::Instant;

/// Views that are spelled in one transaction. Each of them locks what it reads, and a server has room
/// for 64 locks a connection (`max_locks_per_transaction`), which all of its connections share.
const AT_ONCE: usize = 100;

/// Has these views spelled and adds a row for each of them to `rows`; says how many of them nobody
/// could spell by `deadline`: they, or what they read, are locked by somebody else.
///
/// # Errors
/// The connection is of no use any more.
pub(super) async fn spell(
    server: &mut Server,
    oids: &[u32],
    deadline: Instant,
    rows: &mut Vec<Row>,
) -> Result<usize, AskError> {
    let mut unknown = 0;
    let mut pending: Vec<&[u32]> = oids.chunks(AT_ONCE).rev().collect();
    while let Some(some) = pending.pop() {
        let left = deadline.saturating_duration_since(Instant::now());
        let answer = match left.is_zero() {
            true => None,
            false => match ask(server, &views(some), left).await {
                Ok(answer) => Some(answer),
                Err(error) if error.is_refusal() => None,
                Err(error) => return Err(error),
            },
        };
        match answer {
            Some(answer) => add(some, answer, rows),
            // The one that is locked keeps the others from being spelled.
            None if some.len() > 1 && !left.is_zero() => {
                let (front, back) = some.split_at(some.len() / 2);
                pending.extend([back, front]);
            }
            None => {
                unknown += some.len();
                rows.extend(some.iter().map(|oid| unspelled(*oid)));
            }
        }
    }
    Ok(unknown)
}

/// A view that is no longer there has no row; what is known of it must not look like a table.
fn add(asked: &[u32], answer: Vec<Row>, rows: &mut Vec<Row>) {
    let oid = |row: &Row| row.get(1)?.as_deref()?.parse::<u32>().ok();
    let answered: HashSet<u32> = answer.iter().filter_map(oid).collect();
    rows.extend(answer);
    rows.extend(asked.iter().filter(|oid| !answered.contains(oid)).map(|oid| unspelled(*oid)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_that_is_gone_is_not_taken_for_a_table() {
        let row = vec![Some("view".to_owned()), Some("7".to_owned()), Some("SELECT 1".to_owned())];
        let mut rows = Vec::new();
        add(&[7, 8], vec![row.clone()], &mut rows);
        assert_eq!(rows, [row, unspelled(8)]);
    }
}
