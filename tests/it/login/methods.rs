//! How a client proves who it is, and where its secret comes from.

use super::log_in;
use crate::support::{Database, Pgweir, Wire};

/// `SELECT 'md5' || md5('secret' || 'old')`: what PostgreSQL stores for user "old", password "secret".
const MD5_OF_OLD: &str = "md57cb133e596658708079ed4cfaaf64462";

#[test]
fn every_method_takes_the_right_password_and_no_other() {
    let database = Database::create();
    let name = &database.name;
    for method in ["plain", "md5", "scram-sha-256"] {
        let pgweir = with(&database, &format!("auth_type = \"{method}\""));
        let mut wire = log_in(&pgweir, &database, name, name).unwrap();
        assert_eq!(wire.value("SELECT current_user"), *name, "{method}");
        for wrong in ["wrong", "", &name.to_uppercase(), &format!("{name} ")] {
            let refused = log_in(&pgweir, &database, name, wrong).map(|_| ()).unwrap_err();
            assert_eq!(refused.code, "28P01", "{method} {wrong}");
        }
    }
}

#[test]
fn trust_asks_for_nothing() {
    let database = Database::create();
    let pgweir = with(&database, "auth_type = \"trust\"");
    let mut wire = Wire::connect(pgweir.port());
    let name = database.name.as_str();
    wire.send([crate::support::frontend::startup(&[("user", name), ("database", name)])]);
    assert_eq!(wire.expect("R")[0].body, [0; 4]);
    wire.expect("K Z");
    assert_eq!(wire.value("SELECT current_user"), name);
}

/// Nobody may learn by trying which users there are.
#[test]
fn an_unknown_user_is_refused_like_a_wrong_password() {
    let database = Database::create();
    for method in ["plain", "md5", "scram-sha-256"] {
        let pgweir = with(&database, &format!("auth_type = \"{method}\""));
        let known = log_in(&pgweir, &database, &database.name, "wrong").map(|_| ()).unwrap_err();
        let unknown = log_in(&pgweir, &database, "nobody", "wrong").map(|_| ()).unwrap_err();
        let mut as_if = known.clone();
        as_if.message = known.message.replace(&database.name, "nobody");
        assert_eq!(unknown, as_if, "{method}");
    }
}

#[test]
fn users_come_from_a_file_in_pgbouncer_s_format() {
    let database = Database::create();
    let name = &database.name;
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines = format!(
        "; users of the shop\n\n\"plain\" \"pass \"\"word\"\" \"\n\"old\" \"{MD5_OF_OLD}\" trailing\n\
         \"{name}\" \"from the file\"\n"
    );
    std::fs::write(file.path(), lines).unwrap();
    let settings = format!("auth_type = \"md5\"\nauth_file = \"{}\"", file.path().display());
    let pgweir = with(&database, &settings);
    assert!(log_in(&pgweir, &database, "plain", "pass \"word\" ").is_ok());
    assert!(log_in(&pgweir, &database, "plain", "pass word").is_err());
    assert!(log_in(&pgweir, &database, "old", "secret").is_ok());
    assert!(log_in(&pgweir, &database, "old", "public").is_err());
    // [users] wins.
    assert!(log_in(&pgweir, &database, name, name).is_ok());
    assert!(log_in(&pgweir, &database, name, "from the file").is_err());
}

/// What the client proves is used to log in to the server: pgweir never knows the password.
#[test]
fn a_verifier_alone_lets_a_client_through_to_its_server() {
    let database = Database::create();
    let name = &database.name;
    let verifier =
        database.run(&format!("SELECT rolpassword FROM pg_authid WHERE rolname = '{name}'"));
    assert!(verifier.starts_with("SCRAM-SHA-256$"), "{verifier}");
    let pgweir = Pgweir::start(&format!(
        "[databases.{name}]\nprimary = \"{}\"\n\n[users.{name}]\npassword = \"{verifier}\"\n",
        database.cluster.primary().address()
    ));
    let mut wire = log_in(&pgweir, &database, name, name).unwrap();
    assert_eq!(wire.value("SELECT current_user"), *name);
    assert_eq!(log_in(&pgweir, &database, name, "wrong").map(|_| ()).unwrap_err().code, "28P01");
    let shown = verifier.split('$').next_back().unwrap();
    assert!(!pgweir.log().contains(shown), "the log shows a secret:\n{}", pgweir.log());
}

#[test]
fn a_password_that_the_server_refuses_is_an_error_that_says_so() {
    let database = Database::create();
    let name = &database.name;
    let config = database.primary_config().replacen(
        &format!("password = \"{name}\""),
        "password = \"stale and secret\"",
        1,
    );
    let pgweir = Pgweir::start(&config);
    let refused = log_in(&pgweir, &database, name, name).map(|_| ()).unwrap_err();
    assert_eq!(refused.code, "28P01");
    assert!(refused.message.contains("server login failed"), "{refused}");
    assert!(!pgweir.log().contains("stale and secret"), "{}", pgweir.log());
}

#[test]
fn a_unix_socket_serves_as_well_as_a_port() {
    let database = Database::create();
    let folder = tempfile::tempdir().unwrap();
    let settings = format!("unix_socket_dir = \"{}\"", folder.path().display());
    let pgweir = with(&database, &settings);
    let mut wire = Wire::connect_unix(folder.path(), pgweir.port());
    let name = database.name.as_str();
    wire.log_in(name, name, &[("user", name), ("database", name)]);
    assert_eq!(wire.value("SELECT 1"), "1");
    let socket = folder.path().join(format!(".s.PGSQL.{}", pgweir.port()));
    drop(wire);
    pgweir.stop();
    assert!(!socket.exists(), "the socket is left behind");
}

fn with(database: &Database, settings: &str) -> Pgweir {
    Pgweir::start(&format!("[pooler]\n{settings}\n\n{}", database.primary_config()))
}
