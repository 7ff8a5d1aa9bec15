//! What a setting may hold: one [`Kind`] per sort of value, which reads, shows and describes it.
//!
//! | file | kinds |
//! |---|---|
//! | `raw` | `Raw`, a value before its meaning: from the file, or loose text from the environment |
//! | `number` | `Whole` numbers, `Share`, `Flag` |
//! | `time` | `Time`, and `Limit`, where 0 means none |
//! | `choice` | `OneOf` a few words, and the macro that makes such a type |
//! | `text` | `Text`, `Names`, `FilePath`, `FileMode` |
//! | `listen`, `endpoint` | `ListenHosts`; `Endpoint`, an address with its port |
//! | `server` | `OneServer`, `ServerList`: addresses and URLs of hosts |
//! | `secret` | `Secret`, and the two ways to keep it out of the file; `Nonce`, a long one |
//! | `collector` | `Collector`, the URL of one, and `Headers` |
//! | `require_auth` | `Methods` of authentication |
//! | `maybe` | `Maybe`, for keys that may be left out, and `NotYet`, for keys that must be |

pub(crate) mod choice;
pub(crate) mod collector;
pub(crate) mod endpoint;
pub(crate) mod listen;
pub(crate) mod maybe;
pub(crate) mod number;
pub(crate) mod raw;
pub(crate) mod require_auth;
pub(crate) mod secret;
pub(crate) mod server;
pub(crate) mod text;
pub(crate) mod time;

use super::source::outside::Outside;
use raw::Raw;

/// Reads, shows and describes the values of one setting.
pub(crate) trait Kind {
    /// What the program uses.
    type Value;

    /// What was written, as the program uses it, or half a sentence on what is wrong with it.
    fn read(&self, raw: &Raw, outside: &Outside<'_>) -> Result<Self::Value, String>;

    /// The value as it would be written in pooler.toml.
    fn show(&self, value: &Self::Value) -> String;

    /// What may be written, for messages and the manual.
    fn allowed(&self) -> String;
}
