//! Sockets, TLS and buffers; nothing here knows PostgreSQL.

pub mod tls;
