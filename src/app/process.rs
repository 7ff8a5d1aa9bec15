//! The phases of the process's life.

use super::build::{build, salts, traced};
use super::cannot_start::CannotStart;
use super::exit::Exit;
use super::file_limit::raise_file_limit;
use super::logs;
use super::orders::next;
use super::signals::Signals;
use super::sockets::{self, Named, accept};
use super::workers::{self, Driver, Workers};
use crate::admin::house::House;
use crate::admin::{Console, Order, rates};
use crate::auth::Salts;
use crate::client::worker::Clients;
use crate::client::{Logins, Users};
use crate::collector::Exporter;
use crate::collector::exporter::FLUSH_LIMIT;
use crate::config::reload::{Change, compare_running};
use crate::config::{Loaded, Mistakes, Settings, check};
use crate::metrics::status::Phase;
use crate::metrics::{Port, Source, Status};
use crate::pooler::registry::Databases;
use crate::pooler::{Letter, Pooler, catalog, janitor, sampler};
use crate::routing::Classifier;
use crate::stats::PoolTotals;
use arc_swap::ArcSwap;
use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};

/// How often it is looked whether the last client has left.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What reading the settings came to.
pub type Settled = Result<Loaded, Mistakes>;

/// Reads the settings: at the start, and at every reload.
pub type Reader = Box<dyn Fn() -> Settled>;

/// A process that is ready to serve.
pub struct Process {
    read: Reader,
    pub(super) loaded: RefCell<Loaded>,
    /// What it has started with: what needs a restart stays so.
    pub(super) started: Settings,
    /// A setting that waits for another one, with which it goes.
    pub(super) half_a_pair: RefCell<Option<(String, String)>>,
    salts: Arc<Salts>,
    pooler: Arc<Pooler>,
    pub(super) clients: Arc<Clients>,
    orders: RefCell<Option<Receiver<Order>>>,
    status: Arc<Status>,
    exporter: Arc<Exporter>,
    driver: Driver,
    letters: Vec<workers::Letters>,
    sockets: Vec<Named>,
    metrics_sockets: Vec<Named>,
}

