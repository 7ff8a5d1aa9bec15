//! `Bind`, `Describe` and `Close`: the client's name for a statement becomes the server's.

use super::OPENED_MAX;
use super::front::Front;
use super::message::Message;
use super::outbox::Outbox;
use super::pipeline::{Entry, Owed, Undo, Unnamed};
use super::preparation::Readiness;
use super::request::Step;
use super::server_name::ServerName;
use super::server_side::{Rest, ServerSide, UnnamedHere};
use super::state::{Session, Shared, Violation};
use crate::ids::StatementId;
use crate::protocol::backend::CLOSE_COMPLETE_MESSAGE;
use crate::protocol::frame::HEADER_LEN;
use crate::protocol::frontend::{self as tag, Bind, Target};

/// What a server is told in place of a client's name for a statement.
enum Translated {
    /// The client's message can go as it is.
    AsItIs,
    /// This name; of a shared statement, if it is one.
    To(Option<StatementId>, ServerName),
    /// It is not known yet what the name stands for, or what the server has under it.
    InDoubt,
    /// The server was told something that it refuses.
    Refused,
}

impl Session {
    pub(super) fn bind_message<S: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        message: Message<'_>,
        to_server: &mut S,
    ) -> Result<Step, Violation> {
        if !self.translates {
            let name = Bind::parse(message.front()).map(|bind| bind.statement);
            server.calls.bind(None, name.ok().and_then(|name| self.parents.take(name)));
            return Ok(server.owe(Owed::Bind(None), message, to_server));
        }
        match Bind::parse(message.front()) {
            Ok(bind) => Ok(self.bind(shared, server, bind, message, to_server)),
            Err(_) if message.is_whole() => Ok(server.owe(Owed::Bind(None), message, to_server)),
            Err(_) if message.range().len() < OPENED_MAX => Ok(Step::Wait),
            Err(_) => Err(Violation::Names(tag::BIND)),
        }
    }

    fn bind<S: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        bind: Bind<'_>,
        message: Message<'_>,
        to_server: &mut S,
    ) -> Step {
        let portal = Some(bind.portal);
        let translated = self.translate(shared, server, (bind.statement, portal), to_server);
        match translated {
            Translated::InDoubt => return Step::Full,
            Translated::Refused => return Step::Next(server.drop_request(message)),
            _ => {}
        }
        self.note_bound(server, bind);
        let (id, name) = match translated {
            Translated::InDoubt | Translated::Refused => return Step::Full,
            Translated::AsItIs => return server.owe(Owed::Bind(None), message, to_server),
            Translated::To(id, name) => (id, name),
        };
        server.tally.binds += 1;
        let range = message.range();
        send_bind_front(bind, name, message, to_server);
        let rest = range.start + HEADER_LEN + bind.names_len..range.end;
        if !rest.is_empty() {
            to_server.forward(rest);
        }
        server.request_rest = Rest::forward(message.header.frame_len() - range.len());
        server.pipeline.push(Entry::forward(Owed::Bind(id)));
        Step::Next(range.len())
    }

    fn note_bound(&mut self, server: &mut ServerSide, bind: Bind<'_>) {
        if !server.watches_calls() {
            return;
        }
        let (statement, parent) = self.to_bind(bind.statement);
        server.calls.bind(statement, parent);
    }

    /// `Describe` and `Close`.
    pub(super) fn named_message<S: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        message: Message<'_>,
        to_server: &mut S,
    ) -> Result<Step, Violation> {
        let Some(body) = message.body() else {
            return match message.header.frame_len() {
                0..=OPENED_MAX => Ok(Step::Wait),
                _ => Err(Violation::Names(message.header.tag)),
            };
        };
        match (message.header.tag, Target::parse(body)) {
            (tag::DESCRIBE, Target::Statement(name)) if self.translates => {
                Ok(self.describe(shared, server, name, message, to_server))
            }
            (tag::CLOSE, Target::Statement(name)) if self.translates => {
                Ok(self.close(server, name, message, to_server))
            }
            (tag::DESCRIBE, Target::Statement(_)) => {
                Ok(server.owe(Owed::DescribeStatement(None), message, to_server))
            }
            (tag::DESCRIBE, Target::Other) => {
                Ok(server.owe(Owed::DescribePortal, message, to_server))
            }
            _ => {
                server.bound.close(tag::text(body.get(1..).unwrap_or_default()));
                Ok(server.owe(Owed::Close(None), message, to_server))
            }
        }
    }

    fn describe<S: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        name: &[u8],
        message: Message<'_>,
        to_server: &mut S,
    ) -> Step {
        let own = name;
        let (id, name) = match self.translate(shared, server, (name, None), to_server) {
            Translated::InDoubt => return Step::Full,
            Translated::Refused => return Step::Next(server.drop_request(message)),
            Translated::AsItIs => {
                return server.owe(Owed::DescribeStatement(None), message, to_server);
            }
            Translated::To(id, name) => (id, name),
        };
        to_server.supply(Front::of_statement(tag::DESCRIBE, name.as_bytes()).finish(0));
        let told = self.names.name(own).map_or(Undo::Nothing, Undo::Describes);
        server.pipeline.push(Entry::forward(Owed::DescribeStatement(id)).undo(told));
        Step::Next(message.header.frame_len())
    }

    /// Only the client's name goes; others may use the statement on this server.
    fn close<S: Outbox>(
        &mut self,
        server: &mut ServerSide,
        name: &[u8],
        message: Message<'_>,
        to_server: &mut S,
    ) -> Step {
        if name.is_empty() {
            // Never in doubt: whatever it is, it goes.
            let before = std::mem::take(&mut self.unnamed);
            server.unnamed = UnnamedHere::Unknown;
            let entry = Entry::forward(Owed::Close(None)).undo(Undo::Unnamed(before));
            server.pipeline.push(entry);
            return Step::Next(server.stream(message, to_server));
        }
        if server.pipeline.units().are_names_in_doubt() {
            return Step::Full;
        }
        let undo = match self.names.remove(name) {
            Some((name, known)) => Undo::Closed(name, Box::new(known)),
            None => Undo::Nothing,
        };
        let entry = Entry::forward(Owed::Supplied(CLOSE_COMPLETE_MESSAGE)).undo(undo);
        server.pipeline.push(entry);
        Step::Next(message.header.frame_len())
    }

    /// The server's name for the client's, the statement being prepared there first if need be; for
    /// a portal that is bound to it, if there is one.
    fn translate<S: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        (name, portal): (&[u8], Option<&[u8]>),
        to_server: &mut S,
    ) -> Translated {
        let units = server.pipeline.units();
        if name.is_empty() {
            if units.is_unnamed_in_doubt() {
                return Translated::InDoubt;
            }
            if let Unnamed::Kept(statement, _) = &self.unnamed {
                server.note_use(statement, portal);
            }
            server.prepare_unnamed(&self.unnamed, self.parameters.environment(), to_server);
            return Translated::AsItIs;
        }
        if units.are_names_in_doubt() {
            return Translated::InDoubt;
        }
        if let Some(known) = self.names.known(name) {
            server.note_use(&known.statement, portal);
            let here = self.parameters.environment();
            return match server.ready_for(&shared.statements, known, here, to_server) {
                Readiness::Ready(id, name) => Translated::To(Some(id), name),
                Readiness::Asked => Translated::InDoubt,
                Readiness::Changed => Translated::Refused,
            };
        }
        // The server will say that it does not know it (26000).
        ServerName::disguise(name)
            .map_or(Translated::AsItIs, |disguise| Translated::To(None, disguise))
    }
}

/// Header and names of a `Bind`; the values follow from the piece.
fn send_bind_front(
    bind: Bind<'_>,
    name: ServerName,
    message: Message<'_>,
    to_server: &mut impl Outbox,
) {
    let values_len = message.header.body_len.saturating_sub(bind.names_len);
    let mut tail = Front::bare();
    tail.push_name(name.as_bytes());
    let mut front = Front::new(tag::BIND);
    if bind.portal.is_empty() {
        front.push(b"\0");
        front.push_name(name.as_bytes());
        return to_server.supply(front.finish(values_len));
    }
    // A portal's name may be of any length, so it comes from the piece.
    let portal = message.at + HEADER_LEN..message.at + HEADER_LEN + bind.portal.len() + 1;
    to_server.supply(front.finish(portal.len() + tail.bytes().len() + values_len));
    to_server.forward(portal);
    to_server.supply(tail.bytes());
}
