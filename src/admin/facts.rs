//! What the tables are filled from, gathered at the moment of the question.

use super::console::Console;
use super::house::{Gone, HouseSeen};
use super::rates::{self, Averages, Totals};
use crate::pooler::registry::{Databases, Listed};
use crate::pooler::survey::NoAnswer;
use crate::pooler::{ClientSeen, Host, OwnSeen, ServerSeen};
use crate::stats::queries::Query;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// What has to be asked of others before a table can be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The workers: who their clients are.
    Clients,
    /// The process: its settings and users.
    House,
    /// The workers' statistics of statements, which are put together for it.
    Statements,
}

/// Why facts are not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// A worker does not answer.
    #[error(transparent)]
    Workers(#[from] NoAnswer),
    /// The process does not answer.
    #[error(transparent)]
    House(#[from] Gone),
}

/// The state of things at one moment.
#[derive(Debug)]
pub struct Facts {
    /// When it was.
    pub now: Instant,
    /// The same, by the clock on the wall.
    pub clock: SystemTime,
    /// The configuration's databases.
    pub databases: Arc<Databases>,
    /// Every database and user with pools.
    pub listed: Vec<Listed>,
    /// Every host.
    pub hosts: Vec<Arc<Host>>,
    /// What was counted.
    pub totals: Totals,
    /// Averages of the last period.
    pub averages: BTreeMap<String, Averages>,
    /// The same, of all databases together.
    pub averages_of_all: Averages,
    /// Databases that are paused.
    pub paused: Vec<String>,
    /// Databases that are disabled.
    pub disabled: Vec<String>,
    /// Whether all databases are paused together.
    pub all_paused: bool,
    /// Connections of clients, whether or not they have logged in.
    pub connections: usize,
    /// Clients that have logged in, if they were asked for.
    pub clients: Vec<ClientSeen>,
    /// Statements that took most time, if they were asked for.
    pub queries: Vec<Query>,
    /// What the process says, if it was asked.
    pub house: HouseSeen,
}

impl Facts {
    /// Asks whoever has to be asked.
    ///
    /// # Errors
    /// Somebody does not answer.
    pub async fn gather(console: &Console, sources: &[Source]) -> Result<Facts, Unknown> {
        let pooler = console.pooler();
        let mut facts = Facts::at_once(console);
        if sources.contains(&Source::Clients) {
            facts.clients = pooler.survey().await?;
        }
        if sources.contains(&Source::Statements) {
            facts.queries = pooler.queries.top();
        }
        if sources.contains(&Source::House) {
            facts.house = console.house().seen().await?;
        }
        Ok(facts)
    }

    /// What is known without asking.
    pub(super) fn at_once(console: &Console) -> Facts {
        let pooler = console.pooler();
        let (averages, averages_of_all) = console.rates().averages();
        let (databases, listed) = (pooler.databases(), pooler.listed());
        let mut names: Vec<String> = databases.keys().cloned().collect();
        names.extend(listed.iter().map(|listed| listed.database.clone()));
        names.sort_unstable();
        names.dedup();
        let those = |is: fn(&crate::pooler::Pooler, &str) -> bool| {
            names.iter().filter(|name| is(pooler, name)).cloned().collect()
        };
        Facts {
            now: Instant::now(),
            clock: SystemTime::now(),
            hosts: pooler.all_hosts(),
            totals: rates::totals(pooler),
            averages,
            averages_of_all,
            paused: those(crate::pooler::Pooler::is_paused),
            disabled: those(crate::pooler::Pooler::is_disabled),
            all_paused: pooler.is_all_paused(),
            connections: pooler.mailboxes().iter().map(crate::pooler::Mailbox::clients).sum(),
            databases,
            listed,
            clients: Vec::new(),
            queries: Vec::new(),
            house: HouseSeen::default(),
        }
    }

    /// What the configuration says of a database that clients ask for.
    pub fn database(&self, name: &str) -> Option<&Arc<crate::pooler::Database>> {
        self.databases.get(name).or_else(|| self.databases.get("*"))
    }

    /// The user who is logged in to the hosts for this client.
    pub fn server_user<'f>(&'f self, client: &'f ClientSeen) -> &'f str {
        let forced = self.database(&client.who.database).and_then(|found| found.user.as_deref());
        forced.unwrap_or(&client.who.user)
    }

    /// The time by the clock on the wall when it was `instant`.
    pub fn clock_at(&self, instant: Instant) -> SystemTime {
        let ago = self.now.saturating_duration_since(instant);
        self.clock.checked_sub(ago).unwrap_or(self.clock)
    }

    /// Every connection of pgweir's own to a host.
    pub fn owns(&self) -> Vec<Arc<OwnSeen>> {
        self.hosts.iter().flat_map(|host| host.owns.all()).collect()
    }

    /// Every server, with the pools that it belongs to, and the client that has it.
    pub fn servers(&self) -> impl Iterator<Item = (&Listed, ServerSeen, Option<&ClientSeen>)> {
        let holders: HashMap<_, _> =
            self.clients.iter().filter_map(|client| Some((client.server?, client))).collect();
        let pools = self.listed.iter().flat_map(|listed| {
            listed.pools.iter().map(move |pool| (listed, pool)).collect::<Vec<_>>()
        });
        pools
            .flat_map(|(listed, pool)| {
                pool.servers().into_iter().map(move |server| (listed, server)).collect::<Vec<_>>()
            })
            .map(move |(listed, server)| {
                let holder = holders.get(&server.id).copied();
                (listed, server, holder)
            })
    }
}

#[cfg(test)]
impl Facts {
    /// A process with one database, one pool, one client and one worker, that nobody serves.
    pub(super) fn sample() -> Facts {
        super::sample::facts()
    }
}
