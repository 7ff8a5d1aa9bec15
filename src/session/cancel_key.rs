//! The cancel keys that clients get: they name a client, never a server.

use crate::protocol::startup::{CancelKey, ProtocolVersion};
use subtle::ConstantTimeEq;

/// Bytes of the secret that a client of protocol 3.2 gets; older ones have room for four.
pub const LONG_SECRET_LEN: usize = 32;

/// Bytes of the secret for a client that speaks `version`.
pub fn secret_len(version: ProtocolVersion) -> usize {
    if version >= ProtocolVersion::V3_2 { LONG_SECRET_LEN } else { 4 }
}

/// Whether `presented` is `issued`, in a time that does not depend on where they differ.
pub fn matches(issued: &CancelKey, presented: &CancelKey) -> bool {
    let same_process = issued.process_id == presented.process_id;
    same_process & bool::from(issued.secret.ct_eq(&presented.secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_key_counts() {
        let issued = CancelKey { process_id: 7, secret: [1; 32].into() };
        assert!(matches(&issued, &issued.clone()));
        for at in 0..32 {
            let mut other = issued.clone();
            other.secret[at] ^= 1;
            assert!(!matches(&issued, &other));
        }
        assert!(!matches(&issued, &CancelKey { process_id: 7, secret: [1; 4].into() }));
        assert!(!matches(&issued, &CancelKey { process_id: 8, secret: [1; 32].into() }));
    }

    #[test]
    fn newer_clients_get_longer_secrets() {
        assert_eq!(secret_len(ProtocolVersion::V3_0), 4);
        assert_eq!(secret_len(ProtocolVersion::V3_2), LONG_SECRET_LEN);
    }
}
