//! What a server reports beside its answers: parameters that have changed, and notifications.

use super::message::Message;
use super::outbox::Outbox;
use super::parameters::follows;
use super::pipeline::Owed;
use super::reply::ServerFault;
use super::resets::{Resetting, Scope};
use super::server_side::ServerSide;
use super::state::{Session, Shared};
use crate::protocol::backend as tag;

impl Session {
    /// A parameter has changed on the server.
    pub(super) fn parameter_status<C: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        message: Message<'_>,
        to_client: &mut C,
    ) -> Result<(), ServerFault> {
        let body = message.body().ok_or(ServerFault::Unreadable(tag::PARAMETER_STATUS))?;
        let (name, value) = tag::parameter_status(body)
            .map_err(|_| ServerFault::Unreadable(tag::PARAMETER_STATUS))?;
        let aligning = server.is_aligning();
        if !follows(name) {
            self.fixed_status(shared, server, name, value);
            server.pass(message, !aligning, to_client);
            return Ok(());
        }
        let before = server.parameters.clone();
        server.parameters = shared.interner.with(&before, name, value);
        if let Some(own) = self.led_back_to(server, name, value) {
            let own = own.to_vec();
            self.parameters = shared.interner.with(&self.parameters, name, &own);
            return self.say_led_back(server, message, (name, &own), to_client);
        }
        // What we set is known to the client, unless it had set something else before a RESET.
        let is_news = !aligning || self.parameters.value(name) != Some(value);
        if self.parameters.same(&before) {
            self.parameters = server.parameters.clone();
        } else if is_news {
            self.parameters = shared.interner.with(&self.parameters, name, value);
        }
        // What is said again was shown where it was said first.
        let shown = is_news && server.pipeline.front() != Some(&Owed::Opening);
        server.pass(message, shown, to_client);
        Ok(())
    }

    /// Who the session has become, by its server's rights or by its name.
    fn fixed_status(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        name: &[u8],
        value: &[u8],
    ) {
        match name {
            b"session_authorization" => self.becomes(shared, server, value),
            b"is_superuser" if !server.is_aligning() => server.touch_role(),
            _ => {}
        }
    }

    /// What the client started with, where a reset has led the server back to what we logged in
    /// with: that is set there again, as soon as the server is ready.
    fn led_back_to(&self, server: &mut ServerSide, name: &[u8], value: &[u8]) -> Option<&[u8]> {
        if server.is_aligning() || server.login.value(name) != Some(value) {
            return None;
        }
        let own = self.startup.value(name).filter(|own| *own != value)?;
        if let Resetting::Sent(_) = server.resetting {
            return Some(own);
        }
        // If the client has set it to that value itself, it stays as it is.
        server.resetting = Resetting::Sent(Scope::Session);
        None
    }

    /// The client hears what it would hear from a server of its own.
    fn say_led_back<C: Outbox>(
        &self,
        server: &mut ServerSide,
        message: Message<'_>,
        (name, value): (&[u8], &[u8]),
        to_client: &mut C,
    ) -> Result<(), ServerFault> {
        let mut said = Vec::new();
        tag::say_parameter(&mut said, name, value);
        to_client.supply(&said);
        server.pass(message, false, to_client);
        Ok(())
    }

    /// What the client itself has sent comes from the process that it was told of at its login.
    pub(super) fn notification<C: Outbox>(
        &self,
        server: &mut ServerSide,
        message: Message<'_>,
        to_client: &mut C,
    ) {
        let renamed = message.body().and_then(|body| {
            let (process, rest) = body.split_first_chunk()?;
            (u32::from_be_bytes(*process) == server.process_id).then_some(rest)
        });
        match renamed.zip(self.process_id) {
            Some((rest, own)) => {
                let mut out = Vec::new();
                tag::say_notification(&mut out, own, rest);
                to_client.supply(&out);
                server.pass(message, false, to_client);
            }
            None => server.pass(message, true, to_client),
        }
    }
}
