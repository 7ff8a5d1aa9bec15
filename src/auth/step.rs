//! What to do next in an exchange or a login: send, compute elsewhere, or stop.

use std::fmt;

use bytes::Bytes;

use super::Failure;

/// The next thing to do. `S` awaits the peer's next message, `D` is what success proves.
#[derive(Debug)]
#[must_use]
pub enum Step<S, D> {
    /// Send these whole messages (none, if empty), then hand the peer's next one to the state.
    Send(Bytes, S),
    /// Run this where milliseconds of CPU hold nobody up; it returns the next step.
    Derive(Derivation<S, D>),
    /// Success. There is nothing more to ask.
    Done(D),
    /// The end of the connection; [`Failure`] says what may be told to whom.
    Failed(Failure),
}

/// A PBKDF2 run that the next step waits for: about 1 to 3 ms at PostgreSQL's default of 4096
/// iterations, and up to a second at [`Iterations::MAX`](super::scram::Iterations::MAX).
///
/// It is `Send` and `'static`, so that it fits `spawn_blocking`. The caller limits how many run at
/// once: peers that have not proven anything yet can ask for them. Most logins meet none, because
/// results are remembered by [`Password`](super::Password).
#[must_use]
pub struct Derivation<S, D>(Box<dyn FnOnce() -> Step<S, D> + Send>);

impl<S, D> Step<S, D> {
    pub(super) fn derive(work: impl FnOnce() -> Self + Send + 'static) -> Self {
        Self::Derive(Derivation(Box::new(work)))
    }
}

impl<S, D> Derivation<S, D> {
    /// Spends the time, on the thread that calls.
    pub fn run(self) -> Step<S, D> {
        (self.0)()
    }
}

impl<S, D> fmt::Debug for Derivation<S, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Derivation(..)")
    }
}
