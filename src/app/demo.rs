//! `pgweir demo`: a throwaway cluster with pgweir in front of it.

use super::command::complain;
use super::exit::Exit;
use super::process::Process;
use crate::args;
use crate::config::source::outside::{Disk, Outside};
use crate::config::{Environment, Settings};
use crate::demo::{self, Demo, Traffic, traffic_line};
use crate::pooler::Pooler;
use crate::routing::Role;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// How often the demo says where statements went, if any did.
const REPORT_EVERY: Duration = Duration::from_secs(2);

/// Runs it until Ctrl-C.
pub(super) fn run(arguments: &args::Demo) -> Exit {
    let replicas = usize::from(arguments.replicas);
    let mut out = std::io::stdout();
    let served = demo::run(replicas, arguments.port, &mut out, |demo, out| serve(demo, out));
    served.unwrap_or_else(|error| {
        complain(&error.to_string());
        Exit::Unavailable
    })
}

fn serve(demo: &Demo, out: &mut dyn Write) -> Exit {
    let text = demo.config_text();
    // So that PGWEIR_POOLER_DEFAULT_POOL_SIZE=10 shows what a pool of 10 does.
    let environment: Environment = std::env::vars_os().collect();
    let read = move || {
        let outside = Outside { environment: &environment, files: &Disk };
        Settings::from_text("demo", &text, outside)
    };
    match Process::start(Box::new(read)) {
        Ok(process) => process.serve(|pooler| {
            let _ = writeln!(out, "{}", demo.banner());
            report(addresses(demo), pooler.clone());
        }),
        Err(failure) => {
            complain(&failure.to_string());
            failure.exit()
        }
    }
}

/// The hosts' addresses, as the banner shows them.
fn addresses(demo: &Demo) -> Vec<String> {
    let cluster = demo.cluster();
    let hosts = std::iter::once(cluster.primary()).chain(cluster.replicas());
    hosts.map(|host| host.address().to_string()).collect()
}

/// Says every now and then where statements went.
fn report(addresses: Vec<String>, pooler: Arc<Pooler>) {
    tokio::spawn(async move {
        let mut before = Vec::new();
        loop {
            tokio::time::sleep(REPORT_EVERY).await;
            let now = traffic(&addresses, &pooler);
            if let Some(line) = traffic_line(&before, &now) {
                super::command::print(&format!("{line}\n"));
            }
            before = now;
        }
    });
}

fn traffic(addresses: &[String], pooler: &Pooler) -> Vec<Traffic> {
    let pools = pooler.all_pools();
    let of = |address: &String| {
        let here = pools.iter().filter(|pool| pool.host.address.to_string() == *address);
        let mut traffic = Traffic { host: address.clone(), role: "replica", reads: 0, writes: 0 };
        for pool in here {
            let totals = pool.stats.totals();
            traffic.reads += totals.reads;
            traffic.writes += totals.others;
            if pool.role == Role::Primary {
                traffic.role = "primary";
            }
        }
        traffic
    };
    addresses.iter().map(of).collect()
}
