//! The signals that the process hears, with PgBouncer's meaning (its manual, "SIGNALS"); but SIGTERM
//! drains, as SIGINT does.

use super::process::{Ending, Process};
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// All signals that are heard.
pub(super) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    user1: Signal,
    user2: Signal,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// SIGHUP: as RELOAD.
    Reload,
    /// SIGUSR1: as PAUSE.
    Pause,
    /// SIGUSR2: as RESUME.
    Resume,
    /// SIGTERM, SIGINT: as SHUTDOWN `WAIT_FOR_SERVERS`. Its name.
    Drain(&'static str),
    /// SIGQUIT: as SHUTDOWN.
    End,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Signals> {
        Ok(Signals {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
        })
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Heard {
        tokio::select! {
            _ = self.hangup.recv() => Heard::Reload,
            _ = self.terminate.recv() => Heard::Drain("SIGTERM"),
            _ = self.interrupt.recv() => Heard::Drain("SIGINT"),
            _ = self.quit.recv() => Heard::End,
            _ = self.user1.recv() => Heard::Pause,
            _ = self.user2.recv() => Heard::Resume,
        }
    }

    /// Ready when the process is asked to end, while it drains already; says by whom. What else can
    /// still be asked for is done by `process`.
    pub(super) async fn ending(&mut self, process: &Process) -> &'static str {
        loop {
            match self.next().await {
                Heard::Drain(by) => return by,
                Heard::End => return "SIGQUIT",
                // Clients that wait behind a PAUSE can go on to their ends.
                Heard::Resume => process.resume(),
                Heard::Reload | Heard::Pause => {}
            }
        }
    }
}

impl Process {
    /// Does what a signal asks for; says how serving ends, if it does.
    pub(super) fn heed(&self, heard: Heard) -> Option<Ending> {
        match heard {
            Heard::Reload => drop(self.reload()),
            Heard::Pause => self.pause(),
            Heard::Resume => self.resume(),
            Heard::Drain(by) => return Some(Ending::Drain(by)),
            Heard::End => return Some(Ending::Now("SIGQUIT")),
        }
        None
    }

    /// Nobody waits for the answer: SHOW DATABASES has it.
    fn pause(&self) {
        match self.pooler().pause(None) {
            Ok(()) => tracing::info!("paused (SIGUSR1): SIGUSR2 or RESUME ends it"),
            Err(why) => tracing::warn!(%why, "cannot pause (SIGUSR1)"),
        }
    }

    fn resume(&self) {
        match self.pooler().resume(None) {
            Ok(()) => tracing::info!("resumed (SIGUSR2)"),
            Err(why) => tracing::warn!(%why, "cannot resume (SIGUSR2)"),
        }
    }
}
