//! From a server to its client: what is shown, what is skipped, and what it changes.

use super::OPENED_MAX;
use super::deallocate::Bound;
use super::description::Description;
use super::message::Message;
use super::outbox::Outbox;
use super::pipeline::{Action, Answer, Entry, Owed, Undo, Unnamed};
use super::resets::{Resetting, Scope};
use super::server_name::{Found, ServerName};
use super::server_side::ServerSide;
use super::state::{Session, Shared};
use crate::ids::StatementId;
use crate::protocol::backend::{self as tag, TransactionStatus};
use crate::protocol::error_response::{Fields, rewritten};
use crate::protocol::frame::{BadLength, Header, shown};

/// What a server did that ends its connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerFault {
    /// A header that cannot be.
    #[error("server sent nonsense: {0}")]
    Length(#[from] BadLength),
    /// A message that nothing asked for.
    #[error("server sent a message that nothing asked for: {}", shown(*.0))]
    Unexpected(u8),
    /// A message whose body is not what its type says.
    #[error("server sent a message that cannot be read: {}", shown(*.0))]
    Unreadable(u8),
    /// It did not do what we said in the client's place.
    #[error("server refused the session's parameters or transaction: {0}")]
    Refused(String),
}

impl Message<'_> {
    /// Rows and copied data go by in parts; everything else is looked at as a whole, unless it
    /// is too long for that.
    fn can_go_by(self) -> bool {
        self.is_whole() || self.is_data() || self.header.frame_len() > OPENED_MAX
    }
}

