//! Those who connect and do not log in: they take nobody's place.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::log_in;
use crate::support::frontend::startup;
use crate::support::{Database, Pgweir, Wire};

/// Connections beyond `max_client_conn` that pgweir takes.
const SPARE_CONNECTIONS: usize = 1_000;

#[test]
fn who_has_not_logged_in_takes_no_place() {
    let database = Database::create();
    let pgweir = start(&database, "max_client_conn = 1");
    let name = database.name.as_str();
    let strangers: Vec<Wire> = (0..20).map(|_| asking(&pgweir, name, name)).collect();
    let mut client = log_in(&pgweir, &database, name, name).unwrap();
    assert_eq!(client.value("SELECT 1"), "1");
    let refused = log_in(&pgweir, &database, name, name).map(|_| ()).unwrap_err();
    assert_eq!((refused.severity.as_str(), refused.code.as_str()), ("FATAL", "53300"));
    assert!(refused.hint.contains("max_client_conn"), "{refused}");
    drop(strangers);
}

#[test]
fn strangers_do_not_keep_an_administrator_out() {
    let database = Database::create();
    let pgweir = start(&database, "admin_users = [\"admin\"]");
    let places = pgweir::admin::console::CLIENTS_MAX;
    let strangers: Vec<Wire> = (0..=places).map(|_| asking(&pgweir, "admin", "pgweir")).collect();
    let mut console = pgweir.wire("admin", "admin", "pgweir");
    assert!(console.value("SHOW VERSION").starts_with("pgweir"));
    drop(strangers);
}

#[test]
fn more_strangers_than_are_taken_make_room_for_those_who_log_in() {
    raise_file_limit();
    let database = Database::create();
    let pgweir = start(&database, "max_client_conn = 2\nadmin_users = [\"admin\"]");
    let name = database.name.as_str();
    let mut client = log_in(&pgweir, &database, name, name).unwrap();
    let mut oldest = asking(&pgweir, name, name);
    let strangers: Vec<Wire> =
        (0..SPARE_CONNECTIONS + 50).map(|_| Wire::connect(pgweir.port())).collect();
    let mut second = log_in(&pgweir, &database, name, name).unwrap();
    let mut console = pgweir.wire("admin", "admin", "pgweir");
    assert_eq!(second.value("SELECT 1"), "1");
    assert!(console.value("SHOW VERSION").starts_with("pgweir"));
    assert_eq!(client.value("SELECT 1"), "1");
    let told = oldest.expect("E")[0].fields();
    assert_eq!((told.severity.as_str(), told.code.as_str()), ("FATAL", "53300"));
    assert!(told.hint.contains("client_login_timeout"), "{told}");
    oldest.expect_end();
    drop(strangers);
}

/// Somebody who says who it is, is asked for a proof, and says no more.
fn asking(pgweir: &Pgweir, user: &str, database: &str) -> Wire {
    let mut wire = Wire::connect(pgweir.port());
    wire.send([startup(&[("user", user), ("database", database)])]);
    wire.expect("R");
    wire
}

fn start(database: &Database, settings: &str) -> Pgweir {
    Pgweir::start(&format!(
        "[pooler]\n{settings}\n\n{}\n[users.admin]\npassword = \"admin\"\n",
        database.primary_config()
    ))
}

fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}
