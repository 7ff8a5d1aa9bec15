//! Where log lines go: to stderr, as text for people or as JSON for machines, by a thread of their own.
//!
//! * `queue`: the lines that wait for that thread.
//! * `escape`: control characters in lines of text.

mod escape;
mod queue;

use crate::config::section::process::{LogFormat, Process};
use queue::Queue;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal};
use std::panic::PanicHookInfo;
use std::time::Duration;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// How long the last lines may take at the end of the process: a reader that is there takes them at once.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// What is to be written.
static LINES: Queue = Queue::new();

/// Starts logging. A second call changes nothing.
///
/// A line that cannot be written (a full disk, a closed pipe) is lost, and nothing else is. Nobody waits
/// for a reader of stderr: lines for which there is no room are lost and counted.
///
/// # Errors
/// The system refuses the thread.
pub(super) fn start(process: &Process) -> io::Result<()> {
    let terminal = io::stderr().is_terminal();
    let json = match process.log_format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let lines = fmt::layer().with_writer(|| &LINES).log_internal_errors(false);
    let lines = if json {
        lines.json().flatten_event(true).boxed()
    } else {
        lines.fmt_fields(escape::fields()).with_ansi(terminal).with_target(false).boxed()
    };
    if tracing_subscriber::registry().with(filter(process)).with(lines).try_init().is_err() {
        return Ok(());
    }
    // The hook of the standard library writes to stderr itself, and would wait for its reader.
    std::panic::set_hook(Box::new(log_panic));
    let writer = std::thread::Builder::new().name("pgweir-log".to_owned());
    writer.spawn(|| LINES.write_to(io::stderr(), say_lost)).map(drop)
}

/// Waits until what was logged is written, for a moment at most. Called before the process ends.
pub(super) fn flush() {
    LINES.flush(FLUSH_LIMIT);
}

fn say_lost(lost: u64) {
    tracing::warn!(lost, "log lines were lost: stderr was not read as fast as they came");
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let why = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let place = panic.location().map(ToString::to_string);
    let backtrace = Some(Backtrace::capture());
    let backtrace = backtrace.filter(|trace| trace.status() == BacktraceStatus::Captured);
    let backtrace = backtrace.map(|trace| trace.to_string());
    tracing::error!(why, place, backtrace, "panic: please report this");
}

/// `log_level`, unless `RUST_LOG` says more exactly.
fn filter(process: &Process) -> EnvFilter {
    let level: LevelFilter = process.log_level.as_str().parse().unwrap_or(LevelFilter::INFO);
    EnvFilter::builder().with_default_directive(level.into()).from_env_lossy()
}
