//! A PostgreSQL of which the test decides every message.

use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::backend;
use super::conversation::Conversation;
use super::message::Message;

/// Listens on a free port and plays the same script to everyone who connects.
pub struct FakeServer {
    port: u16,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    connections: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

/// One connection to the fake server, as its script sees it.
pub struct Peer {
    conversation: Conversation,
    /// How many connections came before this one.
    pub number: usize,
}

/// The first message of a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Opening {
    /// Startup parameters: name, value, name, value.
    Startup(Vec<String>),
    /// A `CancelRequest`'s process id and key.
    Cancel(Vec<u8>),
}

impl FakeServer {
    /// Plays `script` to each connection, on a thread of its own; the connection ends with the script.
    ///
    /// ```ignore
    /// let server = FakeServer::script(|peer| {
    ///     peer.accept_login();
    ///     peer.expect("Q");
    ///     peer.send([error_response("FATAL", "57P01", "shutting down")]);
    /// });
    /// ```
    pub fn script(script: impl Fn(&mut Peer) + Send + Sync + 'static) -> FakeServer {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let acceptor = thread::spawn(move || accept(&listener, &Arc::new(script), &theirs));
        FakeServer { port, shared, acceptor: Some(acceptor) }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Stops listening, waits for the scripts to end, and fails if one of them failed.
    pub fn finish(mut self) {
        self.stop();
        let failures = self.shared.failures.lock().unwrap();
        assert!(failures.is_empty(), "the fake server's script failed: {}", failures.join("\n"));
    }

    fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Wakes the acceptor, which looks at `stop` after each connection.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

/// Without looking at failures: the test that drops it has other worries. Scripts end with their
/// connections.
impl Drop for FakeServer {
    fn drop(&mut self) {
        if self.acceptor.is_some() && !thread::panicking() {
            self.stop();
        }
    }
}

impl Peer {
    /// Takes a login by trust, up to the first `ReadyForQuery`; returns the startup parameters.
    pub fn accept_login(&mut self) -> Vec<String> {
        let Opening::Startup(parameters) = self.opening() else {
            self.conversation.fail("expected a login, got a CancelRequest");
        };
        self.send([
            backend::authentication_ok(),
            backend::parameter_status("server_version", "17.0"),
            backend::parameter_status("client_encoding", "UTF8"),
            backend::parameter_status("standard_conforming_strings", "on"),
            backend::backend_key_data(i32::try_from(self.number).unwrap() + 1, &[1, 2, 3, 4]),
            backend::ready_for_query('I'),
        ]);
        parameters
    }

    /// The first message; encryption is declined.
    pub fn opening(&mut self) -> Opening {
        loop {
            let Some(message) = self.conversation.next_untyped() else {
                self.conversation.fail("the connection ended before it began");
            };
            let (code, rest) = message.body.split_at(4);
            match u32::from_be_bytes(code.try_into().unwrap()) {
                80_877_103 | 80_877_104 => self.conversation.send(b"N"),
                80_877_102 => return Opening::Cancel(rest.to_vec()),
                _ => {
                    let parameters = Message { tag: '\0', body: rest.to_vec() };
                    return Opening::Startup(parameters.strings());
                }
            }
        }
    }

    /// Reads exactly the messages of these types, `"P B E S"`, and returns them.
    pub fn expect(&mut self, tags: &str) -> Vec<Message> {
        self.conversation.expect(tags, "")
    }

    /// From now on each byte goes out in a write of its own.
    pub fn trickle(&mut self) {
        self.conversation.trickle();
    }

    /// The next message; `None` when the other side has gone.
    pub fn next(&mut self) -> Option<Message> {
        self.conversation.next()
    }

    /// Sends these bytes, messages or not, in one write.
    pub fn send<M: AsRef<[u8]>>(&mut self, messages: impl IntoIterator<Item = M>) {
        let bytes: Vec<u8> = messages.into_iter().flat_map(|m| m.as_ref().to_vec()).collect();
        self.conversation.send(&bytes);
    }

    /// Answers every simple query with one row of one column, until the other side goes.
    pub fn answer_all(&mut self, value: &str) {
        while let Some(message) = self.next() {
            if message.tag == 'Q' {
                self.send([backend::answer("value", value)]);
            }
        }
    }
}

fn accept<S>(listener: &TcpListener, script: &Arc<S>, shared: &Arc<Shared>)
where
    S: Fn(&mut Peer) + Send + Sync + 'static,
{
    let mut threads = Vec::new();
    for stream in listener.incoming() {
        if shared.stop.load(Ordering::SeqCst) {
            break;
        }
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        let (script, shared) = (Arc::clone(script), Arc::clone(shared));
        let mut peer = Peer { conversation: Conversation::tcp(stream.unwrap()), number };
        threads.push(thread::spawn(move || play(&*script, &mut peer, &shared)));
    }
    for thread in threads {
        let _ = thread.join();
    }
}

fn play(script: &(impl Fn(&mut Peer) + ?Sized), peer: &mut Peer, shared: &Shared) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| script(peer))) {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|&said| said.to_owned()));
        shared.failures.lock().unwrap().push(said.unwrap_or_else(|| "a panic".to_owned()));
    }
}
