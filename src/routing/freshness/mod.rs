//! How fresh a replica is: one number per host, and one comparison per read.
//!
//! A sampler asks the primary for its WAL insert position, and each replica for its replay
//! position. A sample of the primary is kept with the [`Moment`] at which its question was *sent*:
//! whatever had been acknowledged by then lies before that position. So a replica that has
//! replayed a sample's position shows at least everything up to that moment: it is *fresh as of*
//! it. Nothing else is needed: no clocks that agree, no heartbeat table, and who cannot be asked
//! falls behind by itself.
//!
//! * [`Moment`] is a point in time; [`Lsn`] and [`Position`] are points in the WAL.
//! * [`PrimaryLog`] is the samples of the primary; [`Ledger`] what follows for each replica.
//! * [`Seen`] is what a session must not un-see, and [`judge`] the one rule that compares.
//! * [`Schedule`] says whom to ask when.
//! * [`Token`] carries what a session must see to another connection, or another pgweir.
//!
//! PostgreSQL manual, "System Administration Functions" (recovery information, backup control),
//! says what the positions are.

mod ledger;
mod log;
mod moment;
mod position;
mod schedule;
mod seen;
mod token;

pub use ledger::{Answer, Flushed, Ledger, Proof, Standing};
pub use log::PrimaryLog;
pub use moment::Moment;
pub use position::{BadLsn, Lsn, Pages, Position, SystemId, Timeline};
pub use schedule::{HostIndex, Schedule};
pub use seen::{Bounds, Seen, Verdict, judge};
pub use token::{Token, TokenError};

#[cfg(test)]
mod tests;
