//! What goes wrong in other routers, and not here.
//!
//! Each test is named for a defect in words, and says which peer has it. What is said of a peer was read in its
//! source, its documentation or its issues, of the version that was current when the test was written.
//! Where a statement ran is known from the hosts' logs ([`Trace`](crate::support::Trace)).

mod again;
mod catalog;
mod commits;
mod cut_off;
mod hosts;
mod linked;
mod own_writes;
mod pipelines;
mod promotion;
mod read_only;
mod reads;
mod state;
mod transactions;
mod writes;

use super::consistency::stage;
use crate::support::frontend::query;
use crate::support::{Database, Pgweir};

/// Reads go to replicas at once, even after a write: nothing else may keep them on the primary. And they
/// wait for a replica where none is ready yet, so that no test depends on how soon one is.
const SPLIT: &str = "[pooler]\ndefault_pool_size = 1\n\n[routing]\nread_your_writes = \"off\"\n\
    no_replica = \"wait\"\nmax_replica_lag = \"20s\"\n\n";

/// In front of the primary and its replicas, with one server for each: what one client leaves behind, the
/// next one finds.
fn split(database: &Database) -> Pgweir {
    split_at_first(database).with_catalog_of(database)
}

/// The same, before it knows the catalog.
fn split_at_first(database: &Database) -> Pgweir {
    Pgweir::start(&format!("{SPLIT}{}", database.config()))
}

/// Each statement runs without an error, once, and on a host of this role.
fn all_run_on(role: &str, tables: &str, statements: &[&str]) {
    on(role, tables, statements, |code| panic!("it failed with {code}"));
}

/// Each statement is sent to a host of this role, and to no other; that one may refuse it.
fn all_go_to(role: &str, tables: &str, statements: &[&str]) {
    on(role, tables, statements, |_| ());
}

fn on(role: &str, tables: &str, statements: &[&str], failed: impl Fn(String)) {
    let database = Database::with(tables);
    let mut trace = database.trace();
    let pgweir = split(&database);
    let mut wire = pgweir.client(&database);
    for statement in statements {
        println!("{statement}");
        wire.send([query(statement)]);
        let replies = wire.until_ready();
        if let Some(error) = replies.iter().find(|reply| reply.tag == 'E') {
            failed(error.fields().code);
        }
        assert_eq!(trace.roles(statement), [role]);
    }
}
