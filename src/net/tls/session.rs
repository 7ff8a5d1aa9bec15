//! One TLS session without a socket: ciphertext in and out, plaintext in and out.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};

use rustls::{ClientConnection, Connection, ProtocolVersion, ServerConnection};

use super::error::{Peer, TlsError};
use super::hello::Spoken;
use super::provider::ALPN;

/// How many bytes of plaintext, or of ciphertext made of it, wait to be sent at most: two full
/// records (RFC 8446, section 5.1), one on its way while the next is made.
const SEND_LIMIT: usize = 2 * 16 * 1024;

/// What [`TlsSession::read_plaintext`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// So many bytes, at least one.
    Bytes(usize),
    /// None yet; more ciphertext is needed.
    Nothing,
    /// None ever again: the peer ended the session with a close_notify.
    Closed,
}

/// A TLS session. `Send`; one pointer and a few bytes wide.
///
/// Its owner moves bytes in a circle: what came from the peer goes to [`receive`](Self::receive),
/// then [`read_plaintext`](Self::read_plaintext) until it says [`Received::Nothing`], then again
/// while ciphertext is left; [`take_ciphertext`](Self::take_ciphertext) after every call, because
/// handshakes, alerts and key updates make ciphertext without being asked.
///
/// An idle session that has been read until [`Received::Nothing`] costs 7.5 to 9.5 kB of heap
/// (counted at the allocator; rustls 0.23, x86-64, TLS 1.3): 1.2 kB is the connection's own size,
/// 4 kB a receive buffer that rustls does not give back, the rest keys, states and certificates.
/// One that has just been made, and has heard nothing, costs 2 kB.
pub struct TlsSession {
    connection: Box<Connection>,
    phase: Phase,
}

/// How far the session has come towards its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The peer has sent nothing; what comes may not be TLS at all.
    AwaitingFirstByte,
    Running,
    /// The peer's bytes have ended; plaintext may still wait to be read.
    PeerGone,
    /// We have ended it.
    Closed,
}

impl TlsSession {
    pub(super) fn with_client(connection: ServerConnection) -> Self {
        Self::new(Connection::Server(connection))
    }

    pub(super) fn with_server(connection: ClientConnection) -> Self {
        Self::new(Connection::Client(connection))
    }

    fn new(connection: Connection) -> Self {
        let mut connection = Box::new(connection);
        connection.set_buffer_limit(Some(SEND_LIMIT));
        Self { connection, phase: Phase::AwaitingFirstByte }
    }

    /// Takes as much of `ciphertext` as the session wants and moves its start past that. What is
    /// left is wanted after [`read_plaintext`](Self::read_plaintext) has returned
    /// [`Received::Nothing`]: at most some 32 kB of plaintext wait to be read.
    ///
    /// # Errors
    /// The peer broke the protocol, or cannot prove who it is. The session has failed for good;
    /// send what [`take_ciphertext`](Self::take_ciphertext) has, which tells the peer.
    pub fn receive(&mut self, ciphertext: &mut &[u8]) -> Result<(), TlsError> {
        if self.phase == Phase::Closed {
            *ciphertext = &[]; // RFC 8446, section 6.1 lets either side stop reading
            return Ok(());
        }
        while !ciphertext.is_empty() && self.receive_once(ciphertext)? {}
        Ok(())
    }

    /// Says that no more ciphertext will come: the peer has closed its side of the connection.
    /// [`read_plaintext`](Self::read_plaintext) tells afterwards whether that was a clean end.
    pub fn receive_end(&mut self) {
        if self.phase != Phase::Closed {
            self.phase = Phase::PeerGone;
        }
    }

