//! A question of ours to a server, and the rows of its answer.

use super::connection::Server;
use crate::protocol::backend as tag;
use crate::protocol::error_response::{Fields, printable};
use crate::protocol::frame::{BadLength, Frames, Header, shown};
use crate::protocol::frontend::query;
use crate::protocol::reader::{Reader, UnexpectedEnd};
use std::io;
use std::time::Duration;

/// Bytes of a whole answer. The catalog of 100,000 functions and a million relations has about as
/// many; a server that sends more is not asked for what it is asked for here.
pub const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// One row: a text for each column, or NULL. Bytes that are not UTF-8 are replaced.
pub type Row = Vec<Option<String>>;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The connection broke.
    #[error("the connection was lost: {0}")]
    Io(#[from] io::Error),
    /// It took too long.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// It is longer than [`ANSWER_MAX`].
    #[error("the answer is longer than {ANSWER_MAX} bytes")]
    TooLong,
    /// It is none.
    #[error("the answer cannot be understood: {0}")]
    NotPostgres(String),
    /// The server said no.
    #[error("{message} (SQLSTATE {sqlstate})")]
    Refused {
        /// Its SQLSTATE.
        sqlstate: String,
        /// Its message.
        message: String,
    },
}

impl AskError {
    /// Whether the server can be asked something else. After any other error, what it says next
    /// would be an answer to this question: the connection has to be closed.
    pub fn is_refusal(&self) -> bool {
        matches!(self, AskError::Refused { .. })
    }
}

impl From<BadLength> for AskError {
    fn from(error: BadLength) -> Self {
        AskError::NotPostgres(error.to_string())
    }
}

impl From<UnexpectedEnd> for AskError {
    fn from(error: UnexpectedEnd) -> Self {
        AskError::NotPostgres(error.to_string())
    }
}

/// Asks by the simple protocol, and waits for the whole answer: the rows of all statements in
/// `text`, one after another.
///
/// For a connection that no client uses. What a statement sets is not followed: a server that was
/// asked to SET something must not go to a pool.
///
/// # Errors
/// As [`AskError`] says. Not cancel safe: if the future is dropped, the connection has to be
/// closed, as after any error but a refusal.
pub async fn ask(server: &mut Server, text: &str, limit: Duration) -> Result<Vec<Row>, AskError> {
    let answered = tokio::time::timeout(limit, converse(server, text));
    answered.await.unwrap_or(Err(AskError::Timeout(limit)))
}

async fn converse(server: &mut Server, text: &str) -> Result<Vec<Row>, AskError> {
    let mut message = Vec::new();
    query(&mut message, text.as_bytes());
    server.stream.out.supply(&message);
    server.stream.flush().await?;
    let mut answer = Answer::default();
    loop {
        let done = answer.take(server.inbox.bytes())?;
        server.inbox.advance(server.inbox.len());
        if done {
            return answer.finish();
        }
        if server.stream.recv(&mut server.inbox).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
}

/// What has been received of an answer.
#[derive(Debug, Default)]
struct Answer {
    /// The front of a message of which more is to come.
    partial: Vec<u8>,
    taken: usize,
    rows: Vec<Row>,
    refusal: Option<AskError>,
}

impl Answer {
    /// Takes a piece; says whether the answer is complete with it.
    fn take(&mut self, piece: &[u8]) -> Result<bool, AskError> {
        self.taken += piece.len();
        if self.taken > ANSWER_MAX {
            return Err(AskError::TooLong);
        }
        if self.partial.is_empty() {
            return self.take_messages(piece);
        }
        let mut bytes = std::mem::take(&mut self.partial);
        bytes.extend_from_slice(piece);
        if Header::parse(&bytes)?.is_some_and(|header| header.frame_len() > bytes.len()) {
            // Not looked at before all of it is there: that would be quadratic for a long one.
            self.partial = bytes;
            return Ok(false);
        }
        self.take_messages(&bytes)
    }

    fn take_messages(&mut self, bytes: &[u8]) -> Result<bool, AskError> {
        let mut frames = Frames::new(bytes);
        let mut done = false;
        while let Some(frame) = frames.next_frame()? {
            if done {
                return Err(AskError::NotPostgres("it goes on behind its end".to_owned()));
            }
            done = self.take_message(frame.tag, frame.body())?;
        }
        self.partial = bytes[frames.position()..].to_vec();
        Ok(done && self.partial.is_empty())
    }

    fn take_message(&mut self, tag: u8, body: &[u8]) -> Result<bool, AskError> {
        match tag {
            tag::DATA_ROW => self.rows.push(row(body)?),
            tag::ERROR_RESPONSE => self.refusal = Some(refused(body)),
            tag::READY_FOR_QUERY => return Ok(true),
            tag::ROW_DESCRIPTION
            | tag::COMMAND_COMPLETE
            | tag::EMPTY_QUERY_RESPONSE
            | tag::NOTICE_RESPONSE
            | tag::NOTIFICATION_RESPONSE
            | tag::PARAMETER_STATUS => {}
            other => {
                let what = format!("it has a message of type {}", shown(other));
                return Err(AskError::NotPostgres(what));
            }
        }
        Ok(false)
    }

    fn finish(self) -> Result<Vec<Row>, AskError> {
        self.refusal.map_or(Ok(self.rows), Err)
    }
}

/// Opens the body of a `DataRow`.
fn row(body: &[u8]) -> Result<Row, UnexpectedEnd> {
    let mut reader = Reader::new(body);
    let columns = u16::from(reader.u8()?) << 8 | u16::from(reader.u8()?);
    (0..columns).map(|_| value(&mut reader)).collect()
}

/// A length, and so many bytes; NULL has the length -1.
fn value(reader: &mut Reader<'_>) -> Result<Option<String>, UnexpectedEnd> {
    let Ok(length) = usize::try_from(reader.i32()?) else { return Ok(None) };
    let bytes = reader.take(length)?;
    Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
}

fn refused(body: &[u8]) -> AskError {
    let fields = Fields::new(body);
    AskError::Refused { sqlstate: printable(fields.sqlstate()), message: fields.message() }
}

#[cfg(test)]
mod tests;
