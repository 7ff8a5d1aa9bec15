//! Bytes to messages of the PostgreSQL protocol and back, without I/O.
//!
//! * [`frame`] finds where a message begins and ends, by its five-byte header alone.
//! * [`frontend`] and [`backend`] name the messages by direction and open the few that a rule reads.
//! * [`startup`] reads what comes before the first ordinary message.
//! * [`error_response`] and [`sqlstate`] are how an error is said, [`error_class`] of which kind it is.
//! * [`reader`] and [`writer`] are the cursors below all of these.
//!
//! Source: PostgreSQL manual, chapter "Frontend/Backend Protocol".

pub mod backend;
pub mod error_class;
pub mod error_response;
pub mod frame;
pub mod frontend;
pub mod reader;
pub mod sqlstate;
pub mod startup;
pub mod writer;
