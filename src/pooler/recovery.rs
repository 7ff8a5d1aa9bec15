//! What hosts call themselves: standbys, or hosts that take writes.

use super::pool::Pool;
use super::registry::Listed;
use crate::net::Address;
use crate::routing::freshness::HostIndex;
use std::collections::HashMap;

/// Whether each host is in recovery, as far as that is known.
///
/// The newest answer to a sampler counts. Where there is none, it is what the host has said at its
/// logins: there, of several, one that has seen it take writes is right. A standby that is promoted
/// keeps its connections, and a primary that becomes a standby loses them.
#[derive(Debug, Default)]
pub struct Recovery {
    answered: HashMap<Address, bool>,
    logged_in: HashMap<Address, bool>,
}

impl Recovery {
    /// What all these pools know.
    pub fn of(listed: &[Listed]) -> Recovery {
        let mut known = Recovery::default();
        for Listed { pools, .. } in listed {
            for (place, pool) in pools.iter().enumerate() {
                let host = place.checked_sub(1).map_or(HostIndex::Primary, HostIndex::Replica);
                let answered = pools.watch.as_ref().and_then(|watch| watch.in_recovery(host));
                hear(&mut known.answered, pool, answered);
                hear(&mut known.logged_in, pool, said_at_login(pool));
            }
        }
        known
    }

    /// Whether the host is a standby; none if it has not said.
    pub fn is_standby(&self, host: &Address) -> Option<bool> {
        self.answered.get(host).or_else(|| self.logged_in.get(host)).copied()
    }
}

fn hear(known: &mut HashMap<Address, bool>, pool: &Pool, said: Option<bool>) {
    if let Some(in_recovery) = said {
        let known = known.entry(pool.host.address.clone()).or_insert(in_recovery);
        *known &= in_recovery;
    }
}

/// `in_hot_standby`, as it was reported at the newest login (PostgreSQL manual, "Asynchronous
/// Operations"), while servers of that pool are open.
fn said_at_login(pool: &Pool) -> Option<bool> {
    let counts = pool.counts();
    if counts.sv_active + counts.sv_idle + counts.sv_being_canceled == 0 {
        return None;
    }
    let welcome = pool.welcome()?;
    let said = welcome.parameters.iter().find(|(name, _)| &**name == b"in_hot_standby");
    said.map(|(_, value)| &**value == b"on")
}
