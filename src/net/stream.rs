//! One connection: receive into a chunk, flush what is outgoing; TLS in between or not.

use super::buffer::Chunk;
use super::outgoing::Outgoing;
use super::parked::Parked;
use super::socket::{Accepted, Socket};
use super::tls::{Received, TlsError, TlsSession};
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

/// A connection that belongs to a task on this worker.
#[derive(Debug)]
pub struct Stream {
    socket: Socket,
    tls: Option<Box<Secured>>,
    /// What the next flush sends.
    pub out: Outgoing,
}

/// TLS between the two verbs and the socket.
#[derive(Debug)]
struct Secured {
    session: TlsSession,
    /// Received, but not taken by the session yet.
    incoming: Chunk,
    /// Encrypted, but not sent yet.
    outgoing: Outgoing,
    /// The session may have plaintext that was not read yet.
    readable: bool,
}

impl Stream {
    /// Over a socket that was just accepted or connected.
    pub fn new(accepted: Accepted) -> io::Result<Stream> {
        Ok(Stream::over(Socket::register(accepted)?, None))
    }

    pub(super) fn over(socket: Socket, session: Option<TlsSession>) -> Stream {
        let tls = session.map(|session| Box::new(Secured::new(session)));
        Stream { socket, tls, out: Outgoing::default() }
    }

    /// The socket, for its options and names.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The TLS session, if there is one.
    pub fn tls(&self) -> Option<&TlsSession> {
        self.tls.as_ref().map(|tls| &tls.session)
    }

    /// The version and the cipher of TLS, if it is used: `TLSv1.3/TLS13_AES_256_GCM_SHA384`.
    pub fn tls_words(&self) -> Option<String> {
        let tls = self.tls()?;
        Some(format!("{}/{}", tls.version().unwrap_or("TLS"), tls.cipher().unwrap_or("unknown")))
    }

    /// Receives into the room behind `inbox`'s bytes: how many came, 0 when the peer has ended.
    ///
    /// While nothing is there, `inbox` is left as it was and owns no more than before.
    pub fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
        inbox: &mut Chunk,
    ) -> Poll<io::Result<usize>> {
        match &mut self.tls {
            None => self.socket.poll_receive(cx, inbox),
            Some(tls) => tls.poll_recv(&mut self.socket, cx, inbox),
        }
    }

    /// Whether a receive would find something without asking the kernel.
    pub fn is_ahead(&self) -> bool {
        let decrypting = self.tls.as_ref().is_some_and(|tls| !tls.incoming.is_empty());
        decrypting || self.socket.is_ahead()
    }

    /// Receives. Cancel safe: nothing is lost if the future is dropped.
    pub async fn recv(&mut self, inbox: &mut Chunk) -> io::Result<usize> {
        poll_fn(|cx| self.poll_recv(cx, inbox)).await
    }

    /// Sends what is outgoing, in as few calls as the kernel allows. Ready when the driver has
    /// taken all of it.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.tls {
            None => self.socket.poll_send(cx, &mut self.out),
            Some(tls) => tls.poll_flush(&mut self.socket, cx, &mut self.out),
        }
    }

    /// Ready when the kernel has all that the driver has taken.
    pub fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_sent(cx)
    }

    /// Sends what is outgoing. Cancel safe: what is not taken stays outgoing.
    pub async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Begins TLS and carries the handshake to its end. `received` is what came behind the
    /// request for TLS: its first bytes.
    pub async fn secure(&mut self, session: TlsSession, received: Chunk) -> io::Result<()> {
        let mut tls = Box::new(Secured::new(session));
        tls.incoming = received;
        let socket = &mut self.socket;
        let done = poll_fn(|cx| tls.poll_handshake(socket, cx)).await;
        self.tls = Some(tls);
        done
    }

    /// Says goodbye: sends what is outgoing, TLS's farewell, and the end of the stream.
    pub async fn close(mut self) {
        if self.tls.is_some() {
            // What is outgoing is not encrypted yet, and the peer hears nothing behind the farewell.
            let _ = self.flush().await;
        }
        if let Some(tls) = &mut self.tls {
            tls.session.close();
        }
        if self.flush().await.is_ok() && poll_fn(|cx| self.poll_sent(cx)).await.is_ok() {
            let _ = self.socket.shut_down();
        }
    }

    /// Lets go of the connection while nobody uses it. `None` where bytes are still on their way.
    pub fn park(mut self) -> Option<Parked> {
        let settled = self.tls.as_mut().is_none_or(|tls| tls.is_settled());
        if !settled || !self.out.is_empty() {
            return None;
        }
        Parked::new(self.socket, self.tls.map(|tls| tls.session))
    }
}

impl Secured {
    fn new(session: TlsSession) -> Self {
        Secured {
            session,
            incoming: Chunk::default(),
            outgoing: Outgoing::default(),
            readable: false,
        }
    }

    fn is_settled(&mut self) -> bool {
        // A read that found as much as it had room for does not know whether that was all.
        self.readable = self.readable && self.session.has_plaintext();
        self.incoming.is_empty() && self.outgoing.is_empty() && !self.readable
    }

    fn poll_recv(
        &mut self,
        socket: &mut Socket,
        cx: &mut Context<'_>,
        inbox: &mut Chunk,
    ) -> Poll<io::Result<usize>> {
        loop {
            if self.readable {
                let received = self.session.read_plaintext(inbox.room());
                if let Ok(Received::Bytes(bytes)) = received {
                    inbox.filled(bytes);
                }
                inbox.settle();
                match received.map_err(broken)? {
                    Received::Bytes(bytes) => return Poll::Ready(Ok(bytes)),
                    Received::Closed => return Poll::Ready(Ok(0)),
                    Received::Nothing => self.readable = false,
                }
            }
            ready!(self.poll_take(socket, cx))?;
        }
    }

    /// Gives the session more ciphertext.
    fn poll_take(&mut self, socket: &mut Socket, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.incoming.is_empty() && ready!(socket.poll_receive(cx, &mut self.incoming))? == 0 {
            self.session.receive_end();
        }
        let mut ciphertext = self.incoming.bytes();
        let before = ciphertext.len();
        let taken = self.session.receive(&mut ciphertext);
        let left = ciphertext.len();
        self.incoming.advance(before - left);
        self.readable = true;
        // An alert or an answer of the TLS layer itself may be due, after an error too.
        self.collect();
        if !self.outgoing.is_empty() {
            let _ = socket.poll_send(cx, &mut self.outgoing)?;
        }
        Poll::Ready(taken.map_err(broken))
    }

    fn poll_handshake(
        &mut self,
        socket: &mut Socket,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            self.collect();
            ready!(socket.poll_send(cx, &mut self.outgoing))?;
            if !self.session.handshaking() {
                return Poll::Ready(Ok(()));
            }
            let mut nothing = [0; 0];
            ready!(self.poll_take(socket, cx))?;
            if let Received::Closed = self.session.read_plaintext(&mut nothing).map_err(broken)? {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    fn poll_flush(
        &mut self,
        socket: &mut Socket,
        cx: &mut Context<'_>,
        plain: &mut Outgoing,
    ) -> Poll<io::Result<()>> {
        loop {
            if !plain.is_empty() {
                let (slices, count) = plain.slices();
                let taken = self.session.write_plaintext(&slices[..count]).map_err(broken)?;
                plain.advance(taken);
            }
            self.collect();
            ready!(socket.poll_send(cx, &mut self.outgoing))?;
            if plain.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Takes what the session has encrypted.
    fn collect(&mut self) {
        self.session.take_ciphertext(&mut self.outgoing);
    }
}

fn broken(error: TlsError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
