//! All of it together, in virtual time.

mod simulation;
