//! Reading a catalog through a connection to the primary.

use super::equal::Equal;
use super::spelling::spell;
use crate::auth::Credential;
use crate::ids::ServerId;
use crate::routing::catalog::{Answers, NotUnderstood, Row, TooLarge, load, probe, views_in};
use crate::routing::{Catalog, Classifier};
use crate::server::{AskError, OpenError, Server, Target, ask, open_to_ask};
use crate::session::Shared;
use foldhash::quality::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// How long PostgreSQL may take to list everything: a second for 100,000 relations, and as much
/// again for what else it has to do.
const LOAD_LIMIT: Duration = Duration::from_secs(60);

/// How long it may take to say whether anything has changed: it reads the same rows, and sends one.
const PROBE_LIMIT: Duration = Duration::from_secs(20);

/// Tells answers from each other without keeping them.
static DIGEST: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);

/// Why a catalog could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nobody has a connection to it.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The questions were not answered.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// They were answered otherwise than PostgreSQL does.
    #[error(transparent)]
    Answer(#[from] NotUnderstood),
    /// There is too much of it.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// Nobody can log in to it now.
    #[error("no user has pools in it")]
    NoLogin,
    /// It ended in the middle.
    #[error("reading it was interrupted")]
    Interrupted,
}

/// A catalog as it was read, and what tells whether it still is like that.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) catalog: Arc<Catalog>,
    probe: Option<[u64; 2]>,
    digest: [u64; 2],
}

impl Reading {
    /// Reads the catalog, if it may have changed since `last` was read. One with the same content
    /// keeps its generation, and with it the classes of all shapes that are known.
    ///
    /// # Errors
    /// As [`ReadError`] says. The connection is of no use then.
    pub(super) async fn take(
        server: &mut Server,
        last: Option<&Reading>,
        equal: &Equal,
        classifier: &Classifier,
    ) -> Result<Reading, ReadError> {
        // Asked first: what changes between the two is found the next time.
        let probe = ask(server, &probe(), PROBE_LIMIT).await?;
        let probe = probe.into_iter().next().and_then(|row| row.into_iter().next()).flatten();
        let probe = probe.map(|probe| digest(&probe));
        if let Some(last) = last.filter(|last| probe.is_some() && last.probe == probe) {
            return Ok(last.clone());
        }
        let deadline = Instant::now() + LOAD_LIMIT;
        let mut rows = ask(server, &load(), LOAD_LIMIT).await?;
        let views = views_in(&rows);
        let unknown = spell(server, &views, deadline, &mut rows).await?;
        // A view that could not be spelled is asked for again, although nothing may have changed.
        let probe = probe.filter(|_| unknown == 0);
        let digest = digest(&rows);
        if let Some(last) = last.filter(|last| last.digest == digest) {
            return Ok(Reading { probe, ..last.clone() });
        }
        let generation = classifier.next_generation();
        // The views of a large database take a while to examine; the process has other tasks.
        let key = equal.key();
        let built = tokio::task::spawn_blocking(move || build(rows, key, generation));
        let catalog = built.await.unwrap_or(Err(ReadError::Interrupted))?;
        Ok(Reading { catalog: equal.one(catalog), probe, digest })
    }
}

fn digest(answer: &impl Hash) -> [u64; 2] {
    DIGEST.each_ref().map(|state| state.hash_one(answer))
}

fn build(rows: Vec<Row>, key: u64, generation: u64) -> Result<Catalog, ReadError> {
    Ok(Catalog::build(Answers::read(rows)?, key, generation)?)
}

/// A connection for one reading.
pub(super) async fn open(
    target: &Arc<Target>,
    credential: Credential,
    shared: &Shared,
    id: ServerId,
) -> Result<Server, ReadError> {
    Box::pin(open_to_ask(target, credential, shared, id, LOAD_LIMIT)).await
}

/// Logs in, reads the catalog once, and leaves.
///
/// # Errors
/// As [`ReadError`] says.
pub async fn read(
    target: &Arc<Target>,
    credential: Credential,
    classifier: &Classifier,
) -> Result<Catalog, ReadError> {
    let shared = Shared::default();
    let mut server = open(target, credential, &shared, ServerId(0)).await?;
    let reading = Reading::take(&mut server, None, &Equal::default(), classifier).await;
    server.close().await;
    Arc::into_inner(reading?.catalog).ok_or(ReadError::Interrupted)
}
