//! Metrics of the process: what any process has, its configuration, its certificates.

use super::metric::{Metric, Table, counter, gauge, info};
use super::status::{Phase, Reload, Status};
use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};
use std::fs;
use std::time::{Duration, SystemTime};

/// The process at one moment.
#[derive(Clone, Debug, Default)]
pub struct Process {
    cpu_seconds: Option<f64>,
    resident_bytes: Option<u64>,
    open_fds: Option<usize>,
    max_fds: Option<u64>,
    started: f64,
    uptime: Duration,
    is_draining: bool,
    generation: u64,
    reload_applied: bool,
    reloaded: f64,
}

/// The names that Prometheus's own client libraries give to what every process has.
const ORDINARY: &[Metric<Process>] = &[
    counter("process_cpu_seconds_total", "CPU time, user and kernel", |p| p.cpu_seconds.into()),
    gauge("process_resident_memory_bytes", "Memory in use", |p| p.resident_bytes.into()),
    gauge("process_open_fds", "File descriptors in use", |p| p.open_fds.into()),
    gauge("process_max_fds", "File descriptors that may be in use", |p| p.max_fds.into()),
    gauge("process_start_time_seconds", "When it started, since 1970", |p| p.started.into()),
];

const OWN: &[Metric<Process>] = &[
    gauge("pgweir_uptime_seconds", "Time since the process started", |p| p.uptime.into()),
    gauge("pgweir_draining", "1 while a shutdown waits for clients, else 0", |p| {
        p.is_draining.into()
    }),
    gauge(
        "pgweir_config_generation",
        "Counts the configurations that were applied since the start",
        |p| p.generation.into(),
    ),
    gauge(
        "pgweir_config_last_reload_success",
        "1 if the last reload was applied, 0 if it was refused and the old settings hold",
        |p| p.reload_applied.into(),
    ),
    gauge(
        "pgweir_config_last_reload_timestamp_seconds",
        "When settings were last read, since 1970",
        |p| p.reloaded.into(),
    ),
    gauge("pgbouncer_up", "Always 1: pgweir is its own exporter", |_| 1_u64.into()),
];

/// What any process has.
pub(super) const ORDINARY_TABLE: Table<Process> =
    Table { title: "The process", labels: &[], metrics: ORDINARY };

/// What this one has.
pub(super) const OWN_TABLE: Table<Process> =
    Table { title: "Its life and its configuration", labels: &[], metrics: OWN };

/// Which pgweir it is.
pub(super) const VERSION_TABLE: Table<()> = Table {
    title: "Its version",
    labels: &["version"],
    metrics: &[
        info("pgweir_build_info", "The version of pgweir"),
        info("pgbouncer_version_info", "The version of pgweir, under the exporter's name"),
    ],
};

/// Files of certificates; what is seen is when the first certificate ends.
pub(super) const CERTIFICATE_TABLE: Table<f64> = Table {
    title: "Certificates, by the setting that names their file",
    labels: &["setting"],
    metrics: &[gauge(
        "pgweir_certificate_expiry_timestamp_seconds",
        "When the first certificate of the file ends, since 1970",
        |expires| (*expires).into(),
    )],
};

impl Process {
    /// As it is now.
    pub(super) fn look(status: &Status, generation: u64) -> Process {
        let Reload { applied, at } = status.reload();
        Process {
            cpu_seconds: cpu_seconds(),
            resident_bytes: resident_bytes(),
            open_fds: open_fds(),
            max_fds: getrlimit(Resource::Nofile).current,
            started: since_1970(status.started()),
            uptime: status.started().elapsed().unwrap_or_default(),
            is_draining: status.phase() == Phase::Draining,
            generation,
            reload_applied: applied,
            reloaded: since_1970(at),
        }
    }
}

fn since_1970(at: SystemTime) -> f64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// `utime` and `stime`, the 12th and 13th field behind the name (proc(5), `/proc/pid/stat`).
#[expect(clippy::cast_precision_loss, reason = "2^53 clock ticks are three million years")]
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: Vec<u64> = fields.split(' ').skip(11).take(2).flat_map(str::parse).collect();
    Some(ticks.iter().sum::<u64>() as f64 / clock_ticks_per_second() as f64)
}

/// The second field, in pages (proc(5), `/proc/pid/statm`).
fn resident_bytes() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * page_size() as u64)
}

/// Without the one that looks.
fn open_fds() -> Option<usize> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_what_the_process_uses() {
        assert!(cpu_seconds().is_some_and(|seconds| seconds < 1e6));
        assert!(resident_bytes().is_some_and(|bytes| bytes > 1 << 20));
        let before = open_fds().unwrap();
        let _files: Vec<_> = (0..64).map(|_| fs::File::open("/proc/self/stat").unwrap()).collect();
        assert!(open_fds().unwrap() >= before + 32, "other tests close theirs, not as many");
    }
}
