//! A ring as other threads know it: its bell and its letters.

use super::connection::Heir;
use super::operation::Key;
use super::receiving::End;
use parking_lot::Mutex;
use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Wake;

/// What one thread asks of another one's ring. Bounded: at most two for each connection.
#[derive(Debug)]
pub(super) enum Letter {
    /// Nobody will use this parked connection again.
    Close(Key),
    /// This parked connection goes to another ring.
    LetGo(Key, Heir),
    /// What the ring before heard of this connection and passes on.
    Inherit(Key, Vec<u8>, Option<End>),
}

const AWAKE: u8 = 0;
const ASLEEP: u8 = 1;
const WOKEN: u8 = 2;

/// Wakes a ring, from any thread. It is the waker of everything that runs on the ring's thread.
#[derive(Debug)]
pub(super) struct Remote {
    bell: OwnedFd,
    state: AtomicU8,
    /// Nothing once the ring has gone.
    letters: Mutex<Option<Vec<Letter>>>,
}

impl Remote {
    pub(super) fn new() -> io::Result<Arc<Remote>> {
        // Reads of it through the ring wait, so it must block; see `Ring::register`.
        let bell = eventfd(0, EventfdFlags::CLOEXEC)?;
        let letters = Mutex::new(Some(Vec::new()));
        Ok(Arc::new(Remote { bell, state: AtomicU8::new(AWAKE), letters }))
    }

    pub(super) fn bell(&self) -> RawFd {
        self.bell.as_raw_fd()
    }

    /// The ring is about to sleep; `false` if it has been woken since it last looked.
    pub(super) fn falls_asleep(&self) -> bool {
        let fell = self.state.compare_exchange(AWAKE, ASLEEP, Ordering::AcqRel, Ordering::Acquire);
        fell.is_ok()
    }

    /// The ring looks at everything now: whoever wakes it from here on is heard later.
    pub(super) fn wakes_up(&self) {
        self.state.swap(AWAKE, Ordering::AcqRel);
    }

    /// Wakes the ring; a system call only where it sleeps.
    pub(super) fn ring(&self) {
        if self.state.swap(WOKEN, Ordering::AcqRel) == ASLEEP {
            let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
        }
    }

    /// Sends a letter; gives it back where nobody is there to read it.
    pub(super) fn send(&self, letter: Letter) -> Result<(), Letter> {
        match &mut *self.letters.lock() {
            Some(letters) => letters.push(letter),
            None => return Err(letter),
        }
        self.ring();
        Ok(())
    }

    /// The letters that have come.
    pub(super) fn open_letters(&self) -> Vec<Letter> {
        self.letters.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The last letters: no more will be taken.
    pub(super) fn close(&self) -> Vec<Letter> {
        self.letters.lock().take().unwrap_or_default()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.letters.lock().is_none()
    }
}

impl Wake for Remote {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_that_comes_before_sleep_is_not_slept_through() {
        let remote = Remote::new().unwrap();
        remote.wakes_up();
        remote.ring();
        assert!(!remote.falls_asleep());
        remote.wakes_up();
        assert!(remote.falls_asleep());
    }

    #[test]
    fn the_bell_rings_only_for_one_who_sleeps() {
        let remote = Remote::new().unwrap();
        let has_rung = || {
            let mut bell = [rustix::event::PollFd::new(&remote.bell, rustix::event::PollFlags::IN)];
            rustix::event::poll(&mut bell, Some(&rustix::event::Timespec::default())).unwrap() == 1
        };
        remote.ring();
        assert!(!has_rung());
        remote.wakes_up();
        assert!(remote.falls_asleep());
        remote.ring();
        assert!(has_rung());
    }

    #[test]
    fn letters_to_a_ring_that_has_gone_come_back() {
        let remote = Remote::new().unwrap();
        assert!(remote.send(Letter::Close(Key(1))).is_ok());
        assert_eq!(remote.close().len(), 1);
        assert!(remote.send(Letter::Close(Key(2))).is_err() && remote.is_closed());
    }
}
