//! A client that has proven who it is gets its pools, its parameters and its cancel key.

use super::control::Control;
use super::error;
use super::lines::{self, Line};
use super::opening::{Admitted, Claim, Ending, Opening, Stage};
use super::policy::Policy;
use super::task::{Identity, Parts};
use super::wish::Wish;
use super::worker::{Seat, Worker};
use crate::admin::Right;
use crate::admin::console::SERVER_VERSION;
use crate::auth::Proven;
use crate::net::Chunk;
use crate::pooler::pools::StartupParameters;
use crate::pooler::{ApplicationName, Database, Held, Learnt, Pools, Who};
use crate::protocol::backend::{
    AUTHENTICATION_OK_MESSAGE, BACKEND_KEY_DATA, READY_IDLE_MESSAGE, say_parameter,
};
use crate::protocol::error_response::ErrorReport;
use crate::protocol::startup::options;
use crate::protocol::writer::message;
use crate::routing::ask::role_of;
use crate::server::Welcome;
use crate::session::cancel_key::secret_len;
use crate::session::outbox::Nowhere;
use crate::session::parameters::follows;
use crate::session::reply::ServerFault;
use crate::session::{ParameterSet, Parameters, Session};
use rand::RngCore;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// What the names of our own parameters begin with.
const OURS: &[u8] = b"pgweir.";

/// PostgreSQL cuts an application's name to this many bytes (`NAMEDATALEN` - 1).
const APPLICATION_NAME_MAX: usize = 63;

/// Lets a client in: everything that PostgreSQL sends after a successful authentication.
pub(super) async fn welcome(
    opening: &mut Opening,
    worker: &Rc<Worker>,
    policy: &Policy,
    claim: Claim,
    proven: Proven,
    seat: Seat,
    stage: &mut Stage,
) -> Result<Admitted, Ending> {
    let database = worker.pooler.database(&claim.database);
    let database = database.ok_or_else(|| error::no_such_database(&claim.database))?;
    if worker.pooler.is_disabled(&claim.database) {
        return Err(error::disabled(&claim.database).into());
    }
    let credential = proven.credential().clone();
    let pools = worker.pooler.pools_at_login(&claim.database, &database, &claim.user, &credential);
    let pools = pools.map_err(|e| error::too_many_pools(&e.to_string()))?;
    stage.awaits(&pools);
    let mut asked = asked_parameters(&claim)?;
    let wish = take_wish(&mut asked)?;
    let (greeting, parameters) = Box::pin(settle(worker, &pools, &database, asked)).await?;

    let control = admit(opening, worker, &claim);
    pools.primary.stats.client_logged_in(worker.id);
    let mut out = proven.last_message().to_vec();
    out.extend_from_slice(AUTHENTICATION_OK_MESSAGE);
    say_parameters(&mut out, &greeting, &parameters);
    message(&mut out, BACKEND_KEY_DATA, |body| control.key.encode(body));
    out.extend_from_slice(READY_IDLE_MESSAGE);
    opening.stream.out.supply(&out);
    if policy.log_connections
        && let Some(left_out) = lines::pass(Line::Login, Instant::now())
    {
        let tls = opening.stream.tls().is_some();
        tracing::info!(client = claim.shown(), tls, left_out, "login");
    }
    let session = Session::new(parameters, database.translates());
    let identity = Identity { user: claim.user, database: claim.database, credential };
    let client = Parts {
        worker: worker.clone(),
        pools,
        session,
        identity: Box::new(identity),
        control,
        wish,
        seat,
    };
    Ok(Admitted::Client(client))
}

/// The part of a new client that others see and reach.
fn admit(opening: &Opening, worker: &Worker, claim: &Claim) -> Rc<Control> {
    let name = claim.startup.parameter(b"application_name").unwrap_or_default();
    let (peer, local) = opening.stream.socket().ends();
    let who = Who {
        user: claim.user.clone(),
        database: claim.database.clone(),
        application_name: ApplicationName::new(name),
        peer,
        local,
        tls: opening.stream.tls_words(),
        since: SystemTime::now(),
    };
    worker.admit(secret(secret_len(claim.startup.spoken())), Arc::new(who))
}

