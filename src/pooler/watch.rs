//! How fresh the replicas of one list of hosts are: kept by samplers, seen by all workers.

use super::clock::{self, Latest};
use super::gauge::Gauge;
use super::pool::Pool;
use crate::net::Address;
use crate::routing::freshness::{
    Answer, HostIndex, Ledger, Moment, Proof, Schedule, Standing, Token, TokenError,
};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Logins that are known for the hosts: each user that has pools on them is one. If one is
/// refused the next is tried; more than a few would only be tried for long.
const LOGINS_MAX: usize = 8;

/// How coarsely it is noted when the last read was. That is stored once in a while, so that
/// reads do not take a cache line from each other.
const READ_NOTED: Duration = Duration::from_secs(1);

/// A user's pools, on the primary and on each replica: with them the hosts can be logged in to.
pub(super) type Logins = Vec<Arc<Pool>>;

/// The freshness of the replicas of one primary.
#[derive(Debug)]
pub struct Watch {
    addresses: Vec<Address>,
    /// The primary's is the first.
    gauges: Vec<Gauge>,
    rings: Vec<Arc<Notify>>,
    /// Some replica has become fresher.
    news: Notify,
    /// The primary has said where it is.
    primary_news: Notify,
    last_read: Latest,
    book: Mutex<Book>,
    logins: Mutex<Vec<Logins>>,
}

#[derive(Debug)]
struct Book {
    ledger: Ledger,
    schedule: Schedule,
    max_lag: Option<Duration>,
}

impl Watch {
    /// Nothing is known yet of a primary and its replicas.
    pub(super) fn new(addresses: Vec<Address>) -> Watch {
        let replicas = addresses.len().saturating_sub(1);
        let book = Book {
            ledger: Ledger::new(replicas),
            schedule: Schedule::new(replicas, Duration::MAX),
            max_lag: None,
        };
        Watch {
            gauges: addresses.iter().map(|_| Gauge::default()).collect(),
            rings: addresses.iter().map(|_| Arc::new(Notify::new())).collect(),
            addresses,
            news: Notify::new(),
            primary_news: Notify::new(),
            last_read: Latest::default(),
            book: Mutex::new(book),
            logins: Mutex::default(),
        }
    }

    /// What is proven of a replica; a few atomic loads.
    pub fn proof(&self, replica: usize) -> Proof {
        self.gauges.get(replica + 1).map_or(Proof::default(), Gauge::proof)
    }

    /// Whether a host is in recovery, as it has said last; none while it is not connected.
    pub fn in_recovery(&self, host: HostIndex) -> Option<bool> {
        self.gauges.get(number(host))?.in_recovery()
    }

    /// A read is routed: the hosts are asked while that goes on.
    pub fn read(&self, now: Moment) {
        if now.since(self.last_read.get()) < READ_NOTED {
            return;
        }
        self.last_read.raise(now);
        self.book.lock().schedule.read(now);
        self.ring_all();
    }

    /// Whether a replica may be fresh enough within `limit`: it answers, and so does the primary,
    /// and it is not known to be further behind.
    pub fn may_catch_up(&self, replica: usize, limit: Duration, now: Moment) -> bool {
        let answers = |gauge: &Gauge| gauge.answers_within(limit, now);
        let (primary, replica) = (self.gauges.first(), self.gauges.get(replica + 1));
        primary.is_some_and(answers)
            && replica.is_some_and(|gauge| answers(gauge) && gauge.proof().behind <= limit)
    }

