//! What only the process itself can answer or obey: its settings, RELOAD, SET, SHUTDOWN.

use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Orders that wait for the process: each console client has one at a time.
pub const ORDERS_MAX: usize = 128;

/// How long the process may take: RELOAD reads files.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// One setting as SHOW CONFIG has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingSeen {
    /// Its name, with its section where that is not `[pooler]`.
    pub key: String,
    /// What holds now.
    pub value: String,
    /// What holds where nothing is written.
    pub default: String,
    /// Whether SET and RELOAD can change it.
    pub changeable: bool,
}

/// What the process says of itself.
#[derive(Clone, Debug, Default)]
pub struct HouseSeen {
    /// Its settings.
    pub settings: Vec<SettingSeen>,
    /// The names of the users who are known.
    pub users: Vec<String>,
}

/// What a reload has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// Keys that hold now.
    pub changed: Vec<String>,
    /// Keys that wait for a restart.
    pub restart_needed: Vec<String>,
}

/// Why a setting was not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unset {
    /// There is no such setting; the nearest name, if one is near.
    NoSuchSetting(Option<String>),
    /// It needs a restart.
    NeedsRestart,
    /// The value is wrong, or goes with none of the others.
    Refused(String),
}

/// The outcome of a SET of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Set {
    /// It holds now.
    Changed {
        /// The value before.
        old: String,
        /// The value now.
        new: String,
    },
    /// It waits for another one, with which it goes.
    Waits {
        /// That one's name.
        other: &'static str,
        /// Why.
        why: String,
    },
}

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// At once.
    Now,
    /// Each client ends at its transaction boundary: as with SIGTERM.
    WaitForServers,
    /// Nobody may connect any more; it ends when the last client has left.
    WaitForClients,
}

/// What is asked of the process.
#[derive(Debug)]
pub enum Order {
    /// Say what you are.
    See(oneshot::Sender<HouseSeen>),
    /// Read the settings anew: what changed, or the mistakes.
    Reload(oneshot::Sender<Result<Reloaded, String>>),
    /// Change a setting until the next reload.
    Set(String, String, oneshot::Sender<Result<Set, Unset>>),
    /// End.
    Shutdown(Shutdown),
}

/// The process does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the process does not answer: it is ending, or busy")]
pub struct Gone;

/// The process, from where the console is.
#[derive(Clone, Debug)]
pub struct House(mpsc::Sender<Order>);

impl House {
    /// A house and the end at which its orders are read.
    pub fn new() -> (House, mpsc::Receiver<Order>) {
        let (sender, receiver) = mpsc::channel(ORDERS_MAX);
        (House(sender), receiver)
    }

    pub(super) async fn seen(&self) -> Result<HouseSeen, Gone> {
        self.ask(Order::See).await
    }

    pub(super) async fn reload(&self) -> Result<Result<Reloaded, String>, Gone> {
        self.ask(Order::Reload).await
    }

    pub(super) async fn set(&self, key: &str, value: &str) -> Result<Result<Set, Unset>, Gone> {
        self.ask(|tell| Order::Set(key.to_owned(), value.to_owned(), tell)).await
    }

    pub(super) fn shut_down(&self, how: Shutdown) -> Result<(), Gone> {
        self.0.try_send(Order::Shutdown(how)).map_err(|_| Gone)
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, Gone> {
        let (tell, told) = oneshot::channel();
        let answered = async {
            self.0.send(order(tell)).await.map_err(|_| Gone)?;
            told.await.map_err(|_| Gone)
        };
        tokio::time::timeout(ANSWER_LIMIT, answered).await.unwrap_or(Err(Gone))
    }
}
