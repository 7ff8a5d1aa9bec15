//! Where settings come from, and the one form that all of it takes: `written`.
//!
//! | file | reads |
//! |---|---|
//! | `document` | pooler.toml: every key with its line, unknown ones refused |
//! | `environment` | the environment, and the variables that override a key |
//! | `arguments` | the URLs and the address of the command line |
//! | `written` | what all of them write into: tables of keys, each with its place |
//! | `outside` | what else settings refer to: variables and files |

pub(crate) mod arguments;
pub(crate) mod document;
pub mod environment;
pub mod outside;
pub(crate) mod written;
