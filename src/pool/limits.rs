//! How many servers a pool may hold and for how long; checked once, where it is made.

use std::num::NonZeroU32;
use std::time::Duration;

use thiserror::Error;

/// The most servers a pool can be allowed: more backends than this PostgreSQL cannot have
/// (`MAX_BACKENDS`, src/include/storage/procnumber.h). A pool without a limit has this one.
pub const POOL_SIZE_MAX: u32 = (1 << 18) - 1;

/// Logins that a pool has under way at the same time, unless set otherwise. A login forks a backend
/// and costs both sides a few milliseconds of CPU for SCRAM: 16 fill a pool of
/// `default_pool_size` in two rounds and leave the host able to answer queries meanwhile.
const LOGINS_MAX: u32 = 16;

const RESERVE_POOL_TIMEOUT: Duration = Duration::from_secs(5);
const SERVER_LIFETIME: Duration = Duration::from_secs(3600);
const SERVER_IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// The settings that a pool obeys, with PgBouncer's names, meanings and defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pool_size: u32,
    min_pool_size: u32,
    reserve_pool_size: u32,
    reserve_pool_timeout: Duration,
    server_lifetime: Duration,
    server_idle_timeout: Duration,
    logins_max: u32,
}

/// Limits that contradict each other or the server.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum LimitsError {
    /// The pool would have to hold more servers than it may.
    #[error("min_pool_size ({min_pool_size}) is larger than pool_size ({pool_size})")]
    MinAbovePool {
        /// As it was asked for.
        min_pool_size: u32,
        /// As it was asked for.
        pool_size: u32,
    },
    /// More than any PostgreSQL server accepts.
    #[error(
        "{setting} allows {servers} servers, but PostgreSQL has at most {POOL_SIZE_MAX} backends"
    )]
    AboveBackends {
        /// The setting, or the sum of settings, that is too large.
        setting: &'static str,
        /// How many servers it would allow.
        servers: u64,
    },
}

impl Limits {
    /// At most `pool_size` servers (0: no limit but [`POOL_SIZE_MAX`]) and, even when nobody asks,
    /// at least `min_pool_size`; everything else as PgBouncer has it when nothing is set.
    ///
    /// # Errors
    /// When `pool_size` is above [`POOL_SIZE_MAX`], or `min_pool_size` above `pool_size`.
    pub fn new(pool_size: u32, min_pool_size: u32) -> Result<Self, LimitsError> {
        let limits = Self {
            pool_size: if pool_size == 0 { POOL_SIZE_MAX } else { pool_size },
            min_pool_size,
            reserve_pool_size: 0,
            reserve_pool_timeout: RESERVE_POOL_TIMEOUT,
            server_lifetime: SERVER_LIFETIME,
            server_idle_timeout: SERVER_IDLE_TIMEOUT,
            logins_max: LOGINS_MAX,
        };
        limits.below_backends("pool_size", pool_size)?;
        if min_pool_size > limits.pool_size {
            let pool_size = limits.pool_size;
            return Err(LimitsError::MinAbovePool { min_pool_size, pool_size });
        }
        Ok(limits)
    }

    /// `reserve_pool_size` more servers once a client has waited for `reserve_pool_timeout`;
    /// either of them 0: no reserve.
    ///
    /// # Errors
    /// When a pool with a limit and its reserve together are above [`POOL_SIZE_MAX`].
    pub fn with_reserve(self, size: u32, timeout: Duration) -> Result<Self, LimitsError> {
        self.below_backends("reserve_pool_size", size)?;
        let unlimited = self.pool_size == POOL_SIZE_MAX;
        let size = if unlimited || timeout.is_zero() { 0 } else { size };
        self.below_backends("pool_size + reserve_pool_size", self.pool_size + size)?;
        Ok(Self { reserve_pool_size: size, reserve_pool_timeout: timeout, ..self })
    }

