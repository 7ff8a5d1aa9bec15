//! A database that a statement needs without other sessions: ours are closed before it runs.

use super::own::Leave;
use super::registry::Pooler;
use crate::net::Address;
use crate::pool::Core;

impl Pooler {
    /// Closes idle servers, and connections of our own, in the database of this name on this host. They
    /// take leave of PostgreSQL, which waits up to 5 s for sessions to end (`CountOtherDBBackends` in
    /// procarray.c); those that clients have stay.
    pub fn leave_alone(&self, primary: &Address, dbname: &str) {
        for pool in self.all_pools() {
            if pool.host.address == *primary && pool.target().database == dbname {
                if pool.has_idle() {
                    tracing::info!(%pool, "closing idle servers: a statement needs the database alone");
                }
                let _ = pool.order(Core::leave_alone);
            }
        }
        for host in self.all_hosts().iter().filter(|host| host.address == *primary) {
            host.owns.tell(Leave::MakeRoom, |own| own.dbname == dbname);
        }
    }
}
