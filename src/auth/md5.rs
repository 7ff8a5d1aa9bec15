//! The md5 hash of a password, which is all that an md5 login needs.

use std::fmt;

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// What `pg_authid` stores after `md5`: the hex digits of md5(password, user).
///
/// As good as the password to whoever logs in by md5, so it is kept like one.
#[derive(Clone)]
pub struct Md5Hash([u8; 32]);

impl Md5Hash {
    /// Parses `md5` and 32 lower-case hex digits; nothing else is an md5 secret to PostgreSQL
    /// (`get_password_type` in `src/backend/libpq/crypt.c`).
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 32] = text.strip_prefix("md5")?.as_bytes().try_into().ok()?;
        let hex = digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        hex.then_some(Self(digits))
    }

    /// The hash of a password for the user; the name is its salt.
    pub(super) fn of(user: &str, password: &[u8]) -> Self {
        Self(hex(&Md5::new().chain_update(password).chain_update(user).finalize().into()))
    }

    pub(super) fn digits(&self) -> &[u8; 32] {
        &self.0
    }

    /// The answer to AuthenticationMD5Password with this salt: `md5` and 32 hex digits.
    pub(super) fn answer(&self, salt: [u8; 4]) -> String {
        let digest = Md5::new().chain_update(self.0).chain_update(salt).finalize().into();
        format!("md5{}", hex(&digest).map(char::from).iter().collect::<String>())
    }
}

impl PartialEq for Md5Hash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Drop for Md5Hash {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Md5Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Md5Hash(..)")
    }
}

fn hex(digest: &[u8; 16]) -> [u8; 32] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    std::array::from_fn(|at| {
        let byte = digest[at / 2];
        DIGITS[usize::from(if at % 2 == 0 { byte >> 4 } else { byte & 15 })]
    })
}

#[cfg(test)]
mod tests {
    use postgres_protocol::{authentication, password};

    use super::*;

    #[test]
    fn it_is_the_hash_that_postgres_stores() {
        let stored = password::md5(b"password", "md5_user");
        assert!(Md5Hash::parse(&stored).unwrap() == Md5Hash::of("md5_user", b"password"));
    }

    #[test]
    fn its_answer_is_the_one_from_the_password() {
        let salt = [0x2a, 0x3d, 0x8f, 0xe0];
        let expected = authentication::md5_hash(b"md5_user", b"password", salt);
        assert_eq!(Md5Hash::of("md5_user", b"password").answer(salt), expected);
    }

    #[test]
    fn only_lower_case_hex_is_one() {
        assert!(Md5Hash::parse("md50123456789abcdef0123456789abcdef").is_some());
        for other in ["", "md5", "md50123456789ABCDEF0123456789ABCDEF", "md5xyz", "0123"] {
            assert!(Md5Hash::parse(other).is_none(), "{other}");
        }
    }
}
