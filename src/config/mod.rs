//! pooler.toml, the environment and URLs become settings; every mistake is reported at once.
//!
//! The way of a value, and the file to open for each step:
//!
//! 1. [`section`] defines every setting once: key, type, default, manual. [`setting`] has the macro
//!    that makes struct, parser and documentation of it.
//! 2. [`source`] collects what the user wrote, each value with its place, and refuses keys that
//!    are not defined.
//! 3. `kind` reads a value; [`mod@unit`], [`address`], [`url`] and [`secret`] are what values are
//!    made of.
//! 4. `resolve` gives everything its type and its default: [`settings`] is what the program uses.
//! 5. `rules` checks what must hold between settings.
//! 6. [`mistake`] tells what is wrong, all of it, in file order.
//!
//! [`change`] changes one setting of a running process, and lists all of them.
//!
//! [`load`] does all of it; [`check`] is `pgweir check`; [`reload`] compares two settings;
//! [`mod@reference`] writes docs/configuration.md and the example pooler.toml.

pub mod address;
pub mod change;
pub mod check;
pub(crate) mod kind;
pub mod load;
pub mod mistake;
pub(crate) mod nearest;
pub mod reference;
pub mod reload;
mod resolve;
mod rules;
pub mod secret;
pub mod section;
pub mod setting;
pub mod settings;
pub mod source;
pub mod unit;
pub mod url;

pub use address::HostAddress;
pub use kind::collector::CollectorUrl;
pub use kind::endpoint::ListenEndpoint;
pub use kind::listen::ListenHost;
pub use load::Loaded;
pub use mistake::Mistakes;
pub use secret::SecretText;
pub use section::database::PoolSettings;
pub use section::listen::Listen;
pub use section::login::{AuthType, Login};
pub use section::metrics::{Metrics, ReadyRequires};
pub use section::pools::{PoolMode, Pools};
pub use section::process::{LogFormat, LogLevel, Process, Workers};
pub use section::routing::{NoReplica, ReadYourWrites, Routing, Transactions};
pub use section::timeouts::Timeouts;
pub use section::tls::{SslMode, Tls};
pub use section::tracing::{IncludeStatement, Tracing};
pub use section::user::User;
pub use settings::{ANY_DATABASE, Database, Pooler, Settings};
pub use source::environment::Environment;
pub use source::outside::{Disk, Files, NoFiles, Outside};

#[cfg(test)]
mod tests;
