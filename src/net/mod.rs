//! Sockets, TLS and buffers; nothing here knows PostgreSQL.
