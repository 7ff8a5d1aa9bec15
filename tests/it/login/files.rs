//! No file descriptor is left: that is nobody's fault but ours.

use std::fs::read_dir;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use super::log_in;
use crate::support::frontend::query;
use crate::support::{Database, Pgweir, Wire, until};

#[test]
fn without_file_descriptors_no_host_is_blamed_and_strangers_make_room() {
    let database = Database::create();
    let name = database.name.as_str();
    let pgweir = Pgweir::start(&format!(
        "[pooler]\nadmin_users = [\"{name}\"]\n\n{}",
        database.primary_config()
    ));
    let mut console = pgweir.wire(name, name, "pgweir");
    let (mut holder, mut waiter) = (pgweir.client(&database), pgweir.client(&database));
    holder.rows("BEGIN");
    holder.rows("SELECT 1");
    let stranger = Wire::connect(pgweir.port());
    until("all have been accepted", || console.value("SELECT count(*) FROM clients") == "3");
    until("the stranger as well", || {
        let sql = "SELECT items FROM lists WHERE list = 'login_clients'";
        console.value(sql) == "1"
    });

    let before = limit(&pgweir, first_free(&pgweir));
    waiter.send([query("SELECT 1")]);
    let line = pgweir.wait_for_log("cannot open a connection");
    assert!(line.contains("LimitNOFILE"), "{line}");
    let host = console.rows("SELECT usable, retry_in_ms FROM hosts");
    assert_eq!(host[0][0].as_deref(), Some("t"), "{host:?}");
    // The stranger is closed for it.
    let mut late = log_in(&pgweir, &database, name, name).unwrap();
    holder.rows("COMMIT");
    waiter.expect("T D C Z");
    assert_eq!(late.value("SELECT 2"), "2");
    drop(stranger);

    limit(&pgweir, before);
    holder.rows("BEGIN");
    holder.rows("SELECT 1");
    assert_eq!(late.value("SELECT 3"), "3");
}

/// The lowest number that no file of the process has.
fn first_free(pgweir: &Pgweir) -> u64 {
    let files = read_dir(format!("/proc/{}/fd", pgweir.pid())).unwrap();
    let numbers = files.map(|file| file.unwrap().file_name().to_string_lossy().parse().unwrap());
    let numbers: std::collections::BTreeSet<u64> = numbers.collect();
    (0..).find(|number| !numbers.contains(number)).unwrap()
}

/// Lets it have files of lower numbers only; what it could have before.
fn limit(pgweir: &Pgweir, current: u64) -> u64 {
    let pid = Pid::from_raw(i32::try_from(pgweir.pid()).unwrap());
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let old = prlimit(pid, Resource::Nofile, Rlimit { current: Some(current), maximum }).unwrap();
    old.current.or(maximum).unwrap_or(u64::MAX)
}
