//! One client's life: startup, waiting for its next statement, and the relay while it is linked.
//!
//! ```text
//! accept ── opening ── authentication ── welcome ──> idle ──(a unit of work)──> acquire
//!           TLS?        who is it?        its own     ^  no buffer, no server      │
//!           cancel?                       parameters  │                            v
//!                                                     └──(server is clean)──── linked: relay
//! ```
//!
//! * [`worker`]: one thread's clients, and the letters that reach it.
//! * [`opening`], `authentication`, [`welcome`]: a client's startup, which is boxed away.
//! * [`newcomers`]: connections that have not logged in, and make room for others.
//! * [`task`]: a client that has logged in; [`routing`]: where its next unit of work goes;
//!   [`waiting`]: for a server there; [`patience`]: how long.
//! * [`mod@unit`]: what its next unit of work does; [`transaction`]: what becomes of a BEGIN.
//! * [`receiving`]: what it has sent and nobody has looked at yet.
//! * [`trial`]: reads on a replica that may have to run again on the primary.
//! * [`relay`]: both directions while it is linked; [`parting`]: what is left when it ends.
//! * [`visit`]: a client of the console.
//! * [`slow`]: the log of statements that took long; `lines`: how often a line may be written.
//! * [`control`]: how others reach a client's task; `silence`: which of them are silent for too long.
//! * [`error`]: everything that a client is told by us.

pub mod aligning;
mod authentication;
pub mod control;
pub mod error;
mod lines;
pub mod logins;
pub mod newcomers;
pub mod opening;
pub mod outbox;
pub mod own;
pub mod parting;
pub mod patience;
pub mod policy;
pub mod receiving;
pub mod relay;
pub mod routing;
mod silence;
pub mod slow;
pub mod task;
pub mod transaction;
pub mod trial;
pub mod unit;
pub mod visit;
pub mod waiting;
pub mod welcome;
pub mod wish;
pub mod worker;

pub use logins::Logins;
pub use policy::{Policy, Users};
pub use worker::Worker;

// A message that is looked at as a whole fits into one chunk.
const _: () = assert!(crate::session::OPENED_MAX == crate::net::BLOCK_LEN);
