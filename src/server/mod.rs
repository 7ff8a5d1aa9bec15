//! One connection to PostgreSQL: connecting, logging in, cancelling.
//!
//! * [`target`]: where a connection leads, and as whom.
//! * [`opening`] and [`login`]: from nothing to a server that is ready.
//! * [`connection`]: a server that is ready, in use or idle.
//! * [`cancel`]: the second connection that stops what the first one runs.
//! * [`asking`]: a question of ours, and its rows; [`own`]: a connection for such questions only.
//! * [`rescue`]: bringing a server back that its client has left in the middle of something.

pub mod asking;
pub mod cancel;
pub mod connection;
pub mod error;
pub mod login;
pub mod opening;
pub mod own;
pub mod rescue;
pub mod target;

pub use asking::{AskError, Row, ask};
pub use cancel::CancelTarget;
pub use connection::{Idle, Server};
pub use error::{Culprit, OpenError};
pub use login::Welcome;
pub use own::open_to_ask;
pub use target::Target;
