//! From nothing to a connection that may be encrypted.

use super::error::OpenError;
use super::target::Target;
use crate::net::tls::mode::Attempt;
use crate::net::{Accepted, Chunk, Stream, connect as sockets};
use crate::protocol::startup::SSL_REQUEST;
use std::time::Duration;

/// Connects, and begins TLS where `server_tls_sslmode` says so.
pub(super) async fn connect(target: &Target) -> Result<Stream, OpenError> {
    let accepted = sockets::connect(&target.address, target.keepalive).await?;
    let local = matches!(accepted, Accepted::Unix(_));
    let mut stream = Stream::new(accepted)?;
    match target.tls.wants() {
        // As in libpq, TLS is not spoken over Unix sockets.
        _ if local => Ok(stream),
        Attempt::Plain => Ok(stream),
        attempt => {
            if is_offered(&mut stream, target).await? {
                let session = target.tls.connect(&target.host_name)?;
                stream.secure(session, Chunk::default()).await.map_err(tls_error)?;
            } else if attempt == Attempt::TlsRequired {
                return Err(OpenError::NoTls);
            }
            Ok(stream)
        }
    }
}

async fn is_offered(stream: &mut Stream, target: &Target) -> Result<bool, OpenError> {
    let mut request = 8i32.to_be_bytes().to_vec();
    request.extend_from_slice(&SSL_REQUEST.to_be_bytes());
    stream.out.supply(&request);
    stream.flush().await?;
    let mut inbox = Chunk::default();
    stream.recv(&mut inbox).await?;
    match inbox.bytes() {
        b"S" => Ok(true),
        b"N" => Ok(false),
        b"" => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
        // Plain bytes behind the "S" would be taken for encrypted ones (CVE-2021-23222).
        [b'S', ..] => Err(not_postgres(target, "it sent plain bytes after agreeing to TLS")),
        _ => Err(not_postgres(target, "it answered an SSLRequest with something else")),
    }
}

fn not_postgres(target: &Target, what: &str) -> OpenError {
    OpenError::NotPostgres(format!("{}: {what}", target.address))
}

fn tls_error(error: std::io::Error) -> OpenError {
    match error.downcast() {
        Ok(tls) => OpenError::Tls(tls),
        Err(error) => error.into(),
    }
}

/// `work`, or an error after `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, OpenError>>,
) -> Result<T, OpenError> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(OpenError::Timeout(limit)))
}
