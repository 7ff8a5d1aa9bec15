//! Who is it? Carries the exchange of [`crate::auth`] over a connection.

use super::error;
use super::opening::{Claim, Ending, Opening};
use super::policy::Policy;
use crate::auth::{Exchange, Proven, Step};
use crate::protocol::frame::{Frames, Header, shown};
use crate::protocol::frontend::PASSWORD;
use tokio::sync::Semaphore;

/// Derivations of keys that run at once. They are CPU alone, asked for by clients who have not
/// proven anything yet; more than two would take cores from those who have.
static DERIVATIONS: Semaphore = Semaphore::const_new(2);

/// Asks the client for proof and checks it. The caller sends what success says last.
pub(super) async fn authenticate(
    opening: &mut Opening,
    policy: &Policy,
    claim: &Claim,
) -> Result<Proven, Ending> {
    let secret = policy.users.secret(&claim.user);
    let random = rand::random();
    let mut step = Exchange::start(policy.method, &claim.user, secret, &policy.salts, random);
    loop {
        step = match step {
            Step::Send(bytes, exchange) => {
                opening.stream.out.supply(&bytes);
                opening.stream.flush().await?;
                exchange.on_message(&opening.password_message().await?)
            }
            Step::Derive(derivation) => {
                let _turn = DERIVATIONS.acquire().await.map_err(std::io::Error::other)?;
                let derived = tokio::task::spawn_blocking(|| derivation.run()).await;
                derived.map_err(std::io::Error::other)?
            }
            Step::Done(proven) => return Ok(proven),
            Step::Failed(failure) => {
                tracing::info!(user = claim.shown(), reason = %failure, "authentication failed");
                return Err(error::refused(&failure, &claim.user).into());
            }
        };
    }
}

impl Opening {
    /// The body of the client's next message, which must be of type `p`.
    async fn password_message(&mut self) -> Result<Vec<u8>, Ending> {
        loop {
            let bytes = self.inbox.bytes();
            if bytes.first().is_some_and(|tag| *tag != PASSWORD) {
                let what =
                    format!("expected password response, got message type {}", shown(bytes[0]));
                return Err(error::violation(&what).into());
            }
            let header = Header::parse(bytes).map_err(|e| error::violation(&e.to_string()))?;
            if header.is_some_and(|header| header.frame_len() > crate::net::BLOCK_LEN) {
                return Err(error::violation("password response is too long").into());
            }
            let mut frames = Frames::new(bytes);
            if let Ok(Some(frame)) = frames.next_frame() {
                let body = frame.body().to_vec();
                let consumed = frames.position();
                self.inbox.advance(consumed);
                return Ok(body);
            }
            self.more().await?;
        }
    }
}
