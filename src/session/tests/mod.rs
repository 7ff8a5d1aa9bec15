//! Scripts and properties of whole sessions.

mod copies;
mod counts;
mod deallocated;
mod faults;
mod model;
mod parameters;
mod postgres;
mod prepared;
mod properties;
mod queries;
mod refusals;
mod shared;
mod traces;