/// How serving ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// At once; who has asked for it.
    Now(&'static str),
    /// Clients end at their transaction boundaries; who has asked for it.
    Drain(&'static str),
    /// When clients have left by themselves.
    Clients,
}

impl Process {
    /// Starting: reads the settings, starts the logs, binds the sockets.
    ///
    /// # Errors
    /// Everything that stands in the way, before anything has been started.
    pub fn start(read: Reader) -> Result<Process, CannotStart> {
        let loaded = read()?;
        let settings = &loaded.settings;
        logs::start(&settings.pooler.process)?;
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
        let salts = salts(settings)?;
        let plans = build(settings, &salts, &Users::default())?;
        let driver = Driver::choose(settings.pooler.process.io)?;
        let sockets = sockets::bind(settings)?;
        let metrics_sockets = sockets::bind_metrics(settings)?;
        raise_file_limit(settings);
        let count = workers::count(settings.pooler.process.workers);
        let (mailboxes, letters) = workers::mailboxes(count);
        let classifier = Classifier::new(rand::random());
        let pooler = Arc::new(Pooler::new(Databases::new(), mailboxes, classifier));
        pooler.queries.set_keep(settings.pooler.statements.query_statistics as usize);
        pooler.spans.set(traced(&settings.tracing));
        pooler.reload(plans.databases);
        let exporter = Arc::new(Exporter::new(pooler.clone()));
        exporter.send_to(plans.collector);
        let status = Arc::new(Status::new(settings, plans.certificates));
        let (house, orders) = House::new();
        let clients = Arc::new(Clients {
            policy: ArcSwap::from_pointee(plans.policy),
            count: AtomicUsize::new(0),
            logins: Logins::default(),
            console: Arc::new(Console::new(pooler.clone(), house)),
        });
        Ok(Process {
            read,
            started: loaded.settings.clone(),
            loaded: RefCell::new(loaded),
            half_a_pair: RefCell::default(),
            salts,
            pooler,
            clients,
            orders: RefCell::new(Some(orders)),
            status,
            exporter,
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
        self.clients.console.run_on(process.clone());
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
        let (rates, clients) = (self.clients.console.rates().clone(), self.clients.clone());
        let period = move || clients.policy.load().stats_period;
        tasks.spawn(rates::run(self.pooler.clone(), rates, period));
        let (ends, ending) = watch::channel(false);
        let mut exporting = tokio::spawn(self.exporter.clone().run(ending));
        self.listen_for_scrapes(&mut tasks)?;
        let mut acceptors = self.listen()?;
        self.status.enter(Phase::Serving);
        tracing::info!("{}", check::summary(&self.loaded.borrow().settings));
        ready(&self.pooler);
        let mut orders = self.orders.borrow_mut().take();
        let mut ending = self.until_asked_to_end(&mut signals, &mut orders).await;
        self.status.enter(Phase::Draining);
        acceptors.shutdown().await;
        if ending == Ending::Clients {
            ending = self.until_clients_left(&mut signals, &mut orders).await;
        }
        // Console clients that still wait for an answer are told that there is none.
        drop(orders);
        let well = self.end(ending, workers, &mut signals).await;
        let _ = ends.send(true);
        // A collector that does not answer must not keep the process.
        let _ = tokio::time::timeout(FLUSH_LIMIT, &mut exporting).await;
        Ok(well)
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
        let port = Port::new(Source {
            pooler,
            clients,
            status: self.status.clone(),
            exporter: self.exporter.clone(),
        });
        for Named { name, bound } in std::mem::take(&mut self.metrics_sockets) {
            tasks.spawn(port.clone().serve(bound.listen()?));
            tracing::info!("metrics on {name}");
        }
        Ok(())
    }

    async fn until_asked_to_end(
        &self,
        signals: &mut Signals,
        orders: &mut Option<Receiver<Order>>,
    ) -> Ending {
        loop {
            let ending = tokio::select! {
                heard = signals.next() => self.heed(heard),
                order = next(orders) => self.obey(order),
            };
            if let Some(ending) = ending {
                return ending;
            }
        }
    }

    /// Nobody can connect any more; the console still answers who is there.
    async fn until_clients_left(
        &self,
        signals: &mut Signals,
        orders: &mut Option<Receiver<Order>>,
    ) -> Ending {
        tracing::info!("shutting down (SHUTDOWN WAIT_FOR_CLIENTS): no new clients");
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let left = async {
            while self.clients.count.load(Ordering::Relaxed) > 0 {
                looks.tick().await;
            }
        };
        tokio::select! {
            () = left => Ending::Drain("the last client has left"),
            ending = self.until_asked_to_end(signals, orders) => ending,
        }
    }

    async fn end(&self, ending: Ending, workers: Workers, signals: &mut Signals) -> bool {
        let by = match ending {
            Ending::Drain(by) => {
                self.announce(by);
                return self.drain(workers, signals).await;
            }
            Ending::Now(by) => by,
            Ending::Clients => "SHUTDOWN",
        };
        tracing::info!("shutting down ({by}): at once");
        self.tell_workers(|| Letter::Stop);
        tokio::task::spawn_blocking(|| workers.join()).await.unwrap_or(false)
    }

    fn announce(&self, signal: &str) {
        let limit = self.loaded.borrow().settings.pooler.process.shutdown_timeout;
        tracing::info!(
            "shutting down ({signal}): no new clients, transactions may end within \
             shutdown_timeout ({limit:?}); another signal ends at once"
        );
    }

    /// Draining: each client ends at its transaction boundary; a second signal or the deadline
    /// ends the rest.
    async fn drain(&self, workers: Workers, signals: &mut Signals) -> bool {
        self.tell_workers(|| Letter::Drain);
        let limit = self.loaded.borrow().settings.pooler.process.shutdown_timeout;
        let mut joined = tokio::task::spawn_blocking(|| workers.join());
        tokio::select! {
            ended = &mut joined => {
                self.sum_up();
                tracing::info!("shut down");
                return ended.unwrap_or(false);
            }
            () = tokio::time::sleep(limit) => {
                tracing::warn!("shutdown_timeout is over: closing the clients that are left");
            }
            signal = signals.ending(self) => {
                tracing::warn!("second signal ({signal}): closing the clients that are left");
            }
        }
        self.tell_workers(|| Letter::Stop);
        let ended = joined.await.unwrap_or(false);
        self.sum_up();
        ended
    }

    /// Says what the pools that exist have served.
    fn sum_up(&self) {
        let mut totals = PoolTotals::default();
        self.pooler.all_pools().iter().for_each(|pool| totals += pool.stats.totals());
        let calls: u64 = self.pooler.queries.top().iter().map(|query| query.calls).sum();
        tracing::info!(
            transactions = totals.xact_count,
            queries = totals.query_count,
            calls,
            rows = totals.rows,
            errors = totals.errors,
            received = totals.received,
            sent = totals.sent,
            "served"
        );
    }

    fn tell_workers(&self, letter: impl Fn() -> Letter) {
        self.pooler.mailboxes().iter().for_each(|mailbox| mailbox.send(letter()));
    }

    /// Applies the settings as they are now: all of them, or none with the reasons.
    pub(super) fn reload(&self) -> Result<Change, String> {
        let loaded = (self.read)().map_err(|mistakes| mistakes.to_string());
        let change = loaded.and_then(|loaded| self.apply(loaded));
        match &change {
            Ok(change) => {
                tracing::info!(changed = change.changed.join(", "), "reloaded");
                if !change.restart_needed.is_empty() {
                    let keys = change.restart_needed.join(", ");
                    tracing::warn!("needs a restart to take effect: {keys}");
                }
            }
            Err(why) => {
                self.status.reload_refused();
                let reasons: Vec<_> = why.lines().collect();
                tracing::error!("reload refused, nothing was changed: {}", reasons.join("; "));
            }
        }
        change
    }

    /// From now on these hold.
    pub(super) fn apply(&self, loaded: Loaded) -> Result<Change, String> {
        let before = &self.clients.policy.load().users;
        let plans = build(&loaded.settings, &self.salts, before);
        let plans = plans.map_err(|error| error.to_string())?;
        let new = &loaded.settings;
        let change = compare_running(&self.started, &self.loaded.borrow().settings, new);
        self.half_a_pair.take();
        let keep = loaded.settings.pooler.statements.query_statistics;
        self.pooler.queries.set_keep(keep as usize);
        self.pooler.spans.set(traced(&loaded.settings.tracing));
        self.exporter.send_to(plans.collector);
        self.pooler.reload(plans.databases);
        self.clients.policy.store(Arc::new(plans.policy));
        self.tell_workers(|| Letter::Policy);
        self.status.reloaded(&loaded.settings, plans.certificates);
        *self.loaded.borrow_mut() = loaded;
        Ok(change)
    }
}
