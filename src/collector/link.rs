//! A connection to the collector, and one request on it.

use super::target::Target;
use crate::config::CollectorUrl;
use crate::spans::otlp::rejected;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The longest answer that is read, bytes. It says how many spans were refused, and why.
const ANSWER_MAX: usize = 64 * 1024;

/// What came of a request (OTLP specification, "OTLP/HTTP Response").
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The collector has them; so many it has refused, with the reason.
    Taken(Option<(u64, String)>),
    /// It may take them later; after this time, if it says so.
    Later(Option<Duration>, String),
    /// It will never take them.
    Refused(String),
}

/// A connection that is kept between requests, if there is one.
#[derive(Debug, Default)]
pub struct Link {
    /// And where it leads.
    kept: Option<(CollectorUrl, Sender)>,
}

type Sender = SendRequest<Full<Bytes>>;

impl Link {
    /// Posts a request's bytes. Not cancel safe: what was begun is not done again. Ends within the
    /// target's time limit.
    pub async fn post(&mut self, target: &Target, body: Bytes) -> Outcome {
        match tokio::time::timeout(target.timeout, self.try_post(target, body)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(why)) => self.broken(why),
            Err(_) => self.broken(format!("no answer within {:?}", target.timeout)),
        }
    }

    /// The connection is of no use any more.
    fn broken(&mut self, why: String) -> Outcome {
        self.kept = None;
        Outcome::Later(None, why)
    }

    async fn try_post(&mut self, target: &Target, body: Bytes) -> Result<Outcome, String> {
        let mut sender = match self.take_kept(target).await {
            Some(kept) => kept,
            None => open(target).await?,
        };
        let request = request(target, body).map_err(|error| error.to_string())?;
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let outcome = read(response).await?;
        self.kept = Some((target.url.clone(), sender));
        Ok(outcome)
    }

    /// The connection of the last request, if it leads there and was not closed meanwhile.
    async fn take_kept(&mut self, target: &Target) -> Option<Sender> {
        let (_, mut sender) = self.kept.take().filter(|(url, _)| *url == target.url)?;
        sender.ready().await.ok().map(|()| sender)
    }
}

async fn open(target: &Target) -> Result<Sender, String> {
    let opened = async {
        let at = &target.url;
        let socket = TcpStream::connect((at.host.as_str(), at.port)).await?;
        socket.set_nodelay(true)?;
        match &target.tls {
            None => speak(socket).await,
            // A TLS session is large, and the task has room for it only if it is there.
            Some(tls) => Box::pin(speak_tls(socket, &at.host, tls)).await,
        }
    };
    opened.await.map_err(|error: io::Error| error.to_string())
}

async fn speak_tls(socket: TcpStream, host: &str, tls: &Arc<ClientConfig>) -> io::Result<Sender> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    speak(TlsConnector::from(tls.clone()).connect(name, socket).await?).await
}

/// HTTP over a connection, which a task of its own drives until nobody sends on it.
async fn speak<S>(stream: S) -> io::Result<Sender>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to the collector ended");
        }
    });
    Ok(sender)
}

fn request(target: &Target, body: Bytes) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let at = &target.url;
    let host = if at.host.contains(':') { format!("[{}]", at.host) } else { at.host.clone() };
    let mut request = Request::post(&at.path)
        .header(HOST, format!("{host}:{}", at.port))
        .header(CONTENT_TYPE, "application/x-protobuf")
        .header(USER_AGENT, concat!("pgweir/", env!("CARGO_PKG_VERSION")))
        .body(Full::from(body))?;
    for (name, value) in &target.headers {
        request.headers_mut().insert(name.clone(), value.clone());
    }
    Ok(request)
}

async fn read(response: Response<Incoming>) -> Result<Outcome, String> {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, ANSWER_MAX).collect().await.map_err(|error| error.to_string())?;
    let seconds = head.headers.get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
    let why = || format!("it answered {}", head.status);
    Ok(match head.status {
        status if status.is_success() => Outcome::Taken(rejected(&body.to_bytes())),
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Outcome::Later(seconds.map(Duration::from_secs), why()),
        _ => Outcome::Refused(why()),
    })
}
