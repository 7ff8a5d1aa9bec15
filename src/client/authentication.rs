//! Who is it? Carries the exchange of [`crate::auth`] over a connection.

use super::error;
use super::lines::{self, Line};
use super::opening::{Claim, Ending, Opening};
use super::policy::Policy;
use crate::auth::{Exchange, Proven, Step};
use crate::protocol::frame::{HEADER_LEN, Header, shown};
use crate::protocol::frontend::PASSWORD;
use std::time::Instant;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

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
                let body = opening.password_message(exchange.max_body_bytes()).await?;
                exchange.on_message(&body)
            }
            Step::Derive(derivation) => {
                let turn = DERIVATIONS.acquire().await.map_err(std::io::Error::other)?;
                let derive = move || {
                    // It runs to its end even if the client has gone, and takes its turn for so long.
                    let _turn = turn;
                    derivation.run()
                };
                tokio::task::spawn_blocking(derive).await.map_err(std::io::Error::other)?
            }
            Step::Done(proven) => return Ok(proven),
            Step::Failed(failure) => {
                if let Some(left_out) = lines::pass(Line::NotProven, Instant::now()) {
                    let user = claim.shown();
                    tracing::info!(user, reason = %failure, left_out, "authentication failed");
                }
                return Err(error::refused(&failure, &claim.user).into());
            }
        };
    }
}

impl Opening {
    /// The body of the client's next message, which must be of type `p` and have no more bytes than
    /// that.
    async fn password_message(&mut self, max: usize) -> Result<Zeroizing<Vec<u8>>, Ending> {
        let len = self.password_len(max).await?;
        // Made as long as it gets: growing would leave copies behind.
        let mut body = Zeroizing::new(Vec::with_capacity(len));
        loop {
            let bytes = self.inbox.bytes();
            let taken = bytes.len().min(len - body.len());
            body.extend_from_slice(&bytes[..taken]);
            self.inbox.advance(taken);
            if body.len() == len {
                return Ok(body);
            }
            self.more().await?;
        }
    }

    /// Takes the header of that message: how long its body is.
    async fn password_len(&mut self, max: usize) -> Result<usize, Ending> {
        loop {
            let bytes = self.inbox.bytes();
            if bytes.first().is_some_and(|tag| *tag != PASSWORD) {
                let what =
                    format!("expected password response, got message type {}", shown(bytes[0]));
                return Err(error::violation(&what).into());
            }
            let header = Header::parse(bytes).map_err(|e| error::violation(&e.to_string()))?;
            match header.map(|header| header.body_len) {
                Some(len) if len > max => {
                    let what = format!("password response is longer than {max} bytes");
                    return Err(error::violation(&what).into());
                }
                Some(len) => {
                    self.inbox.advance(HEADER_LEN);
                    return Ok(len);
                }
                None => self.more().await?,
            }
        }
    }
}
