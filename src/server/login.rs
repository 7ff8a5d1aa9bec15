//! Logging in: from a connection to a server that is ready.

use super::cancel::CancelTarget;
use super::connection::Server;
use super::error::OpenError;
use super::opening::{connect, within};
use super::target::Target;
use crate::auth::{Cleartext, Credential, LoggedIn, Login, Step};
use crate::ids::ServerId;
use crate::net::{Chunk, Stream};
use crate::protocol::backend::{self as tag, TransactionStatus};
use crate::protocol::frame::{Frames, Header, shown};
use crate::protocol::startup::{CancelKey, ProtocolVersion};
use crate::protocol::writer::{cstr, untagged};
use crate::session::parameters::follows;
use crate::session::{ParameterSet, ServerSide, Shared};
use std::sync::Arc;

/// Messages that a server may send before it is ready: a few authentication steps, some twenty
/// parameters, notices of extensions. More is not a login.
const MESSAGES_MAX: usize = 1_000;

/// A parameter's name and value.
pub type Reported = (Box<[u8]>, Box<[u8]>);

/// What a server said of itself at its login: what a client that arrives is told.
#[derive(Debug, Default)]
pub struct Welcome {
    /// Every parameter that it reported, in its order.
    pub parameters: Vec<Reported>,
}

impl Welcome {
    /// The value of the parameter of this name.
    pub fn value(&self, name: &[u8]) -> Option<&[u8]> {
        let mut parameters = self.parameters.iter();
        parameters.find(|(reported, _)| **reported == *name).map(|(_, value)| &value[..])
    }

    /// Those that follow a client, as a set.
    pub fn settable(&self) -> ParameterSet {
        let mut set = ParameterSet::default();
        for (name, value) in self.parameters.iter().filter(|(name, _)| follows(name)) {
            set.set(name, value, true);
        }
        set
    }
}

/// Opens a server within `server_connect_timeout`.
///
/// # Errors
/// Whatever stands between here and a server that is ready. Not cancel safe, but nothing is
/// left behind: the connection is closed.
pub async fn open(
    target: &Arc<Target>,
    credential: Credential,
    shared: &Shared,
    id: ServerId,
) -> Result<(Server, Welcome), OpenError> {
    open_with(target, credential, shared, id, &[]).await
}

/// As [`open`], with these parameters of the session.
///
/// # Errors
/// As [`open`].
pub async fn open_with(
    target: &Arc<Target>,
    credential: Credential,
    shared: &Shared,
    id: ServerId,
    startup: &[(&str, &str)],
) -> Result<(Server, Welcome), OpenError> {
    within(target.connect_timeout, async {
        let mut login = Opening { stream: connect(target).await?, inbox: Chunk::default() };
        login.start(target, startup).await?;
        login.authenticate(target, credential).await?;
        login.welcome(target, shared, id).await
    })
    .await
}

struct Opening {
    stream: Stream,
    inbox: Chunk,
}

/// One message of the server, copied out: logins are not the hot path.
struct Message {
    tag: u8,
    body: Vec<u8>,
}

impl Opening {
    async fn start(
        &mut self,
        target: &Target,
        parameters: &[(&str, &str)],
    ) -> Result<(), OpenError> {
        let mut startup = Vec::new();
        untagged(&mut startup, |body| {
            body.extend_from_slice(&ProtocolVersion::V3_0.0.to_be_bytes());
            let who = [("user", &*target.user), ("database", &*target.database)];
            for (name, value) in who.iter().chain(parameters) {
                cstr(body, name.as_bytes());
                cstr(body, value.as_bytes());
            }
            body.push(0);
        });
        self.send(&startup).await
    }

    async fn authenticate(
        &mut self,
        target: &Target,
        credential: Credential,
    ) -> Result<(), OpenError> {
        let nonce = rand::random();
        let (require, cleartext) = (target.require_auth, self.cleartext());
        let mut login = Login::new(&target.user, credential, require, cleartext, nonce);
        for _ in 0..MESSAGES_MAX {
            let message = self.message().await?;
            match message.tag {
                tag::AUTHENTICATION => match self.step(login.on_message(&message.body)).await? {
                    Some(next) => login = next,
                    None => return Ok(()),
                },
                tag::NOTICE_RESPONSE | tag::NEGOTIATE_PROTOCOL_VERSION => {}
                other => return Err(unexpected(other)),
            }
        }
        Err(OpenError::NotPostgres("its login never ends".to_owned()))
    }

    /// Without TLS, whoever is on the way could read a password, or ask for it in the server's name.
    fn cleartext(&self) -> Cleartext {
        let is_private = self.stream.tls().is_some() || self.stream.socket().is_unix();
        if is_private { Cleartext::Allowed } else { Cleartext::Forbidden }
    }