impl Session {
    /// Carries a piece from the server, which begins where the last one's consumed bytes ended;
    /// says how many bytes need not be seen again.
    pub fn reply<C: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        piece: &[u8],
        to_client: &mut C,
    ) -> Result<usize, ServerFault> {
        let mut at = server.reply_rest(piece, to_client);
        while let Some(header) = Header::parse(&piece[at..])? {
            let message = Message { header, piece, at }.with_its_run();
            if !message.can_go_by() {
                break;
            }
            self.answer(shared, server, message, to_client)?;
            at = message.range().end;
        }
        Ok(at)
    }

    fn answer<C: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        message: Message<'_>,
        to_client: &mut C,
    ) -> Result<(), ServerFault> {
        match message.header.tag {
            tag::NOTICE_RESPONSE => {
                server.pass(message, !server.is_aligning(), to_client);
                Ok(())
            }
            tag::NOTIFICATION_RESPONSE => {
                self.notification(server, message, to_client);
                Ok(())
            }
            tag::PARAMETER_STATUS => self.parameter_status(shared, server, message, to_client),
            tag::ERROR_RESPONSE => self.error(server, message, to_client),
            shown_tag => match server.pipeline.answer(shown_tag) {
                Answer::More(action) => {
                    if shown_tag == tag::DATA_ROW && action == Action::Skip {
                        self.row_of_ours(shared, server, message);
                    }
                    if shown_tag == tag::PARAMETER_DESCRIPTION {
                        server.described = Description::of_parameters(message.front());
                    }
                    self.command_complete(shared, server, message);
                    server.counted(message, action);
                    server.pass(message, action == Action::Forward, to_client);
                    Ok(())
                }
                Answer::Last(entry) => self.last(shared, server, message, &entry, to_client),
                _ => Err(ServerFault::Unexpected(shown_tag)),
            },
        }
    }

    /// A row that a query of our own has returned.
    fn row_of_ours(&mut self, shared: &Shared, server: &mut ServerSide, message: Message<'_>) {
        let value = message.body().and_then(tag::first_value);
        match server.pipeline.front() {
            Some(Owed::Opening) => server.said = value.map(Into::into),
            Some(Owed::Role) => self.learn_role(shared, server, value.unwrap_or_default()),
            _ => {}
        }
    }

    /// The last message of what was owed.
    fn last<C: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        message: Message<'_>,
        entry: &Entry,
        to_client: &mut C,
    ) -> Result<(), ServerFault> {
        if message.header.tag == tag::READY_FOR_QUERY {
            let status = message.body().and_then(TransactionStatus::parse);
            server.status = status.ok_or(ServerFault::Unreadable(tag::READY_FOR_QUERY))?;
            server.commits = false;
            server.settle_statements();
            if server.pipeline.is_settled(server.status) {
                server.bound = Bound::Other; // No portal is left.
            }
            self.ready(shared, server, entry);
            if let Some(error) = server.refused.take() {
                return Err(ServerFault::Refused(Fields::new(&error).message()));
            }
        }
        if let Owed::DescribeStatement(Some(id)) = entry.owed {
            self.described(server, id, message, entry);
        }
        self.command_complete(shared, server, message);
        server.counted(message, entry.action);
        server.pass(message, entry.action == Action::Forward, to_client);
        server.count_last(message, entry);
        Ok(())
    }

    /// The server has said what a statement returns, to us or to the client.
    fn described(
        &mut self,
        server: &mut ServerSide,
        id: StatementId,
        message: Message<'_>,
        entry: &Entry,
    ) {
        let columns = match message.header.tag {
            tag::ROW_DESCRIPTION => message.body(),
            _ => Some(&[][..]),
        };
        let description = Description::of(server.described, columns);
        server.prepared.describe(id, description);
        if entry.action == Action::Skip {
            server.asked = None;
        }
        if let Undo::Describes(name) = &entry.undo
            && let Some(known) = self.names.known(name).filter(|known| known.is_on_servers(id))
        {
            known.described = Some(description);
        }
    }

    /// `DISCARD ALL`, `DEALLOCATE ALL` and `RESET` change what a server holds without saying so
    /// otherwise.
    fn command_complete(&mut self, shared: &Shared, server: &mut ServerSide, message: Message<'_>) {
        // What we align with says RESET too, and is known already.
        if message.header.tag != tag::COMMAND_COMPLETE || server.is_aligning() {
            return;
        }
        let Some(body) = message.body() else { return };
        let command = tag::command_tag(body);
        self.defining.done(command, &shared.definitions);
        match command {
            b"DISCARD ALL" => {
                self.deallocate_all(server);
                server.forget_unreported(shared);
                self.discarded(shared);
                server.resetting = Resetting::Sent(Scope::Session);
            }
            b"DEALLOCATE ALL" => self.deallocate_all(server),
            b"RESET" => server.resetting = Resetting::Sent(Scope::Session),
            _ => {}
        }
    }

    /// The server is ready for the client's next unit.
    fn ready(&mut self, shared: &Shared, server: &mut ServerSide, entry: &Entry) {
        match entry.owed {
            Owed::Align => server.aligned(),
            // The unit that may reset is the last one: nothing follows it.
            _ if entry.owed.ends_unit() && !server.pipeline.units().is_any_owed() => {
                self.reset_ended(shared, server);
            }
            _ => {}
        }
        self.defining.ready(server.status, &shared.definitions);
    }

    /// What the client has prepared behind it lives on.
    fn deallocate_all(&mut self, server: &mut ServerSide) {
        self.names.keep_only(server.pipeline.names_to_come().cloned());
        if !server.pipeline.prepares() {
            server.prepared.clear();
        } else {
            server.prepared.mark_all_stale(); // What is on its way may prepare some again.
        }
    }

    fn error<C: Outbox>(
        &mut self,
        server: &mut ServerSide,
        message: Message<'_>,
        to_client: &mut C,
    ) -> Result<(), ServerFault> {
        let fields = message.body().map(Fields::new);
        let fatal = fields.is_some_and(Fields::is_fatal);
        server.ended |= fatal;
        match server.pipeline.answer(tag::ERROR_RESPONSE) {
            Answer::Failed(Action::Skip) => {
                match server.pipeline.front() {
                    Some(Owed::Align) => {
                        server.alignment_failed(message.body().unwrap_or_default());
                    }
                    _ => server.refused = message.body().map(Into::into),
                }
                server.pass(message, false, to_client);
            }
            Answer::Aborted(entries) => {
                self.say_error(server, message, entries.first(), to_client);
                server.count_aborted(fields, &entries);
                let stale = fields.and_then(|fields| stale(fields, entries.first()?));
                self.undo(server, entries);
                match stale {
                    Some(Stale::One(id)) => server.prepared.mark_stale(id),
                    Some(Stale::All) => server.prepared.mark_all_stale(),
                    None => {}
                }
            }
            Answer::Failed(Action::Forward) => {
                server.count_error(fields);
                self.say_error(server, message, None, to_client);
            }
            _ if fatal => {
                server.count_class(fields);
                server.pass(message, true, to_client);
            }
            _ => return Err(ServerFault::Unexpected(tag::ERROR_RESPONSE)),
        }
        Ok(())
    }

    /// The client knows its statements by its own names.
    fn say_error<C: Outbox>(
        &self,
        server: &mut ServerSide,
        message: Message<'_>,
        failed: Option<&Entry>,
        to_client: &mut C,
    ) {
        let failed = failed.map(|entry| &entry.owed);
        if let Some(Owed::Refused(report)) = failed {
            to_client.supply(report);
            return server.pass(message, false, to_client);
        }
        let renamed = message.body().and_then(|body| {
            let fields = Fields::new(body);
            let (ours, found) = ServerName::find(fields.field(b'M')?)?;
            let clients = match (found, failed) {
                (Found::Disguised(name), _) => name,
                (Found::Statement(_), None) => return None,
                (Found::Statement(_), Some(Owed::Duplicate(name))) => name,
                (Found::Statement(id), _) => self.names.name_of(id)?,
            };
            let mut out = Vec::new();
            rewritten(&mut out, fields, ours, clients);
            Some(out)
        });
        match renamed {
            Some(out) => to_client.supply(&out),
            None => server.pass(message, true, to_client),
        }
    }

    /// Takes back what everything that the server still owes would have changed: it will be said
    /// again to another. Nobody waits for its answers any more.
    pub fn take_back(&mut self, server: &mut ServerSide) {
        self.give_back_parents(server);
        for undo in server.pipeline.take_undos() {
            match undo {
                Undo::Nothing | Undo::Describes(_) => {}
                Undo::Name(name) => drop(self.names.remove(&name)),
                Undo::Closed(name, known) => self.names.insert(name, *known),
                Undo::Freed(names) => self.names = *names,
                Undo::Unnamed(before) => self.unnamed = before,
            }
        }
    }

    /// Takes back what the aborted entries had promised, the last promise first.
    fn undo(&mut self, server: &mut ServerSide, entries: Vec<Entry>) {
        let mut unnamed = None;
        for (place, entry) in entries.into_iter().enumerate().rev() {
            server.undo(&entry.owed);
            match entry.undo {
                Undo::Nothing | Undo::Describes(_) => {}
                Undo::Name(name) => drop(self.names.remove(&name)),
                Undo::Closed(name, known) => self.names.insert(name, *known),
                Undo::Freed(names) => self.names = *names,
                // The one that failed has destroyed what was before; the skipped ones have not.
                Undo::Unnamed(_) if place == 0 => unnamed = Some(Unnamed::Nothing),
                Undo::Unnamed(before) => unnamed = Some(before),
            }
        }
        let Some(unnamed) = unnamed else { return };
        match server.pipeline.unnamed_before_next() {
            Some(before) => *before = unnamed,
            None => self.unnamed = unnamed,
        }
    }
}

/// What must be prepared anew.
enum Stale {
    One(StatementId),
    All,
}

/// What must be prepared anew after this error: a plan that is of no use any more ("cached plan must
/// not change result type", "cache lookup failed"), a statement that the server has although we did
/// not know, or those that somebody has deallocated on the server, where we could not see it.
fn stale(fields: Fields<'_>, failed: &Entry) -> Option<Stale> {
    match (fields.sqlstate(), &failed.owed) {
        (b"0A000" | b"XX000", Owed::Bind(id) | Owed::DescribeStatement(id)) => id.map(Stale::One),
        (b"26000", Owed::Bind(Some(_)) | Owed::DescribeStatement(Some(_))) => Some(Stale::All),
        (b"42P05", Owed::Parse(id)) => id.map(Stale::One),
        _ => None,
    }
}
