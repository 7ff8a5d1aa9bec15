//! pgweir between clients and a real PostgreSQL: what they see of each other, and what they must not.

mod asking;
mod cancel;
mod catalog;
mod consistency;
mod counting;
mod defects;
mod freshness;
mod leaving;
mod limits;
mod modes;
mod parameters;
mod prepared;
mod queries;
mod refusals;
mod reload;
mod routing;
mod scripts;
mod servers;
mod shutdown;
mod statements;
mod tokens;
mod transactions;

use crate::support::{Database, Pgweir};

/// In front of the primary alone, with one server: what one client leaves behind, the next one finds.
fn one_server(database: &Database) -> Pgweir {
    with_settings(database, "default_pool_size = 1")
}

/// In front of the primary alone, with these lines in `[pooler]`.
fn with_settings(database: &Database, settings: &str) -> Pgweir {
    Pgweir::start(&config(database, settings))
}

fn config(database: &Database, settings: &str) -> String {
    format!("[pooler]\n{settings}\n\n{}", database.primary_config())
}
