//! The phases of the process's life.

use super::build::{BuildError, build, salts};
use super::exit::Exit;
use super::logs;
use super::sockets::{self, CannotListen, Named, accept};
use super::workers::{self, Driver, Workers};
use crate::auth::Salts;
use crate::client::Logins;
use crate::client::worker::Clients;
use crate::config::reload::compare;
use crate::config::{Loaded, Mistakes, Settings, check};
use crate::metrics::status::Phase;
use crate::metrics::{Port, Source, Status};
use crate::pooler::registry::Databases;
use crate::pooler::{Letter, Pooler, catalog, janitor, sampler};
use crate::routing::Classifier;
use arc_swap::ArcSwap;
use rustix::process::{Resource, getrlimit, setrlimit};
use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{JoinSet, LocalSet};

/// What reading the settings came to.
pub type Settled = Result<Loaded, Mistakes>;

/// Reads the settings: at the start, and at every reload.
pub type Reader = Box<dyn Fn() -> Settled>;

/// Why the process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum CannotStart {
    /// The settings have mistakes.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
    /// What the settings name cannot be used.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] CannotListen),
    /// The settings ask for io_uring.
    #[error("cannot start with pooler.io = \"uring\": {0}")]
    Io(#[from] crate::net::uring::Unavailable),
    /// The system refuses a thread, an event loop or a signal.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

impl CannotStart {
    /// With which status the process ends.
    pub fn exit(&self) -> Exit {
        match self {
            CannotStart::Mistakes(_) | CannotStart::Build(_) => Exit::BadConfiguration,
            CannotStart::Listen(_) | CannotStart::Io(_) | CannotStart::System(_) => {
                Exit::Unavailable
            }
        }
    }
}

/// A process that is ready to serve.
pub struct Process {
    read: Reader,
    settings: RefCell<Settings>,
    salts: Arc<Salts>,
    pooler: Arc<Pooler>,
    clients: Arc<Clients>,
    status: Arc<Status>,
    driver: Driver,
    letters: Vec<workers::Letters>,
    sockets: Vec<Named>,
    metrics_sockets: Vec<Named>,
}

/// The signals that the process hears.
struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Signals> {
        Ok(Signals {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Ready when the process is asked to end; says by whom.
    async fn ending(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

impl Process {
    /// Starting: reads the settings, starts the logs, binds the sockets.
    ///
    /// # Errors
    /// Everything that stands in the way, before anything has been started.
    pub fn start(read: Reader) -> Result<Process, CannotStart> {
        let Loaded { settings, warnings } = read()?;
        logs::start(&settings.pooler.process);
        for warning in &warnings {
            tracing::warn!("{warning}");
        }
        let salts = salts();
        let plans = build(&settings, &salts)?;
        let driver = Driver::choose(settings.pooler.process.io)?;
        let sockets = sockets::bind(&settings)?;
        let metrics_sockets = sockets::bind_metrics(&settings)?;
        raise_file_limit(&settings);
        let count = workers::count(settings.pooler.process.workers);
        let (mailboxes, letters) = workers::mailboxes(count);
        let classifier = Classifier::new(rand::random());
        let pooler = Arc::new(Pooler::new(Databases::new(), mailboxes, classifier));
        pooler.reload(plans.databases);
        let status = Arc::new(Status::new(&settings, plans.certificates));
        let clients = Arc::new(Clients {
            policy: ArcSwap::from_pointee(plans.policy),
            count: AtomicUsize::new(0),
            logins: Logins::default(),
        });
        Ok(Process {
            read,
            settings: RefCell::new(settings),
            salts,
            pooler,
            clients,
            status,
            driver,
            letters,
            sockets,
            metrics_sockets,
        })
    }

    /// All pools, for who wants to watch them.
    pub fn pooler(&self) -> &Arc<Pooler> {
        &self.pooler
    }

    /// Serving, then draining, to the end. `ready` is called when clients can connect.
    pub fn serve(mut self, ready: impl FnOnce(&Arc<Pooler>)) -> Exit {
        let letters = std::mem::take(&mut self.letters);
        let started = self.start_workers(letters);
        let (runtime, workers) = match started {
            Ok(started) => started,
            Err(error) => {
                tracing::error!(%error, "cannot start");
                return Exit::Unavailable;
            }
        };
        // Samplers and keepers of catalogs have connections, which stay on their thread.
        let local = LocalSet::new();
        let served = runtime.block_on(local.run_until(self.live(workers, ready)));
        drop(local);
        runtime.shutdown_background();
        match served {
            Ok(true) => Exit::Ok,
            Ok(false) => Exit::Internal,
            Err(error) => {
                tracing::error!(%error, "cannot start");
                Exit::Unavailable
            }
        }
    }

    fn start_workers(
        &self,
        letters: Vec<workers::Letters>,
    ) -> io::Result<(tokio::runtime::Runtime, Workers)> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (driver, process) = (self.driver, runtime.handle());
        let workers = Workers::start(letters, driver, process, &self.pooler, &self.clients)?;
        Ok((runtime, workers))
    }

    /// Says whether the workers ended well.
    async fn live(
        mut self,
        workers: Workers,
        ready: impl FnOnce(&Arc<Pooler>),
    ) -> io::Result<bool> {
        let mut signals = Signals::listen()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(janitor::run(self.pooler.clone()));
        tasks.spawn_local(sampler::run(self.pooler.clone()));
        tasks.spawn_local(catalog::run(self.pooler.clone()));
        self.listen_for_scrapes(&mut tasks)?;
        let mut acceptors = self.listen()?;
        self.status.enter(Phase::Serving);
        tracing::info!("{}", check::summary(&self.settings.borrow()));
        ready(&self.pooler);
        self.until_asked_to_end(&mut signals).await;
        self.status.enter(Phase::Draining);
        acceptors.shutdown().await;
        Ok(self.drain(workers, &mut signals).await)
    }

    fn listen(&mut self) -> io::Result<JoinSet<()>> {
        let mut acceptors = JoinSet::new();
        for Named { name, bound } in std::mem::take(&mut self.sockets) {
            let clients = self.clients.clone();
            let max_clients = move || clients.policy.load().max_clients;
            acceptors.spawn(accept(bound.listen()?, self.pooler.clone(), max_clients));
            tracing::info!("listening on {name}");
        }
        Ok(acceptors)
    }

    /// The metrics port stays open to the end: a probe learns from it that the process drains.
    fn listen_for_scrapes(&mut self, tasks: &mut JoinSet<()>) -> io::Result<()> {
        let (pooler, clients) = (self.pooler.clone(), self.clients.clone());
        let port = Port::new(Source { pooler, clients, status: self.status.clone() });
        for Named { name, bound } in std::mem::take(&mut self.metrics_sockets) {
            tasks.spawn(port.clone().serve(bound.listen()?));
            tracing::info!("metrics on {name}");
        }
        Ok(())
    }

    async fn until_asked_to_end(&self, signals: &mut Signals) {
        loop {
            tokio::select! {
                _ = signals.hangup.recv() => self.reload(),
                _ = signals.terminate.recv() => return self.announce("SIGTERM"),
                _ = signals.interrupt.recv() => return self.announce("SIGINT"),
            }
        }
    }

    fn announce(&self, signal: &str) {
        let limit = self.settings.borrow().pooler.process.shutdown_timeout;
        tracing::info!(
            "shutting down ({signal}): no new clients, transactions may end within \
             shutdown_timeout ({limit:?}); another signal ends at once"
        );
    }

    /// Draining: each client ends at its transaction boundary; a second signal or the deadline
    /// ends the rest.
    async fn drain(&self, workers: Workers, signals: &mut Signals) -> bool {
        self.tell_workers(|| Letter::Drain);
        let limit = self.settings.borrow().pooler.process.shutdown_timeout;
        let mut joined = tokio::task::spawn_blocking(|| workers.join());
        tokio::select! {
            ended = &mut joined => {
                tracing::info!("shut down");
                return ended.unwrap_or(false);
            }
            () = tokio::time::sleep(limit) => {
                tracing::warn!("shutdown_timeout is over: closing the clients that are left");
            }
            signal = signals.ending() => {
                tracing::warn!("second signal ({signal}): closing the clients that are left");
            }
        }
        self.tell_workers(|| Letter::Stop);
        joined.await.unwrap_or(false)
    }

    fn tell_workers(&self, letter: impl Fn() -> Letter) {
        self.pooler.mailboxes().iter().for_each(|mailbox| mailbox.send(letter()));
    }

    /// Applies the settings as they are now: all of them, or none with the reasons.
    fn reload(&self) {
        let loaded = match (self.read)() {
            Ok(loaded) => loaded,
            Err(mistakes) => {
                self.status.reload_refused();
                tracing::error!("reload refused, nothing was changed:\n{mistakes}");
                return;
            }
        };
        match build(&loaded.settings, &self.salts) {
            Ok(plans) => {
                let change = compare(&self.settings.borrow(), &loaded.settings);
                self.pooler.reload(plans.databases);
                self.clients.policy.store(Arc::new(plans.policy));
                self.status.reloaded(&loaded.settings, plans.certificates);
                *self.settings.borrow_mut() = loaded.settings;
                tracing::info!(changed = change.changed.join(", "), "reloaded");
                if !change.restart_needed.is_empty() {
                    let keys = change.restart_needed.join(", ");
                    tracing::warn!("needs a restart to take effect: {keys}");
                }
            }
            Err(error) => {
                self.status.reload_refused();
                tracing::error!("reload refused, nothing was changed:\n{error}");
            }
        }
    }
}

/// Every client and every server costs a file descriptor: takes as many as the system lets an
/// ordinary user have, and says if that is too few.
fn raise_file_limit(settings: &Settings) {
    let limit = getrlimit(Resource::Nofile);
    let _ =
        setrlimit(Resource::Nofile, rustix::process::Rlimit { current: limit.maximum, ..limit });
    let have = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let wanted = u64::from(settings.pooler.pools.max_client_conn) + 100;
    if have < wanted {
        tracing::warn!(
            "only {have} files may be open, but max_client_conn needs {wanted}: raise the limit \
             (ulimit -n, LimitNOFILE) or lower max_client_conn"
        );
    }
}
