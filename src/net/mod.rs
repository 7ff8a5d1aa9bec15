//! Sockets, TLS and buffers; nothing here knows PostgreSQL.
//!
//! A [`Stream`] has two verbs, shaped for completion: receive into a [`Chunk`], and flush what
//! has been put into its [`Outgoing`]. Whoever uses it sees neither readiness, nor a driver, nor
//! whether TLS lies between.
//!
//! An idle stream owns no buffer: a block is borrowed from the worker's store when bytes are
//! there, and goes back as soon as nobody looks at it.
//!
//! Two drivers fit behind the verbs. [`readiness`] is tokio's, on epoll; [`uring`] is a ring for
//! each worker. A thread with a ring uses it for all of its sockets.
//!
//! * [`buffer`]: the store, and the chunks that are borrowed from it.
//! * [`outgoing`]: what waits to be written, in one vectored write.
//! * [`socket`], [`stream`]: one connection, without and with TLS; [`parked`]: one that nobody
//!   uses now, and that may change its worker.
//! * [`connect`], [`listener`]: how connections come about.

pub mod buffer;
pub mod connect;
pub mod listener;
pub mod outgoing;
pub mod parked;
pub mod readiness;
pub mod socket;
pub mod stream;
pub mod tls;
#[expect(unsafe_code, reason = "the kernel shares its memory; see the module's first page")]
pub mod uring;

pub use buffer::{BLOCK_LEN, Chunk};
pub use connect::Address;
pub use outgoing::Outgoing;
pub use parked::Parked;
pub use socket::{Accepted, Keepalive, Socket, is_out_of_files};
pub use stream::Stream;
