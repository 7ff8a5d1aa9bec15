//! Scripts and properties of whole sessions.

mod copies;
mod faults;
mod parameters;
mod prepared;
mod queries;
mod refusals;