    /// The login that goes on, or nothing when it has succeeded.
    async fn step(&mut self, mut step: Step<Login, LoggedIn>) -> Result<Option<Login>, OpenError> {
        loop {
            match step {
                Step::Send(bytes, next) => {
                    self.send(&bytes).await?;
                    return Ok(Some(next));
                }
                Step::Done(_) => return Ok(None),
                Step::Failed(failure) => return Err(failure.into()),
                // Milliseconds of arithmetic do not belong on an event loop.
                Step::Derive(derivation) => {
                    let derived = tokio::task::spawn_blocking(|| derivation.run()).await;
                    step = derived.map_err(std::io::Error::other)?;
                }
            }
        }
    }

    async fn welcome(
        mut self,
        target: &Arc<Target>,
        shared: &Shared,
        id: ServerId,
    ) -> Result<(Server, Welcome), OpenError> {
        let mut welcome = Welcome::default();
        let mut key = None;
        for _ in 0..MESSAGES_MAX {
            let message = self.message().await?;
            match message.tag {
                tag::PARAMETER_STATUS => {
                    let (name, value) = tag::parameter_status(&message.body)
                        .map_err(|_| unexpected(message.tag))?;
                    welcome.parameters.push((name.into(), value.into()));
                }
                tag::BACKEND_KEY_DATA => {
                    let parsed = CancelKey::parse(&message.body);
                    key = Some(parsed.map_err(|_| unexpected(message.tag))?);
                }
                tag::NOTICE_RESPONSE => {}
                tag::READY_FOR_QUERY if is_idle(&message.body) && self.inbox.is_empty() => {
                    return Ok((self.ready(target, shared, id, key, &welcome), welcome));
                }
                other => return Err(unexpected(other)),
            }
        }
        Err(OpenError::NotPostgres("its login never ends".to_owned()))
    }

    fn ready(
        self,
        target: &Arc<Target>,
        shared: &Shared,
        id: ServerId,
        key: Option<CancelKey>,
        welcome: &Welcome,
    ) -> Server {
        let parameters = shared.interner.intern(welcome.settable());
        let process_id = key.as_ref().map_or(0, |key| key.process_id);
        let side = ServerSide::new(parameters, target.prepared_max);
        let user = welcome.value(b"session_authorization").unwrap_or(target.user.as_bytes());
        Server {
            id,
            stream: self.stream,
            inbox: self.inbox,
            side: Box::new(side.logged_in(shared, user, process_id)),
            cancel: Arc::new(CancelTarget::new(target.clone(), key)),
            stopwatch: Box::default(),
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), OpenError> {
        self.stream.out.supply(bytes);
        Ok(self.stream.flush().await?)
    }

    /// The next message; an `ErrorResponse` is the end.
    async fn message(&mut self) -> Result<Message, OpenError> {
        loop {
            if let Some(message) = self.buffered()? {
                return match message.tag {
                    tag::ERROR_RESPONSE => Err(OpenError::refused(&message.body)),
                    _ => Ok(message),
                };
            }
            if self.inbox.is_full() {
                return Err(OpenError::NotPostgres("a message of its login is too long".into()));
            }
            if self.stream.recv(&mut self.inbox).await? == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
        }
    }

    fn buffered(&mut self) -> Result<Option<Message>, OpenError> {
        let bytes = self.inbox.bytes();
        if bytes.first().is_some_and(|first| !is_login_message(*first)) {
            return Err(unexpected(bytes[0]));
        }
        Header::parse(bytes).map_err(|error| OpenError::NotPostgres(error.to_string()))?;
        let mut frames = Frames::new(bytes);
        let Ok(Some(frame)) = frames.next_frame() else { return Ok(None) };
        let message = Message { tag: frame.tag, body: frame.body().to_vec() };
        let consumed = frames.position();
        self.inbox.advance(consumed);
        Ok(Some(message))
    }
}

/// Refused by its first byte, so that an HTTP server's answer is not waited for to its "length".
fn is_login_message(tag: u8) -> bool {
    matches!(
        tag,
        tag::AUTHENTICATION
            | tag::ERROR_RESPONSE
            | tag::NOTICE_RESPONSE
            | tag::PARAMETER_STATUS
            | tag::BACKEND_KEY_DATA
            | tag::READY_FOR_QUERY
            | tag::NEGOTIATE_PROTOCOL_VERSION
    )
}

fn is_idle(body: &[u8]) -> bool {
    TransactionStatus::parse(body) == Some(TransactionStatus::Idle)
}

fn unexpected(tag: u8) -> OpenError {
    OpenError::NotPostgres(format!("it sent a message of type {} in its login", shown(tag)))
}
