//! Proving who a client is, and proving to a server who we are; pure exchanges of bytes.
//!
//! | what | where |
//! |---|---|
//! | what is known of a user | [`Secret`], and [`UserList`], the file full of them |
//! | how a client must prove itself | [`Method`], PgBouncer's `auth_type` |
//! | the talk with a client, where we are the server | [`Exchange`] |
//! | the talk with a server, where we are the client | [`Login`], which shows a [`Credential`] |
//! | how a server may ask | [`RequireAuth`], libpq's `require_auth` |
//! | SCRAM-SHA-256, both halves | [`scram`] |
//! | what went wrong, and who may read it | [`Failure`] |
//!
//! Both talks move by [`Step`]: send these bytes and wait, or run this costly [`Derivation`] on
//! another thread, or the end. A client's exchange ends in [`Proven`], and that holds the
//! [`Credential`] with which a server can be logged in to in the client's name: the chain from a
//! client's proof to a server's is one type handed on.
//!
//! ```text
//! client --'p'--> Exchange --Proven.credential--> Login <--'R'-- server
//! ```
//!
//! Random bytes are arguments. What is secret is wiped when it is dropped, compared in constant
//! time, and never shown by `Debug`.

mod credential;
mod exchange;
mod failure;
mod login;
mod md5;
mod method;
mod password;
mod request;
mod require;
mod response;
mod salts;
pub mod scram;
mod secret;
mod step;
mod stored;
mod user_list;

pub use credential::Credential;
pub use exchange::{Exchange, Proven};
pub use failure::{Class, Failure};
pub use login::{Cleartext, LoggedIn, Login};
pub use md5::Md5Hash;
pub use method::{Method, UnknownMethod};
pub use password::Password;
pub use request::Request;
pub use require::{Asked, BadRequireAuth, RequireAuth};
pub use salts::Salts;
pub use secret::{MalformedSecret, Secret};
pub use step::{Derivation, Step};
pub use stored::StoredSecret;
pub use user_list::{LineError, Problem, UserList};

#[cfg(test)]
mod tests;
