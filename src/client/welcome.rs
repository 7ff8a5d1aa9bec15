//! A client that has proven who it is gets its pools, its parameters and its cancel key.

use super::aligning::{Aligned, Unaligned, align};
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
use crate::pooler::pools::StartupParameters;
use crate::pooler::{ApplicationName, Database, Held, Learnt, Pools, Who};
use crate::protocol::backend::{
    AUTHENTICATION_OK_MESSAGE, BACKEND_KEY_DATA, READY_IDLE_MESSAGE, say_parameter,
};
use crate::protocol::error_response::{ErrorReport, Fields};
use crate::protocol::startup::options;
use crate::protocol::writer::message;
use crate::routing::ask::role_of;
use crate::server::Welcome;
use crate::session::cancel_key::secret_len;
use crate::session::parameters::follows;
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
    let settled = Box::pin(settle(worker, &pools, &database, asked)).await?;
    let Settled { greeting, parameters, notices } = settled;

    let control = admit(opening, worker, &claim);
    pools.primary.stats.client_logged_in(worker.id);
    let mut out = proven.last_message().to_vec();
    out.extend_from_slice(AUTHENTICATION_OK_MESSAGE);
    out.extend_from_slice(&notices);
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
    let session = session.known_as(control.key.process_id);
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

/// The parameters that the client sets by its startup packet, in the order in which PostgreSQL
/// takes them: `options`, taken apart, come first (`process_startup_options` in `postinit.c`).
fn asked_parameters(claim: &Claim) -> Result<StartupParameters, ErrorReport> {
    let mut asked = StartupParameters::new();
    if let Some(value) = claim.startup.parameter(b"options") {
        asked.extend(options(value).ok_or_else(error::bad_options)?);
    }
    for (name, value) in &claim.startup.parameters {
        match name.as_slice() {
            b"user" | b"database" | b"replication" | b"options" => {}
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

/// What a client is told at its login.
struct Settled {
    /// What the server said of itself.
    greeting: Arc<Welcome>,
    /// What the client's parameters come to there.
    parameters: Parameters,
    /// The notices of names that were cut.
    notices: Arc<[u8]>,
}

/// Asks a server only for what is not known yet.
async fn settle(
    worker: &Rc<Worker>,
    pools: &Arc<Pools>,
    database: &Database,
    mut asked: StartupParameters,
) -> Result<Settled, Ending> {
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
    let learnt = if asked.is_empty() {
        Learnt { came_to: defaults.clone(), defaults, notices: Arc::default() }
    } else if let Some(known) = pools.known_startup(&asked, &defaults) {
        known
    } else {
        learn(worker, pools, database, asked, defaults).await?
    };
    let Learnt { came_to, notices, .. } = learnt;
    let parameters = match application_name {
        Some(name) => interner.with(&came_to, b"application_name", &name),
        None => came_to,
    };
    Ok(Settled { greeting, parameters, notices })
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
/// come to, or refuses them. The server's last client must have no say in that (`DateStyle` takes
/// from what is set what it is not told), so what is set by default comes first.
async fn learn(
    worker: &Rc<Worker>,
    pools: &Arc<Pools>,
    database: &Database,
    asked: StartupParameters,
    defaults: Parameters,
) -> Result<Learnt, Ending> {
    let shared = &pools.shared;
    let held = acquire(worker, pools, database).await?;
    let unaligned = |why| refused(why, pools);
    let aligned = align(held, defaults.clone(), pools.clone()).await;
    let held = aligned.map_err(unaligned)?.held;
    let before = held.side.parameters().clone();
    let mut wanted = ParameterSet::clone(&defaults);
    for (name, value) in asked.iter().filter(|(name, _)| follows(name)) {
        wanted.replace_unreported(name, value);
    }
    let aligned = align(held, shared.interner.intern(wanted), pools.clone()).await;
    let Aligned { mut held, notices } = aligned.map_err(unaligned)?;
    let came_to = held.side.settle_unreported(shared, &before);
    held.give_back();
    let learnt = Learnt { defaults, came_to, notices: notices.into() };
    pools.learn_startup(asked, learnt.clone());
    Ok(learnt)
}

fn refused(why: Unaligned, pools: &Pools) -> Ending {
    let report = match why {
        Unaligned::Refused(body) => error::bad_parameter(&Fields::new(&body).message()),
        Unaligned::Lost(why) => error::server_lost(&pools.primary.host.address.to_string(), &why),
    };
    report.into()
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
