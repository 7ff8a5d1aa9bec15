//! The talk with a server that must be shown who we are; we are the client.
//!
//! ```text
//! ExpectRequest --Ok------------------------------------------------------------> LoggedIn
//!               --CleartextPassword, MD5Password--> ExpectOk --Ok---------------> LoggedIn
//!               --SASL--> ExpectSaslContinue --> ExpectSaslFinal --> ExpectOk --> LoggedIn
//! ```

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::message::frontend;

use super::scram::{
    Challenge, ExpectServerFinal, ExpectServerFirst, MECHANISM, NONCE_BYTES, ScramKeys,
};
use super::{Asked, Credential, Failure, Request, RequireAuth, Step};

/// A login that awaits the server's next Authentication message (type `R`).
///
/// An ErrorResponse in its place is the server's refusal, and the caller's to handle.
pub struct Login {
    identity: Identity,
    state: State,
}

/// Whether a password may be sent as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleartext {
    /// Nobody can listen, as under TLS and on a Unix socket.
    Allowed,
    /// A server that asks for it is refused, unless `require_auth` names that way.
    Forbidden,
}

/// Proof that the server let us in and, if by SCRAM, that it knows the user's secret itself.
#[derive(Debug)]
pub struct LoggedIn(());

/// Where a login goes next, or why it cannot.
type Next = Result<Step<Login, LoggedIn>, Failure>;

#[expect(clippy::enum_variant_names, reason = "states are named for what they await")]
enum State {
    /// Nothing was asked yet. Holds the nonce that SCRAM would begin with.
    ExpectRequest(String),
    ExpectSaslContinue(ExpectServerFirst),
    ExpectSaslFinal(ExpectServerFinal),
    /// All was shown that was asked for.
    ExpectOk,
}

impl Login {
    /// A login as `user`, once the startup message is sent. The server may ask as `require` says;
    /// where nobody can listen, `cleartext` is allowed. `random` becomes SCRAM's nonce.
    pub fn new(
        user: &str,
        credential: Credential,
        require: RequireAuth,
        cleartext: Cleartext,
        random: [u8; NONCE_BYTES],
    ) -> Self {
        let identity = Identity { user: user.to_owned(), credential, require, cleartext };
        Self { identity, state: State::ExpectRequest(STANDARD.encode(random)) }
    }

    /// Hears the body of an Authentication message.
    pub fn on_message(self, body: &[u8]) -> Step<Self, LoggedIn> {
        Request::parse(body)
            .and_then(|request| self.on_request(request))
            .unwrap_or_else(Step::Failed)
    }

    fn on_request(self, request: Request<'_>) -> Next {
        let identity = self.identity;
        match (self.state, request) {
            (State::ExpectRequest(_), Request::Ok) => {
                identity.may_ask(Asked::None)?;
                Ok(Step::Done(LoggedIn(())))
            }
            (State::ExpectOk, Request::Ok) => Ok(Step::Done(LoggedIn(()))),
            (State::ExpectRequest(nonce), request) => identity.on_first(&request, &nonce),
            (State::ExpectSaslContinue(state), Request::SaslContinue(data)) => {
                identity.on_challenge(state.hear(data)?)
            }
            (State::ExpectSaslFinal(state), Request::SaslFinal(data)) => {
                state.check(data)?;
                Ok(identity.send(Bytes::new(), State::ExpectOk))
            }
            (State::ExpectSaslContinue(_) | State::ExpectSaslFinal(_), Request::Ok) => {
                Err(Failure::authorization(
                    "server ended SCRAM before it proved that it knows the user's secret; \
                     it may not be the server that it says it is",
                ))
            }
            (_, request) => Err(Failure::protocol(format!("unexpected {}", request.kind()))),
        }
    }
}

/// Who we say we are, and what we can show for it.
struct Identity {
    user: String,
    credential: Credential,
    require: RequireAuth,
    cleartext: Cleartext,
}

impl Identity {
    fn on_first(self, request: &Request<'_>, nonce: &str) -> Next {
        match request {
            Request::CleartextPassword => self.on_cleartext(),
            Request::Md5Password(salt) => self.on_md5(*salt),
            Request::Sasl(mechanisms) => self.on_sasl(mechanisms, nonce),
            Request::Other(_) => Err(Failure::authorization(format!(
                "server asks for {}, which pgweir does not support; \
                 let it ask for scram-sha-256 in its pg_hba.conf",
                request.kind()
            ))),
            _ => Err(Failure::protocol(format!("unexpected {}", request.kind()))),
        }
    }