/// Lets a client in to the console.
pub(super) fn welcome_to_console(
    opening: &mut Opening,
    worker: &Worker,
    policy: &Policy,
    claim: &Claim,
    proven: &Proven,
    right: Right,
) -> Rc<Control> {
    let control = admit(opening, worker, claim);
    let mut out = proven.last_message().to_vec();
    out.extend_from_slice(AUTHENTICATION_OK_MESSAGE);
    let is_superuser: &[u8] = if right == Right::Steer { b"on" } else { b"off" };
    let parameters: [(&[u8], &[u8]); 9] = [
        (b"pgweir_version", env!("CARGO_PKG_VERSION").as_bytes()),
        (b"server_version", SERVER_VERSION.as_bytes()),
        (b"client_encoding", b"UTF8"),
        (b"server_encoding", b"UTF8"),
        (b"DateStyle", b"ISO, MDY"),
        (b"TimeZone", b"GMT"),
        (b"integer_datetimes", b"on"),
        (b"standard_conforming_strings", b"on"),
        (b"is_superuser", is_superuser),
    ];
    parameters.iter().for_each(|(name, value)| say_parameter(&mut out, name, value));
    message(&mut out, BACKEND_KEY_DATA, |body| control.key.encode(body));
    out.extend_from_slice(READY_IDLE_MESSAGE);
    opening.stream.out.supply(&out);
    if policy.log_connections
        && let Some(left_out) = lines::pass(Line::Login, Instant::now())
    {
        let tls = opening.stream.tls().is_some();
        tracing::info!(client = claim.shown(), tls, left_out, "login to the console");
    }
    control
}

fn secret(len: usize) -> Box<[u8]> {
    let mut secret = vec![0; len];
    rand::rng().fill_bytes(&mut secret);
    secret.into()
}

/// The parameters that the client sets by its startup packet, `options` taken apart.
fn asked_parameters(claim: &Claim) -> Result<StartupParameters, ErrorReport> {
    let mut asked = StartupParameters::new();
    for (name, value) in &claim.startup.parameters {
        match name.as_slice() {
            b"user" | b"database" | b"replication" => {}
            b"options" => asked.extend(options(value).ok_or_else(error::bad_options)?),
            name if name.starts_with(b"_pq_.") => {}
            name => asked.push((name.to_vec(), value.clone())),
        }
    }
    Ok(asked)
}

/// The parameters that are for us: `options=-c pgweir.role=replica`.
fn take_wish(asked: &mut StartupParameters) -> Result<Wish, ErrorReport> {
    let is_ours =
        |name: &[u8]| name.get(..OURS.len()).is_some_and(|front| front.eq_ignore_ascii_case(OURS));
    let mut wish = Wish::default();
    for (name, value) in asked.iter().filter(|(name, _)| is_ours(name)) {
        let role = std::str::from_utf8(value).ok().and_then(role_of);
        match role.filter(|_| name[OURS.len()..].eq_ignore_ascii_case(b"role")) {
            Some(role) => wish = Wish::new(role),
            None => return Err(error::bad_wish(name, value)),
        }
    }
    asked.retain(|(name, _)| !is_ours(name));
    Ok(wish)
}

/// What the server said of itself, and what the client's parameters come to there. Asks a server
/// only for what is not known yet.
async fn settle(
    worker: &Rc<Worker>,
    pools: &Arc<Pools>,
    database: &Database,
    mut asked: StartupParameters,
) -> Result<(Arc<Welcome>, Parameters), Ending> {
    let application_name = take_application_name(&mut asked);
    let greeting = match pools.primary.welcome() {
        Some(greeting) => greeting,
        None => {
            let held = acquire(worker, pools, database).await?;
            held.give_back();
            pools.primary.welcome().unwrap_or_default()
        }
    };
    let interner = &pools.shared.interner;
    let defaults = interner.intern(greeting.settable());
    let parameters = if asked.is_empty() {
        defaults
    } else if let Some(known) = pools.known_startup(&asked, &defaults) {
        known
    } else {
        learn(worker, pools, database, asked, &defaults).await?
    };
    let Some(name) = application_name else { return Ok((greeting, parameters)) };
    Ok((greeting, interner.with(&parameters, b"application_name", &name)))
}

