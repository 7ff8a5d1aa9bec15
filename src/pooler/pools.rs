//! The pools of one database for one user: the primary's and each replica's.

use super::catalog::Current;
use super::clock::Latest;
use super::database::Database;
use super::pool::Pool;
use super::vacancy::{Guest, Guests};
use super::watch::Watch;
use crate::routing::Split;
use crate::routing::balance::Candidate;
use crate::routing::freshness::{Bounds, Proof, Seen};
use crate::session::{Parameters, PoolMode, Shared};
use crate::stats::Routes;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Sets of startup parameters that are remembered with what they came to. Applications have a
/// handful; more than this are forgotten all at once, and learnt again.
const STARTUPS_MAX: usize = 1_000;

/// Startup parameters as a client sent them: names and values.
pub type StartupParameters = Vec<(Vec<u8>, Vec<u8>)>;

/// What startup parameters came to on a server with these defaults.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// What the server had set by itself.
    pub defaults: Parameters,
    /// What was set then.
    pub came_to: Parameters,
    /// The notices with which the server said that it had cut a name.
    pub notices: Arc<[u8]>,
}

/// Where a statement went, or would have gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// To the primary.
    Primary,
    /// To a replica.
    Replica,
    /// To the primary, and to a replica if `read_write_split` were true.
    Shadow,
}

impl Gone {
    /// All of them, in the order of the rows.
    pub const ALL: [Gone; 3] = [Gone::Primary, Gone::Replica, Gone::Shadow];

    /// The word for the console and the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Gone::Primary => "primary",
            Gone::Replica => "replica",
            Gone::Shadow => "shadow",
        }
    }
}

/// The pools among which a client's statements are divided.
#[derive(Debug)]
pub struct Pools {
    /// What the configuration says.
    pub database: Arc<Database>,
    /// The host that takes writes.
    pub primary: Arc<Pool>,
    /// The hosts that serve reads.
    pub replicas: Vec<Arc<Pool>>,
    /// How fresh those are; there is nothing to watch without any.
    pub watch: Option<Arc<Watch>>,
    /// What is asked for tokens where there are no replicas; made when it is first asked.
    pub(super) tokens: Arc<OnceLock<Arc<Watch>>>,
    /// When the last write of any session of the database was acknowledged.
    pub last_write: Arc<Latest>,
    /// How often statements went where, and why: a row for each [`Gone`], a column for each reason.
    pub routes: Arc<Routes>,
    /// What the database itself says of its functions and relations; asked only where there is a
    /// choice of hosts.
    pub catalog: Option<Arc<Current>>,
    /// What their sessions share: statements that mean the same on all their servers.
    pub shared: Arc<Shared>,
    /// What startup parameters came to on a server: asked once, then known.
    pub(super) startups: Arc<Mutex<HashMap<StartupParameters, Learnt>>>,
    /// How many clients use them; logins are rare enough for all workers to share it.
    pub(super) guests: Arc<Guests>,
}

impl Pools {
    /// Whether there is a choice of hosts. A session that keeps its server has none: whether it
    /// will write is not known when it gets one.
    pub fn splits(&self) -> bool {
        self.database.mode != PoolMode::Session
            && self.database.policy.split != Split::Off
            && !self.replicas.is_empty()
    }

    /// The replicas as routing sees them, for a read of this session.
    pub fn candidates(&self, seen: &Seen, bounds: Bounds) -> impl Iterator<Item = Candidate> {
        let hosts = self.replicas.iter().zip(&self.database.replicas);
        hosts.enumerate().map(move |(index, (pool, target))| {
            let counts = pool.counts();
            let outstanding = counts.sv_active + counts.cl_waiting;
            let outstanding = u32::try_from(outstanding).unwrap_or(u32::MAX);
            let proof = self.watch.as_ref().map_or_else(Proof::default, |watch| watch.proof(index));
            let number = u16::try_from(index).unwrap_or(u16::MAX);
            let verdict = seen.judge(number, proof, bounds);
            let (weight, reachable) = (target.weight, pool.is_usable());
            Candidate { index, outstanding, weight, reachable, verdict }
        })
    }

    /// What these startup parameters come to on a server whose own are `defaults`, if that is
    /// known.
    pub fn known_startup(
        &self,
        parameters: &StartupParameters,
        defaults: &Parameters,
    ) -> Option<Learnt> {
        let startups = self.startups.lock();
        startups.get(parameters).filter(|learnt| learnt.defaults.same(defaults)).cloned()
    }

    /// Remembers what startup parameters came to.
    pub fn learn_startup(&self, parameters: StartupParameters, learnt: Learnt) {
        let mut startups = self.startups.lock();
        if startups.len() >= STARTUPS_MAX {
            startups.clear();
        }
        startups.insert(parameters, learnt);
    }

    /// A client uses them from now on.
    pub fn enter(&self) -> Guest {
        Guest::of(&self.guests)
    }

    /// How many clients use them, idle ones too.
    pub fn guests(&self) -> usize {
        self.guests.count()
    }

    /// Every pool, the primary's first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Pool>> {
        std::iter::once(&self.primary).chain(&self.replicas)
    }

    /// Closes what is idle, and the rest as it is released.
    pub(super) fn retire(&self) {
        for watch in self.watch.iter().chain(self.tokens.get()) {
            watch.remove_logins(&self.primary);
        }
        for pool in self.iter() {
            let _ = pool.retire();
        }
    }
}
