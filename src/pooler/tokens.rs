//! Who is asked for tokens, and whether one can be honoured.

use super::pools::Pools;
use super::registry::Pooler;
use super::watch::Watch;
use std::sync::Arc;

impl Pooler {
    /// What knows where the primary of these pools is. A database without replicas has nothing to
    /// watch until a session asks for a token: from then on there is one connection to its primary for
    /// that, on which nothing is asked but for a token.
    pub fn watch_for_tokens(&self, pools: &Pools) -> Arc<Watch> {
        let made = || {
            let watch = self.watch_hosts(&pools.database);
            watch.add_logins(pools.iter().cloned().collect());
            self.watch_alarm().notify_one();
            watch
        };
        let watch = pools.watch.as_ref();
        watch.unwrap_or_else(|| pools.tokens.get_or_init(made)).clone()
    }
}