    /// Copies decrypted bytes into `into`.
    ///
    /// # Errors
    /// After [`receive_end`](Self::receive_end): [`TlsError::Truncated`] or
    /// [`TlsError::HandshakeCut`], if the peer had not ended the session.
    pub fn read_plaintext(&mut self, into: &mut [u8]) -> Result<Received, TlsError> {
        if into.is_empty() {
            return Ok(Received::Nothing);
        }
        match self.connection.reader().read(into) {
            Ok(0) => Ok(Received::Closed),
            Ok(count) => Ok(Received::Bytes(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.shrink();
                self.nothing_to_read()
            }
            Err(error) => Err(TlsError::from_io(error, self.peer())),
        }
    }

    /// Whether [`read_plaintext`](Self::read_plaintext) has anything to say: bytes, an end or an
    /// error.
    pub fn has_plaintext(&mut self) -> bool {
        // Without new ciphertext this only looks.
        self.connection
            .process_new_packets()
            .map_or(true, |state| state.plaintext_bytes_to_read() > 0 || state.peer_has_closed())
    }

    /// Encrypts a prefix of `pieces`, taken as one run of bytes, and says how long it is: 0 when
    /// the send limit is reached, until [`take_ciphertext`](Self::take_ciphertext). Pieces of one
    /// call share records, so several small ones cost one. Before the handshake is over they wait.
    ///
    /// # Errors
    /// The session has failed before, or was closed by [`close`](Self::close).
    pub fn write_plaintext(&mut self, pieces: &[IoSlice<'_>]) -> Result<usize, TlsError> {
        let peer = self.peer();
        if self.phase == Phase::Closed {
            return Err(TlsError::Closed { peer });
        }
        let written = self.connection.writer().write_vectored(pieces);
        written.map_err(|error| TlsError::from_io(error, peer))
    }

    /// Appends everything that is to be sent to the peer now.
    pub fn take_ciphertext(&mut self, out: &mut impl Write) {
        while self.connection.wants_write() {
            // What only takes bytes in does not fail; stopping is what a failure would mean anyway.
            let Ok(1..) = self.connection.write_tls(out) else { return };
        }
    }

    /// Whether [`take_ciphertext`](Self::take_ciphertext) has anything.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// Whether the handshake is still going on: nothing is known about the peer yet.
    #[must_use]
    pub fn handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Ends the session: queues a close_notify. What comes from the peer afterwards is ignored.
    pub fn close(&mut self) {
        self.connection.send_close_notify();
        self.phase = Phase::Closed;
    }

    /// Changes how many bytes wait to be sent at most, from now on. What already waits stays.
    pub fn limit_buffers(&mut self, bytes: usize) {
        self.connection.set_buffer_limit(Some(bytes));
    }

    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> Peer {
        match *self.connection {
            Connection::Server(_) => Peer::Client,
            Connection::Client(_) => Peer::Server,
        }
    }

    /// The host name that a client asked for (SNI); `None` before its hello, if it named none, or
    /// towards a server.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        match &*self.connection {
            Connection::Server(connection) => connection.server_name(),
            Connection::Client(_) => None,
        }
    }

    /// The application protocol that both sides agreed upon, if they did.
    #[must_use]
    pub fn alpn(&self) -> Option<&[u8]> {
        self.connection.alpn_protocol()
    }

    /// Direct TLS is allowed only with the ALPN protocol `postgresql`, so that no other protocol's
    /// client can be tricked into talking to us (PostgreSQL 17, `sslnegotiation`). To be called
    /// when the handshake of such a session is over.
    ///
    /// # Errors
    /// [`TlsError::NoAlpn`]
    pub fn require_alpn(&self) -> Result<(), TlsError> {
        match self.alpn() {
            Some(ALPN) => Ok(()),
            _ => Err(TlsError::NoAlpn { peer: self.peer() }),
        }
    }

    /// The protocol's version as PostgreSQL's `pg_stat_ssl` spells it, once it is known.
    #[must_use]
    pub fn version(&self) -> Option<&'static str> {
        match self.connection.protocol_version()? {
            ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
            ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
            other => other.as_str(),
        }
    }

    /// The cipher suite, as rustls spells it, once it is known.
    #[must_use]
    pub fn cipher(&self) -> Option<&'static str> {
        self.connection.negotiated_cipher_suite()?.suite().as_str()
    }

    /// The peer's own certificate in DER, if it showed one. Whether it was checked is a matter of
    /// the mode with which the session was made.
    #[must_use]
    pub fn peer_certificate(&self) -> Option<&[u8]> {
        self.connection.peer_certificates()?.first().map(AsRef::as_ref)
    }

    /// Takes what fits at once; false if the session wants no more before plaintext is read.
    fn receive_once(&mut self, ciphertext: &mut &[u8]) -> Result<bool, TlsError> {
        let before = *ciphertext;
        match self.connection.read_tls(ciphertext) {
            // After a close_notify nothing is wanted: ignore it (RFC 8446, section 6.1).
            Ok(0) => *ciphertext = &[],
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Other => return Ok(false),
            Err(error) => return Err(TlsError::from_io(error, self.peer())),
        }
        let spoken = self.judge_first_bytes(before);
        let processed = self.connection.process_new_packets();
        processed.map(|_| true).map_err(|error| TlsError::new(error, self.peer(), spoken))
    }

    /// What the peer speaks, if `received` is the first that it sends and is not TLS.
    fn judge_first_bytes(&mut self, received: &[u8]) -> Option<Spoken> {
        if self.phase != Phase::AwaitingFirstByte {
            return None;
        }
        self.phase = Phase::Running;
        Spoken::in_place_of_tls(received)
    }

    fn nothing_to_read(&self) -> Result<Received, TlsError> {
        let peer = self.peer();
        match self.phase {
            Phase::PeerGone if self.handshaking() => Err(TlsError::HandshakeCut { peer }),
            Phase::PeerGone => Err(TlsError::Truncated { peer }),
            _ => Ok(Received::Nothing),
        }
    }

    /// Gives back what large records have made the receive buffer grow to (32 kB become 4).
    /// rustls does this only when it is about to read again, and an idle session may not read for
    /// hours; so it is told to read from a source that has nothing.
    fn shrink(&mut self) {
        let _ = self.connection.read_tls(&mut NothingYet);
    }
}

impl fmt::Debug for TlsSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSession")
            .field("peer", &self.peer())
            .field("version", &self.version())
            .field("handshaking", &self.handshaking())
            .finish_non_exhaustive()
    }
}

/// A source that has no bytes now, and has not ended.
struct NothingYet;

impl Read for NothingYet {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

#[cfg(test)]
mod tests;