    /// Has the hosts asked at once, until the wish is dropped, for a replica that is fresh as of
    /// later than `wanted`.
    pub fn wish(&self, wanted: Moment) -> Wish<'_> {
        self.book.lock().schedule.waits(wanted);
        self.ring_all();
        Wish { watch: self, wanted }
    }

    /// Ready when some replica has become fresher since this was called.
    pub fn news(&self) -> Notified<'_> {
        self.news.notified()
    }

    /// Stands for everything that had been acknowledged at `moment`, if the primary says within
    /// `limit` where it is.
    pub async fn token(&self, moment: Moment, limit: Duration) -> Option<Token> {
        self.primary_after(moment, limit).await;
        let book = self.book.lock();
        book.ledger.token().filter(|_| book.ledger.log().asked() > moment)
    }

    /// What a session must see that has been given this token. The primary is asked, if it is not
    /// known to have got there.
    ///
    /// # Errors
    /// The token is of another history, or ahead of the primary, or that does not answer within
    /// `limit`.
    pub async fn must_see(&self, token: Token, limit: Duration) -> Result<Moment, TokenError> {
        let known = self.book.lock().ledger.must_see(token);
        if known.is_ok() {
            return known;
        }
        let now = clock::now();
        self.primary_after(now, limit).await;
        let book = self.book.lock();
        if book.ledger.log().asked() <= now {
            return Err(TokenError::PrimaryUnknown);
        }
        book.ledger.must_see(token)
    }

    /// Waits until the primary has answered what it was asked after `moment`.
    async fn primary_after(&self, moment: Moment, limit: Duration) {
        let _wish = self.wish(moment);
        let answered = async {
            loop {
                let news = self.primary_news.notified();
                if self.book.lock().ledger.log().asked() > moment {
                    return;
                }
                news.await;
            }
        };
        let _ = tokio::time::timeout(limit, answered).await;
    }

    fn ring_all(&self) {
        self.rings.iter().for_each(|ring| ring.notify_one());
    }

    // What the registry says.

    /// Its hosts, the primary's first.
    pub(super) fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Where a host is.
    pub(super) fn address(&self, host: HostIndex) -> Option<&Address> {
        self.addresses.get(number(host))
    }

    /// The hosts can be logged in to as this user, too.
    pub(super) fn add_logins(&self, pools: Logins) {
        let mut logins = self.logins.lock();
        logins.truncate(LOGINS_MAX - 1);
        logins.insert(0, pools);
    }

    /// These pools are no longer in the configuration.
    pub(super) fn remove_logins(&self, primary: &Arc<Pool>) {
        let is_other =
            |login: &Logins| login.first().is_none_or(|pool| !Arc::ptr_eq(pool, primary));
        self.logins.lock().retain(is_other);
    }

    /// The hosts are asked so often that this lag can be told; for the smallest of several.
    pub(super) fn tell_lag(&self, max_lag: Duration) {
        let mut book = self.book.lock();
        let smallest = book.max_lag.map_or(max_lag, |lag| lag.min(max_lag));
        book.max_lag = Some(smallest);
        book.schedule.set_max_lag(smallest);
    }

    /// The lags of a new configuration follow.
    pub(super) fn forget_lag(&self) {
        self.book.lock().max_lag = None;
    }

    // What the samplers say.

    /// How a host is called for.
    pub(super) fn ring(&self, host: HostIndex) -> Arc<Notify> {
        self.rings.get(number(host)).cloned().unwrap_or_default()
    }

    /// A way to log in to a host: the one of this number, counted around.
    pub(super) fn login(&self, host: HostIndex, attempt: usize) -> Option<Arc<Pool>> {
        let logins = self.logins.lock();
        let pools = logins.get(attempt % logins.len().max(1))?;
        pools.get(number(host)).cloned()
    }

    /// How many ways there are to log in.
    pub(super) fn logins_len(&self) -> usize {
        self.logins.lock().len()
    }

    /// When a host is to be asked next, if at all.
    pub(super) fn due(&self, host: HostIndex) -> Option<Moment> {
        let book = self.book.lock();
        book.schedule.next(host, &book.ledger, clock::now())
    }

    /// A question is sent now: the moment that counts for its answer.
    pub(super) fn asked(&self, host: HostIndex) -> Moment {
        let mut book = self.book.lock();
        let now = clock::now();
        let Book { ledger, schedule, .. } = &mut *book;
        schedule.asked(host, ledger, now);
        if let Some(gauge) = self.gauges.get(number(host)) {
            gauge.asked(now);
        }
        now
    }

    /// The host can be asked.
    pub(super) fn connected(&self, host: HostIndex) {
        if let Some(gauge) = self.gauges.get(number(host)) {
            gauge.answers();
        }
    }

    /// The host has answered. Says what it is to the others.
    pub(super) fn answered(&self, host: HostIndex, answer: Answer, sent: Moment) -> Standing {
        if let Some(gauge) = self.gauges.get(number(host)) {
            gauge.answers();
            gauge.say_in_recovery(answer.in_recovery);
        }
        let mut book = self.book.lock();
        let standing = match host {
            HostIndex::Primary => book.ledger.primary_answered(answer, sent, clock::now()),
            HostIndex::Replica(index) => book.ledger.replica_answered(index, answer, sent),
        };
        self.publish(&book.ledger);
        let somebody_waits = book.schedule.is_waited_for();
        drop(book);
        if host == HostIndex::Primary {
            self.primary_news.notify_waiters();
            if somebody_waits {
                self.ring_all();
            }
        } else {
            self.news.notify_waiters();
        }
        standing
    }

    /// The connection to the host is lost.
    pub(super) fn lost(&self, host: HostIndex) {
        if let Some(gauge) = self.gauges.get(number(host)) {
            gauge.lost();
        }
        if let HostIndex::Replica(index) = host {
            let mut book = self.book.lock();
            book.ledger.replica_lost(index);
            self.publish(&book.ledger);
        }
    }

    fn publish(&self, ledger: &Ledger) {
        for (index, gauge) in self.gauges.iter().skip(1).enumerate() {
            gauge.publish(ledger.proof(index));
        }
    }
}

/// The samplers notice that nobody has use for them any more.
impl Drop for Watch {
    fn drop(&mut self) {
        self.ring_all();
    }
}

/// Somebody waits for a fresher replica.
#[derive(Debug)]
#[must_use = "the hosts are asked at once only while it lives"]
pub struct Wish<'w> {
    watch: &'w Watch,
    wanted: Moment,
}

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        self.watch.book.lock().schedule.waits_no_more(self.wanted);
    }
}

/// The place of a host in the lists: the primary is the first.
fn number(host: HostIndex) -> usize {
    match host {
        HostIndex::Primary => 0,
        HostIndex::Replica(index) => index + 1,
    }
}
