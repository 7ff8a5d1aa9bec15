//! Scripts for tests that read like sequence diagrams: a client, a session, and its servers.
//!
//! Messages are written as `P s1 select 1 | B - s1 | E | S`: the type byte, then the fields; `-` is
//! an empty name. `E 42601 text` is an error of a server, `E 57P01! text` a fatal one.

use super::refusal::Refusing;
use super::reply::ServerFault;
use super::request::{Out, Requested, Stopped, Until};
use super::unit::Plan;
use super::*;
use crate::protocol::frame::Frames;

/// What every `Bind` here has after its names: no formats, no values.
const BIND_TAIL: &[u8] = &[0; 6];

/// Collects what goes to one side.
pub(super) struct Sink<'a> {
    pub(super) piece: &'a [u8],
    pub(super) out: &'a mut Vec<u8>,
}

impl Outbox for Sink<'_> {
    fn forward(&mut self, range: std::ops::Range<usize>) {
        assert!(!range.is_empty(), "an empty range costs a segment");
        self.out.extend_from_slice(&self.piece[range]);
    }
    fn supply(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }
}

/// A message from its type and body.
pub(super) fn framed(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    out.extend_from_slice(&u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    out.extend_from_slice(body);
    out
}

fn cstrs(fields: &[&str]) -> Vec<u8> {
    fields.iter().flat_map(|field| [field.as_bytes(), b"\0"].concat()).collect()
}

fn split(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

fn name(text: &str) -> &str {
    if text == "-" { "" } else { text }
}

/// The bytes of a client's messages.
pub(super) fn client(script: &str) -> Vec<u8> {
    script.split(" | ").flat_map(client_message).collect()
}

fn client_message(text: &str) -> Vec<u8> {
    let (tag, rest) = split(text);
    let (first, second) = split(rest);
    let body = match tag {
        "P" => [cstrs(&[name(first), second]), vec![0; 2]].concat(),
        "B" => [cstrs(&[name(first), name(second)]), BIND_TAIL.to_vec()].concat(),
        "E" => [cstrs(&[name(rest)]), vec![0; 4]].concat(),
        "D" | "C" => [first.as_bytes().to_vec(), cstrs(&[name(second)])].concat(),
        "Q" | "f" => cstrs(&[rest]),
        _ => rest.as_bytes().to_vec(),
    };
    framed(tag.as_bytes()[0], &body)
}

/// The bytes of a server's messages.
pub(super) fn server(script: &str) -> Vec<u8> {
    script.split(" | ").flat_map(server_message).collect()
}

fn server_message(text: &str) -> Vec<u8> {
    let (tag, rest) = split(text);
    let (first, second) = split(rest);
    let body = match tag {
        "E" | "N" => error_body(first, second),
        "S" => cstrs(&[first, second]),
        "C" => cstrs(&[rest]),
        _ => rest.as_bytes().to_vec(),
    };
    framed(tag.as_bytes()[0], &body)
}

fn error_body(code: &str, message: &str) -> Vec<u8> {
    let severity = if code.ends_with('!') { "FATAL" } else { "ERROR" };
    let code = code.trim_end_matches('!');
    let fields = [("S", severity), ("V", severity), ("C", code), ("M", message)];
    let fields = fields.map(|(field, text)| format!("{field}{text}\0")).concat();
    [fields.as_bytes(), b"\0"].concat()
}

/// What a server was sent, as a script.
pub(super) fn client_script(bytes: &[u8]) -> String {
    shown(bytes, |tag, body| {
        let fields = fields(body);
        match tag {
            'P' | 'B' => format!("{tag} {} {}", shown_name(&fields[0]), shown_name(&fields[1])),
            'E' => format!("E {}", shown_name(&fields[0])).replace("E -", "E"),
            'D' | 'C' => format!("{tag} {} {}", &fields[0][..1], shown_name(&fields[0][1..])),
            'Q' | 'f' => format!("{tag} {}", fields[0]),
            _ => format!("{tag} {}", String::from_utf8_lossy(body)).trim_end().to_owned(),
        }
    })
}

/// What a client was sent, as a script.
pub(super) fn server_script(bytes: &[u8]) -> String {
    shown(bytes, |tag, body| {
        let fields = fields(body);
        match tag {
            'E' | 'N' => {
                let of = |code: &str| {
                    let field = fields.iter().find_map(|field| field.strip_prefix(code));
                    field.unwrap_or_default().to_owned()
                };
                let fatal = if of("V") == "FATAL" { "!" } else { "" };
                format!("{tag} {}{fatal} {}", of("C"), of("M"))
            }
            'S' => format!("S {} {}", fields[0], fields[1]),
            'C' => format!("C {}", fields[0]),
            _ => format!("{tag} {}", String::from_utf8_lossy(body)).trim_end().to_owned(),
        }
    })
}

fn fields(body: &[u8]) -> Vec<String> {
    body.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into()).collect()
}

fn shown_name(name: &str) -> &str {
    if name.is_empty() { "-" } else { name }
}

fn shown(bytes: &[u8], one: impl Fn(char, &[u8]) -> String) -> String {
    let mut frames = Frames::new(bytes);
    let mut parts = Vec::new();
    while let Some(frame) = frames.next_frame().unwrap() {
        parts.push(one(char::from(frame.tag), frame.body()));
    }
    assert_eq!(frames.position(), bytes.len(), "half a message after {parts:?}");
    parts.join(" | ")
}

/// One client, and as many servers as it needs.
pub(super) struct Script {
    pub(super) shared: Shared,
    pub(super) session: Session,
    pub(super) servers: Vec<ServerSide>,
    pub(super) at: Option<usize>,
    pub(super) from_client: Vec<u8>,
    pub(super) from_server: Vec<u8>,
    pub(super) to_server: Vec<u8>,
    pub(super) to_client: Vec<u8>,
}

impl Script {
    /// A client with prepared statements on two servers, which hold two statements each.
    pub(super) fn new() -> Self {
        Self::with(true, 2)
    }

    pub(super) fn with(translates: bool, prepared_max: usize) -> Self {
        let shared = Shared::default();
        let mut set = ParameterSet::default();
        set.set(b"TimeZone", b"UTC", true);
        let parameters = shared.interner.intern(set);
        let server = || ServerSide::new(parameters.clone(), prepared_max);
        Script {
            servers: vec![server(), server()],
            session: Session::new(parameters, translates),
            shared,
            at: None,
            from_client: Vec::new(),
            from_server: Vec::new(),
            to_server: Vec::new(),
            to_client: Vec::new(),
        }
    }

    /// Another client takes the place of this one; the servers stay.
    pub(super) fn another_client(&mut self) -> &mut Self {
        let parameters = self.session.startup.clone();
        self.session = Session::new(parameters, true);
        self
    }

    /// The same; this one is kept.
    pub(super) fn another_client_kept(&mut self) -> Session {
        let parameters = self.session.startup.clone();
        std::mem::replace(&mut self.session, Session::new(parameters, true))
    }

    pub(super) fn link(&mut self, to: usize) -> &mut Self {
        assert_eq!(self.at, None, "already linked");
        let mut sink = Sink { piece: &[], out: &mut self.to_server };
        self.session.link(&mut self.servers[to], None, &mut sink);
        self.at = Some(to);
        self
    }

    /// Releases the server, which must be clean.
    pub(super) fn release(&mut self) -> &mut Self {
        assert!(self.linked().clean().is_some(), "not clean: {:?}", self.linked());
        self.at = None;
        self
    }

    pub(super) fn linked(&mut self) -> &mut ServerSide {
        &mut self.servers[self.at.expect("linked")]
    }

    pub(super) fn is_clean(&mut self) -> bool {
        self.linked().clean().is_some()
    }

    /// What must be said of our own between two units is said.
    pub(super) fn settle(&mut self) -> bool {
        let server = &mut self.servers[self.at.expect("linked")];
        self.session.settle(&self.shared, server, false, &mut self.to_server)
    }

    /// A unit that only defines statements is ended in the client's place.
    pub(super) fn end_definitions(&mut self) -> bool {
        let mut sink = Sink { piece: &[], out: &mut self.to_server };
        self.servers[self.at.expect("linked")].end_definitions(false, &mut sink)
    }

    /// The client sends; without a server, it is answered locally.
    pub(super) fn client(&mut self, script: &str) -> &mut Self {
        self.client_bytes(&client(script))
    }

    pub(super) fn client_bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.from_client.extend_from_slice(bytes);
        self.carry_requests(Until::End).expect("no violation");
        self
    }

    /// As many pieces as it takes.
    pub(super) fn carry_requests(&mut self, until: Until) -> Result<Stopped, Violation> {
        loop {
            let requested = self.carry_request(until, OPENED_MAX)?;
            self.from_client.drain(..requested.consumed);
            if requested.consumed == 0 || requested.stopped != Stopped::AtEnd {
                return Ok(requested.stopped);
            }
        }
    }

    pub(super) fn carry_request(
        &mut self,
        until: Until,
        max: usize,
    ) -> Result<Requested, Violation> {
        let piece = &self.from_client[..self.from_client.len().min(max)];
        let mut to_client = Sink { piece, out: &mut self.to_client };
        let Some(at) = self.at else {
            let consumed = self.session.local(&self.shared, piece, &mut to_client)?;
            return Ok(Requested { consumed, stopped: Stopped::AtEnd });
        };
        let mut to_server = Sink { piece, out: &mut self.to_server };
        let mut out = Out { server: &mut to_server, client: &mut to_client };
        self.session.request(&self.shared, &mut self.servers[at], piece, until, &mut out)
    }

    /// The server sends; then what the client had to wait with goes on.
    pub(super) fn server(&mut self, script: &str) -> &mut Self {
        self.from_server.extend_from_slice(&server(script));
        self.carry_replies().expect("no fault");
        self.carry_requests(Until::End).expect("no violation");
        self
    }

    pub(super) fn server_fault(&mut self, script: &str) -> ServerFault {
        self.from_server.extend_from_slice(&server(script));
        self.carry_replies().expect_err("a fault")
    }

    pub(super) fn violation(&mut self, script: &str) -> Violation {
        self.from_client.extend_from_slice(&client(script));
        self.carry_requests(Until::End).expect_err("a violation")
    }

    pub(super) fn carry_replies(&mut self) -> Result<(), ServerFault> {
        while self.carry_reply(OPENED_MAX)? > 0 {}
        Ok(())
    }

    pub(super) fn carry_reply(&mut self, max: usize) -> Result<usize, ServerFault> {
        let piece = &self.from_server[..self.from_server.len().min(max)];
        let mut sink = Sink { piece, out: &mut self.to_client };
        let server = &mut self.servers[self.at.expect("linked")];
        let consumed = self.session.reply(&self.shared, server, piece, &mut sink)?;
        assert!(consumed <= piece.len());
        self.from_server.drain(..consumed);
        Ok(consumed)
    }

    /// What has reached the server since the last look.
    #[track_caller]
    pub(super) fn server_sees(&mut self, script: &str) -> &mut Self {
        assert_eq!(client_script(&std::mem::take(&mut self.to_server)), script);
        self
    }

    /// What has been said so far does not matter.
    pub(super) fn look_away(&mut self) -> &mut Self {
        self.to_server.clear();
        self.to_client.clear();
        self
    }

    /// What has reached the client since the last look.
    #[track_caller]
    pub(super) fn client_sees(&mut self, script: &str) -> &mut Self {
        assert_eq!(server_script(&std::mem::take(&mut self.to_client)), script);
        self
    }

    pub(super) fn plan(&self) -> Result<Plan, Violation> {
        self.session.plan(&self.shared, &self.from_client, None)
    }

    pub(super) fn is_refusing(&self) -> bool {
        self.session.refusing != Refusing::Nothing
    }
}
