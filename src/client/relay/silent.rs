//! What others see of a link while neither side says anything, and for how long that may be.

use super::super::control::{Signal, Waits};
use super::super::error;
use super::{Relay, Unlink};
use crate::pooler::Pin;
use crate::protocol::backend::TransactionStatus;
use crate::session::PoolMode;
use std::task::Poll;

impl Relay<'_> {
    /// What others can see of the client and its server, while both are silent.
    fn show(&self, waits: Waits) {
        let (session, side) = (&self.client.session, &self.held.side);
        let pin = match () {
            () if waits != Waits::Idle => None,
            () if self.mode == PoolMode::Session => Some(Pin::SessionMode),
            () if session.is_mid_message() || side.is_mid_message() => Some(Pin::HalfMessage),
            () => side.pipeline().awaits_sync().then_some(Pin::NoSync),
        };
        self.client.control.shows(session.parameters(), session.prepared_len());
        self.client.control.keeps(pin, side.prepared_len());
    }

    /// Both sides are silent.
    pub(super) fn poll_silence(&mut self) -> Poll<Unlink> {
        let side = &self.held.side;
        let in_transaction = side.status() != TransactionStatus::Idle;
        let waits = match (side.pipeline().is_empty(), in_transaction) {
            (true, true) => Waits::InTransaction,
            (true, false) => Waits::Idle,
            (false, _) => Waits::Server,
        };
        self.client.control.waits(waits, &self.client.worker.silence);
        self.show(waits);
        match self.client.control.take(Signal::Silence) {
            true if waits == Waits::Server => Poll::Pending,
            true if in_transaction => {
                Poll::Ready(Unlink::ClientFault(error::idle_transaction_timeout()))
            }
            true => Poll::Ready(Unlink::Ended(error::idle_timeout())),
            false => Poll::Pending,
        }
    }
}
