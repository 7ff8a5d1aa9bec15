//! Proving who a client is, and proving to a server who we are; pure exchanges of bytes.
