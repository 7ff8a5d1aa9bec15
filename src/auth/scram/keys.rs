//! The keys that a password and a salt give: to prove, and to check a proof (RFC 5802 section 3).

use std::borrow::Cow;
use std::fmt;

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Salting, Verifier};

macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub(super) struct $name(pub(super) [u8; 32]);

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&other.0).into()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

key! {
    /// Proves knowledge of the password: whoever has it can log in.
    ClientKey
}
key! {
    /// The hash of a [`ClientKey`]: checks proofs and makes none.
    StoredKey
}
key! {
    /// Signs as the server: whoever has it can pose as one.
    ServerKey
}

impl ClientKey {
    pub(super) fn stored(&self) -> StoredKey {
        StoredKey(Sha256::digest(self.0).into())
    }

    /// The proof of this key over what both sides have said.
    pub(super) fn proof(&self, auth_message: &[u8]) -> [u8; 32] {
        xor(&self.0, &hmac(&self.stored().0, &[auth_message]))
    }
}

impl StoredKey {
    /// The client's key, when `proof` was made by its owner over the same messages.
    pub(super) fn check(&self, proof: &[u8; 32], auth_message: &[u8]) -> Option<ClientKey> {
        let key = ClientKey(xor(proof, &hmac(&self.0, &[auth_message])));
        (key.stored() == *self).then_some(key)
    }
}

impl ServerKey {
    pub(super) fn sign(&self, auth_message: &[u8]) -> [u8; 32] {
        hmac(&self.0, &[auth_message])
    }

    pub(super) fn signed(&self, signature: &[u8; 32], auth_message: &[u8]) -> bool {
        self.sign(auth_message).ct_eq(signature).into()
    }
}

/// What logs a user in by SCRAM: won from the password, or from a client's proof.
#[derive(Clone)]
pub struct ScramKeys {
    pub(super) salting: Salting,
    pub(super) client: ClientKey,
    pub(super) server: ServerKey,
}

impl ScramKeys {
    /// Derives the keys from a password; costs what [`Derivation`](crate::auth::Derivation) says.
    ///
    /// The password is brought to normal form by SASLprep. As in PostgreSQL, one that is not UTF-8
    /// or holds what SASLprep prohibits is taken as it is (`pg_saslprep` in
    /// `src/common/saslprep.c` and its callers).
    pub fn derive(password: &[u8], salting: &Salting) -> Self {
        let mut salted = Zeroizing::new([0; 32]);
        let (salt, rounds) = (salting.salt(), salting.iterations().count());
        pbkdf2::pbkdf2_hmac::<Sha256>(&normal_form(password), salt, rounds, salted.as_mut());
        Self {
            salting: salting.clone(),
            client: ClientKey(hmac(&salted, &[b"Client Key"])),
            server: ServerKey(hmac(&salted, &[b"Server Key"])),
        }
    }

    /// The salt and iteration count that the keys belong to.
    pub fn salting(&self) -> &Salting {
        &self.salting
    }

    /// What checks proofs of these keys.
    pub fn verifier(&self) -> Verifier {
        Verifier {
            salting: self.salting.clone(),
            stored: self.client.stored(),
            server: self.server.clone(),
        }
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScramKeys(..)")
    }
}

/// HMAC-SHA-256 of the parts, one after the other.
pub(in crate::auth) fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC itself pads a short key with zeros to its block: done here, no length can be wrong.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn normal_form(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let prepared = std::str::from_utf8(password).ok().and_then(|text| {
        stringprep::saslprep(text).ok().map(Cow::into_owned).map(String::into_bytes)
    });
    Zeroizing::new(prepared.unwrap_or_else(|| password.to_vec()))
}

fn xor(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    std::array::from_fn(|at| left[at] ^ right[at])
}

#[cfg(test)]
mod tests {
    use super::super::Iterations;
    use super::*;

    fn keys(password: &[u8]) -> ScramKeys {
        let salting = Salting::new(b"salt", Iterations::new(1).unwrap()).unwrap();
        ScramKeys::derive(password, &salting)
    }

    #[test]
    fn hmac_is_the_one_of_rfc_4231() {
        // Test case 1 has a key of 20 bytes; the padding makes it the same key with 32.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        assert_eq!(hmac(&key, &[b"Hi ", b"There"])[..4], [0xb0, 0x34, 0x4c, 0x61]);
    }

    #[test]
    fn a_password_is_brought_to_normal_form() {
        // RFC 4013 section 3: a soft hyphen vanishes, and a Roman numeral is its letters.
        assert!(keys("I\u{ad}X".as_bytes()).client == keys(b"IX").client);
        assert!(keys("\u{2168}".as_bytes()).client == keys(b"IX").client);
        assert!(keys(b"ix").client != keys(b"IX").client);
    }

    #[test]
    fn a_password_without_a_normal_form_is_taken_as_it_is() {
        assert!(keys(b"\xff").client != keys(b"\xfe").client);
        assert!(keys(b"a\x07").client != keys(b"a\x08").client);
    }

    #[test]
    fn keys_do_not_show_themselves() {
        assert_eq!(format!("{:?}", keys(b"pencil")), "ScramKeys(..)");
        assert_eq!(format!("{:?}", keys(b"pencil").client), "ClientKey(..)");
    }
}
