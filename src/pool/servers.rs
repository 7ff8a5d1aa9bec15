//! All servers of a pool, and how many are in each state.

use std::collections::HashMap;
use std::time::Instant;

use foldhash::fast::FixedState;

use crate::ids::{ServerId, WorkerId};
use crate::pool::jitter::Jitter;
use crate::pool::limits::Limits;
use crate::pool::state::ServerState;

/// A server earlier than its `server_lifetime` by at most this share of it, so that servers opened
/// together are not closed together: with the defaults, a pool of 20 loses one in 36 seconds.
const LIFETIME_SPREAD: u32 = 5;

/// What the pool knows of a server.
#[derive(Debug)]
pub(super) struct Server {
    state: ServerState,
    /// The worker that has it; of a login, which no worker has yet, worker 0.
    pub(super) home: WorkerId,
    /// How often the pool had been reconnected when its login began.
    pub(super) generation: u64,
    /// Cancel requests on their way to it.
    pub(super) cancels: u32,
    /// The end of its lifetime; none for ever, and during its login.
    pub(super) expires: Option<Instant>,
    /// When its login ended, and the number that shortens its lifetime.
    born: Option<(Instant, Jitter)>,
}

/// The servers of a pool. Only its methods change a state, and they keep the tally of states.
///
/// The keys are counted by the process itself, so hashing needs no defence against chosen keys.
#[derive(Debug, Default)]
pub(super) struct Servers {
    all: HashMap<ServerId, Server, FixedState>,
    tally: [usize; 4],
}

impl Server {
    /// Where it stands.
    pub(super) fn state(&self) -> ServerState {
        self.state
    }

    /// Whether its lifetime is over.
    pub(super) fn has_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    fn expire_by(&mut self, limits: &Limits) {
        self.expires =
            self.born.zip(limits.server_lifetime()).and_then(|((born, jitter), life)| {
                born.checked_add(life - jitter.within(life / LIFETIME_SPREAD))
            });
    }
}

impl Servers {
    /// Servers in any state.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Servers in this state.
    pub(super) fn count(&self, state: ServerState) -> usize {
        self.tally[state as usize]
    }

    /// Servers that have logged in.
    pub(super) fn established(&self) -> usize {
        self.len() - self.count(ServerState::Login)
    }

    /// Every server.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Server> {
        self.all.values()
    }

    /// Every server with its number.
    pub(super) fn entries(&self) -> impl Iterator<Item = (ServerId, &Server)> {
        self.all.iter().map(|(id, server)| (*id, server))
    }

    /// The server, if the pool counts it.
    pub(super) fn find(&self, id: ServerId) -> Option<&Server> {
        self.all.get(&id)
    }

    /// The server, to change what is not its state.
    pub(super) fn find_mut(&mut self, id: ServerId) -> Option<&mut Server> {
        self.all.get_mut(&id)
    }

    /// A login begins.
    pub(super) fn insert_login(&mut self, id: ServerId, generation: u64) {
        let (state, home) = (ServerState::Login, WorkerId(0));
        let server = Server { state, home, generation, cancels: 0, expires: None, born: None };
        self.all.insert(id, server);
        self.tally[state as usize] += 1;
    }

    /// A login has succeeded: from here the server's life is counted.
    pub(super) fn begin_life(
        &mut self,
        id: ServerId,
        (now, jitter): (Instant, Jitter),
        limits: &Limits,
    ) {
        if let Some(server) = self.all.get_mut(&id) {
            server.born = Some((now, jitter));
            server.expire_by(limits);
        }
    }

    /// Every server's life is as long as these limits say.
    pub(super) fn expire_by(&mut self, limits: &Limits) {
        self.all.values_mut().for_each(|server| server.expire_by(limits));
    }

    /// The server goes over to this state, at this worker.
    pub(super) fn enter(&mut self, id: ServerId, state: ServerState, home: WorkerId) {
        let Some(server) = self.all.get_mut(&id) else { return };
        self.tally[server.state as usize] -= 1;
        self.tally[state as usize] += 1;
        server.state = state;
        server.home = home;
    }

    /// The pool counts this server no longer.
    pub(super) fn remove(&mut self, id: ServerId) -> Option<Server> {
        let server = self.all.remove(&id)?;
        self.tally[server.state as usize] -= 1;
        Some(server)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_tally_follows_every_change() {
        let mut servers = Servers::default();
        servers.insert_login(ServerId(1), 0);
        servers.insert_login(ServerId(2), 0);
        servers.enter(ServerId(1), ServerState::Idle, WorkerId(3));
        assert_eq!((servers.len(), servers.established()), (2, 1));
        assert_eq!(servers.find(ServerId(1)).unwrap().home, WorkerId(3));
        servers.remove(ServerId(1));
        assert!(servers.remove(ServerId(1)).is_none());
        servers.enter(ServerId(1), ServerState::Active, WorkerId(0));
        assert_eq!((servers.count(ServerState::Login), servers.len()), (1, 1));
        assert_eq!(servers.count(ServerState::Idle), 0);
    }

    #[test]
    fn lives_end_up_to_a_fifth_early_and_never_late() {
        let hour = Duration::from_secs(3600);
        let limits = Limits::new(20, 0).unwrap().with_server_lifetime(hour);
        let born = Instant::now();
        let end = |jitter| {
            let mut servers = Servers::default();
            servers.insert_login(ServerId(1), 0);
            servers.begin_life(ServerId(1), (born, Jitter(jitter)), &limits);
            servers.find(ServerId(1)).unwrap().expires.unwrap() - born
        };
        assert_eq!(end(0), hour);
        assert_eq!(end(1 << 31), hour - hour / 10);
        assert!(end(u32::MAX) >= hour - hour / 5);
    }
}
