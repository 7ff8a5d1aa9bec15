//! Whether pgweir says that it lives, and that it is ready.

use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::Watched;
use super::scrape::ask;
use crate::support::{Database, free_port, until};

#[test]
fn a_process_that_serves_lives_and_is_ready() {
    let database = Database::create();
    let watched = Watched::of(&database, "");
    for path in ["/livez", "/readyz", "/livez?verbose"] {
        let answer = watched.get(path);
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"), "{path}");
    }
    let head = ask(watched.metrics, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(watched.get("/").status, 404);
    assert_eq!(watched.get("/metrics/").status, 404);
}

#[test]
fn a_process_that_drains_lives_and_is_not_ready() {
    let database = Database::create();
    let watched = Watched::of(&database, "");
    let mut client = watched.pgweir.client(&database);
    client.rows("BEGIN; CREATE TEMP TABLE t (id int)");
    watched.pgweir.signal(Signal::TERM);
    until("it is not ready", || watched.get("/readyz").status == 503);
    assert_eq!(watched.get("/readyz").body, "shutting down\n");
    assert_eq!(watched.get("/livez").status, 200);
    assert_eq!(watched.scrape().value("pgweir_draining"), 1.0);
    client.rows("COMMIT");
    let (status, log) = watched.pgweir.stop_after_signal();
    assert!(status.success(), "{log}");
}

#[test]
fn a_database_that_is_down_counts_only_where_the_settings_say_so() {
    let database = Database::create();
    let gone = format!("127.0.0.1:{}", free_port());
    let here = database.cluster.primary().address().to_string();
    let replica = database.cluster.replicas()[0].address().to_string();
    let config = |primary: &str, requires: &str| {
        format!(
            "[metrics]\nready_requires = \"{requires}\"\n\n[databases.app]\n\
             primary = \"{primary}\"\nreplicas = [\"{replica}\"]\n\n[users.u]\npassword = \"p\"\n"
        )
    };
    let watched = Watched::start(&config(&gone, "none"));
    assert_eq!(watched.get("/readyz").status, 200);
    watched.pgweir.reload(&config(&gone, "primary"));
    until("it is not ready", || watched.get("/readyz").status == 503);
    let why = watched.get("/readyz").body;
    assert!(why.contains("\"app\"") && why.contains(&gone), "{why}");
    watched.pgweir.reload(&config(&gone, "any"));
    until("a replica is enough", || watched.get("/readyz").status == 200);
    watched.pgweir.reload(&config(&here, "primary"));
    until("the primary is there", || watched.get("/readyz").status == 200);
}

#[test]
fn a_port_that_is_taken_ends_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgweir"));
    let port = free_port().to_string();
    command.args(["--listen", &port, "--primary", "postgres://u:p@127.0.0.1:1/app"]);
    command.env("PGWEIR_METRICS_LISTEN", &address).stdin(Stdio::null());
    let ended = command.output().unwrap();
    assert_eq!(ended.status.code(), Some(69));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains(&address) && said.contains("[metrics] listen"), "{said}");
}
