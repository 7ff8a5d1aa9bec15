//! What is listened on, and handing each connection to a worker.

use super::hosts::keepalive;
use crate::config::section::listen::Listen;
use crate::config::{ListenEndpoint, ListenHost, Settings};
use crate::net::listener::{Bound, Listener};
use crate::net::{Keepalive, is_out_of_files};
use crate::pooler::mailbox::{Letter, least_busy};
use crate::pooler::{Mailbox, Pooler};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// How long to wait after `accept` has failed: with no file descriptor left it fails at once,
/// again and again.
const PAUSE: Duration = Duration::from_millis(100);

/// Log at most one line for so many failures in a row.
const LOG_EVERY: u32 = 100;

/// How long to wait when somebody who has not logged in makes room.
const SHORT_PAUSE: Duration = Duration::from_millis(1);

/// Connections that may be there beyond `max_client_conn`: those that have not logged in or are about
/// to be told that they are too many, the console's, and cancel requests. Beyond that the oldest
/// that has not logged in makes room for the next.
const SPARE_CONNECTIONS: usize = 1_000;

/// Connections that the system keeps for the metrics port until they are accepted, which is at once.
const METRICS_BACKLOG: i32 = 64;

/// Cannot listen there.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {error} ({hint})")]
pub struct CannotListen {
    address: String,
    hint: &'static str,
    error: io::Error,
}

impl CannotListen {
    fn new(address: &impl ToString, error: io::Error) -> Self {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => "another process listens there; see listen_port",
            io::ErrorKind::PermissionDenied => "see listen_port and unix_socket_dir",
            _ => "see listen_addr and unix_socket_dir",
        };
        CannotListen { address: address.to_string(), hint, error }
    }
}

/// A socket and what to call it.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) bound: Bound,
}

/// Binds every address of the settings, or none.
pub(super) fn bind(settings: &Settings) -> Result<Vec<Named>, CannotListen> {
    let listen = &settings.pooler.listen;
    let backlog = i32::try_from(listen.listen_backlog).unwrap_or(i32::MAX);
    let keepalive = keepalive(settings);
    let mut sockets = bind_tcp(&addresses(listen), backlog, keepalive)?;
    if let Some(dir) = &listen.unix_socket_dir {
        let path = dir.join(format!(".s.PGSQL.{}", listen.listen_port));
        let bound = Bound::unix(&path, listen.unix_socket_mode, backlog);
        let bound = bound.map_err(|error| CannotListen::new(&path.display(), error))?;
        sockets.push(Named { name: path.display().to_string(), bound });
    }
    Ok(sockets)
}

/// Binds the metrics port, if there is one.
pub(super) fn bind_metrics(settings: &Settings) -> Result<Vec<Named>, CannotListen> {
    let Some(ListenEndpoint { host, port }) = settings.metrics.listen else {
        return Ok(Vec::new());
    };
    let addresses: Vec<_> = ips(&host).into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
    let sockets = bind_tcp(&addresses, METRICS_BACKLOG, keepalive(settings));
    sockets.map_err(|error| CannotListen { hint: "see [metrics] listen", ..error })
}

fn bind_tcp(
    addresses: &[SocketAddr],
    backlog: i32,
    keepalive: Keepalive,
) -> Result<Vec<Named>, CannotListen> {
    let mut sockets = Vec::new();
    for address in addresses {
        match Bound::tcp(*address, backlog, keepalive) {
            Ok(bound) => {
                let name = bound.local_addr().unwrap_or(*address).to_string();
                sockets.push(Named { name, bound });
            }
            // "*" is every address of the machine, and many have no IPv6.
            Err(_) if address.ip() == Ipv6Addr::UNSPECIFIED && !sockets.is_empty() => {}
            Err(error) => return Err(CannotListen::new(address, error)),
        }
    }
    Ok(sockets)
}

fn addresses(listen: &Listen) -> Vec<SocketAddr> {
    let ips = listen.listen_addr.iter().flat_map(ips);
    ips.map(|ip| SocketAddr::new(ip, listen.listen_port)).collect()
}

fn ips(host: &ListenHost) -> Vec<IpAddr> {
    match host {
        ListenHost::Ip(ip) => vec![*ip],
        ListenHost::All => vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()],
    }
}

/// Accepts for ever. Cancel safe: a connection that was accepted has been handed on.
pub(super) async fn accept(
    listener: Listener,
    pooler: Arc<Pooler>,
    max_clients: impl Fn() -> usize,
) {
    let mut failures: u32 = 0;
    loop {
        let present: usize = pooler.mailboxes().iter().map(Mailbox::clients).sum();
        if present >= max_clients() + SPARE_CONNECTIONS && !make_room(&pooler) {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        match listener.accept().await {
            Ok(accepted) => {
                failures = 0;
                if let Some((_, mailbox)) = least_busy(pooler.mailboxes()) {
                    mailbox.client_came();
                    mailbox.send(Letter::Client(accepted));
                }
            }
            Err(error) => {
                complain(&error, failures);
                failures = failures.wrapping_add(1);
                let made_room = is_out_of_files(&error) && make_room(&pooler);
                tokio::time::sleep(if made_room { SHORT_PAUSE } else { PAUSE }).await;
            }
        }
    }
}

/// Ends a connection that has not logged in: the oldest of the worker that has the most of them. Says
/// whether there is one.
fn make_room(pooler: &Pooler) -> bool {
    let fullest = pooler.mailboxes().iter().max_by_key(|mailbox| mailbox.newcomers());
    let fullest = fullest.filter(|mailbox| mailbox.newcomers() > 0);
    fullest.map(|mailbox| mailbox.send(Letter::MakeRoom)).is_some()
}

fn complain(error: &io::Error, failures: u32) {
    if failures.is_multiple_of(LOG_EVERY) {
        let hint = "clients wait to be accepted; if file descriptors are used up, raise the \
                    limit of open files (ulimit -n, LimitNOFILE) or lower max_client_conn";
        tracing::error!(%error, hint, "cannot accept a connection");
    }
}
