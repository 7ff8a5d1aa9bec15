//! A client of the console: its worker carries bytes, and looks at the form of messages.

use super::control::{Control, Signal};
use super::error;
use super::lines::{self, Line};
use super::worker::Worker;
use crate::admin::console::Open;
use crate::admin::form::is_well_formed;
use crate::admin::{Entry, Right};
use crate::net::{Chunk, Stream};
use crate::pooler::Who;
use crate::protocol::error_response::ErrorReport;
use crate::protocol::frame::Header;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Bytes of one message of a client: room for every question that the console takes.
const MESSAGE_MAX: usize = 1024 * 1024;

/// Bytes that wait for the client before its session is not read any more.
const OUTGOING_MAX: usize = 64 * 1024;

/// How long a client may not read its result, which is held for it meanwhile.
const READ_LIMIT: Duration = Duration::from_secs(30);

/// How long a client that does not read may keep us from closing its connection.
const FAREWELL_LIMIT: Duration = Duration::from_secs(5);

/// A console client that has been let in.
pub(super) struct Visit {
    pub(super) worker: Rc<Worker>,
    pub(super) stream: Stream,
    pub(super) inbox: Chunk,
    pub(super) control: Rc<Control>,
    pub(super) right: Right,
    pub(super) _entry: Entry,
}

/// How a visit ends.
#[derive(Debug)]
enum Leaving {
    /// The client or its session is gone.
    Silent,
    /// The client is told why.
    Told(ErrorReport),
}

/// The bytes of a visit, in both directions.
struct Pump<'v> {
    stream: &'v mut Stream,
    inbox: &'v mut Chunk,
    control: &'v Control,
    open: Open,
    /// A message that is not complete yet.
    gathered: Vec<u8>,
    /// Complete messages that the session has not taken yet.
    taken: Vec<u8>,
    /// The end of the client's time to read something.
    patience: Pin<Box<Sleep>>,
    waits: bool,
    /// The process ends: the session is told no more, and what it still answers is the last.
    drains: bool,
}

impl Visit {
    /// Serves the client to its end.
    pub(super) async fn live(mut self) {
        let who: Arc<Who> = self.control.who.clone();
        let leaving = match self.worker.clients.console.open(who, self.right) {
            Some(open) => {
                let mut pump = Pump::new(&mut self.stream, &mut self.inbox, &self.control, open);
                poll_fn(|cx| pump.poll(cx)).await
            }
            None => Leaving::Told(error::shutdown()),
        };
        let _told = self.worker.farewell();
        self.worker.dismiss(&self.control);
        if let Leaving::Told(report) = &leaving {
            let mut message = Vec::new();
            report.encode(&mut message);
            self.stream.out.supply(&message);
        }
        if self.worker.clients.policy.load().log_disconnections
            && let Some(left_out) = lines::pass(Line::Logout, Instant::now().into_std())
        {
            let Who { user, database, .. } = &*self.control.who;
            let why = match &leaving {
                Leaving::Silent => "client left".to_owned(),
                Leaving::Told(report) => report.to_string(),
            };
            tracing::info!(client = format!("{user}@{database}"), why, left_out, "logout");
        }
        let _ = tokio::time::timeout(FAREWELL_LIMIT, self.stream.close()).await;
    }
}

