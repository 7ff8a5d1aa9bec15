//! Who gets which server and when: the rules of one pool; pure, in virtual time.

pub mod backoff;
pub mod jitter;
pub mod limits;

pub use self::backoff::Backoff;
pub use self::jitter::Jitter;
pub use self::limits::{Limits, LimitsError};
