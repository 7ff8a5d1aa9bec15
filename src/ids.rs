//! The names by which the floors refer to each other's things: small numbers that cannot be mixed up.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A worker thread, counted from 0.
    WorkerId(u16)
}
id! {
    /// A client connection. Never used twice in the life of the process.
    ClientId(u64)
}
id! {
    /// A server connection, from the moment a login is started for it. Never used twice.
    ServerId(u64)
}
id! {
    /// A client's place in a pool's queue. Never used twice.
    WaiterId(u64)
}
id! {
    /// A statement shared by all clients that prepared the same text with the same parameter types.
    StatementId(u64)
}
