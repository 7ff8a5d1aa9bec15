//! How a login ends.

#[cfg(test)]
mod tests;

use std::time::Instant;

use crate::ids::{ServerId, WorkerId};
use crate::pool::answers::{Open, Released, Waiter};
use crate::pool::core::Core;
use crate::pool::jitter::Jitter;
use crate::pool::state::ServerState;

impl Core {
    /// This worker's login has succeeded: the server goes to a waiter, or becomes idle. After a
    /// time of failures, this may start all logins that were held back.
    pub fn logged_in(
        &mut self,
        login: ServerId,
        worker: WorkerId,
        now: Instant,
        jitter: Jitter,
    ) -> Released {
        if !self.expect(login, ServerState::Login) {
            return self.forget(login, now);
        }
        self.failing = false;
        self.servers.enter(login, ServerState::Login, worker);
        self.servers.begin_life(login, (now, jitter), &self.limits);
        let mut released = self.place(login, now);
        released.opens.extend(self.open_all(now));
        self.plan(now);
        released
    }

    /// This login has failed, and its place is free. The last of several that fail is followed by a
    /// new one, as long as there is need for it: its caller starts it when the host's
    /// [`Backoff`](crate::pool::Backoff) says so, and only if it is
    /// [`still_wanted`](Self::still_wanted) by then. So a host that is away is asked by one login
    /// at a time, and a waiter is never without one.
    pub fn login_failed(&mut self, login: ServerId, now: Instant) -> Option<Open> {
        if self.expect(login, ServerState::Login) {
            self.failing = true;
        }
        self.closed(login, now)
    }

    /// This login has met a definitive no (no such database, a wrong password), and its place is
    /// free. Whoever waits gets the host's error, because nobody else could serve them: the pool has
    /// no server. Where it has one, this is nothing but [`login_failed`](Self::login_failed).
    #[must_use = "these wait until they are told"]
    pub fn login_refused(&mut self, login: ServerId, now: Instant) -> (Vec<Waiter>, Option<Open>) {
        if self.has_servers() {
            return (Vec::new(), self.login_failed(login, now));
        }
        let told = self.waiters.drain();
        (told, self.login_failed(login, now))
    }
}
