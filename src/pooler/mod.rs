//! The pools as all workers share them: handles, guards, hosts and their upkeep.
//!
//! The rules are [`crate::pool::Core`]'s; here its orders are carried out. A [`Pool`] is a core
//! and the idle servers it speaks of, behind one short lock. Whoever acquires gets a
//! [`Held`] server, and gives it back with a proof that it is clean; without one it is closed.
//!
//! * [`registry`]: all databases and all their pools.
//! * [`database`]: what the configuration says of a database; [`pools`]: its pools for one user.
//! * [`pool`], [`waiting`], [`held`]: acquire, wait, release.
//! * [`watch`]: how fresh replicas are, a `gauge` for each host, by one [`clock`]; [`sampler`]:
//!   asking them; [`tokens`]: who is asked for those.
//! * [`recovery`]: what hosts call themselves, so that two primaries are seen.
//! * [`catalog`]: what each database says of its functions and relations.
//! * [`opening`]: logins; [`setback`]: those that failed, of a [`host`], a database or a login;
//!   [`janitor`]: upkeep by the clock.
//! * [`mailbox`]: how one worker reaches another; [`pulse`]: whether it turns; [`survey`]: what
//!   workers say of their clients.
//! * [`own`]: connections that no client uses; `vacancy`: pools that nobody uses; [`shortage`]: who has
//!   a pool's servers.
//! * [`commands`], [`standing`]: what an operator does to the pools of a database; `alone`: what a
//!   statement does that needs a database without other sessions.

mod alone;
pub mod catalog;
pub mod clock;
pub mod commands;
pub mod database;
mod gauge;
pub mod held;
pub mod host;
pub mod host_logins;
pub mod janitor;
pub mod mailbox;
pub mod opening;
pub mod own;
pub mod pool;
pub mod pools;
pub mod pulse;
pub mod recovery;
pub mod registry;
pub mod sampler;
pub mod seen;
pub mod setback;
pub mod shortage;
pub mod standing;
pub mod survey;
pub mod tokens;
mod vacancy;
pub mod waiting;
pub mod watch;

pub use catalog::Current;
pub use database::{Database, HostTarget, ServerLogin};
pub use held::Held;
pub use host::Host;
pub use host_logins::HostLogins;
pub use mailbox::{Letter, Mailbox};
pub use own::OwnSeen;
pub use pool::Pool;
pub use pools::{Gone, Learnt, Pools};
pub use recovery::Recovery;
pub use registry::Pooler;
pub use seen::ServerSeen;
pub use shortage::{Holders, Shortage};
pub use survey::{ApplicationName, ClientSeen, Doing, Pin, Who, Whom};
pub use vacancy::Guest;
pub use waiting::{Refusal, Waiting};
pub use watch::Watch;
