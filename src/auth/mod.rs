//! Proving who a client is, and proving to a server who we are; pure exchanges of bytes.
//!
//! | what | where |
//! |---|---|
//! | what is known of a user | [`Secret`], and [`UserList`], the file full of them |
//! | how a client must prove itself | [`Method`], PgBouncer's `auth_type` |
//! | SCRAM-SHA-256, both halves | [`scram`] |
//! | what went wrong, and who may read it | [`Failure`] |
//!
//! Random bytes are arguments. What is secret is wiped when it is dropped, compared in constant
//! time, and never shown by `Debug`.

mod credential;
mod failure;
mod md5;
mod method;
mod password;
mod request;
mod response;
mod salts;
pub mod scram;
mod secret;
mod step;
mod user_list;

pub use credential::Credential;
pub use failure::{Class, Failure};
pub use md5::Md5Hash;
pub use method::{Method, UnknownMethod};
pub use password::Password;
pub use request::Request;
pub use salts::Salts;
pub use secret::{MalformedSecret, Secret};
pub use step::{Derivation, Step};
pub use user_list::{LineError, Problem, UserList};
