//! What one scrape sees, and all tables in the order in which they are written.

use super::clients::{self, Clients};
use super::databases::{self, Database};
use super::hosts::{self, Freshness, Host, Place};
use super::metric::{Row, Table};
use super::pools::{self, OfHost, Pair};
use super::process::{self, Process};
use super::spans::{self, Spans};
use super::text::{Format, Text};
use super::workers::{self, Worker};
use super::{times, totals};
use crate::stats::{PoolTimes, PoolTotals};

/// Pools that a scrape shows, each with a host of its own. A pool is 13 lines of about 120 bytes:
/// with so many a scrape has 6 MB, which is written within a tenth of a second. More pools than a
/// thousand applications with a few replicas have are shown by their first.
pub const POOLS_MAX: usize = 4_000;

/// Databases, users and roles whose histograms a scrape shows. Each is 5 histograms of 27 lines of about
/// 100 bytes: with so many they have 7 MB, more than all the rest.
pub const TIMED_MAX: usize = 500;

/// Databases that a scrape shows.
pub const DATABASES_MAX: usize = 1_000;

/// Hosts that a scrape shows.
pub const HOSTS_MAX: usize = 1_000;

/// The rows of every table.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(super) version: Vec<Row<()>>,
    pub(super) process: Vec<Row<Process>>,
    pub(super) certificates: Vec<Row<f64>>,
    pub(super) port: Vec<Row<u64>>,
    pub(super) spans: Vec<Row<Spans>>,
    pub(super) workers: Vec<Row<Worker>>,
    pub(super) clients: Vec<Row<Clients>>,
    pub(super) refusals: Vec<Row<u64>>,
    pub(super) databases: Vec<Row<Database>>,
    pub(super) places: Vec<Row<Place>>,
    pub(super) freshness: Vec<Row<Freshness>>,
    pub(super) hosts: Vec<Row<Host>>,
    pub(super) failures: Vec<Row<u64>>,
    pub(super) last_failures: Vec<Row<bool>>,
    pub(super) pairs: Vec<Row<Pair>>,
    pub(super) pools: Vec<Row<OfHost>>,
    pub(super) servers: Vec<Row<usize>>,
    pub(super) units: Vec<Row<u64>>,
    pub(super) stats: Vec<Row<PoolTotals>>,
    pub(super) errors: Vec<Row<u64>>,
    pub(super) times: Vec<Row<PoolTimes>>,
    pub(super) routes: Vec<Row<u64>>,
    pub(super) left_out: Vec<Row<usize>>,
}

/// Gets all tables, one after the other.
pub trait Visitor {
    /// The next one, and its rows.
    fn table<S>(&mut self, table: &Table<S>, rows: &[Row<S>]);
}

impl Visitor for Text {
    fn table<S>(&mut self, table: &Table<S>, rows: &[Row<S>]) {
        Text::table(self, table, rows);
    }
}

impl Snapshot {
    /// Shows every table: the one list from which scrapes and the documentation are made.
    pub fn visit(&self, visitor: &mut impl Visitor) {
        visitor.table(&process::VERSION_TABLE, &self.version);
        visitor.table(&process::OWN_TABLE, &self.process);
        visitor.table(&process::ORDINARY_TABLE, &self.process);
        visitor.table(&process::CERTIFICATE_TABLE, &self.certificates);
        visitor.table(&workers::PORT_TABLE, &self.port);
        visitor.table(&workers::LEFT_OUT_TABLE, &self.left_out);
        visitor.table(&spans::TABLE, &self.spans);
        visitor.table(&workers::TABLE, &self.workers);
        visitor.table(&clients::TABLE, &self.clients);
        visitor.table(&clients::REFUSAL_TABLE, &self.refusals);
        visitor.table(&databases::TABLE, &self.databases);
        visitor.table(&hosts::PLACE_TABLE, &self.places);
        visitor.table(&hosts::FRESHNESS_TABLE, &self.freshness);
        visitor.table(&hosts::TABLE, &self.hosts);
        visitor.table(&hosts::FAILURE_TABLE, &self.failures);
        visitor.table(&hosts::LAST_FAILURE_TABLE, &self.last_failures);
        visitor.table(&totals::TABLE, &self.stats);
        visitor.table(&totals::OLDER_TABLE, &self.stats);
        visitor.table(&totals::OWN_TABLE, &self.stats);
        visitor.table(&totals::ERROR_TABLE, &self.errors);
        visitor.table(&totals::ROUTE_TABLE, &self.routes);
        visitor.table(&times::TABLE, &self.times);
        visitor.table(&pools::PAIR_TABLE, &self.pairs);
        visitor.table(&pools::HOST_TABLE, &self.pools);
        visitor.table(&pools::SERVER_TABLE, &self.servers);
        visitor.table(&pools::UNIT_TABLE, &self.units);
    }

    /// The text of a scrape.
    pub fn write(&self, format: Format) -> String {
        let mut text = Text::new(format);
        self.visit(&mut text);
        text.finish()
    }

    /// Notes how many of `all` are not shown.
    pub(super) fn leave_out(&mut self, what: &str, all: usize, shown: usize) {
        self.left_out.push(Row::new([what], all.saturating_sub(shown)));
    }
}
