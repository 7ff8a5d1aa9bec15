//! Bringing a server back that its client has left in the middle of something.

use super::connection::Server;
use crate::protocol::backend::TransactionStatus;
use crate::protocol::frontend::{SYNC_MESSAGE, copy_fail, describe_portal, query};
use crate::session::outbox::Nowhere;
use crate::session::pipeline::{Copy, Entry, Owed};
use crate::session::{Clean, Session, Shared};
use std::time::Duration;

/// How long an abandoned query may take to end once it has been cancelled. Most end in
/// milliseconds; one that does not costs a login less than it would cost the pool to wait.
pub const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// A portal that does not exist. PostgreSQL logs the error that names it.
const NOBODYS_PORTAL: &str = "pgweir: the client has gone";

/// How a client left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// It said so: PostgreSQL would finish what it had been sent before.
    Terminated,
    /// It vanished: nobody waits for what still runs.
    Vanished,
}

/// Ends what the client left behind: completes its protocol, drains the answers, rolls back its
/// transaction. `None` if the server cannot be brought back within [`DRAIN_LIMIT`]; the caller
/// closes it then.
pub async fn rescue(server: &mut Server, shared: &Shared, leaving: Leaving) -> Option<Clean> {
    if server.side.is_mid_request() {
        return None;
    }
    let parameters = server.side.parameters().clone();
    let nobody = &mut Session::new(parameters, false);
    complete(server);
    if leaving == Leaving::Vanished {
        if !server.side.pipeline().is_empty() {
            let cancelled = server.cancel.cancel(DRAIN_LIMIT).await;
            cancelled.ok()?;
        }
        tokio::time::timeout(DRAIN_LIMIT, drain(server, nobody, shared)).await.ok()??;
    } else {
        drain(server, nobody, shared).await?;
    }
    if server.side.status() != TransactionStatus::Idle {
        ask(server, "ROLLBACK");
        tokio::time::timeout(DRAIN_LIMIT, drain(server, nobody, shared)).await.ok()??;
    }
    let mut question = Vec::new();
    if server.side.ask_role(&mut question) {
        server.stream.out.supply(&question);
        tokio::time::timeout(DRAIN_LIMIT, drain(server, nobody, shared)).await.ok()??;
    }
    server.side.clean()
}

/// Runs a query whose answer nobody needs, such as `server_reset_query`.
pub async fn run(server: &mut Server, shared: &Shared, text: &str) -> Option<Clean> {
    let nobody = &mut Session::new(server.side.login().clone(), false);
    ask(server, text);
    tokio::time::timeout(DRAIN_LIMIT, drain(server, nobody, shared)).await.ok()??;
    server.side.clean()
}

/// Ends a COPY and a unit that the client had begun.
fn complete(server: &mut Server) {
    let mut rest = Vec::new();
    let copying = server.side.pipeline().copy() == Copy::In;
    if copying {
        copy_fail(&mut rest, "the client has gone");
        server.side.pipeline_mut().copy_ended();
    }
    if server.side.pipeline().awaits_sync() {
        if !copying && !server.side.pipeline().is_aborted() {
            undo_unit(server, &mut rest);
        }
        rest.extend_from_slice(SYNC_MESSAGE);
        server.side.pipeline_mut().push_sync();
    }
    server.stream.out.supply(&rest);
}

/// What the unit has done would be committed by its Sync, which the client has not sent: PostgreSQL
/// rolls it back when the client goes. After an error it does so at our Sync, too.
fn undo_unit(server: &mut Server, rest: &mut Vec<u8>) {
    describe_portal(rest, NOBODYS_PORTAL);
    server.side.pipeline_mut().push(Entry::skip(Owed::DescribePortal));
}

fn ask(server: &mut Server, text: &str) {
    let mut message = Vec::new();
    query(&mut message, text.as_bytes());
    server.stream.out.supply(&message);
    server.side.owe_query();
}

/// Reads until nothing is owed any more.
async fn drain(server: &mut Server, nobody: &mut Session, shared: &Shared) -> Option<()> {
    server.stream.flush().await.ok()?;
    loop {
        let consumed =
            nobody.reply(shared, &mut server.side, server.inbox.bytes(), &mut Nowhere).ok()?;
        server.inbox.advance(consumed);
        if server.side.pipeline().is_empty() && !server.side.is_mid_message() {
            return Some(());
        }
        if server.stream.recv(&mut server.inbox).await.ok()? == 0 {
            return None;
        }
    }
}
