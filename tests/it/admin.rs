//! The console: who gets in, what is seen, what is steered, and what drivers make of it.

mod drivers;
mod entry;
mod limits;
mod looking;
mod pgbouncer;
mod rights;
mod steering;

use crate::support::{Database, Pgweir, Wire};

/// In front of the primary alone, with an administrator, `admin`, somebody who may look, `watcher`,
/// and these lines in `[pooler]`.
fn start(database: &Database, settings: &str) -> Pgweir {
    Pgweir::start(&config(database, settings))
}

fn config(database: &Database, settings: &str) -> String {
    format!(
        "[pooler]\nadmin_users = [\"admin\"]\nstats_users = [\"watcher\"]\n{settings}\n\n{}\n\
         [users.admin]\npassword = \"admin\"\n[users.watcher]\npassword = \"watcher\"\n",
        database.primary_config()
    )
}

fn admin(pgweir: &Pgweir) -> Wire {
    pgweir.wire("admin", "admin", "pgweir")
}

fn watcher(pgweir: &Pgweir) -> Wire {
    pgweir.wire("watcher", "watcher", "pgweir")
}

/// The only value of a row that SQL finds on the console.
fn number(console: &mut Wire, sql: &str) -> i64 {
    console.value(sql).parse().unwrap()
}
