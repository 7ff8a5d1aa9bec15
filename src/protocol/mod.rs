//! Bytes to messages of the PostgreSQL protocol and back, without I/O.
