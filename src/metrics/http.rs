//! The port: HTTP/1.1 with three paths, one request a connection.

use super::health::Health;
use super::source::Source;
use super::text::Format;
use crate::net::Accepted;
use crate::net::listener::Listener;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use std::convert::Infallible;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections at once: a few scrapers, a kubelet and a browser are ten.
const CONNECTIONS_MAX: usize = 64;

/// How long a connection may take from its first byte to its last. Prometheus gives up after 10 s,
/// too, unless told otherwise.
const CONNECTION_LIMIT: Duration = Duration::from_secs(10);

/// Bytes of a request, its line and its headers together; hyper's smallest is 8 kB.
const REQUEST_LEN_MAX: usize = 16 * 1024;

/// Headers of a request.
const HEADERS_MAX: usize = 64;

/// Scrapes whose text is held at once, up to 6 MB each; others wait.
const SCRAPES_MAX: usize = 4;

/// How long to wait after `accept` has failed: with no file descriptor left it fails at once.
const PAUSE: Duration = Duration::from_millis(100);

/// What a connection is told that is one too many.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\
                      Content-Length: 21\r\n\r\ntoo many connections\n";

const PLAIN: &str = "text/plain; charset=utf-8";

/// What the port's connections share.
#[derive(Debug)]
pub struct Port {
    source: Arc<Source>,
    health: Health,
    connections: Arc<Semaphore>,
    scrapes: Arc<Semaphore>,
    refused: AtomicU64,
}

type Answer = Response<Full<Bytes>>;

/// What a connection holds until its answer is written.
type Held = Mutex<Option<OwnedSemaphorePermit>>;

impl Port {
    /// Nobody has connected.
    pub fn new(source: Source) -> Arc<Port> {
        let source = Arc::new(source);
        Arc::new(Port {
            health: Health::new(source.clone()),
            source,
            connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            scrapes: Arc::new(Semaphore::new(SCRAPES_MAX)),
            refused: AtomicU64::new(0),
        })
    }

    /// Accepts for ever. Cancel safe; connections that were accepted go on.
    pub async fn serve(self: Arc<Self>, listener: Listener) {
        loop {
            match listener.accept().await {
                Ok(Accepted::Tcp(socket)) => self.clone().take(socket),
                Ok(Accepted::Unix(_)) => {}
                Err(error) => {
                    tracing::debug!(%error, "cannot accept on the metrics port");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn take(self: Arc<Self>, mut socket: TcpStream) {
        match self.connections.clone().try_acquire_owned() {
            Ok(seat) => {
                tokio::spawn(async move {
                    let _ = tokio::time::timeout(CONNECTION_LIMIT, self.answer_one(socket)).await;
                    drop(seat);
                });
            }
            Err(_) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                let _ = socket.write(BUSY);
            }
        }
    }

    async fn answer_one(&self, socket: TcpStream) {
        let Ok(socket) = tokio::net::TcpStream::from_std(socket) else { return };
        let held = Held::default();
        let service = service_fn(|request| self.answer(request, &held));
        let mut http = http1::Builder::new();
        // The limit on the whole connection covers the header as well.
        http.keep_alive(false).header_read_timeout(None);
        http.max_buf_size(REQUEST_LEN_MAX).max_headers(HEADERS_MAX);
        if let Err(error) = http.serve_connection(TokioIo::new(socket), service).await {
            tracing::debug!(%error, "a connection to the metrics port ended early");
        }
    }

    async fn answer(&self, request: Request<Incoming>, held: &Held) -> Result<Answer, Infallible> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut answer = say(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n".into());
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Ok(answer);
        }
        Ok(match request.uri().path() {
            "/metrics" => self.scrape(&request, held).await,
            "/livez" => verdict(self.health.live().await),
            "/readyz" => verdict(self.health.ready().await),
            _ => say(StatusCode::NOT_FOUND, "see /metrics, /livez, /readyz\n".into()),
        })
    }

    async fn scrape(&self, request: &Request<Incoming>, held: &Held) -> Answer {
        let turn = self.scrapes.clone().acquire_owned().await.ok();
        *held.lock() = turn;
        // The workers' own words are part of the scrape. It is not the place to complain of them.
        let _ = self.health.live().await;
        let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
        let format = Format::accepted(accept.unwrap_or_default());
        let (source, refused) = (self.source.clone(), self.refused.load(Ordering::Relaxed));
        // This event loop also keeps the time of workers with a ring: a long text is not written here.
        let written = tokio::task::spawn_blocking(move || source.look(refused).write(format));
        match written.await {
            Ok(text) => typed(StatusCode::OK, format.content_type(), text),
            Err(error) => say(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        }
    }
}

fn verdict(verdict: Result<(), String>) -> Answer {
    match verdict {
        Ok(()) => say(StatusCode::OK, "ok\n".into()),
        Err(why) => say(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

fn say(status: StatusCode, text: String) -> Answer {
    typed(status, PLAIN, text)
}

fn typed(status: StatusCode, content_type: &'static str, text: String) -> Answer {
    let mut answer = Response::new(Full::from(text));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}