/// Names of applications often hold a process number: one that PostgreSQL takes as it is need not
/// be learnt.
fn take_application_name(asked: &mut StartupParameters) -> Option<Vec<u8>> {
    let is_name = |name: &[u8]| name.eq_ignore_ascii_case(b"application_name");
    let value = asked.iter().rev().find(|(name, _)| is_name(name)).map(|(_, value)| value)?;
    let plain = value.iter().all(|byte| (0x20..0x7f).contains(byte));
    if !plain || value.len() > APPLICATION_NAME_MAX {
        return None;
    }
    let value = value.clone();
    asked.retain(|(name, _)| !is_name(name));
    Some(value)
}

/// Sets the parameters on a server, as PostgreSQL would at its own startup: it says what they
/// come to, or refuses them.
async fn learn(
    worker: &Rc<Worker>,
    pools: &Arc<Pools>,
    database: &Database,
    asked: StartupParameters,
    defaults: &Parameters,
) -> Result<Parameters, Ending> {
    let shared = &pools.shared;
    let mut held = acquire(worker, pools, database).await?;
    let before = held.side.parameters().clone();
    let mut wanted = ParameterSet::clone(defaults);
    for (name, value) in asked.iter().filter(|(name, _)| follows(name)) {
        wanted.replace_unreported(name, value);
    }
    let mut session = Session::new(shared.interner.intern(wanted), false);
    let server = &mut *held;
    let mut out =
        super::outbox::Forwarding { out: &mut server.stream.out, piece: &Chunk::default() };
    session.link(&mut server.side, None, &mut out);
    server.stream.flush().await?;
    while !server.side.pipeline().is_empty() {
        if server.stream.recv(&mut server.inbox).await? == 0 {
            return Err(
                error::server_lost(&pools.primary.to_string(), "it closed the connection").into()
            );
        }
        let replied = session.reply(shared, &mut server.side, server.inbox.bytes(), &mut Nowhere);
        match replied {
            Ok(consumed) => server.inbox.advance(consumed),
            Err(ServerFault::Align(why)) => return Err(error::bad_parameter(&why).into()),
            Err(fault) => {
                let host = pools.primary.host.address.to_string();
                return Err(error::server_lost(&host, &fault.to_string()).into());
            }
        }
    }
    let came_to = server.side.settle_unreported(shared, &before);
    pools.learn_startup(asked, Learnt { defaults: defaults.clone(), came_to: came_to.clone() });
    held.give_back();
    Ok(came_to)
}

async fn acquire(
    worker: &Rc<Worker>,
    pools: &Arc<Pools>,
    database: &Database,
) -> Result<Held, Ending> {
    let waiting = match pools.primary.acquire(worker.id) {
        Ok(held) => return Ok(held),
        Err(waiting) => waiting,
    };
    let limit = database.query_wait_timeout;
    let granted = match limit {
        Some(limit) => tokio::time::timeout(limit, waiting).await.map_err(|_| limit),
        None => Ok(waiting.await),
    };
    let report = match granted {
        Ok(Ok(held)) => return Ok(held),
        Ok(Err(refusal)) => error::no_server(&refusal.0, &pools.primary.host.address.to_string()),
        Err(limit) => {
            let shortage = worker.pooler.shortage(&pools.primary).await;
            error::query_wait_timeout(limit, &shortage)
        }
    };
    Err(ErrorReport { severity: crate::protocol::error_response::Severity::Fatal, ..report }.into())
}

/// What servers report, with the client's own values; and that it talks to a pooler.
fn say_parameters(out: &mut Vec<u8>, greeting: &Welcome, parameters: &Parameters) {
    for (name, value) in &greeting.parameters {
        let own = parameters.value(name).filter(|_| follows(name));
        say_parameter(out, name, own.unwrap_or(value));
    }
    say_parameter(out, b"pgweir_version", env!("CARGO_PKG_VERSION").as_bytes());
}
