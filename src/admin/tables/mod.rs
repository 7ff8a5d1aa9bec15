//! Every table of the console, defined once: SHOW, SELECT, HELP and docs/admin.md read it here.
//!
//! | file | tables |
//! |---|---|
//! | `stats` | `stats`, `stats_totals`, `stats_averages`, `totals` |
//! | `pools` | `pools`, `databases`, `users` |
//! | `connections` | `clients`, `servers`, `pins`, `sockets`, `active_sockets`, `fds` |
//! | `process` | `config`, `version`, `state`, `lists`, `mem`, `help` |
//! | `absent` | `peers`, `peer_pools`, `dns_hosts`, `dns_zones`: what PgBouncer has and pgweir has not |
//! | `routing` | `hosts`, `routes`, `queries` |

mod absent;
mod calendar;
mod connections;
mod pools;
mod process;
mod routing;
mod stats;

pub(super) use calendar::{from_pg_micros, micros, micros_of, pg_micros, stamp};

use super::access::Right;
use super::facts::{Facts, Source};
use super::value::{Kind, Row};

/// A table that can be shown, and read by SQL.
#[derive(Debug)]
pub struct Table {
    /// Its name, behind SHOW and FROM.
    pub name: &'static str,
    /// What its rows are, in a sentence or two.
    pub about: &'static str,
    /// Who may see it.
    pub right: Right,
    /// PgBouncer's columns in its order, then ours.
    pub columns: &'static [Column],
    /// What has to be asked for before it can be filled.
    pub sources: &'static [Source],
    /// Its rows.
    pub rows: fn(&Facts) -> Vec<Row>,
}

/// One column.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What it says.
    pub about: &'static str,
    /// Whether PgBouncer has no such column.
    pub ours: bool,
}

/// Columns from rows like `name: Kind, "what it says";`, ours behind a plus sign.
macro_rules! columns {
    ($($name:ident: $kind:ident, $about:expr;)* $(+ $own:ident: $own_kind:ident, $own_about:expr;)*) => {
        &[
            $( $crate::admin::tables::Column {
                name: stringify!($name),
                kind: $crate::admin::value::Kind::$kind,
                about: $about,
                ours: false,
            }, )*
            $( $crate::admin::tables::Column {
                name: stringify!($own),
                kind: $crate::admin::value::Kind::$own_kind,
                about: $own_about,
                ours: true,
            }, )*
        ]
    };
}
use columns;

/// Every table, in the order of the manual.
pub static ALL: &[&Table] = &[
    &pools::POOLS,
    &pools::DATABASES,
    &pools::USERS,
    &connections::CLIENTS,
    &connections::SERVERS,
    &connections::SOCKETS,
    &connections::ACTIVE_SOCKETS,
    &connections::FDS,
    &stats::STATS,
    &stats::STATS_TOTALS,
    &stats::STATS_AVERAGES,
    &stats::TOTALS,
    &routing::HOSTS,
    &routing::ROUTES,
    &connections::PINS,
    &routing::QUERIES,
    &process::CONFIG,
    &process::VERSION,
    &process::STATE,
    &process::LISTS,
    &process::MEM,
    &process::HELP,
    &absent::PEERS,
    &absent::PEER_POOLS,
    &absent::DNS_HOSTS,
    &absent::DNS_ZONES,
];

/// The table of that name, in small or capital letters.
pub fn named(name: &str) -> Option<&'static Table> {
    ALL.iter().copied().find(|table| table.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_columns_explained() {
        let names: HashSet<_> = ALL.iter().map(|table| table.name).collect();
        assert_eq!(names.len(), ALL.len());
        for table in ALL {
            let columns: HashSet<_> = table.columns.iter().map(|column| column.name).collect();
            assert_eq!(columns.len(), table.columns.len(), "{}", table.name);
            for column in table.columns {
                assert!(column.about.ends_with('.'), "{}.{}", table.name, column.name);
            }
            let first_of_ours = table.columns.iter().skip_while(|column| !column.ours);
            assert!(first_of_ours.clone().all(|column| column.ours), "{}", table.name);
            assert!(table.about.ends_with('.'), "{}", table.name);
        }
    }

    #[test]
    fn rows_have_a_value_for_each_column() {
        let facts = Facts::sample();
        for table in ALL {
            for row in (table.rows)(&facts) {
                assert_eq!(row.len(), table.columns.len(), "{}", table.name);
            }
        }
    }

    #[test]
    fn a_table_is_found_whatever_the_letters() {
        assert_eq!(named("PoOlS").unwrap().name, "pools");
        assert!(named("pool").is_none());
    }
}