    /// Refuses what `require_auth` does not take, in libpq's words (`check_expected_areq` in
    /// `src/interfaces/libpq/fe-auth.c`).
    fn may_ask(&self, asked: Asked) -> Result<(), Failure> {
        if self.require.takes(asked) {
            return Ok(());
        }
        let what = match asked {
            Asked::None => "server did not ask for authentication",
            Asked::Password => "server requested a cleartext password",
            Asked::Md5 => "server requested a hashed password",
            Asked::ScramSha256 => "server requested SCRAM-SHA-256 authentication",
        };
        Err(Failure::authorization(format!(
            "authentication method requirement \"{}\" failed: {what} (server_require_auth)",
            self.require
        )))
    }

    fn on_cleartext(self) -> Next {
        self.may_ask(Asked::Password)?;
        let named = self.require.names(Asked::Password);
        if self.cleartext == Cleartext::Forbidden && !named {
            return Err(Failure::authorization(
                "server asks for the password in clear over a connection without TLS; set \
                 server_tls_sslmode, let it ask for scram-sha-256 in its pg_hba.conf, or allow it \
                 with server_require_auth = \"password\"",
            ));
        }
        let message = match &self.credential {
            Credential::Password(password) => password_message(password.reveal())?,
            _ => return Err(self.cannot("the password in clear")),
        };
        Ok(self.send(message, State::ExpectOk))
    }

    fn on_md5(self, salt: [u8; 4]) -> Next {
        self.may_ask(Asked::Md5)?;
        let answer = match &self.credential {
            Credential::Password(password) => {
                md5_hash(self.user.as_bytes(), password.reveal(), salt)
            }
            Credential::Md5(hash) => hash.answer(salt),
            _ => return Err(self.cannot("an md5 password")),
        };
        Ok(self.send(password_message(answer.as_bytes())?, State::ExpectOk))
    }

    fn on_sasl(self, mechanisms: &[&str], nonce: &str) -> Next {
        self.may_ask(Asked::ScramSha256)?;
        if !mechanisms.contains(&MECHANISM) {
            return Err(Failure::authorization(
                "server does not offer SCRAM-SHA-256, the one SASL mechanism that pgweir supports",
            ));
        }
        if let Credential::Md5(_) | Credential::Nothing = self.credential {
            return Err(self.cannot(MECHANISM));
        }
        let (first, expect) = ExpectServerFirst::begin(nonce);
        let message =
            write(|out| frontend::sasl_initial_response(MECHANISM, first.as_bytes(), out))?;
        Ok(self.send(message, State::ExpectSaslContinue(expect)))
    }

    fn on_challenge(self, challenge: Challenge) -> Next {
        match &self.credential {
            Credential::Scram(keys) if *keys.salting() == challenge.salting => {
                let keys = keys.clone();
                self.prove(challenge, &keys)
            }
            Credential::Scram(_) => Err(Failure::authorization(
                "server's SCRAM secret of the user has another salt or iteration count than ours; \
                 copy the secret from the server's pg_authid, or set the user's password",
            )),
            Credential::Password(password) => {
                let password = password.clone();
                match password.keys(&challenge.salting) {
                    Some(keys) => self.prove(challenge, &keys),
                    None => Ok(Step::derive(move || {
                        let keys = password.derive(&challenge.salting);
                        self.prove(challenge, &keys).unwrap_or_else(Step::Failed)
                    })),
                }
            }
            Credential::Md5(_) | Credential::Nothing => Err(self.cannot(MECHANISM)),
        }
    }

    fn prove(self, challenge: Challenge, keys: &ScramKeys) -> Next {
        let (proof, expect) = challenge.answer(keys);
        let message = write(|out| frontend::sasl_response(proof.as_bytes(), out))?;
        Ok(self.send(message, State::ExpectSaslFinal(expect)))
    }

    fn send(self, message: Bytes, state: State) -> Step<Login, LoggedIn> {
        Step::Send(message, Login { identity: self, state })
    }

    fn cannot(&self, asked: &str) -> Failure {
        let have = self.credential.kind();
        Failure::authorization(format!(
            "server asks for {asked}, and {have} is all that is known of user \"{}\"; \
             set its password in [users] or in the database's table",
            self.user
        ))
    }
}

fn password_message(password: &[u8]) -> Result<Bytes, Failure> {
    write(|out| frontend::password_message(password, out))
}

/// Writes a message. What can go wrong is a zero byte in a text, which the protocol has no way for.
fn write(put: impl FnOnce(&mut BytesMut) -> std::io::Result<()>) -> Result<Bytes, Failure> {
    let mut out = BytesMut::new();
    let written = put(&mut out).map(|()| out.freeze());
    written.map_err(|_| Failure::authorization("the user's password has a zero byte in it"))
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::ExpectRequest(_) => "ExpectRequest",
            State::ExpectSaslContinue(_) => "ExpectSaslContinue",
            State::ExpectSaslFinal(_) => "ExpectSaslFinal",
            State::ExpectOk => "ExpectOk",
        })
    }
}

#[cfg(test)]
#[path = "login_tests.rs"]
mod tests;