    /// Closes a server that is older than this when it is released or idle; 0: never.
    #[must_use]
    pub fn with_server_lifetime(self, server_lifetime: Duration) -> Self {
        Self { server_lifetime, ..self }
    }

    /// Closes a server that nobody has used for this long; 0: never.
    #[must_use]
    pub fn with_server_idle_timeout(self, server_idle_timeout: Duration) -> Self {
        Self { server_idle_timeout, ..self }
    }

    /// At most this many logins at the same time.
    #[must_use]
    pub fn with_logins_max(self, logins_max: NonZeroU32) -> Self {
        Self { logins_max: logins_max.get(), ..self }
    }

    /// Servers that the pool may hold without its reserve.
    #[must_use]
    pub fn pool_size(&self) -> usize {
        self.pool_size as usize
    }

    /// Servers that the pool may hold with its reserve.
    #[must_use]
    pub fn most(&self) -> usize {
        (self.pool_size + self.reserve_pool_size) as usize
    }

    /// Servers that the pool keeps even when nobody asks.
    #[must_use]
    pub fn min_pool_size(&self) -> usize {
        self.min_pool_size as usize
    }

    /// Logins that may be under way at the same time, at least 1.
    #[must_use]
    pub fn logins_max(&self) -> usize {
        self.logins_max as usize
    }

    /// How long a client waits before the reserve is opened for it; none without a reserve.
    #[must_use]
    pub fn reserve_after(&self) -> Option<Duration> {
        (self.reserve_pool_size > 0).then_some(self.reserve_pool_timeout)
    }

    /// How old a server may become.
    #[must_use]
    pub fn server_lifetime(&self) -> Option<Duration> {
        Some(self.server_lifetime).filter(|limit| !limit.is_zero())
    }

    /// How long a server may be idle.
    #[must_use]
    pub fn server_idle_timeout(&self) -> Option<Duration> {
        Some(self.server_idle_timeout).filter(|limit| !limit.is_zero())
    }

    fn below_backends(&self, setting: &'static str, servers: u32) -> Result<(), LimitsError> {
        if servers <= POOL_SIZE_MAX {
            return Ok(());
        }
        Err(LimitsError::AboveBackends { setting, servers: servers.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn zero_means_off() {
        let limits = Limits::new(20, 0).unwrap();
        assert_eq!(limits.with_server_lifetime(Duration::ZERO).server_lifetime(), None);
        assert_eq!(limits.with_server_idle_timeout(Duration::ZERO).server_idle_timeout(), None);
        assert_eq!(limits.with_reserve(0, SECOND).unwrap().reserve_after(), None);
        assert_eq!(limits.with_reserve(5, Duration::ZERO).unwrap().most(), 20);
        assert_eq!(Limits::new(0, 30).unwrap().pool_size(), POOL_SIZE_MAX as usize);
    }

    #[test]
    fn the_reserve_comes_on_top() {
        let limits = Limits::new(20, 0).unwrap().with_reserve(5, SECOND).unwrap();
        assert_eq!((limits.pool_size(), limits.most()), (20, 25));
        assert_eq!(limits.reserve_after(), Some(SECOND));
    }

    #[test]
    fn contradictions_are_refused_with_the_names_of_the_settings() {
        let error = Limits::new(20, 21).unwrap_err();
        assert_eq!(error.to_string(), "min_pool_size (21) is larger than pool_size (20)");
        assert!(Limits::new(POOL_SIZE_MAX + 1, 0).is_err());
        assert!(Limits::new(0, POOL_SIZE_MAX + 1).is_err());
        let error = Limits::new(POOL_SIZE_MAX - 1, 0).unwrap().with_reserve(2, SECOND).unwrap_err();
        assert!(error.to_string().starts_with("pool_size + reserve_pool_size allows 262144"));
    }

    #[test]
    fn no_number_overflows() {
        assert!(Limits::new(u32::MAX, u32::MAX).is_err());
        assert!(Limits::new(1, 0).unwrap().with_reserve(u32::MAX, SECOND).is_err());
    }
}
