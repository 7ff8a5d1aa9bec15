//! A collector of spans: it takes OTLP over HTTP, and tells what it has got.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

use pgweir::spans::otlp::{AnyOf, Export, KeyValue, SpanMessage};
use prost::Message;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::TIMEOUT;

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It takes everything.
    Takes,
    /// It answers every request with this status.
    Answers(u16),
    /// It reads, and never answers.
    Silent,
}

/// One span, as it arrived.
#[derive(Clone, Debug)]
pub struct Got {
    pub span: SpanMessage,
    attributes: HashMap<String, AnyOf>,
    /// The service's name.
    pub service: String,
}

/// A collector on a port of its own.
pub struct Collector {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    manner: Mutex<Manner>,
    got: Mutex<Vec<Got>>,
    heads: Mutex<Vec<String>>,
    changed: Condvar,
}

impl Collector {
    pub fn start(manner: Manner) -> Collector {
        Collector::start_with(manner, State::serve)
    }

    /// It speaks TLS, with this configuration.
    pub fn start_with_tls(manner: Manner, tls: Arc<ServerConfig>) -> Collector {
        Collector::start_with(manner, move |state, socket| {
            let session = ServerConnection::new(tls.clone()).unwrap();
            state.serve(StreamOwned::new(session, socket));
        })
    }

    fn start_with(
        manner: Manner,
        serve: impl Fn(&State, TcpStream) + Clone + Send + 'static,
    ) -> Collector {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            manner: Mutex::new(manner),
            got: Mutex::default(),
            heads: Mutex::default(),
            changed: Condvar::new(),
        });
        let theirs = state.clone();
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (state, serve) = (theirs.clone(), serve.clone());
                thread::spawn(move || serve(&state, socket));
            }
        });
        Collector { address, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn set(&self, manner: Manner) {
        *self.state.manner.lock().unwrap() = manner;
    }

    /// Waits until it has got a span for which this is so, and returns it.
    pub fn wait_for(&self, what: &str, is_it: impl Fn(&Got) -> bool) -> Got {
        let give_up = Instant::now() + TIMEOUT;
        let mut got = self.state.got.lock().unwrap();
        loop {
            if let Some(found) = got.iter().find(|got| is_it(got)) {
                return found.clone();
            }
            let left = give_up.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{what} did not come; there are {got:#?}");
            got = self.state.changed.wait_timeout(got, left).unwrap().0;
        }
    }

    /// The span whose text or summary has `part` in it.
    pub fn span(&self, part: &str) -> Got {
        self.wait_for(part, |got| got.says(part))
    }

    /// All that it has got so far.
    pub fn all(&self) -> Vec<Got> {
        self.state.got.lock().unwrap().clone()
    }

    /// Waits until so many requests have come, and returns their heads.
    pub fn requests(&self, count: usize) -> Vec<String> {
        let give_up = Instant::now() + TIMEOUT;
        let mut heads = self.state.heads.lock().unwrap();
        while heads.len() < count {
            let left = give_up.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} requests came of {count}", heads.len());
            heads = self.state.changed.wait_timeout(heads, left).unwrap().0;
        }
        heads.clone()
    }
}

impl State {
    /// One connection, with as many requests as come on it.
    fn serve(&self, stream: impl Read + Write) {
        let mut reader = BufReader::new(stream);
        while let Some((head, body)) = read_request(&mut reader) {
            self.heads.lock().unwrap().push(head);
            self.changed.notify_all();
            let manner = *self.manner.lock().unwrap();
            let status = match manner {
                Manner::Silent => continue,
                Manner::Takes => {
                    self.take(&body);
                    200
                }
                Manner::Answers(status) => status,
            };
            let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
            let writer = reader.get_mut();
            if writer.write_all(answer.as_bytes()).and_then(|()| writer.flush()).is_err() {
                return;
            }
        }
    }

    fn take(&self, body: &[u8]) {
        let export = Export::decode(body).expect("a request of OTLP");
        let mut got = self.got.lock().unwrap();
        for of_process in export.resource_spans {
            let resource = attributes(of_process.resource.unwrap().attributes);
            let service = text(resource.get("service.name")).unwrap().to_owned();
            for span in of_process.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                let attributes = attributes(span.attributes.clone());
                got.push(Got { span, attributes, service: service.clone() });
            }
        }
        self.changed.notify_all();
    }
}

impl Got {
    /// An attribute that is a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        text(self.attributes.get(key))
    }

    /// An attribute that is a count.
    pub fn whole(&self, key: &str) -> Option<i64> {
        match self.attributes.get(key)? {
            AnyOf::Whole(whole) => Some(*whole),
            other => panic!("{key} is {other:?}"),
        }
    }

    /// An attribute in milliseconds.
    pub fn ms(&self, key: &str) -> f64 {
        match self.attributes.get(key) {
            Some(AnyOf::Real(ms)) => *ms,
            other => panic!("{key} is {other:?}"),
        }
    }

    pub fn has(&self, key: &str) -> bool {
        self.attributes.contains_key(key)
    }

    pub fn says(&self, part: &str) -> bool {
        let texts = [self.text("db.query.text"), Some(&*self.span.name)];
        texts.into_iter().flatten().any(|text| text.contains(part))
    }

    /// The caller's span; 0 if it begins a trace.
    pub fn parent(&self) -> u64 {
        let id: Result<[u8; 8], _> = self.span.parent_span_id.as_slice().try_into();
        id.map_or(0, u64::from_be_bytes)
    }

    pub fn trace(&self) -> u128 {
        u128::from_be_bytes(self.span.trace_id.as_slice().try_into().unwrap())
    }
}

fn text(value: Option<&AnyOf>) -> Option<&str> {
    match value? {
        AnyOf::Text(text) => Some(text),
        other => panic!("{other:?} is no text"),
    }
}

fn attributes(pairs: Vec<KeyValue>) -> HashMap<String, AnyOf> {
    pairs.into_iter().map(|pair| (pair.key, pair.value.unwrap().value.unwrap())).collect()
}

/// A request's head, in small letters, and its body; none at the end of the connection.
fn read_request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_ascii_lowercase();
    let len = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; len.unwrap().trim().parse().unwrap()];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}
