//! Log lines on their way to stderr.
//!
//! ```text
//! any thread ── push ──> waiting ── swap ──> the thread that writes ──> stderr
//!                 └ full: lost, and counted
//! ```
//!
//! The crate `tracing-appender` has such a queue too. It counts lines and not bytes, and at the end of the
//! process it complains on stderr, where it waits for ever if nobody reads that.

use parking_lot::{Condvar, Mutex};
use rustix::event::{PollFd, PollFlags, poll};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Bytes of lines that wait: some 5,000 lines, which is a burst that a reader takes in no time.
const ROOM: usize = 1024 * 1024;

/// Bytes for which room is kept while no line waits.
const SPARE: usize = 64 * 1024;

/// Lines that wait to be written.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    emptied: Condvar,
}

#[derive(Debug)]
struct State {
    waiting: Vec<u8>,
    /// Lines for which there was no room, since the start.
    lost: u64,
    /// What was taken last is not written yet.
    is_writing: bool,
}

impl Queue {
    pub(super) const fn new() -> Queue {
        let state = State { waiting: Vec::new(), lost: 0, is_writing: false };
        Queue { state: Mutex::new(state), filled: Condvar::new(), emptied: Condvar::new() }
    }

    fn push(&self, line: &[u8]) {
        let mut state = self.state.lock();
        if state.waiting.len() + line.len() > ROOM {
            state.lost += 1;
            return;
        }
        state.waiting.extend_from_slice(line);
        drop(state);
        self.filled.notify_one();
    }

    /// Writes what comes, for ever. `say_lost` logs how many lines were lost since the start, whenever more
    /// were.
    pub(super) fn write_to(&self, mut out: impl Write + AsFd, say_lost: impl Fn(u64)) {
        let (mut lines, mut said) = (Vec::new(), 0);
        loop {
            let lost = self.take(&mut lines);
            write_all(&mut out, &lines);
            lines.clear();
            lines.shrink_to(SPARE);
            if lost > said {
                said = lost;
                say_lost(lost);
            }
        }
    }

    /// Waits for lines and takes them; says how many were lost.
    fn take(&self, lines: &mut Vec<u8>) -> u64 {
        let mut state = self.state.lock();
        state.is_writing = false;
        while state.waiting.is_empty() {
            self.emptied.notify_all();
            self.filled.wait(&mut state);
        }
        std::mem::swap(&mut state.waiting, lines);
        state.is_writing = true;
        state.lost
    }

    /// Waits until everything is written, at most for so long.
    pub(super) fn flush(&self, limit: Duration) {
        let end = Instant::now() + limit;
        let mut state = self.state.lock();
        while !state.waiting.is_empty() || state.is_writing {
            if self.emptied.wait_until(&mut state, end).timed_out() {
                return;
            }
        }
    }
}

/// The formatter of lines writes each of them at once.
impl Write for &Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes it all, unless that fails: then the rest is lost. Whoever shares the pipe can have made it one
/// that does not wait, so this does.
fn write_all(out: &mut (impl Write + AsFd), mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return,
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let _ = poll(&mut [PollFd::new(out, PollFlags::OUT)], None);
            }
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, pipe};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    /// Its thread waits for ever, so the queue has to last as long.
    fn queue() -> &'static Queue {
        Box::leak(Box::new(Queue::new()))
    }

    #[test]
    fn lines_are_written_in_their_order_and_the_last_ones_too() {
        let queue = queue();
        let (read, written) = pipe().unwrap();
        thread::spawn(|| queue.write_to(written, |_| {}));
        (0..1_000).for_each(|number| queue.push(format!("{number}\n").as_bytes()));
        queue.flush(Duration::from_secs(10));
        let state = queue.state.lock();
        assert!(state.waiting.is_empty() && !state.is_writing);
        drop(state);
        let lines = BufReader::new(read).lines().take(1_000).map(Result::unwrap);
        assert!(lines.eq((0..1_000).map(|number| number.to_string())));
    }

    #[test]
    fn nobody_waits_for_a_pipe_that_is_not_read_and_what_is_lost_is_said() {
        let queue = queue();
        let (read, written) = pipe().unwrap();
        static SAID: AtomicU64 = AtomicU64::new(0);
        thread::spawn(|| {
            queue.write_to(written, |lost| {
                SAID.store(lost, Ordering::SeqCst);
                queue.push(b"lost\n");
            });
        });
        let line = [b'x'; 1_000];
        let pushed = ROOM / 250;
        (0..pushed).for_each(|_| queue.push(&[&line[..], b"\n"].concat()));
        let lost = queue.state.lock().lost;
        assert!(lost > 0, "there is no room for four times as much");
        queue.flush(Duration::from_millis(1));
        let state = queue.state.lock();
        assert!(!state.waiting.is_empty() || state.is_writing, "it gives up");
        drop(state);

        let mut lines = BufReader::new(read).lines().map(Result::unwrap);
        let whole = lines.by_ref().take_while(|line| line != "lost").count();
        assert_eq!(whole + usize::try_from(lost).unwrap(), pushed);
        assert_eq!(SAID.load(Ordering::SeqCst), lost);
    }

    #[test]
    fn a_reader_that_has_gone_stops_nobody() {
        let queue = queue();
        let (read, written) = pipe().unwrap();
        drop(read);
        thread::spawn(|| queue.write_to(written, |_| {}));
        queue.push(b"one\n");
        queue.flush(Duration::from_secs(10));
        assert!(!queue.state.lock().is_writing);
    }
}
