//! A TCP link to a host that a test can cut, hold and mend.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// Passes bytes on between whoever connects and `target`, as long as it is whole.
pub struct Link {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    target: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    condition: Condition,
    /// Both ends of every connection since the link was last mended.
    streams: Vec<TcpStream>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    Whole,
    Held,
    Cut,
    Gone,
}

impl Link {
    /// A link on a port of its own.
    pub fn to(target: SocketAddr) -> Link {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Mutex::new(State { condition: Condition::Whole, streams: Vec::new() });
        let shared = Arc::new(Shared { target, state, changed: Condvar::new() });
        let theirs = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &theirs));
        Link { port, shared }
    }

    /// Where it takes connections, on 127.0.0.1.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Nothing gets through any more, and nobody is told: what a network does that loses packets. What is
    /// on its way arrives after [`mend`](Link::mend).
    pub fn hold(&self) {
        self.become_(Condition::Held);
    }

    /// Every connection ends, and new ones end at once.
    pub fn cut(&self) {
        self.become_(Condition::Cut);
    }

    /// Connections get through again; those that were held go on.
    pub fn mend(&self) {
        self.become_(Condition::Whole);
    }

    fn become_(&self, condition: Condition) {
        let mut state = self.shared.state.lock().unwrap();
        state.condition = condition;
        if matches!(condition, Condition::Cut | Condition::Gone) {
            for stream in state.streams.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        self.shared.changed.notify_all();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.become_(Condition::Gone);
        // The accepting thread looks at the condition when somebody comes.
        let _ = TcpStream::connect(self.address());
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for near in listener.incoming().map_while(Result::ok) {
        if shared.condition() == Condition::Gone {
            return;
        }
        let theirs = Arc::clone(shared);
        thread::spawn(move || connect(&near, &theirs));
    }
}

fn connect(near: &TcpStream, shared: &Arc<Shared>) {
    if !shared.passes() {
        return;
    }
    let Ok(far) = TcpStream::connect(shared.target) else { return };
    for stream in [near, &far] {
        // A test measures what becomes of its statements, not how packets are gathered.
        let _ = stream.set_nodelay(true);
        shared.state.lock().unwrap().streams.push(stream.try_clone().unwrap());
    }
    let (back_from, back_to) = (far.try_clone().unwrap(), near.try_clone().unwrap());
    let theirs = Arc::clone(shared);
    let back = thread::spawn(move || pass_on(&back_from, &back_to, &theirs));
    pass_on(near, &far, shared);
    let _ = back.join();
}

fn pass_on(mut from: &TcpStream, mut to: &TcpStream, shared: &Shared) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !shared.passes() || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let (_, _) = (to.shutdown(Shutdown::Write), from.shutdown(Shutdown::Read));
}

impl Shared {
    fn condition(&self) -> Condition {
        self.state.lock().unwrap().condition
    }

    /// Waits while the link is held; then, whether it is whole.
    fn passes(&self) -> bool {
        let state = self.state.lock().unwrap();
        let held = |state: &mut State| state.condition == Condition::Held;
        self.changed.wait_while(state, held).unwrap().condition == Condition::Whole
    }
}
