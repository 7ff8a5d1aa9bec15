//! Orders from the console that only the process can obey.

use super::process::{Ending, Process};
use crate::admin::house::{HouseSeen, Reloaded, Shutdown, Unset};
use crate::admin::{Order, SettingSeen};
use crate::config::change::{CannotChange, Listed};
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
        let settings = self.loaded.borrow().settings.listed().into_iter().map(setting).collect();
        HouseSeen { settings, users }
    }

    /// Changes one setting; says what it was.
    fn set(&self, key: &str, value: &str) -> Result<String, Unset> {
        let changed = self.loaded.borrow().with(key, value);
        let (loaded, old) = changed.map_err(|why| match why {
            CannotChange::NoSuchKey(near) => Unset::NoSuchSetting(near),
            CannotChange::NeedsRestart => Unset::NeedsRestart,
            CannotChange::Mistakes(mistakes) => Unset::Refused(mistakes.to_string()),
        })?;
        self.apply(loaded).map_err(Unset::Refused)?;
        tracing::info!(key, value, old, "setting changed on the console");
        Ok(old)
    }
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
