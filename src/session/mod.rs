//! What one client's session means: its pipeline, statements, parameters and transaction; pure.
//!
//! A [`Session`] lives as long as its client, a [`ServerSide`] as long as a server connection.
//! While the two are linked, bytes go through them in both directions:
//!
//! ```text
//!  client's bytes ──> Session::request ──┬─> to the server (forwarded, or supplied in their place)
//!                                        └─> entries in the server's Pipeline: what it now owes
//!  server's bytes ──> Session::reply ────┬─> to the client (forwarded, skipped, supplied)
//!                                        └─> the front entry of the Pipeline says which
//! ```
//!
//! Neither owns a buffer: they look at a piece, say what happens to ranges of it through an
//! [`Outbox`], and say how much of it they have consumed. What is left over (the front of a
//! message that has not arrived in full) comes again at the front of the next piece.
//!
//! * [`mod@unit`] looks ahead: what the next unit of work (Sync to Sync, or one Query) consists of; [`gate`]
//!   says whether it may follow on the server that the client is linked to.
//! * [`request`], [`reply`] and [`refusal`] carry bytes; [`pipeline`] is what makes them agree, and
//!   [`unit_count`] says what must be answered before more is built on it.
//! * [`own`] answers what pgweir itself is asked, and what need not be known by a server yet.
//! * [`parameters`] and [`statements`] are what follows a client from server to server, an [`alignment`]
//!   is how a server is told of them, `reported` is what it says, `resets` is what undoes it; a
//!   [`memo`] keeps what routing said of a statement. [`names`] are a client's, [`registry`] has what
//!   clients share, and [`prepared`] is what one server has.
//! * [`definitions`] are counted, for those who keep what is known of the database's objects.
//! * [`tally`] and [`calls`] are what has gone by, for those who count it; `parents` says which trace it
//!   belongs to.
//! * [`trial`] looks at what a replica answers before the client does.
//! * [`release`] is the one place that can say that a server is clean.

pub mod alignment;
pub mod calls;
pub mod cancel_key;
pub mod definitions;
pub mod entry;
pub mod gate;
pub mod memo;
pub mod names;
pub mod outbox;
pub mod own;
pub mod parameters;
pub mod pipeline;
pub mod prepared;
pub mod refusal;
pub mod registry;
pub mod release;
pub mod reply;
pub mod request;
pub mod server_name;
pub mod server_side;
pub mod state;
pub mod statements;
pub mod tally;
pub mod trial;
pub mod unit;
pub mod unit_count;

mod deallocate;
mod description;
mod environment;
mod front;
mod message;
mod naming;
mod own_portals;
mod parents;
mod parsing;
mod passing;
mod preparation;
mod reported;
mod resets;
mod rows;

#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;

pub use definitions::Definitions;
pub use outbox::Outbox;
pub use own::{Columns, Told};
pub use parameters::{ParameterSet, Parameters};
pub use registry::StatementRegistry;
pub use release::Clean;
pub use server_side::ServerSide;
pub use state::{PoolMode, Session, Shared, Violation};
pub use statements::{Mark, Statement, StatementIds};

/// The longest message that is looked at as a whole, in bytes, header included: the size of the
/// pieces that bytes arrive in. Longer ones are streamed, and only their front is read.
pub const OPENED_MAX: usize = 16 * 1024;
