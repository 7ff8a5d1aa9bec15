//! The client's side of SCRAM-SHA-256 (RFC 5802), which derives its keys once per salt and not once
//! per login: otherwise a storm of logins would measure the client.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::Outcome;

type Key = [u8; 32];

static NONCES: AtomicU64 = AtomicU64::new(1);
static KEYS: Mutex<Option<HashMap<String, Key>>> = Mutex::new(None);

/// One login under way.
pub struct Exchange {
    bare: String,
}

impl Exchange {
    /// A new login, with a nonce that this process has not used yet.
    pub fn new() -> Exchange {
        let number = NONCES.fetch_add(1, Ordering::Relaxed);
        Exchange { bare: format!("n=,r={:08x}{number:016x}", std::process::id()) }
    }

    /// The body of SASLInitialResponse.
    pub fn first(&self) -> Vec<u8> {
        let first = format!("n,,{}", self.bare);
        [b"SCRAM-SHA-256\0", crate::wire::length(first.len()).as_slice(), first.as_bytes()].concat()
    }

    /// The body of SASLResponse, to what the server said.
    pub fn last(&self, server: &str, password: &str) -> Outcome<Vec<u8>> {
        let nonce = field(server, "r=")?;
        let client_key = client_key(server, password)?;
        let without_proof = format!("c=biws,r={nonce}");
        let signed = format!("{},{server},{without_proof}", self.bare);
        let signature = hmac(&Sha256::digest(client_key), signed.as_bytes())?;
        let proof: Vec<u8> = client_key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
        Ok(format!("{without_proof},p={}", STANDARD.encode(proof)).into_bytes())
    }
}

fn client_key(server: &str, password: &str) -> Outcome<Key> {
    let (salt, rounds) = (field(server, "s=")?, field(server, "i=")?);
    let name = format!("{rounds} {salt} {password}");
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    let keys = keys.get_or_insert_default();
    if let Some(key) = keys.get(&name) {
        return Ok(*key);
    }
    let mut salted = [0; 32];
    let salt = STANDARD.decode(salt)?;
    pbkdf2::pbkdf2::<Hmac<Sha256>>(password.as_bytes(), &salt, rounds.parse()?, &mut salted)?;
    let key = hmac(&salted, b"Client Key")?;
    if keys.len() < 1000 {
        keys.insert(name, key);
    }
    Ok(key)
}

fn hmac(key: &[u8], text: &[u8]) -> Outcome<Key> {
    Ok(Hmac::<Sha256>::new_from_slice(key)?.chain_update(text).finalize().into_bytes().into())
}

fn field<'a>(message: &'a str, prefix: &str) -> Outcome<&'a str> {
    let found = message.split(',').find_map(|part| part.strip_prefix(prefix));
    found.ok_or_else(|| format!("no {prefix} in {message}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7677_is_answered_as_there() {
        let exchange = Exchange { bare: "n=user,r=rOprNGfwEbeRWgbNEkqO".to_owned() };
        let server = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                      s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let answer = String::from_utf8(exchange.last(server, "pencil").unwrap()).unwrap();
        assert!(answer.ends_with("p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="), "{answer}");
    }
}
