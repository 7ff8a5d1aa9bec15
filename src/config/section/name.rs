//! The sections of pooler.toml, and the groups of settings in each.

use super::database::{PoolSettings, Target};
use super::listen::Listen;
use super::login::Login;
use super::metrics::Metrics;
use super::pools::Pools;
use super::process::Process;
use super::routing::Routing;
use super::statements::Statements;
use super::timeouts::Timeouts;
use super::tls::Tls;
use super::tracing::Tracing;
use super::user::User;
use crate::config::setting::Setting;

/// A table of pooler.toml.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// The process, and what holds for every pool.
    Pooler,
    /// What holds for routing in every database.
    Routing,
    /// One table for each name that a client may ask for.
    Databases,
    /// One table for each user that clients may log in as.
    Users,
    /// The port for metrics.
    Metrics,
    /// Where spans of statements are sent.
    Tracing,
}

/// Settings that belong together, under one heading of the manual.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// The definitions.
    pub settings: &'static [Setting],
}

const fn group(title: &'static str, settings: &'static [Setting]) -> Group {
    Group { title, settings }
}

impl Section {
    /// All of them, in the order of the manual.
    pub const ALL: [Self; 6] =
        [Self::Pooler, Self::Routing, Self::Databases, Self::Users, Self::Metrics, Self::Tracing];

    /// The word in the brackets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pooler => "pooler",
            Self::Routing => "routing",
            Self::Databases => "databases",
            Self::Users => "users",
            Self::Metrics => "metrics",
            Self::Tracing => "tracing",
        }
    }

    /// What stands in the file: `[pooler]`, `[databases.NAME]`.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Pooler => "[pooler]",
            Self::Routing => "[routing]",
            Self::Databases => "[databases.NAME]",
            Self::Users => "[users.NAME]",
            Self::Metrics => "[metrics]",
            Self::Tracing => "[tracing]",
        }
    }

    /// What the section is for.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Pooler => "The process, and what holds for every pool.",
            Self::Routing => {
                "What holds for routing in every database. Each of these keys may also stand in a \
                 database's own table."
            }
            Self::Databases => {
                "One table for each name that a client may ask for. The name \"*\" answers for \
                 every name without a table of its own. Every key of [routing] may stand here too."
            }
            Self::Users => {
                "One table for each user that clients may log in as, beside those of auth_file."
            }
            Self::Metrics => {
                "The port for metrics and probes; docs/observability.md has what it says."
            }
            Self::Tracing => {
                "Where spans of statements are sent; docs/tracing.md has what they say."
            }
        }
    }

    /// Whether the section's tables have names.
    pub const fn has_names(self) -> bool {
        matches!(self, Self::Databases | Self::Users)
    }

    /// The groups of settings that are defined in it.
    pub const fn groups(self) -> &'static [Group] {
        match self {
            Self::Pooler => POOLER,
            Self::Routing => ROUTING,
            Self::Databases => DATABASES,
            Self::Users => USERS,
            Self::Metrics => METRICS,
            Self::Tracing => TRACING,
        }
    }

    /// Every setting that may stand in its tables.
    pub(crate) fn settings(self) -> impl Iterator<Item = &'static Setting> {
        let own = self.groups().iter().flat_map(|group| group.settings);
        let routing: &[Setting] = if self == Self::Databases { Routing::SETTINGS } else { &[] };
        own.chain(routing)
    }

    /// The definition of one key.
    pub(crate) fn setting(self, key: &str) -> Option<&'static Setting> {
        self.settings().find(|setting| setting.key == key)
    }

    /// The section of that name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }

    /// The first section that has such a key.
    pub(crate) fn holding(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.setting(key).is_some())
    }
}

const POOLER: &[Group] = &[
    group("Listening", Listen::SETTINGS),
    group("The process", Process::SETTINGS),
    group("Pools", Pools::SETTINGS),
    group("Timeouts", Timeouts::SETTINGS),
    group("Statements", Statements::SETTINGS),
    group("Login", Login::SETTINGS),
    group("TLS", Tls::SETTINGS),
];

const ROUTING: &[Group] = &[group("Routing", Routing::SETTINGS)];

const DATABASES: &[Group] = &[
    group("Hosts and login", Target::SETTINGS),
    group("Pools of this database", PoolSettings::SETTINGS),
];

const USERS: &[Group] = &[group("Users", User::SETTINGS)];

const METRICS: &[Group] = &[group("Metrics", Metrics::SETTINGS)];

const TRACING: &[Group] = &[group("Tracing", Tracing::SETTINGS)];
