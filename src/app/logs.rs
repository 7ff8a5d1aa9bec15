//! Where log lines go: to stderr, as text for people or as JSON for machines.

use crate::config::section::process::{LogFormat, Process};
use std::io::IsTerminal;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// Starts logging. A second call changes nothing.
///
/// A line that cannot be written (a full disk, a closed pipe) is lost, and nothing else is.
pub(super) fn start(process: &Process) {
    let terminal = std::io::stderr().is_terminal();
    let json = match process.log_format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let lines = fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    let lines = if json {
        lines.json().flatten_event(true).boxed()
    } else {
        lines.with_ansi(terminal).with_target(false).boxed()
    };
    let _ = tracing_subscriber::registry().with(filter(process)).with(lines).try_init();
}

/// `log_level`, unless `RUST_LOG` says more exactly.
fn filter(process: &Process) -> EnvFilter {
    let level: LevelFilter = process.log_level.as_str().parse().unwrap_or(LevelFilter::INFO);
    EnvFilter::builder().with_default_directive(level.into()).from_env_lossy()
}
