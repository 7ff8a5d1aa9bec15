//! A client of which the test decides every message.

use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;

use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};

use super::conversation::Conversation;
use super::frontend;
use super::message::{Fields, Message};

/// What a server may send at any time (PostgreSQL manual, "Asynchronous Operations").
const ASYNCHRONOUS: &str = "SNA";

/// Sends a `CancelRequest` on a connection of its own, up to its end.
pub fn send_cancel(port: u16, pid: i32, key: &[u8]) {
    let mut wire = Wire::connect(port);
    wire.send([frontend::cancel_request(pid, key)]);
    wire.expect_end();
}

/// One client connection.
///
/// ```ignore
/// let mut wire = Wire::login(port, "app", "secret", "app");
/// wire.send([parse("", "SELECT $1"), bind("", "", &[Some("7")]), execute(""), sync()]);
/// let replies = wire.expect("1 2 D C Z");
/// assert_eq!(replies[2].row(), [Some("7".to_owned())]);
/// ```
pub struct Wire {
    conversation: Conversation,
    /// The server's `ParameterStatus` messages up to the first `ReadyForQuery`.
    pub parameters: Vec<(String, String)>,
    /// The notices up to there.
    pub notices: Vec<Fields>,
    /// The body of `BackendKeyData`; empty before login.
    pub cancel_key: Vec<u8>,
}

impl Wire {
    /// Connects to 127.0.0.1 and sends nothing.
    pub fn connect(port: u16) -> Wire {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("cannot connect");
        Wire::over(Conversation::tcp(stream))
    }

    /// Connects to the unix socket for `port` in `folder` and sends nothing.
    pub fn connect_unix(folder: &Path, port: u16) -> Wire {
        let path = folder.join(format!(".s.PGSQL.{port}"));
        Wire::over(Conversation::unix(UnixStream::connect(path).expect("cannot connect")))
    }

    /// Connects to 127.0.0.1 and logs in.
    pub fn login(port: u16, user: &str, password: &str, database: &str) -> Wire {
        let mut wire = Wire::connect(port);
        wire.log_in(user, password, &[("user", user), ("database", database)]);
        wire
    }

    /// Logs in with these startup parameters, by whatever the server asks for, up to its first
    /// `ReadyForQuery`. Fails the test if it is refused.
    pub fn log_in(&mut self, user: &str, password: &str, parameters: &[(&str, &str)]) {
        if let Err(refused) = self.try_log_in(user, password, parameters) {
            self.conversation.fail(&format!("login was refused: {refused}"));
        }
    }

    /// As [`log_in`](Wire::log_in), for a test that wants to be refused.
    pub fn try_log_in(
        &mut self,
        user: &str,
        password: &str,
        parameters: &[(&str, &str)],
    ) -> Result<(), Fields> {
        self.send([frontend::startup(parameters)]);
        self.finish_login(user, password)
    }

    /// What follows the startup message, up to the first `ReadyForQuery`.
    pub fn finish_login(&mut self, user: &str, password: &str) -> Result<(), Fields> {
        self.authenticate(user, password)?;
        loop {
            let message = self.next();
            match message.tag {
                'S' => self.note_parameter(&message),
                'K' => self.cancel_key = message.body,
                'Z' => return Ok(()),
                'E' => return Err(message.fields()),
                'N' => self.notices.push(message.fields()),
                _ => self.conversation.fail(&format!("{message:?} during login")),
            }
        }
    }

    /// From now on each byte goes out in a write, and a packet, of its own.
    pub fn trickle(&mut self) {
        self.conversation.trickle();
    }

    /// The next error, whatever comes before it.
    pub fn until_error(&mut self) -> Fields {
        loop {
            let message = self.next();
            if message.tag == 'E' {
                return message.fields();
            }
        }
    }

    /// Sends these messages in one write.
    pub fn send<M: AsRef<[u8]>>(&mut self, messages: impl IntoIterator<Item = M>) {
        let bytes: Vec<u8> = messages.into_iter().flat_map(|m| m.as_ref().to_vec()).collect();
        self.conversation.send(&bytes);
    }

    /// Reads exactly the replies of these types, `"1 2 T D C Z"`, and returns them. Parameter changes,
    /// notices and notifications, which may come at any time, are passed over unless it is their turn.
    pub fn expect(&mut self, tags: &str) -> Vec<Message> {
        self.conversation.expect(tags, ASYNCHRONOUS)
    }

    /// The connection ends here, without another message.
    pub fn expect_end(&mut self) {
        self.conversation.expect_end();
    }

    /// The next message, whatever it is.
    pub fn next(&mut self) -> Message {
        match self.conversation.next() {
            Some(message) => message,
            None => self.conversation.fail("the connection ended"),
        }
    }

