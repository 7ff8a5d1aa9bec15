//! What the process says of itself.

use crate::config::{ReadyRequires, Settings};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::SystemTime;

/// Where the process is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Clients cannot connect yet.
    Starting,
    /// They can.
    Serving,
    /// They no longer can; those that are there end at their boundaries.
    Draining,
}

/// A file of certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The setting that names it.
    pub setting: &'static str,
    /// When the first of its certificates ends, in seconds since 1970.
    pub expires: i64,
}

/// What came of the last reload, the start included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reload {
    /// Whether it was applied.
    pub applied: bool,
    /// When.
    pub at: SystemTime,
}

/// Written by the process, read by whoever asks.
#[derive(Debug)]
pub struct Status {
    phase: AtomicU8,
    started: SystemTime,
    reload: Mutex<Reload>,
    applied: ArcSwap<Applied>,
}

/// What the configuration that holds now says.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) certificates: Vec<Certificate>,
    pub(super) requires: ReadyRequires,
}

impl Applied {
    fn new(settings: &Settings, certificates: Vec<Certificate>) -> Self {
        Applied { certificates, requires: settings.metrics.ready_requires }
    }
}

impl Status {
    /// Of a process that starts with these settings.
    pub fn new(settings: &Settings, certificates: Vec<Certificate>) -> Self {
        let now = SystemTime::now();
        Status {
            phase: AtomicU8::new(Phase::Starting as u8),
            started: now,
            reload: Mutex::new(Reload { applied: true, at: now }),
            applied: ArcSwap::from_pointee(Applied::new(settings, certificates)),
        }
    }

    /// The next phase has begun.
    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// These settings hold from now on.
    pub fn reloaded(&self, settings: &Settings, certificates: Vec<Certificate>) {
        self.applied.store(Applied::new(settings, certificates).into());
        *self.reload.lock() = Reload { applied: true, at: SystemTime::now() };
    }

    /// A reload has changed nothing.
    pub fn reload_refused(&self) {
        *self.reload.lock() = Reload { applied: false, at: SystemTime::now() };
    }

    /// Where the process is.
    pub fn phase(&self) -> Phase {
        let phases = [Phase::Starting, Phase::Serving, Phase::Draining];
        let now = self.phase.load(Ordering::Relaxed);
        phases.into_iter().find(|phase| *phase as u8 == now).unwrap_or(Phase::Draining)
    }

    /// When it has started.
    pub fn started(&self) -> SystemTime {
        self.started
    }

    /// What came of the last reload.
    pub fn reload(&self) -> Reload {
        *self.reload.lock()
    }

    pub(super) fn applied(&self) -> arc_swap::Guard<std::sync::Arc<Applied>> {
        self.applied.load()
    }
}