impl<'v> Pump<'v> {
    fn new(stream: &'v mut Stream, inbox: &'v mut Chunk, control: &'v Control, open: Open) -> Self {
        let patience = Box::pin(tokio::time::sleep(READ_LIMIT));
        let (gathered, taken) = (Vec::new(), Vec::new());
        let (waits, drains) = (false, false);
        Pump { stream, inbox, control, open, gathered, taken, patience, waits, drains }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Leaving> {
        self.control.watch(cx.waker());
        if let Some(leaving) = self.obey(cx) {
            return Poll::Ready(leaving);
        }
        loop {
            let outward = self.poll_outward(cx);
            let inward = match outward {
                Poll::Ready(Err(leaving)) => return Poll::Ready(leaving),
                _ if self.drains => Poll::Pending,
                _ => self.poll_inward(cx),
            };
            match (outward, inward) {
                (_, Poll::Ready(Err(leaving))) => return Poll::Ready(leaving),
                (Poll::Pending, Poll::Pending) => return Poll::Pending,
                _ => {}
            }
        }
    }

    fn obey(&mut self, cx: &mut Context<'_>) -> Option<Leaving> {
        if self.control.is_asked(Signal::Kill) {
            return Some(Leaving::Told(error::killed()));
        }
        let ends = self.control.is_asked(Signal::Drain) || self.control.is_asked(Signal::Stop);
        if ends && !self.drains {
            self.drains = true;
            // What it was told it answers, SHUTDOWN before all; what waits for something is cancelled.
            self.open.cancel.notify_waiters();
            let pipe: Pin<&mut DuplexStream> = Pin::new(&mut self.open.pipe);
            // At its end at once: what is in it can still be read.
            let _ = pipe.poll_shutdown(cx);
        }
        if self.control.take_cancels().is_some() {
            // Whatever runs ends; where nothing does, nobody hears it.
            self.open.cancel.notify_waiters();
        }
        None
    }

    /// From the session to the client; ready when something has moved.
    fn poll_outward(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Leaving>> {
        let mut has_moved = false;
        let mut has_ended = false;
        if self.stream.out.len() < OUTGOING_MAX {
            let mut block = [0; 8 * 1024];
            let mut read = ReadBuf::new(&mut block);
            match Pin::new(&mut self.open.pipe).poll_read(cx, &mut read) {
                Poll::Ready(Ok(())) if !read.filled().is_empty() => {
                    self.stream.out.supply(read.filled());
                    has_moved = true;
                }
                Poll::Ready(_) => has_ended = true,
                Poll::Pending => {}
            }
        }
        let waiting = self.stream.out.len();
        let flushed = self.stream.poll_flush(cx).map_err(|_| Leaving::Silent)?;
        let has_sent = self.stream.out.len() < waiting;
        self.watch_patience(cx, flushed.is_pending(), has_sent)?;
        if has_ended {
            return Poll::Ready(Err(match self.drains {
                true => Leaving::Told(error::shutdown()),
                false => Leaving::Silent,
            }));
        }
        // What was sent makes room: the session is to be read again, or nobody would wake us for it.
        if has_moved || has_sent { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// A client that takes nothing for so long is not coming back.
    fn watch_patience(
        &mut self,
        cx: &mut Context<'_>,
        waits: bool,
        has_moved: bool,
    ) -> Result<(), Leaving> {
        if waits && (!self.waits || has_moved) {
            self.patience.as_mut().reset(Instant::now() + READ_LIMIT);
        }
        self.waits = waits;
        if waits && self.patience.as_mut().poll(cx).is_ready() {
            tracing::info!("console client did not read for {READ_LIMIT:?}");
            return Err(Leaving::Silent);
        }
        Ok(())
    }

    /// From the client to the session; ready when something has moved.
    fn poll_inward(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Leaving>> {
        if !self.taken.is_empty() {
            return self.poll_hand_over(cx);
        }
        if self.inbox.is_empty() {
            match self.stream.poll_recv(cx, self.inbox) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Err(Leaving::Silent)),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
        self.gathered.extend_from_slice(self.inbox.bytes());
        *self.inbox = Chunk::default();
        Poll::Ready(self.take_messages())
    }

    fn poll_hand_over(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Leaving>> {
        let pipe: Pin<&mut DuplexStream> = Pin::new(&mut self.open.pipe);
        match pipe.poll_write(cx, &self.taken) {
            Poll::Ready(Ok(written)) => {
                self.taken.drain(..written);
                if self.taken.is_empty() {
                    self.taken = Vec::new();
                }
                Poll::Ready(Ok(()))
            }
            // What the session has said last is still to be read.
            Poll::Ready(Err(_)) => {
                self.taken = Vec::new();
                Poll::Ready(Ok(()))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Takes the complete messages from what was gathered.
    fn take_messages(&mut self) -> Result<(), Leaving> {
        let mut at = 0;
        loop {
            let rest = &self.gathered[at..];
            let header = Header::parse(rest).map_err(|bad| broken(&bad.to_string()))?;
            let Some(header) = header else { break };
            if header.frame_len() > MESSAGE_MAX {
                return Err(Leaving::Told(error::console_message_too_long(MESSAGE_MAX)));
            }
            let Some(message) = rest.get(..header.frame_len()) else { break };
            if !is_well_formed(header.tag, &message[crate::protocol::frame::HEADER_LEN..]) {
                return Err(broken("this message has no business here, or a wrong form"));
            }
            at += message.len();
        }
        self.taken.extend_from_slice(&self.gathered[..at]);
        self.gathered.drain(..at);
        if self.gathered.is_empty() {
            self.gathered = Vec::new();
        }
        Ok(())
    }
}

fn broken(what: &str) -> Leaving {
    Leaving::Told(error::violation(what))
}