    /// The next message; `None` at the end of the connection.
    pub fn next_or_end(&mut self) -> Option<Message> {
        self.conversation.next()
    }

    /// The next byte: the answer to an `SSLRequest`.
    pub fn byte(&mut self) -> char {
        match self.conversation.byte() {
            Some(byte) => char::from(byte),
            None => self.conversation.fail("the connection ended"),
        }
    }

    /// All bytes up to the end of the connection.
    pub fn rest(&mut self) -> Vec<u8> {
        std::iter::from_fn(|| self.conversation.byte()).collect()
    }

    /// All messages up to and with the next `ReadyForQuery`.
    pub fn until_ready(&mut self) -> Vec<Message> {
        let mut messages = vec![self.next()];
        while messages.last().is_some_and(|message| message.tag != 'Z') {
            messages.push(self.next());
        }
        messages
    }

    /// Runs statements by a simple query; the rows of all of them. Fails the test if one fails.
    pub fn rows(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        let replies = self.simple(sql);
        if let Some(error) = replies.iter().find(|reply| reply.tag == 'E') {
            self.conversation.fail(&format!("{sql}: {}", error.fields()));
        }
        replies.iter().filter(|reply| reply.tag == 'D').map(Message::row).collect()
    }

    /// Runs a statement that returns one row of one column, which is not NULL.
    pub fn value(&mut self, sql: &str) -> String {
        match self.rows(sql).as_slice() {
            [row] if row.len() == 1 && row[0].is_some() => row[0].clone().unwrap_or_default(),
            rows => self.conversation.fail(&format!("{sql}: not one value: {rows:?}")),
        }
    }

    /// Runs a statement that must fail, and returns its error.
    pub fn error(&mut self, sql: &str) -> Fields {
        let replies = self.simple(sql);
        match replies.iter().find(|reply| reply.tag == 'E') {
            Some(error) => error.fields(),
            None => self.conversation.fail(&format!("{sql}: should have failed")),
        }
    }

    /// The process id of the server that runs a statement now.
    pub fn server_pid(&mut self) -> String {
        self.value("SELECT pg_backend_pid()")
    }

    /// Asks whoever listens on this port to cancel what this session runs; returns when that was read.
    pub fn cancel(&self, port: u16) {
        let (pid, key) = self.cancel_key.split_at(4);
        send_cancel(port, i32::from_be_bytes(pid.try_into().unwrap()), key);
    }

    fn over(conversation: Conversation) -> Wire {
        let (parameters, notices, cancel_key) = (Vec::new(), Vec::new(), Vec::new());
        Wire { conversation, parameters, notices, cancel_key }
    }

    fn simple(&mut self, sql: &str) -> Vec<Message> {
        self.send([frontend::query(sql)]);
        self.until_ready()
    }

    fn note_parameter(&mut self, message: &Message) {
        let mut strings = message.strings().into_iter();
        let name = strings.next().unwrap_or_default();
        self.parameters.push((name, strings.next().unwrap_or_default()));
    }

    /// `AuthenticationOk` is 0, a password in plain text 3, as md5 5, SASL 10.
    fn authenticate(&mut self, user: &str, password: &str) -> Result<(), Fields> {
        loop {
            let (asked, body) = self.authentication()?;
            match asked {
                0 => return Ok(()),
                3 => self.send([frontend::password(&frontend::string(password))]),
                5 => {
                    let salt = body[..4].try_into().unwrap();
                    let hash = md5_hash(user.as_bytes(), password.as_bytes(), salt);
                    self.send([frontend::password(&frontend::string(&hash))]);
                }
                10 => self.scram(password)?,
                other => self.conversation.fail(&format!("authentication method {other}")),
            }
        }
    }

    fn scram(&mut self, password: &str) -> Result<(), Fields> {
        let mut scram = ScramSha256::new(password.as_bytes(), ChannelBinding::unsupported());
        let first = scram.message().to_vec();
        let length = u32::try_from(first.len()).unwrap().to_be_bytes();
        let body = [&frontend::string("SCRAM-SHA-256"), &length[..], &first].concat();
        self.send([frontend::password(&body)]);
        let (_, challenge) = self.authentication()?;
        scram.update(&challenge).unwrap();
        self.send([frontend::password(scram.message())]);
        let (_, proof) = self.authentication()?;
        scram.finish(&proof).expect("the server does not know the password");
        Ok(())
    }

    fn authentication(&mut self) -> Result<(u32, Vec<u8>), Fields> {
        let message = self.next();
        match message.tag {
            'R' => {
                let (code, rest) = message.body.split_at(4);
                Ok((u32::from_be_bytes(code.try_into().unwrap()), rest.to_vec()))
            }
            'E' => Err(message.fields()),
            _ => self.conversation.fail(&format!("{message:?} during authentication")),
        }
    }
}
