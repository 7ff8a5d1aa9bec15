//! What a session asks of pgweir itself.

use super::outbox::Forwarding;
use super::task::Client;
use crate::protocol::backend::TransactionStatus;
use crate::protocol::error_response::ErrorReport;
use crate::protocol::sqlstate::SqlState;
use crate::routing::Ask;
use crate::routing::ask::{Mistake, SETTABLE};
use crate::session::Told;

impl Client {
    /// Answers the statement of ours at the front of the inbox. `status` is the transaction's.
    pub(super) async fn answer_own(&mut self, status: TransactionStatus) {
        let Some(text) = self.session.executed(&self.pools.shared, self.inbox.bytes()) else {
            return;
        };
        let (answer, status) = match Ask::of(&text) {
            Some(ask) => (self.answer(ask).await, status),
            None => self.obey(&text),
        };
        let mut to_client = Forwarding { out: &mut self.stream.out, piece: &self.inbox };
        let consumed = self.session.tell(self.inbox.bytes(), &answer, status, &mut to_client);
        self.inbox.advance(consumed);
    }

    async fn answer(&mut self, ask: Ask<'_>) -> Result<Told, ErrorReport> {
        match ask {
            Ask::Unknown(mistake) => Err(mistaken(&mistake)),
            _ => Err(mistaken(&Mistake::Syntax)),
        }
    }
}

fn mistaken(mistake: &Mistake) -> ErrorReport {
    let state = match mistake {
        Mistake::Name(_) => SqlState::UNDEFINED_OBJECT,
        Mistake::Value { .. } => SqlState::INVALID_PARAMETER,
        Mistake::ReadOnly(_) => SqlState::CANNOT_CHANGE,
        Mistake::Syntax => SqlState::SYNTAX_ERROR,
    };
    ErrorReport::error(state, mistake.to_string()).hint(SETTABLE)
}
