//! epoll over sockets that are known by their number.

use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;

use crate::Outcome;

/// As many events are taken at once.
const EVENTS: usize = 1024;

/// Which of its sockets can be read.
pub struct Poller {
    epoll: OwnedFd,
    events: Vec<Event>,
}

impl Poller {
    /// One without sockets.
    pub fn new() -> Outcome<Poller> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        Ok(Poller { epoll, events: Vec::with_capacity(EVENTS) })
    }

    /// From now on `number` is reported when more can be read from `socket`.
    pub fn add(&self, socket: impl AsFd, number: usize) -> Outcome<()> {
        let data = EventData::new_u64(number as u64);
        Ok(epoll::add(&self.epoll, socket, data, EventFlags::IN | EventFlags::ET)?)
    }

    /// Waits until something can be read, or for `timeout`, and says from which.
    pub fn wait(&mut self, timeout: Duration) -> Outcome<impl Iterator<Item = usize>> {
        self.events.clear();
        let timeout = Timespec::try_from(timeout)?;
        match epoll::wait(
            &self.epoll,
            rustix::buffer::spare_capacity(&mut self.events),
            Some(&timeout),
        ) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        #[allow(clippy::cast_possible_truncation)]
        Ok(self.events.iter().map(|event| event.data.u64() as usize))
    }
}

/// Gives `read` all that can be read now; false once the other side has closed.
pub fn read_all(
    mut stream: &TcpStream,
    buffer: &mut [u8],
    mut read: impl FnMut(&[u8]) -> Outcome<()>,
) -> Outcome<bool> {
    use std::io::{ErrorKind, Read};
    loop {
        match stream.read(buffer) {
            Ok(0) => return Ok(false),
            Ok(size) => {
                read(&buffer[..size])?;
                // A short read emptied the socket: what comes later is a new event.
                if size < buffer.len() {
                    return Ok(true);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}
