//! Orders from the console that only the process can obey.

use super::process::{Ending, Process};
use crate::admin::house::{HouseSeen, Reloaded, Set, Shutdown, Unset};
use crate::admin::{Order, SettingSeen};
use crate::config::change::{CannotChange, Changed, Listed};
use tokio::sync::mpsc::Receiver;

impl Process {
    /// Obeys an order; says how serving ends, if it does.
    pub(super) fn obey(&self, order: Order) -> Option<Ending> {
        match order {
            Order::See(tell) => drop(tell.send(self.seen())),
            Order::Reload(tell) => {
                let reloaded = self.reload().map(|change| Reloaded {
                    changed: change.changed,
                    restart_needed: change.restart_needed,
                });
                let _ = tell.send(reloaded);
            }
            Order::Set(key, value, tell) => drop(tell.send(self.set(&key, &value))),
            Order::Shutdown(how) => {
                return Some(match how {
                    Shutdown::Now => Ending::Now("SHUTDOWN"),
                    Shutdown::WaitForServers => Ending::Drain("SHUTDOWN WAIT_FOR_SERVERS"),
                    Shutdown::WaitForClients => Ending::Clients,
                });
            }
        }
        None
    }

    fn seen(&self) -> HouseSeen {
        let mut users: Vec<_> = self.clients.policy.load().users.known.keys().cloned().collect();
        users.sort_unstable();
        let setting = |listed: Listed| {
            let Listed { key, value, default, changeable } = listed;
            SettingSeen { key, value, default, changeable }
        };
        // What needs a restart is as it was at the start, whatever has been reloaded.
        let loaded = self.loaded.borrow();
        let listed = self.started.listed().into_iter().zip(loaded.settings.listed());
        let runs = listed.map(|(old, new)| if new.changeable { new } else { old });
        HouseSeen { settings: runs.map(setting).collect(), users }
    }

    /// Changes one setting. One of a pair that is refused alone waits for the other.
    fn set(&self, key: &str, value: &str) -> Result<Set, Unset> {
        let (why, other) = match (self.change(None, (key, value)), other_of_pair(key)) {
            (Err(Unset::Refused(why)), Some(other)) => (why, other),
            (changed, _) => return changed,
        };
        let half = self.half_a_pair.replace(Some((key.to_owned(), value.to_owned())));
        match half.as_ref().filter(|(half, _)| other_of_pair(half) == own_name(key)) {
            Some((half, its_value)) => self.change(Some((half, its_value)), (key, value)),
            None => Ok(Set::Waits { other, why }),
        }
    }

    fn change(&self, beside: Option<(&str, &str)>, one: (&str, &str)) -> Result<Set, Unset> {
        let changed = self.loaded.borrow().with_pair(beside, one);
        let Changed { loaded, old, new } = changed.map_err(|why| match why {
            CannotChange::NoSuchKey(near) => Unset::NoSuchSetting(near),
            CannotChange::NeedsRestart => Unset::NeedsRestart,
            CannotChange::Mistakes(mistakes) => Unset::Refused(mistakes.to_string()),
        })?;
        self.apply(loaded).map_err(Unset::Refused)?;
        tracing::info!(key = one.0, value = new, old, "setting changed on the console");
        Ok(Set::Changed { old, new })
    }
}

/// Settings that are right only with each other.
const PAIRS: [[&str; 2]; 2] = [
    ["client_tls_cert_file", "client_tls_key_file"],
    ["server_tls_cert_file", "server_tls_key_file"],
];

/// The setting that goes with this one.
fn other_of_pair(key: &str) -> Option<&'static str> {
    let own = own_name(key)?;
    PAIRS.iter().find_map(|[one, other]| match own {
        own if own == *one => Some(*other),
        own if own == *other => Some(*one),
        _ => None,
    })
}

/// The name of a setting that is one of a pair.
fn own_name(key: &str) -> Option<&'static str> {
    let key = key.strip_prefix("pooler.").unwrap_or(key);
    PAIRS.iter().flatten().copied().find(|own| *own == key)
}

/// The next order from the console; none comes when its sender is gone.
pub(super) async fn next(orders: &mut Option<Receiver<Order>>) -> Order {
    if let Some(orders) = orders
        && let Some(order) = orders.recv().await
    {
        return order;
    }
    std::future::pending().await
}
