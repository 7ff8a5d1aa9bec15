//! The throwaway cluster: what it promises to those who start one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, thread};

use pgweir::demo::{self, Cluster, ClusterError, Demo};

use crate::support::{Wire, free_port, postgres, until};

/// Set for the copy of this test binary that is to be killed.
const CHILD: &str = "PGWEIR_TEST_DEMO_CHILD";

#[test]
fn replicas_follow_the_primary() {
    let cluster = postgres();
    let of = |sql| cluster.psql("postgres", sql).unwrap();
    assert_eq!(of("SELECT pg_is_in_recovery()"), "f");
    assert_eq!(
        of("SELECT application_name FROM pg_stat_replication ORDER BY 1"),
        "replica-1\nreplica-2"
    );
    for replica in cluster.replicas() {
        let recovering = cluster.psql_on(replica, "postgres", "SELECT pg_is_in_recovery()");
        assert_eq!(recovering.unwrap(), "t");
    }
}

#[test]
fn a_password_is_asked_for_everywhere() {
    let cluster = postgres();
    let user = cluster.superuser();
    let wires = [
        Wire::connect(cluster.primary().port()),
        Wire::connect_unix(cluster.folder(), cluster.primary().port()),
    ];
    for mut wire in wires {
        assert_eq!(wire.try_log_in(user, "wrong", &[("user", user)]).unwrap_err().code, "28P01");
    }
}

#[test]
fn what_postgres_says_reaches_the_caller() {
    let error = postgres().psql("postgres", "SELECT 1; SELECT nonsense").unwrap_err().to_string();
    assert!(error.contains("psql failed") && error.contains("nonsense"), "{error}");
}

#[test]
fn too_many_replicas_are_refused_before_anything_starts() {
    let error = Cluster::start(9).unwrap_err();
    assert!(matches!(error, ClusterError::TooManyReplicas { asked: 9 }), "{error}");
}

#[test]
fn nothing_is_left_behind() {
    let cluster = Cluster::start(1).unwrap();
    let (folder, port) = (cluster.folder().to_owned(), cluster.primary().port());
    assert!(folder.join("replica-1").exists());
    let pids = [cluster.primary().pid(), cluster.replicas()[0].pid()];
    drop(cluster);
    assert!(!folder.exists());
    assert!(!pids.iter().any(|pid| is_alive(*pid)));
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn the_demo_has_something_to_play_with() {
    let port = free_port();
    let mut out = Vec::new();
    let folder = demo::run(1, port, &mut out, |demo, _| {
        let config: toml::Table = demo.config_text().parse().unwrap();
        let password = config["users"]["demo"]["password"].as_str().unwrap();
        let replica = &demo.cluster().replicas()[0];
        let mut wire = Wire::login(replica.port(), "demo", password, "demo");
        assert_eq!(wire.value("SELECT count(*) FROM greetings"), "4");
        check_banner(demo, port, password);
        demo.cluster().folder().to_owned()
    });
    assert!(!folder.unwrap().exists());
    let out = String::from_utf8(out).unwrap();
    assert!(out.ends_with("nothing is left behind\n"), "{out}");
}

fn check_banner(demo: &Demo, port: u16, password: &str) {
    let banner = demo.banner();
    let url = format!("DATABASE_URL=postgres://demo:{password}@127.0.0.1:{port}/demo\n");
    assert!(banner.contains(&url), "{banner}");
    assert!(banner.contains("-c 'SELECT * FROM greetings'"), "{banner}");
    assert!(!banner.contains(demo.cluster().password()), "{banner}");
}

/// SIGKILL leaves nobody to drop anything: the keeper alone must clean up.
#[test]
fn a_killed_process_leaves_nothing_behind_either() {
    let scratch = tempfile::tempdir().unwrap();
    let told = scratch.path().join("folder");
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "demo::child_to_be_killed", "--ignored"]).env(CHILD, &told);
    child.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = child.spawn().unwrap();

    until("the child has a cluster", || told.exists());
    let text = fs::read_to_string(&told).unwrap();
    let (folder, pids) = text.split_once('\n').unwrap();
    let pids: Vec<u32> = pids.lines().map(|pid| pid.parse().unwrap()).collect();
    assert!(pids.len() == 2 && pids.iter().all(|pid| is_alive(*pid)));
    child.kill().unwrap();
    child.wait().unwrap();

    until("the folder is gone", || !Path::new(folder).exists());
    until("PostgreSQL is gone", || !pids.iter().any(|pid| is_alive(*pid)));
}

/// Not a test: the process that the one above kills.
#[test]
#[ignore = "started by a_killed_process_leaves_nothing_behind_either"]
fn child_to_be_killed() {
    let Some(told) = env::var_os(CHILD).map(PathBuf::from) else { return };
    let cluster = Cluster::start(1).unwrap();
    let (primary, replica) = (cluster.primary().pid(), cluster.replicas()[0].pid());
    let text = format!("{}\n{primary}\n{replica}\n", cluster.folder().display());
    let unfinished = told.with_extension("unfinished");
    fs::write(&unfinished, text).unwrap();
    fs::rename(&unfinished, &told).unwrap();
    loop {
        thread::park();
    }
}

/// A zombie has ended; that nobody has reaped it is not PostgreSQL's doing. Its state follows the name,
/// which is in parentheses (proc_pid_stat(5)).
fn is_alive(pid: u32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => !stat.rsplit(')').next().unwrap().trim_start().starts_with('Z'),
        Err(_) => false,
    }
}
