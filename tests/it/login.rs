//! Logging in to pgweir: methods, secrets, sockets and encryption.

mod certificate;
mod crowd;
mod files;
mod methods;
mod passwords;
mod tls;

use crate::support::{Database, Fields, Pgweir, Wire};

/// Logs in to its own database as this user.
fn log_in(
    pgweir: &Pgweir,
    database: &Database,
    user: &str,
    password: &str,
) -> Result<Wire, Fields> {
    let mut wire = Wire::connect(pgweir.port());
    let asked = [("user", user), ("database", database.name.as_str())];
    wire.try_log_in(user, password, &asked).map(|()| wire)
}
